"""What a wheel carries: every file of rollout/ that the program opens, and the provider's executable as one."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from tests.pure.samples import ROOT

PACKAGE = ROOT / "rollout"


def test_every_file_that_is_no_module_is_packaged() -> None:
    wanted = {path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert len(wanted) > 15
    assert wanted == _packaged()


def test_the_provider_is_an_executable() -> None:
    assert os.access(PACKAGE / "provider" / "pulumi-resource-rollout", os.X_OK)


def _packaged() -> set[Path]:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    return {
        path
        for package, patterns in data.items()
        for pattern in patterns
        for path in ROOT.joinpath(*package.split(".")).glob(pattern)
    }
