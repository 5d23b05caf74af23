"""Other rules beside ours on the same streams: errors of one rung, 50 -> 100 %, a look an hour, a raise after 24 hours.

`python -m tests.bench.decisions.rivals [RUNS]`. gbstats is the real one, in an environment of its own
(`tests/bench/decisions/requirements.txt`, since it pins an older pandas); the others are by their documented defaults.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator

from rollout.model.gate.metric import Verdict, judge_metric
from rollout.simulator import env
from tests.bench.decisions import compared, rung, series, streams
from tests.bench.decisions.domain import BEGAN
from tests.bench.decisions.streams import DAY, SINGLE, Bunches, Events, Rates

HOURS, SOAK = 72, 24
HEALTHY = 0.0003
OWN_ENV = env.PROJECT / ".tools" / "bench"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
SIDE = Path(__file__).with_name("gbstats_side.py")


@dataclass(frozen=True)
class Stream:
    """Unified's bad and total, legacy's bad and total, in periods of ten minutes; and the dispersion that legacy showed."""

    bad: Events
    total: Events
    legacy: Events
    legacy_total: Events
    size: float

    def until(self, hour: int) -> tuple[int, int, int, int]:
        """Sums of the first `hour` hours."""
        part = slice(0, 6 * hour)
        return (
            int(self.bad[part].sum()), int(self.total[part].sum()),
            int(self.legacy[part].sum()), int(self.legacy_total[part].sum()),
        )  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """What is played. `own` and `theirs`: rates per period; `fault`: a promotion is the mistake, else a rollback is."""

    name: str
    a_day: int
    own: Callable[[Generator], Rates]
    theirs: Callable[[Rates], Rates]
    fault: bool
    kind: Bunches = SINGLE

    def play(self, rng: Generator) -> Stream:
        own = self.own(rng)
        mean = np.full(HOURS * 6, self.a_day / DAY / 2)
        mine = streams.events(rng, mean, own, self.kind)
        other = streams.events(rng, mean, self.theirs(own), self.kind)
        return Stream(*mine, *other, rung.size(rng, self.a_day, self.kind))


@dataclass(frozen=True)
class Ended:
    """promoted, rolled back, or neither within 72 hours; and at which hour."""

    promoted: bool = False
    rolled_back: bool = False
    hour: int = HOURS


def ours(stream: Stream) -> Ended:
    """The gate on this metric: a ROLLBACK at any look, from 24 hours on PASS with the comparison."""
    legacy = (stream.legacy, stream.legacy_total)
    slots = series.slots((stream.bad, stream.total), legacy, BEGAN, whole=True)
    found = rung.minutes_until(slots, 0, stream.size, 50)  # in periods
    burnt = math.ceil(found / 6) if found < math.inf else HOURS + 1
    for hour in range(SOAK, min(HOURS, burnt - 1) + 1):
        seen = rung.seen(slots[: 6 * hour], stream.size)
        judged = judge_metric(rung.ERRORS, seen, percent=50, next_percent=100)
        if judged.verdict is Verdict.PASS and rung.no_worse(seen):
            return Ended(promoted=True, hour=hour)
    return Ended(rolled_back=True, hour=burnt) if burnt <= HOURS else Ended()


def rule(worse: Callable[[Stream, int], bool]) -> Callable[[Stream], Ended]:
    """Back at the first look that says so, up after the soak otherwise: how these tools end."""

    def play(stream: Stream) -> Ended:
        for hour in range(1, SOAK + 1):
            if worse(stream, hour):
                return Ended(rolled_back=True, hour=hour)
        return Ended(promoted=True, hour=SOAK)

    return play


def literal(stream: Stream) -> Ended:
    """The plan's own words: back over 1 % in an hour; up under 0.1 % and at most the baseline, else wait."""
    for hour in range(1, HOURS + 1):
        bad, total, legacy, legacy_total = stream.until(hour)
        before = stream.until(hour - 1)
        if bad - before[0] > 0.01 * (total - before[1]):
            return Ended(rolled_back=True, hour=hour)
        if hour >= SOAK and bad < 0.001 * total and bad * legacy_total <= legacy * total:
            return Ended(promoted=True, hour=hour)
    return Ended()


