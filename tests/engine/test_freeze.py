"""`freeze`, `unfreeze` and `plan --from`: diffs of the stack file or nothing, and what a preview makes of them."""

from __future__ import annotations

import json

import pytest

from tests import days
from tests.harness import Sandbox


@pytest.fixture
def begun(sandbox: Sandbox) -> Sandbox:
    days.set_percents(sandbox, days.percents(0))
    sandbox.up("-m", "day 0")
    days.set_percents(sandbox, {"ai-agents": 5})
    sandbox.commit("5")
    return sandbox


def test_a_freeze_holds_every_raise_and_its_lifting_gives_the_file_back(begun: Sandbox) -> None:
    before = begun.read_config()
    done = begun.rollout("freeze", "--why", "INC-7: x", "--by", "Ana", "--stack", "local")
    assert done.stdout.startswith("written: Pulumi.local.yaml: freeze\nnext:    git commit")
    assert "frozen: INC-7: x; Ana" in begun.preview(check=False).stderr
    begun.rollout("unfreeze", "--stack", "local")
    assert begun.read_config() == before
    assert begun.rollout("unfreeze", "--stack", "local").stdout == "nothing to write: not frozen already\n"
    begun.preview()


def test_a_hold_is_one_domains(begun: Sandbox) -> None:
    before = begun.read_config()
    begun.rollout("freeze", "--why", "INC-9", "--domain", "jobs", "--stack", "local")
    begun.preview()  # AI agents go on
    begun.rollout("freeze", "--why", "INC-9", "--domain", "ai-agents", "--stack", "local")
    assert "held: INC-9" in begun.preview(check=False).stderr
    for domain in ("ai-agents", "jobs"):
        begun.rollout("unfreeze", "--domain", domain, "--stack", "local")
    assert begun.read_config() == before


def test_a_freeze_of_bad_data_stays_in_force_until_the_audit(begun: Sandbox) -> None:
    begun.up("-m", "5")
    begun.rollout("rollback", "ai-agents", "--because", "data", "--wait", "0", "--stack", "local", check=False)
    done = begun.rollout("unfreeze", "--stack", "local")
    assert "nothing rises before the data of ai-agents are audited" in done.stderr


@pytest.mark.parametrize(
    "arguments", [("freeze",), ("freeze", "--why", "x", "--domain", "job"), ("unfreeze", "--domain", "job")]
)
def test_wrong_use_writes_nothing(begun: Sandbox, arguments: tuple[str, ...]) -> None:
    before = begun.read_config()
    done = begun.rollout(*arguments, "--stack", "local", check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert begun.read_config() == before


def test_what_is_left_is_laid_from_what_is_live_and_nothing_is_written(begun: Sandbox) -> None:
    begun.env["ROLLOUT_NOW"] = "2026-12-01T08:00:00Z"
    begun.up("-m", "5")
    begun.env["ROLLOUT_NOW"] = "2026-12-05T08:00:00Z"
    before = begun.read_config()
    found = json.loads(begun.rollout("plan", "--from", "2026-12-06", "--stack", "local", "--json").stdout)
    moved = {row["day"]: row["percent"]["ai-agents"] for row in found["days"] if "ai-agents" in row["changed"]}
    assert moved == {6: 10, 8: 25, 9: 50, 10: 100}
    assert found["ends"] == "2026-12-23"
    begun.rollout("freeze", "--why", "INC-7", "--stack", "local")
    text = begun.rollout("plan", "--from", "2026-12-06", "--stack", "local").stdout
    assert "all at 100 % on 2026-12-23, 3 days after the plan's;" in text
    assert "note: frozen (INC-7): nothing rises until that is lifted" in text
    assert max(map(len, text.splitlines())) <= 80
    begun.rollout("unfreeze", "--stack", "local")
    assert begun.read_config() == before
    for wrong in ("soon", "2026-12-04"):
        done = begun.rollout("plan", "--from", wrong, "--stack", "local", check=False)
        assert done.returncode == 2
        assert "--from" in done.stderr
