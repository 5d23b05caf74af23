"""`docs/own-services.md` as it is written: a project of one's own from the built wheel, in an environment of its own.

One domain that climbs 1-10-50-100 on the simulated AWS, and six domains with two ladders on PostgreSQL. Nothing of this
checkout is imported there: the program, set-up, simulator and provider are the wheel's.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout.simulator import env

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/own-services.md").read_text(encoding="utf-8")
STEPS = re.findall(r"```sh\n(.*?)```", PAGE, re.S)
SIX = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)[0]

pytestmark = [pytest.mark.processes, pytest.mark.timeout(1800)]


def environment() -> dict[str, str]:
    """A stranger's shell with this checkout's engine on PATH: it isn't built twice."""
    own = {
        key: value for key, value in os.environ.items() if not key.startswith((*env.FOREIGN, "VIRTUAL_ENV", "PYTHON"))
    }
    who = {f"GIT_{who}_{what}": f"test@{what.lower()}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    engine = ROOT / ".tools" / "pulumi" / "bin"
    return {
        **own,
        **who,
        "PATH": f"{engine}{os.pathsep}{os.environ['PATH']}",
        "ROLLOUT": str(ROOT),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }


def opened(folder: Path, top: Path) -> None:
    """As root the database's server runs as nobody, who has to come as far as its programs and its data."""
    for path in (folder, *folder.parents):
        path.chmod(path.stat().st_mode | 0o011)
        if path == top:
            return


def run(folder: Path, text: str) -> str:
    done = subprocess.run(
        ["sh", "-eu", "-c", text], cwd=folder, env=environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=1200,
    )  # fmt: skip
    assert done.returncode == 0, f"{text}\n{done.stdout}"
    assert "Traceback" not in done.stdout, f"{text}\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The page's project, after its first four steps."""
    folder = tmp_path_factory.mktemp("own") / "my shop"
    folder.mkdir()
    opened(folder, tmp_path_factory.getbasetemp().parent)
    for step in STEPS[:3]:
        run(folder, step)
    said = run(folder, STEPS[3])
    assert "0 -> 1 %" in said
    yield folder
    run(folder, "make down")


def test_ten_steps_as_they_are_written(project: Path) -> None:
    assert len(STEPS) == 10
    assert "checkout   10 ->  50 %" in run(project, STEPS[4])
    assert "checkout" in run(project, STEPS[5])
    refused = run(project, STEPS[6])
    assert "PASS errors" in refused
    assert "soak at 1 % not over" in refused
    assert "passed" in run(project, STEPS[7])
    down = run(project, STEPS[8])
    assert "live 0 %" in down
    assert subprocess.run(
        ["git", "log", "-1", "--format=%s"], cwd=project, capture_output=True, text=True, check=True
    ).stdout == ("rollback: checkout 1 -> 0 on local\n")
    told = run(project, STEPS[9])
    assert "checkout" in told
    report = next((project / "reports" / "local").glob("*.html")).read_text(encoding="utf-8")
    assert "checkout" in report
    assert "four domains" not in report
    assert "ai-agents" not in report
    walked = run(project, "make play KEYS=lnpgq")
    assert "next day" in walked
    assert "python -m rollout promote" in walked
    assert re.search(r"(?m)^day \d+, .* checkout \d+ %$", walked), walked


def test_nothing_of_this_checkout_is_used_there(project: Path) -> None:
    found = run(
        project,
        ".venv/bin/python -c 'import rollout.home, rollout.components.program as p; print(rollout.home.HOME, p.__file__)'",
    )
    assert str(ROOT / "rollout") not in found
    assert str(project) in found


def test_six_domains_with_two_ladders_on_postgresql(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "six"
    folder.mkdir()
    opened(folder, tmp_path.parent.parent)
    (folder / "answers.yaml").write_text(SIX)
    run(folder, f'"$ROLLOUT/.venv/bin/rollout" init --answers answers.yaml && {STEPS[2]}')
    for name in (".venv", ".venv-dev"):  # the same package, installed once: the folder's own set-up finds it whole
        (folder / name).symlink_to(project / name)
    try:
        said = run(folder, "make up STORE=postgres")
        assert re.search(r"(?m)^catalog +1 %", said)
        assert re.search(r"(?m)^checkout +0 %", said)
        assert "PASS 0 -> 1 %" in said
        refused = run(folder, "make day DAY=2 STACK=postgres && make preview STACK=postgres")
        assert "preview: a raise waits" in refused
        assert "soak at 1 % not over" in refused
        run(folder, "git checkout --quiet .")
        assert "live 0 %" in run(folder, "make rollback DOMAIN=mail TO=previous WAIT=0 STACK=postgres")
        assert re.search(r"checkout +2 -> +5 %", run(folder, "make plan STACK=postgres"))
        run(folder, "make drill DOMAIN=cart STACK=postgres && make report STACK=postgres")
        run(
            folder, "make board STACK=postgres || test -s .local/board/index.html"
        )  # no watch has looked yet: it says so, with 1
    finally:
        run(folder, "make down")
        # Both saw the package by this folder, which goes: by the project's own again.
        run(project, "make tools")
