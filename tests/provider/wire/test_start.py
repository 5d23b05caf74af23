"""`pulumi-resource-rollout`: which Python it starts, in a checkout and in an environment that a wheel was installed into."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.pure.cases import HOME

SCRIPT = Path("rollout") / "provider" / "pulumi-resource-rollout"


def _placed(folder: Path, python: Path) -> Path:
    """The script below `folder`, and where it looks for Python a program that tells how it was called and where."""
    script = folder / SCRIPT
    script.parent.mkdir(parents=True)
    shutil.copy(HOME / SCRIPT, script)
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$0 $* in $PWD"\n')
    python.chmod(0o755)
    return script


def test_an_installed_one_takes_its_environments_python_and_stays_in_the_project(tmp_path: Path) -> None:
    project, python = tmp_path / "my project", tmp_path / "an env" / "bin" / "python"
    project.mkdir()
    script = _placed(tmp_path / "an env" / "lib" / "python3.13" / "site-packages", python)
    done = subprocess.run([script, "127.0.0.1:1"], cwd=project, capture_output=True, text=True, check=True)
    assert done.stdout == f"{python} -m rollout.provider 127.0.0.1:1 in {project}\n"


def test_a_checkouts_takes_the_projects_python_from_anywhere(tmp_path: Path) -> None:
    project = tmp_path / "a project"
    script = _placed(project, project / ".venv" / "bin" / "python")
    (project / "Pulumi.yaml").touch()
    done = subprocess.run([script, "127.0.0.1:1"], cwd="/", capture_output=True, text=True, check=True)
    assert done.stdout == f"{project}/.venv/bin/python -m rollout.provider 127.0.0.1:1 in {project}\n"


@pytest.mark.parametrize("checkout", [True, False])
def test_without_a_python_it_says_which_and_what_to_do(checkout: bool, tmp_path: Path) -> None:
    script = _placed(tmp_path / "lib" / "python3.13" / "site-packages", tmp_path / "elsewhere" / "python")
    if checkout:
        (script.parents[2] / "Pulumi.yaml").touch()
    done = subprocess.run([script, "127.0.0.1:1"], capture_output=True, text=True)
    assert done.returncode == 1
    assert ("make up" if checkout else "install the package again") in done.stderr
    assert "python is missing" in done.stderr
