"""ROLLBACK: whether a metric's counts bring its domain down, now or at any time since its value went live.

Two halves, each with two questions. The sum of everything outside the platform's minutes, and the run of periods that
speaks most against unified (Page's CUSUM, over every minute): each must be bad by itself, *and* worse than legacy over
the same minutes, where there is a legacy to compare with. Runs too short for that are bursts, which add up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from rollout.model.catalogue.domain import Metric
from rollout.model.gate import odds, platform
from rollout.model.gate.runs import Burn, Burst, Run, Sum
from rollout.model.gate.seen import LeftOut, Seen

#: A bad counter may be absent in this part of the minutes that have its total.
ABSENT: Final = 0.1


@dataclass(frozen=True)
class Story:
    """What one metric's series tells of its live value."""

    burn: Burn | None = None
    burst: Burst | None = None
    left_out: LeftOut = field(default_factory=LeftOut)


def zeros_missing(seen: Seen) -> bool:
    """Whether the bad counter is absent too often for its minutes to be a sample."""
    return seen.absent > ABSENT * (seen.reported or 0)


def find(metric: Metric, seen: Seen, percent: int | None = None) -> Burn | None:
    """The ROLLBACK rule; None where it is not met, and never was for this live value. `percent`: see `tell`."""
    return tell(metric, seen, percent).burn


def tell(metric: Metric, seen: Seen, percent: int | None = None) -> Story:
    """The whole story. At 100 `percent` there is no control: what is left on legacy is stragglers."""
    out = platform.of(metric, seen)
    if not metric.action.startswith("rollback-"):
        return Story(left_out=out)
    series = platform.slots_of(seen)
    bad, total = sum(slot.bad for slot in series), sum(slot.total for slot in series)
    if seen.met_before:
        return Story(Burn(bad, total, since=True), left_out=out)
    if zeros_missing(seen):
        # Minutes that have a bad counter are then the minutes with bad events, and their rate is no rate. What is too
        # high with every other minute counted as clean is one.
        total += seen.unpaired
        met = odds.burns(bad, total, metric.good, metric.bad_level, dispersion=seen.dispersion)
        return Story(Burn(bad, total) if met else None, left_out=out)
    control = percent is None or percent < 100
    whole = Sum(metric, seen.dispersion, control)
    runs = [] if not seen.series else [Run(metric, seen.dispersion, control) for _ in range(2)]
    if seen.platform is not None:
        runs = runs[:1]  # no control of its own: in the platform's minutes nothing can be told
    for index, slot in enumerate(series):
        mine = bool(out.periods) and out.periods[index]
        if not mine:
            whole.take(slot, index)
        for run in runs:
            # The last one begins anew after the platform's minutes: what is unified's own later is judged by itself.
            if mine and run is runs[-1]:
                run.reset()
            else:
                run.take(slot, index)
    found = [half.found() for half in (whole, *runs)]
    burns = [burn for burn in found if burn is not None]
    burns.sort(key=lambda burn: (burn.unlike, burn.since))
    burst = next((run.burst for run in runs if run.burst), None)
    return Story(burns[0] if burns else None, burst, out)
