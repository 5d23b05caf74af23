"""Which project a command works on: the checkout's own, or for an installed wheel the caller's."""

from __future__ import annotations

from pathlib import Path

from rollout import home


def test_a_checkout_is_its_own_project(tmp_path: Path) -> None:
    checkout, other = _project(tmp_path / "checkout"), _project(tmp_path / "other")
    assert home.find(checkout, other) == checkout


def test_an_installed_wheel_finds_the_project_that_it_is_called_in(tmp_path: Path) -> None:
    project, packages = _project(tmp_path / "project"), tmp_path / "site-packages"
    below = project / "stacks" / "deep"
    below.mkdir(parents=True)
    assert home.find(packages, below) == project
    assert home.find(packages, project) == project


def test_where_there_is_none_the_folder_itself_is_named() -> None:
    assert home.find(Path("/nowhere/site-packages"), Path("/")) == Path("/")


def _project(folder: Path) -> Path:
    folder.mkdir()
    (folder / home.MARK).touch()
    return folder
