"""`python -m tests.bench_gate [RUNS]`: the gate's guarantee in figures, on the model's own functions.

Per case 10,000 seeded runs, a look every 20 events, with Wilson's 99 % bounds: how often a service that is as bad as
the rule must rule out ever passes, how often one at the good limit is ever rolled back, CUSUM's false alarms per
10^6 events and its delay, promotions on a missing metric, and wrong rollbacks in an outage of both services.
"""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from rollout.model.catalogue.domain import Metric
from rollout.model.gate import odds as m
from rollout.model.gate.burn import find
from rollout.model.gate.metric import Verdict, judge_metric
from rollout.model.gate.seen import Counts, Datum, Seen, Slot, collect

#: good and bad level of the three metrics that need proof (docs/rules/gate.md#the-metrics-contract).
LIMITS = {"errors": (0.001, 0.01), "latency": (0.05, 0.10), "sessions": (0.0005, 0.005)}
LOOK = 20
#: A run ends where the odds stand this far against it: it comes back with probability under e^-25, 1 in 10^10.
GIVEN_UP = 25.0
#: ... or after this many events.
LONGEST = 400_000
RUNS = 10_000
QUANTILE = 2.5758  # two-sided 99 %

ERRORS = Metric("errors", "Errors", "Requests", 0.001, 0.01, "rollback-previous", "proof")


def ever_passes(rng: random.Random, rate: float, good: float, worse: float) -> bool:
    """Whether a service at `rate` ever passes. Evidence only rises between bad events: one look before each is all."""
    total = bad = 0
    quiet = math.log1p(-rate)
    while total < LONGEST:
        gap = int(math.log(1.0 - rng.random()) / quiet)  # clean events before the next bad one
        look = (total + gap) // LOOK * LOOK
        if look > total and m.passes(bad, look, good, worse):
            return True
        total += gap + 1
        bad += 1
        if total % LOOK == 0 and m.passes(bad, total, good, worse):
            return True
        if m.evidence(bad, total, good, worse) < -GIVEN_UP:
            return False
    return False


