"""The set-up notices what somebody has deleted of an environment, and says that it waits for another one."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from setup import whole
from tests.pure.samples import ROOT

WANTED = "PyYAML==6.0.1 \\\n    --hash=sha256:0\nclick==8.5.1 \\\n    --hash=sha256:0\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, file in (("pyyaml-6.0.1", "yaml/nodes.py"), ("click-8.5.1", "../../bin/click")):
        record = tmp_path / "lib" / "site" / f"{name}.dist-info" / "RECORD"
        record.parent.mkdir(parents=True)
        record.write_text(f'{file},sha256=0,1\n"yaml/a,b.pyc",,\n{record.parent.name}/RECORD,,\n')
        there = tmp_path / "lib" / "site" / file
        there.parent.mkdir(parents=True, exist_ok=True)
        there.touch()
    (tmp_path / "lib" / "site" / "somebodys-own.pth").touch()
    return tmp_path / "lib" / "site"


def test_what_was_installed_is_whole(site: Path) -> None:
    assert whole.missing(WANTED, site) == ""
    assert whole.missing((ROOT / "requirements-dev.txt").read_text(), Path(sysconfig.get_path("purelib"))) == ""


@pytest.mark.parametrize(
    ("delete", "said"),
    [
        (lambda site: (site / "yaml/nodes.py").unlink(), "yaml/nodes.py"),
        (lambda site: (site / "../../bin/click").unlink(), "../../bin/click"),
        (lambda site: shutil.rmtree(site / "click-8.5.1.dist-info"), "click"),
        (lambda site: shutil.rmtree(site), "click"),
    ],
    ids=["a module", "a script", "a package's record", "everything"],
)
def test_what_is_gone_is_named(site: Path, delete: Callable[[Path], None], said: str) -> None:
    delete(site)
    assert whole.missing(WANTED, site) == said


@pytest.mark.processes
@pytest.mark.skipif(shutil.which("flock") is None, reason="without flock, set-ups don't wait for each other")
def test_a_second_set_up_says_that_it_waits(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "setup", tmp_path / "setup", ignore=shutil.ignore_patterns("engine", "__pycache__"))
    (tmp_path / ".tools").mkdir()
    asked = ["sh", "setup/python.sh", "nonsense"]  # which ends once it has its turn
    with (tmp_path / ".tools" / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with subprocess.Popen(asked, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as second:
            assert second.stdout is not None
            assert "waiting" in second.stdout.readline()
            assert second.poll() is None
            fcntl.flock(held, fcntl.LOCK_UN)
            _, said = second.communicate(timeout=60)
    assert "unknown argument" in said
    alone = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "waiting" not in alone.stdout
