"""Live values that a hand, an accident or a restart changed: the preview names them, and no `up` raises by accident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from tests import days
from tests.harness import Sandbox

NOW = 20.0
AT = {"ai-agents": 100, "jobs": 25, "marketplace": 5, "property": 0}
JOBS: Final = days.secret("JOBS_ROLLOUT_PERCENT")


def _deleted(sandbox: Sandbox) -> None:
    days.delete(sandbox, "jobs")


def _scheduled(sandbox: Sandbox) -> None:
    sandbox.boto("secretsmanager").delete_secret(SecretId=JOBS, RecoveryWindowInDays=7)


def _hand(value: str) -> Callable[[Sandbox], None]:
    return lambda sandbox: days.put(sandbox, "jobs", value)


# What happened to jobs at 25 %, and what the preview must say. Those under the stack are refused until somebody decides.
LOWER: Final[dict[str, tuple[Callable[[Sandbox], None], tuple[str, ...]]]] = {
    "lowered by hand": (
        _hand("10"),
        (
            "live 10 %, stack 25 %, changed outside",
            "lower the stack to 10, then climb from there; or add a `restore` entry",
        ),
    ),
    "off the ladder, under": (
        _hand("7"),
        ("live 7 %, stack 25 %, changed outside", "lower the stack to 5, then climb from there"),
    ),
    "no number": (_hand("abc"), ("live 'abc' (no percent), stack 25 %, changed outside",)),
    "deleted": (_deleted, ("live 0 % (secret absent), stack 25 %, changed outside", "or add a `restore` entry")),
    "scheduled for deletion": (_scheduled, ("live 0 % (secret scheduled for deletion), stack 25 %, changed outside",)),
}
# Of a database: a row that the record knows and that isn't there may be another stack's; and nothing waits for its deletion.
# And a hand that lowers is remembered as a stop.
ROWS: Final[dict[str, tuple[str, ...]]] = {
    "lowered by hand": ("live 10 %, stack 25 %, changed outside", "lower the stack to 10, then climb from there; commit a new `restore` entry"),
    "deleted": ("is this the database of local",), "scheduled for deletion": (),
}  # fmt: skip
HIGHER: Final[dict[str, tuple[str, str]]] = {
    "raised by hand": ("50", "rollback 50 % -> 25 %"),
    "off the ladder, over": ("37", "rollback 37 % -> 25 %"),
}


def _mend(sandbox: Sandbox) -> None:
    if sandbox.database is not None:
        days.put_row(sandbox, "JOBS_ROLLOUT_PERCENT", "25", NOW - 8)
        return
    store = sandbox.boto("secretsmanager")
    try:
        store.restore_secret(SecretId=JOBS)
    except store.exceptions.ResourceNotFoundException:
        store.create_secret(Name=JOBS, SecretString="25")
    days.put(sandbox, "jobs", "25", since=NOW - 8)


def test_what_the_preview_says(sandbox: Sandbox) -> None:
    days.begin(sandbox, AT, day=NOW)
    wrong = []
    for key, (happens, says) in LOWER.items():
        if sandbox.database is not None and key in ROWS:
            says = ROWS[key]
            if not says:
                continue
        happens(sandbox)
        for flags in ((), ("--refresh=false",)):
            said = days.refused(sandbox, *flags)
            print(f"===== {key} {flags}\n{said}")
            if not all(text in said for text in (*says, "::jobs-percent]", "do:")):
                wrong.append(f"{key} {flags}:\n{said}")
        _mend(sandbox)
    for key, (value, text) in HIGHER.items():
        days.put(sandbox, "jobs", value)
        for flags in ((), ("--refresh=false",)):
            found = sandbox.preview_json(*flags)
            said = str(found["diagnostics"])
            if text not in said or days.steps(found) != {"jobs-percent": "update"}:
                wrong.append(f"{key} {flags}:\n{found}")
            if flags and f"live {value} %, the record says 25 %" not in said:
                wrong.append(f"{key} {flags}: live isn't named\n{said}")
        _mend(sandbox)
    assert not wrong, "\n".join(wrong)
    sandbox.up()
    assert days.live(sandbox) == days.wanted(AT)


def test_raised_by_hand_is_brought_down(sandbox: Sandbox) -> None:
    days.begin(sandbox, AT, day=NOW)
    for value in ("50", "37"):
        days.put(sandbox, "jobs", value)
        sandbox.up()
        assert days.live(sandbox) == days.wanted(AT)


@pytest.mark.parametrize("flags", [(), ("--refresh=false",)], ids=["refreshed", "not refreshed"])
def test_lowered_by_hand_stays_down_when_another_domain_moves(sandbox: Sandbox, flags: tuple[str, ...]) -> None:
    at = {**AT, "ai-agents": 50}
    days.begin(sandbox, at, day=NOW)
    days.put(sandbox, "jobs", "10", since=NOW)
    days.set_percents(sandbox, {"ai-agents": 100})
    done = sandbox.up("--continue-on-error", *flags, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert "live 10 %, stack 25 %, changed outside" in said
    assert days.live(sandbox) == days.wanted({**AT, "jobs": 10})

    # A rollback of another domain, the same.
    days.set_percents(sandbox, {"marketplace": 0})
    sandbox.up("--continue-on-error", *flags, check=False)
    now = {**AT, "marketplace": 0, "jobs": 10}
    assert days.live(sandbox) == days.wanted(now)

    # The way out that the message names: the stack is lowered to what is live, and the domain climbs from there.
    days.set_percents(sandbox, {"jobs": 10})
    sandbox.commit("jobs is at 10")
    sandbox.up(*flags)
    sandbox.pulumi("preview", "--expect-no-changes")
    assert days.live(sandbox) == days.wanted(now)
    days.set_percents(sandbox, {"jobs": 25})
    assert "soak at 10 % not over" in days.refused(sandbox)
    days.turn_clock(sandbox, NOW + 8)
    sandbox.preview()


def test_a_restore_entry_puts_back_what_was_lost(sandbox: Sandbox) -> None:
    days.begin(sandbox, {**AT, "jobs": 10}, day=NOW)
    days.set_percents(sandbox, {"jobs": 25})
    sandbox.up()  # judged: what a restore may put back at most
    _deleted(sandbox)
    days.refused(sandbox)
    body = 'jobs:\n  why: "deleted by mistake, CHG-12"\n  by: Ana K.\n  until: "{until}"'
    days.set_entry(sandbox, "restore", body.format(until=days.clock(NOW + 1)))
    sandbox.up()
    assert days.live(sandbox) == days.wanted(AT)


def test_an_enable_flag_that_a_hand_turned_off_is_a_stop_and_stays(sandbox: Sandbox) -> None:
    days.begin(sandbox, AT, day=NOW)
    days.switch(sandbox, "ENABLE_UNIFIED_JOBS", "false")
    for flags in ((), ("--refresh=false",)):
        assert "switched off outside: a stop" in days.refused(sandbox, *flags)
    sandbox.up("--continue-on-error", check=False)
    assert days.live(sandbox) == {**days.wanted(AT), "ENABLE_UNIFIED_JOBS": "false"}


def test_a_restarted_simulator_is_filled_again_and_says_so(sandbox: Sandbox) -> None:
    days.begin(sandbox, AT, day=NOW)
    days.emptied(sandbox)
    assert days.live(sandbox) == {}
    done = sandbox.preview()
    said = done.stdout + done.stderr
    for name, percent in AT.items():
        if percent:
            assert f"the store was empty (simulator restarted?): {name} restored to {percent} %" in said
    done = sandbox.up()
    assert "the store was empty (simulator restarted?): jobs restored to 25 %" in done.stdout + done.stderr
    assert days.live(sandbox) == days.wanted(AT)
    sandbox.pulumi("preview", "--expect-no-changes")


def test_the_wrong_region_is_not_taken_for_a_restarted_simulator(sandbox: Sandbox) -> None:
    days.begin(sandbox, AT, day=NOW)
    said = days.refused(sandbox, env={"AWS_REGION": "eu-west-3"})
    assert "AWS_REGION is eu-west-3, rollout:region is eu-west-1" in said
    assert "restored to" not in said
