"""What an operator does in a week, step by step, with exit codes and words: the table of docs/engines.md is what this prints.

`make test ARGS="tests/engine/test_routine.py -s" ENGINE=3.259.0 SDK=3.259.0` plays it on other versions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from rollout.simulator.database import SUPERUSER
from tests import days, postgres
from tests.harness import Sandbox

UP = ("up", "--yes", "--skip-preview", "--continue-on-error", "--diff")
HOLD = "HOLD jobs 0 % -> 10 %: 0 -> 10 % skips a rung: the next one is 5 %"


@dataclass(frozen=True)
class Step:
    """A command, the exit code that ends it where the engine knows what awaiting is, that of an older one, and what it says."""

    name: str
    command: Sequence[str]
    says: str
    code: int = 0
    older: int | None = None
    before: str = ""  # what the operator does to the stack file first

    def expected(self, knows: bool) -> int:
        return self.code if knows or self.older is None else self.older


def _day(number: int) -> tuple[str, ...]:
    return ("rollout", "promote", str(number), "--stack", "local")


STEPS = (
    Step("the first preview", ("preview", "--diff"), "to create"),
    Step("the first up", UP, "created", before="day 0"),
    Step("day 1", _day(1), "ai-agents"),
    Step("its preview", ("preview", "--diff"), "PASS 0 -> 5 %"),
    Step("its up, plain", ("up", "--yes"), "PASS 0 -> 5 %"),
    Step("no change", ("preview", "--expect-no-changes"), "unchanged"),
    Step("day 3: up", UP, "PASS 5 -> 10 %", before="day 3"),
    Step("day 5: up", UP, "PASS 10 -> 25 %", before="day 5"),
    Step("day 6: up", UP, "PASS 25 -> 50 %", before="day 6"),
    Step("a refused raise beside a rollback: preview", ("preview", "--diff"), HOLD, 10, 1, before="both"),
    Step("the same in JSON", ("preview", "--json"), "skips a rung", 10, 1),
    Step("the same as a page", ("rollout", "review"), "refused: jobs", 3),
    Step("the same: up, plain", ("up", "--yes"), HOLD, 10, 1),
    Step("again, past the older engine's preview", UP, HOLD, 10, 1),
    Step("what is live", ("rollout", "live"), "25 %"),
    Step("the outputs", ("stack", "output", "--json"), HOLD),
    Step("the raise is taken back: up", UP, "unchanged", before="back"),
    Step("a rollback by command", ("rollout", "rollback", "ai-agents", "--to", "previous", "--wait", "0"), "live 10 %"),
    Step("nothing is left to do", ("preview", "--expect-no-changes"), "unchanged"),
    Step("a destroy is refused", ("destroy", "--yes", "--skip-preview"), "destroy refused", 1),
    Step("log", ("rollout", "log", "-n", "0"), "STOP"),
    Step("status", ("rollout", "status"), "ai-agents"),
    Step("report", ("report",), "incidents"),
)


def _prepare(sandbox: Sandbox, what: str) -> None:
    if what.startswith("day "):
        day = int(what.removeprefix("day "))
        days.turn_clock(sandbox, day or 0.5)
        days.set_percents(sandbox, days.percents(day))
    elif what == "both":
        days.set_percents(sandbox, {"ai-agents": 25, "jobs": 10})
    elif what == "back":
        days.set_percents(sandbox, {"jobs": 0})
    sandbox.commit(what)


@pytest.mark.timeout(1800)
def test_the_routine(sandbox: Sandbox) -> None:
    play(sandbox)


@pytest.mark.timeout(1800)
def test_the_routine_with_state_on_s3_and_a_key_of_kms(new_sandbox: Callable[..., Sandbox]) -> None:
    """As production has it (deploy/README.md)."""
    sandbox = new_sandbox(stack=False)
    s3, kms = sandbox.boto("s3"), sandbox.boto("kms")
    s3.create_bucket(Bucket="wa-rollout-state", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    kms.create_alias(AliasName="alias/wa-rollout", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    host = sandbox.url.removeprefix("http://")
    _state(sandbox, f"s3://wa-rollout-state?region=eu-west-1&endpoint={host}&disableSSL=true&s3ForcePathStyle=true")
    sandbox.pulumi("stack", "init", "local", "--secrets-provider", "awskms://alias/wa-rollout?region=eu-west-1")
    play(sandbox)
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="wa-rollout-state")["Contents"]]
    assert ".pulumi/stacks/wa-rollout/local.json" in keys
    assert not [key for key in keys if key.startswith(".pulumi/locks/") and key.endswith(".json")], "no lock is left"


@pytest.mark.timeout(1800)
def test_the_routine_with_state_in_a_database(
    new_sandbox: Callable[..., Sandbox], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As a stack on Supabase may have it: the flags' own database can hold the engine's state too."""
    sandbox = new_sandbox(stack=False)
    with postgres.server(tmp_path_factory.mktemp("state")) as server:
        with server.connect() as admin:
            admin.execute("create database state")
        _state(sandbox, server.url(role=SUPERUSER, database="state").replace("postgresql://", "postgres://"))
        sandbox.pulumi("stack", "init", "local")
        said = play(sandbox)
        with server.connect(database="state") as hand:
            kept = [str(row[0]) for row in hand.execute("select key from pulumi_state").fetchall()]
        assert any(key.endswith("stacks/wa-rollout/local.json") for key in kept), kept
        assert not [key for key in kept if "/locks/" in key and key.endswith(".json")], "no lock is left"
    assert server.password not in said, "the backend's address is a secret"


def _state(sandbox: Sandbox, url: str) -> None:
    """Where the engine keeps its state; the salt of a passphrase is another key's."""
    sandbox.env["PULUMI_BACKEND_URL"] = url
    lines = sandbox.read_config().splitlines(keepends=True)
    sandbox.write_config("".join(line for line in lines if not line.startswith("encryptionsalt:")))


def play(sandbox: Sandbox) -> str:
    """The 23 steps; answers all that was printed."""
    told: list[str] = []
    knows = sandbox.knows_waiting
    assert len(STEPS) == 23
    sdk = sandbox.run(
        "python", "-c", "import importlib.metadata as found; print(found.version('pulumi'))"
    ).stdout.strip()
    print(f"\nengine {sandbox.pulumi('version').stdout.strip()}, SDK {sdk}")
    wrong = []
    _prepare(sandbox, "day 0")
    for number, step in enumerate(STEPS, 1):
        if step.before:
            _prepare(sandbox, step.before)
        elif step.name == "day 1":
            days.turn_clock(sandbox, 1)
        kind, *words = step.command
        if kind == "report":
            done = sandbox.run(".venv-dev/bin/python", "-m", "rollout", "report", "--stack", "local", check=False)
        else:
            run = sandbox.rollout if kind == "rollout" else sandbox.pulumi
            done = run(*(words if kind == "rollout" else step.command), check=False)
        told.append(f"{done.stdout}\n{done.stderr}")
        text = " ".join(told[-1].split())
        right = done.returncode == step.expected(knows) and step.says in text and "Traceback" not in text
        print(f"| {number} | {step.name} | {done.returncode} | {step.says} |")
        if not right:
            wrong.append(f"{step.name}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    assert not wrong, "\n\n".join(wrong)
    return "\n".join(told)
