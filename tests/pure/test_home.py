"""Which project a command works on: the checkout's own, or for an installed wheel the caller's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rollout import home

FROM_PROVIDER = "from rollout.provider.judging.context import HOME as found"
FROM_ORPHANS = "from rollout.provider.orphans import HOME as found"


def test_a_checkout_is_its_own_project(tmp_path: Path) -> None:
    checkout, other = _project(tmp_path / "checkout"), _project(tmp_path / "other")
    assert home.find(checkout, other) == checkout


def test_an_installed_wheel_finds_the_project_that_it_is_called_in(tmp_path: Path) -> None:
    project, packages = _project(tmp_path / "project"), tmp_path / "site-packages"
    below = project / "stacks" / "deep"
    below.mkdir(parents=True)
    assert home.find(packages, below) == project
    assert home.find(packages, project) == project


def test_another_programs_folder_is_passed_over_for_the_project_around_it(tmp_path: Path) -> None:
    project = _project(tmp_path / "project")
    (project / home.CATALOGUE).touch()
    other = project / "network"
    other.mkdir()
    (other / home.MARK).write_text("name: network\nruntime: yaml\n")
    assert home.find(tmp_path / "site-packages", other) == project


def test_a_project_that_lost_its_catalogue_is_found_all_the_same(tmp_path: Path) -> None:
    """Its last commit still has one, and a rollback reads that."""
    project = _project(tmp_path / "project")
    assert home.find(tmp_path / "site-packages", project) == project
    home.require(project, {})


def test_the_variable_goes_before_all(tmp_path: Path) -> None:
    checkout, named = _project(tmp_path / "checkout"), _project(tmp_path / "named")
    assert home.find(checkout, checkout, {home.VARIABLE: str(named)}) == named
    assert home.find(checkout, tmp_path, {home.VARIABLE: "named"}) == named
    assert home.find(checkout, tmp_path, {home.VARIABLE: ""}) == checkout


@pytest.mark.processes
@pytest.mark.parametrize(
    "code", ["from rollout.commands.project.files import ROOT as found", FROM_PROVIDER, FROM_ORPHANS]
)
def test_every_room_takes_it_from_there(code: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; print(found)"],
        capture_output=True, text=True, check=True, env={**os.environ, home.VARIABLE: str(tmp_path)},
    )  # fmt: skip
    assert done.stdout.strip() == str(tmp_path)


@pytest.mark.processes
@pytest.mark.parametrize("command", [["live"], ["rollback", "jobs", "--to", "zero"], ["log"], ["status"]])
def test_where_no_project_is_each_command_says_so(command: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rollout", *command, "--stack", "prod"],
        capture_output=True, text=True, env={**os.environ, home.VARIABLE: str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "no project is here" in done.stderr
    assert f"where:   {tmp_path}" in done.stderr
    assert f"set {home.VARIABLE}" in done.stderr
    assert "Traceback" not in done.stderr


def test_where_there_is_none_the_folder_itself_is_named() -> None:
    assert home.find(Path("/nowhere/site-packages"), Path("/")) == Path("/")


def _project(folder: Path) -> Path:
    folder.mkdir()
    (folder / home.MARK).write_text("name: any\nplugins:\n  providers:\n    - name: rollout\n      path: ./there\n")
    return folder