def ever_burns(rng: random.Random, rate: float, good: float, bad_level: float) -> bool:
    """Whether a service at `rate` is ever rolled back by the sum: looked at after the bad events, where odds are highest."""
    total = bad = 0
    quiet = math.log1p(-rate)
    while total < LONGEST:
        gap = int(math.log(1.0 - rng.random()) / quiet)
        look = -(-total // LOOK) * LOOK  # the first look after the last bad event
        if bad and look <= total + gap and m.burns(bad, look, good, bad_level):
            return True
        total += gap + 1
        bad += 1
        if m.evidence(bad, total, good, bad_level) > GIVEN_UP:
            return False
    return False


def false_alarms(rng: random.Random, events: int, good: float, bad_level: float) -> int:
    """CUSUM's alarms in `events` events at the good limit, a look at every bad event; it begins anew after each."""
    alarms = total = 0
    run = (0, 0)
    quiet = math.log1p(-good)
    while total < events:
        gap = int(math.log(1.0 - rng.random()) / quiet)
        total += gap + 1
        # The clean gap first, then the bad event: CUSUM by single events, the strictest way to look.
        bad, seen = run[0], run[1] + gap
        run = (bad + 1, seen + 1) if run[1] and -m.evidence(bad, seen, good, bad_level) > 0 else (1, 1)
        if m.burns(*run, good, bad_level, m.CUSUM) and m.not_grey(*run, good, bad_level):
            alarms += 1
            run = (0, 0)
    return alarms


def binomial(rng: random.Random, n: int, rate: float) -> int:
    """How many of `n` are bad."""
    if rate in (0.0, 1.0):
        return int(n * rate)
    return sum(rng.random() < rate for _ in range(n))


def delay(rng: random.Random, rate: float, per_minute: float, healthy: float = 0.0005) -> int:
    """Minutes from a fault of `rate` after clean days until CUSUM says ROLLBACK, minute by minute.

    Of the clean days the newest 3 h are played: that is what is read by the minute (docs/rules/gate.md#what-is-counted).
    """
    good, bad_level = LIMITS["errors"]
    bad = total = 0
    for minute in range(100_000):
        n = _traffic(rng, per_minute)
        if total and m.evidence(bad, total, good, bad_level) >= 0:
            bad = total = 0
        bad, total = bad + binomial(rng, n, healthy if minute < 180 else rate), total + n
        burns = m.burns(bad, total, good, bad_level, m.CUSUM) and m.not_grey(bad, total, good, bad_level)
        if minute >= 180 and burns:
            return minute - 179
    return 100_000


def _traffic(rng: random.Random, per_minute: float) -> int:
    """Whole events of a minute with this mean: the fraction by chance."""
    whole = int(per_minute)
    return whole + (rng.random() < per_minute - whole)


def outage(rng: random.Random, share: float, rate: float, minutes: int = 30, per_minute: float = 200.0) -> bool:
    """Whether an outage of both (each minute `rate` bad on both) wrongly ends in ROLLBACK, an hour clean before and after.

    Clean means no bad event: a good service's own false alarms are counted by another case.
    """
    slots: list[Slot] = []
    for minute in range(120 + minutes):
        now = rate if 60 <= minute < 60 + minutes else 0.0
        n, ln = _traffic(rng, per_minute * share), _traffic(rng, per_minute * (1 - share))
        slots.append(Slot(binomial(rng, n, now), n, Counts(binomial(rng, ln, now), ln)))
    # The whole series at its end is every look of every minute: once met, it stays met.
    burn = find(ERRORS, Seen(0, 0, series=tuple(slots)))
    return burn is not None and not burn.unlike


def missing(rng: random.Random) -> bool:
    """Whether a metric whose bad counter, total or both are missing is promoted."""
    which = rng.randrange(4)
    n = rng.randrange(1, 100)
    data = [
        Datum(None if which in (0, 2) or (which == 3 and i % 4) else 0, None if which in (1, 2) else n)
        for i in range(120)
    ]
    seen = None if rng.random() < 0.1 else collect(data, late=5)
    judged = judge_metric(ERRORS, seen, percent=5, next_percent=10)
    return judged.verdict is not Verdict.HOLD


def _many(job: tuple[str, int, int]) -> list[float]:
    """One chunk of a case, in a process of its own."""
    case, seed, runs = job
    rng = random.Random(f"{case}/{seed}")
    call = CASES[case]
    return [float(call(rng)) for _ in range(runs)]


def _passing(metric: str, share: float) -> Callable[[random.Random], float]:
    good, bad = LIMITS[metric]
    worse = m.worse_rate(bad, share)
    return lambda rng: ever_passes(rng, worse, good, worse)


def _burning(metric: str) -> Callable[[random.Random], float]:
    good, bad = LIMITS[metric]
    return lambda rng: ever_burns(rng, good, good, bad)


def _alarming(metric: str) -> Callable[[random.Random], float]:
    good, bad = LIMITS[metric]
    return lambda rng: false_alarms(rng, 10_000, good, bad)


def _late(rate: float, per_minute: float) -> Callable[[random.Random], float]:
    return lambda rng: delay(rng, rate, per_minute)


def _outage(share: float, rate: float, per_minute: float) -> Callable[[random.Random], float]:
    return lambda rng: outage(rng, share, rate, per_minute=per_minute)


CASES: dict[str, Callable[[random.Random], float]] = {
    **{f"pass ever, {name} at bad/w, next {share:.0%}": _passing(name, share)
       for name in LIMITS for share in (0.10, 0.25, 0.50, 1.0)},
    **{f"rollback ever, {name} at good": _burning(name) for name in LIMITS},
    **{f"false alarms of CUSUM, {name} at good, per 10,000 events": _alarming(name) for name in LIMITS},
    **{f"minutes to ROLLBACK by CUSUM, {rate:.0%} errors, {rpm:g} a minute": _late(rate, rpm)
       for rate in (0.02, 0.05, 1.0) for rpm in (13.9,)},
    "promoted on a missing metric": missing,
    **{f"wrong rollback, outage of both, {rate:.0%} errors, {share:.0%} share, {rpm:g} a minute": _outage(share, rate, rpm)
       for rate in (1.0, 0.30, 0.05) for share in (0.05, 0.50) for rpm in (14.0,)},
}  # fmt: skip


#: Played event by event, and far from their limit: a fifth of the runs says enough.
SLOW = {name for name in CASES if name.startswith("wrong") and ", 100% errors" not in name}


def wilson(hits: float, runs: int) -> tuple[float, float]:
    """Wilson's two-sided 99 % bounds of a proportion."""
    rate, z2 = hits / runs, QUANTILE**2
    middle = rate + z2 / (2 * runs)
    spread = QUANTILE * math.sqrt(rate * (1 - rate) / runs + z2 / (4 * runs * runs))
    return max(0.0, (middle - spread) / (1 + z2 / runs)), (middle + spread) / (1 + z2 / runs)


def main(runs: int = RUNS, only: str = "") -> None:
    """Prints one line a case."""
    began = time.perf_counter()
    chunk = 250
    with ProcessPoolExecutor() as pool:
        for case in (name for name in CASES if only in name):
            own = runs // 5 if case in SLOW else runs
            jobs = zip(repeat(case), range(-(-own // chunk)), repeat(min(chunk, own)), strict=False)
            found = [value for part in pool.map(_many, jobs) for value in part]
            print(f"{case}: {_shown(case, found)}", flush=True)
    print(f"{time.perf_counter() - began:.0f} s")


def _shown(case: str, found: list[float]) -> str:
    number = len(found)
    if case.startswith("minutes"):
        found = sorted(found)
        return f"p50 {found[number // 2]:.0f}, p99 {found[number * 99 // 100]:.0f}, longest {found[-1]:.0f} ({number:,} runs)"
    if case.startswith("false"):
        events = number * 10_000
        return f"{sum(found):.0f} in {events:,} events: {sum(found) / events * 1e6:.3f} per 10^6"
    low, high = wilson(sum(found), number)
    return f"{sum(found):.0f} of {number:,}: {sum(found) / number:.2%} (99 %: {low:.2%} to {high:.2%})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS, sys.argv[2] if len(sys.argv) > 2 else "")
