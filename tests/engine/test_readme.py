"""README's commands, typed as they stand there, one after the other, in one copy of the project with its own git.

The play is in tests/engine/test_play.py, own services in tests/engine/test_own_services.py; `make test` runs this.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import days
from tests.harness import Sandbox

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def typed(heading: str) -> list[str]:
    """The lines after `$` under a heading, without what is said of them."""
    part = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = [re.sub(r"\s+#.*$", "", line) for line in re.findall(r"(?m)^\$ (.*)$", part)]
    assert found, f"README has no commands under {heading}"
    return found


def run(sandbox: Sandbox, line: str, *codes: int) -> str:
    done = sandbox.run("sh", "-c", line, check=False, timeout=600)
    said = done.stdout + done.stderr
    assert done.returncode in (codes or (0,)), f"{line}\n{said}"
    assert "Traceback" not in said, f"{line}\n{said}"
    return said


@pytest.mark.timeout(1800)
def test_the_pages_commands_as_written(sandbox: Sandbox) -> None:
    for key in ("PULUMI_STACK", "ROLLOUT_NOW"):  # a shell that nothing was set in: make finds its own
        sandbox.env.pop(key, None)
    first, play, tests = typed("Three commands")
    assert (play, tests) == ("make play", "make test")
    said = run(sandbox, first)
    assert len(said.splitlines()) <= 25, said
    assert "PASS 0 -> 5 %" in said
    assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "5"
    try:
        routine = typed("The daily routine")
        answered = {line: run(sandbox, line, 0, 2) for line in routine if "ROLLOUT_NOW" not in line}
        assert "ai-agents" in answered["make status"]
        assert "percent: 10" in answered["git diff"]
        assert "soak at 5 % not over" in answered["make preview"], "on the day that it was made it may not rise"
        assert "5 -> 10" in answered["make review"]
        assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "5"
        (later,) = [line for line in routine if "ROLLOUT_NOW" in line]
        assert "PASS 5 -> 10 %" in run(sandbox, later)
        assert "live" in run(sandbox, "make up")
        assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "10"
        assert re.search(r"2026-12-03.*raise +5 -> +10", run(sandbox, "make log"))

        emergency, because, reviewed = typed("Rollback, in three lines")
        raised = sandbox.git("log", "--format=%h", "-n", "1").stdout.strip()
        assert "make up" in reviewed
        run(sandbox, reviewed.replace("COMMIT", raised))
        assert days.live(sandbox)["UNIFIED_ROLLOUT_PERCENT"] == "5"
        assert "live 0 %" in run(sandbox, f"{emergency} WAIT=0")
        assert "live 0 %" in run(sandbox, f"{because} WAIT=0")
        assert "LATCHED" in run(sandbox, "make status")
    finally:
        run(sandbox, "make down")
