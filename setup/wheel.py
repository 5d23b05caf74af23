"""What a wheel brings beside `rollout/`: the program, set-up and the workflows' steps, under that one name.

They stand at the top of this repository, where somebody who uses Pulumi looks for them; a project that is made from the
wheel (`rollout init`) finds them in `rollout`. Named in pyproject.toml as the build's `build_py`.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from setuptools.command.build_py import build_py

ROOT: Final = Path(__file__).resolve().parent.parent
#: Folder or file of this repository -> where the wheel has it.
BROUGHT: Final = {
    "components": "rollout/components",
    "deploy/ci": "rollout/deploy/ci",
    ".github/workflows": "rollout/shipped/workflows",
    "setup/engine": "rollout/shipped/setup/engine",
    "setup/common.sh": "rollout/shipped/setup/common.sh",
    "setup/engine.sh": "rollout/shipped/setup/engine.sh",
    "setup/python.sh": "rollout/shipped/setup/python.sh",
    "setup/whole.py": "rollout/shipped/setup/whole.py",
    "setup/versions": "rollout/shipped/setup/versions",
    "requirements.txt": "rollout/shipped/requirements.txt",
    "requirements-dev.txt": "rollout/shipped/requirements-dev.txt",
}


class Build(build_py):  # type: ignore[misc]
    """`build_py`, and then the copies. An editable install needs none: it works in the checkout."""

    def run(self) -> None:
        shutil.rmtree(self.build_lib, ignore_errors=True)  # an older build's modules would come along
        super().run()
        if getattr(self, "editable_mode", False):
            return
        for source, target in BROUGHT.items():
            have, to = ROOT / source, Path(self.build_lib, target)
            to.parent.mkdir(parents=True, exist_ok=True)
            if have.is_dir():
                shutil.copytree(have, to, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
            else:
                shutil.copy2(have, to)
