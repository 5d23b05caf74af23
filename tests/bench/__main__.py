"""`make bench`: every figure of docs/figures.md, measured now. `make bench ARGS="speed"` runs one part; `--runs 7` more turns."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rollout.simulator import env
from tests.bench import (
    evidence,
    hanging,
    loops,
    operator,
    pages,
    rehearsals_whole,
    scale,
    sixty_days,
    speed,
    speed_database,
    stories,
    terraform,
    timing,
)  # fmt: skip
from tests.conftest import pytest_configure
from tests.harness import Sandbox

Say = Callable[[str], None]
#: Cases of the fault matrix that are played at a time: most of them wait.
WORKERS = 4


def part_speed(folder: Path, runs: int, say: Say) -> None:
    """Previews, one-flag up and rollback against an empty program and a raw write."""
    box = Sandbox(folder / "speed")
    try:
        say(
            f"{timing.version('pulumi', 'version', env=box.env)}, state on local files, simulator on loopback; n = {runs} pairs"
        )
        for found, limit, aim in speed.speeds(box, runs):
            say(found.line(limit, aim))
    finally:
        box.close()


def part_speed_database(folder: Path, runs: int, say: Say) -> None:
    """Previews, one-flag up and rollback on PostgreSQL, against the same on the simulated AWS and a raw write."""
    folder.chmod(0o755)  # a server that runs as nobody enters it
    engine = timing.version(str(env.PROJECT / ".tools" / "pulumi" / "bin" / "pulumi"), "version")
    say(f"{engine}, state on local files, servers on loopback; n = {runs} pairs")
    for found, limit, aim in speed_database.speeds(folder, runs):
        say(found.line(limit, aim))


def part_days(folder: Path, runs: int, say: Say) -> None:
    """up(d), up(d+1), revert, up for every day."""
    loops.there_and_back(folder, say)


def part_races(folder: Path, runs: int, say: Say) -> None:
    """50 rollbacks against a raise in flight."""
    loops.against_a_raise(folder, say)


def part_hanging(folder: Path, runs: int, say: Say) -> None:
    """A rollback while one call of its store hangs, for each call and target."""
    hanging.run(folder, runs, say)


def part_kills(folder: Path, runs: int, say: Say) -> None:
    """100 kills of the engine."""
    loops.killed(folder, say)


def part_kills_database(folder: Path, runs: int, say: Say) -> None:
    """100 kills of server, engine and rollback of a stack on PostgreSQL."""
    (folder / "kills").mkdir()
    loops.killed_on_a_database(folder, say)


def part_counters(folder: Path, runs: int, say: Say) -> None:
    """A look's one question for all domains to a database with 60 days of minutes."""
    sixty_days.run(folder, runs, say)


def part_scale(folder: Path, runs: int, say: Say) -> None:
    """A generated catalogue of 100 domains, about 1,000 resources: times, and the API calls of each run."""
    scale.run(folder, runs, say)


def part_terraform(folder: Path, runs: int, say: Say) -> None:
    """The same secrets and alarms in Terraform, with 4 domains and with 100."""
    terraform.run(folder, runs, say)


def part_exhaustive(folder: Path, runs: int, say: Say) -> None:
    """Every story of a few troubles on the rules themselves: states, transitions, what was found."""
    stories.run(say)


def part_evidence(folder: Path, runs: int, say: Say) -> None:
    """What the gate adds to a preview; 50 breaches until the watch has them down."""
    evidence.run(folder, runs, say)


def part_rehearse(folder: Path, runs: int, say: Say) -> None:
    """Every scenario of traffic, rehearsed for 21 days."""
    rehearsals_whole.run(folder, say)


def part_operator(folder: Path, runs: int, say: Say) -> None:
    """What an operator waits for, with 300 runs in the history."""
    operator.run(folder, runs, say)


def part_pages(folder: Path, runs: int, say: Say) -> None:
    """The board of 4 and of 50 domains over 60 days, and the plan's chances: CPU seconds, peak memory."""
    pages.run(folder, runs, say)


def part_decisions(folder: Path, runs: int, say: Say) -> None:
    """The gate's decisions: whole migrations, outages, planted faults, delays; `--runs 5` plays all of them."""
    from tests.bench.decisions import play  # numpy, which no other part needs

    missed = play.run(say, runs / 5)
    assert not missed, f"{len(missed)} figures aren't as they must be"


def part_faults(folder: Path, runs: int, say: Say) -> None:
    """Every call of every command broken in every way, kills, races, wrong files: goes on where it was stopped (.local/faults)."""
    from tests.faults import parts  # a database's driver and certificates, which no other part needs

    folder.chmod(0o755)  # a server that runs as nobody enters it
    broken = parts.play(list(parts.PARTS), folder, say, until=float("inf"), workers=WORKERS)
    assert not broken, "something in the table is broken"


def part_rivals(folder: Path, runs: int, say: Say) -> None:
    """Other tools' rules beside the gate on the same streams: 100 of each cell; `--runs 10` plays 200."""
    from tests.bench.decisions import rivals

    rivals.table(20 * runs, say)


PARTS = {
    "speed": part_speed, "speed-database": part_speed_database, "operator": part_operator, "scale": part_scale, "terraform": part_terraform,
    "days": part_days, "races": part_races, "hanging": part_hanging, "kills": part_kills, "kills-database": part_kills_database, "counters": part_counters,
    "exhaustive": part_exhaustive, "rehearse": part_rehearse, "evidence": part_evidence,
    "pages": part_pages, "decisions": part_decisions, "rivals": part_rivals,
    "faults": part_faults,
}  # fmt: skip


def main() -> int:
    """Runs the parts that are named, or all. Exit code 1 if one fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"one or more of: {', '.join(PARTS)}; all where none is named"
    )
    parser.add_argument("--runs", type=int, default=5, help="counted turns of each comparison")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"unknown part: {', '.join(sorted(unknown))}; one or more of: {', '.join(PARTS)}")
    pytest_configure()
    print(timing.machine(), flush=True)
    failed = 0
    for name in given.parts or PARTS:
        print(f"\n== {name}: {PARTS[name].__doc__}", flush=True)
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
            try:
                PARTS[name](Path(folder).resolve(), given.runs, lambda text: print(text, flush=True))
            except AssertionError as error:
                failed += 1
                print(f"FAILED: {error}", flush=True)
        print(f"   {time.monotonic() - started:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
