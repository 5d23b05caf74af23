"""How long a preview, an `up` and a rollback take on PostgreSQL, against the same on the simulated AWS and a raw write."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

from rollout.simulator.database import DATABASE, SUPERUSER
from tests import days, postgres
from tests.bench import speed
from tests.bench.timing import Action, Compared, in_turns
from tests.harness import Sandbox

AI = "ai-agents"
NAME = days.secret(days.PERCENT_FLAGS[AI])
#: The fewest steps that change a row and read it back: what a rollback can't be faster than.
RAW = """
import os, psycopg
name = "wa-webhook-unified/local/RAW"
with psycopg.connect(os.environ["RAW_URL"], autocommit=True) as connection:
    connection.execute("update rollout.flags set value = '0' where name = %s", [name])
    assert connection.execute("select value from rollout.flags where name = %s", [name]).fetchone() == ("0",)
"""


def speeds(folder: Path, runs: int) -> Iterator[tuple[Compared, float, float]]:
    """Each comparison with its limit and its aim."""
    aws = Sandbox(folder / "aws")
    try:
        ours = Sandbox(postgres.entered(folder) / "postgres", store="postgres")
        try:
            yield from _compared(ours, aws, runs)
        finally:
            ours.close()
    finally:
        aws.close()


def _compared(ours: Sandbox, aws: Sandbox, runs: int) -> Iterator[tuple[Compared, float, float]]:
    assert ours.database is not None
    ours.env["ROLLOUT_DATABASE_URL"] = ours.database.url()  # past the tests' own door, which is no part of either
    for box in (ours, aws):
        box.up(env=speed.NOW)
    for what, arguments in (("with refresh (the default)", ()), ("--refresh=false", ("--refresh=false",))):
        yield (
            in_turns(
                f"preview {what}, PostgreSQL / AWS", _previews(ours, *arguments), _previews(aws, *arguments), runs
            ),
            1.0,
            1.0,
        )
    for box in (ours, aws):
        speed.asked_by_edits(box)
    percents = cycle((0, 5))

    def changed() -> None:
        percent = next(percents)
        for box in (ours, aws):
            speed.set_percent(box, percent)

    ups = in_turns("one-flag up --skip-preview", _ups(ours), _ups(aws), runs + runs % 2, between=changed)
    yield ups, 1.0, 1.0
    yield _rollback(ours, runs), 1.5, 1.2


def _previews(box: Sandbox, *arguments: str) -> Action:
    return lambda: box.preview(*arguments, env=speed.NOW)


def _ups(box: Sandbox) -> Action:
    return lambda: box.up("--diff", env=speed.NOW)


def _rollback(box: Sandbox, runs: int) -> Compared:
    """The command to the value read back / one raw UPDATE and SELECT in a new Python of the same environment."""
    assert box.database is not None
    url = box.database.url(SUPERUSER, DATABASE)
    box.by_hand(
        "insert into rollout.flags (name, value, version, written) values (%s, '5', 0, now())", days.secret("RAW")
    )
    script = Path(box.folder, ".local", "raw.py")
    script.write_text(textwrap.dedent(RAW))

    def up_again() -> None:
        box.by_hand("update rollout.flags set value = '5' where name = any(%s)", [NAME, days.secret("RAW")])

    return in_turns(
        "rollback: command to value read back / raw UPDATE and SELECT",
        lambda: speed.down(box),
        lambda: box.run("python", str(script), env={"RAW_URL": url}), runs,
        between=up_again,
    )  # fmt: skip