def gbstats(played: Sequence[Stream]) -> list[Ended]:
    """The real package's sequential test (alpha 5 %, tuning 5000, absolute difference), all streams in one process."""
    python = OWN_ENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(OWN_ENV)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS)], check=True)
    looks = [[stream.until(hour) for hour in range(1, SOAK + 1)] for stream in played]
    answer = subprocess.run(
        [str(python), str(SIDE)], input=json.dumps(looks), capture_output=True, text=True, check=True
    )
    return [
        Ended(promoted=True, hour=SOAK) if hour is None else Ended(rolled_back=True, hour=hour)
        for hour in json.loads(answer.stdout)
    ]


RULES: dict[str, Callable[[Stream], Ended]] = {
    "ours": ours,
    "mSPRT": rule(lambda stream, hour: compared.msprt(*stream.until(hour))),
    "Kayenta": rule(lambda stream, hour: compared.kayenta(
        stream.bad[: 6 * hour] / np.maximum(stream.total[: 6 * hour], 1),
        stream.legacy[: 6 * hour] / np.maximum(stream.legacy_total[: 6 * hour], 1),
    )),
    "Argo": rule(lambda stream, hour: compared.argo(stream.until(hour - 1), stream.until(hour))),
    "literal": literal,
}  # fmt: skip


def cells() -> list[Cell]:
    """Health in its forms first, faults then."""

    def flat(rate: float) -> Callable[[Generator], Rates]:
        return lambda _: np.full(HOURS * 6, rate)

    def outage(rate: float, periods: int) -> Callable[[Generator], Rates]:
        def of(rng: Generator) -> Rates:
            found = np.full(HOURS * 6, HEALTHY)
            at = int(rng.integers(6, SOAK * 6 - periods))
            found[at : at + periods] = rate
            return found

        return of

    def late(_: Generator) -> Rates:
        return np.where(np.arange(HOURS * 6) < 6 * 20, HEALTHY, 0.02)

    def same(own: Rates) -> Rates:
        return own

    def calm(own: Rates) -> Rates:
        return np.full(len(own), HEALTHY)

    found = []
    for a_day in (20_000, 2_000):
        at = f"{a_day:,} a day"
        found += [
            Cell(f"equal, 0.03 %, {at}", a_day, flat(HEALTHY), same, False),
            Cell(f"equal, tries of 3, {at}", a_day, flat(HEALTHY), same, False, Bunches(tries=3)),
            Cell(f"equal, tries of 5, {at}", a_day, flat(HEALTHY), same, False, Bunches(tries=5)),
            Cell(f"outage of both, 30 % for 30 min, {at}", a_day, outage(0.3, 3), same, False),
            Cell(f"outage of both, 5 % for 2 h, {at}", a_day, outage(0.05, 12), same, False),
            Cell(f"own 0.3 %, {at}", a_day, flat(0.003), calm, True),
            Cell(f"own 1 %, {at}", a_day, flat(0.01), calm, True),
            Cell(f"own 1 % in tries of 5, {at}", a_day, flat(0.01), calm, True, Bunches(tries=5)),
            Cell(f"own 5 %, {at}", a_day, flat(0.05), calm, True),
            Cell(f"own 2 % from the 20th hour on, {at}", a_day, late, calm, True),
        ]
    return found


def table(runs: int, say: Callable[[str], None], only: str = "") -> None:
    """A line a cell: of each rule promoted / rolled back in per cent, and the median hour of what ended it."""
    say(f"errors, 50 -> 100 %, hourly looks, {runs} streams a cell: promoted / rolled back (median hour)")
    say(" | ".join(["", *RULES, "gbstats"]))
    for cell in cells():
        if only not in cell.name:
            continue
        seed = zlib.crc32(cell.name.encode())
        played = [cell.play(np.random.default_rng([seed, index])) for index in range(runs)]
        found = {name: [decide(stream) for stream in played] for name, decide in RULES.items()}
        found["gbstats"] = gbstats(played)
        say(" | ".join([cell.name, *(shown(ended) for ended in found.values())]))


def shown(ended: Sequence[Ended]) -> str:
    """`98 / 0 (24 h)`."""
    up, down = (
        100 * statistics.mean(values) for values in zip(*((e.promoted, e.rolled_back) for e in ended), strict=True)
    )
    return f"{up:.3g} / {down:.3g} ({statistics.median(one.hour for one in ended):g} h)"


if __name__ == "__main__":
    table(
        int(sys.argv[1]) if len(sys.argv) > 1 else 200,
        lambda text: print(text, flush=True), sys.argv[2] if len(sys.argv) > 2 else "",
    )  # fmt: skip
