"""One domain in many runs at once: each run at its own rung, a day at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.random import Generator

from rollout.model.catalogue.domain import Metric
from rollout.model.gate import bunches, burn
from rollout.model.gate.metric import Verdict, count_limit
from rollout.model.gate.seen import Counts, Seen, Slot
from rollout.model.gate.verdict import Question, judge_domain
from rollout.model.ladder import LADDER, TOP
from tests.bench.decisions import fast, series, streams
from tests.bench.decisions.migration import LAST, Domain, Mask, Played, World
from tests.bench.decisions.streams import DAY, SINGLE, Bunches, Events, Rates
from tests.pure.samples import CATALOGUE

BEGAN = datetime(2026, 12, 1, 9, tzinfo=UTC)
HISTORY = 14
COUNTED_BY_LEGACY = ("errors", "latency", "sessions")
#: A day of one metric in all runs that are under way: unified's bad and total, legacy's (None: it doesn't count it).
Day = tuple[Events, Events, Events | None, Events | None]


class Many:
    """One domain of `world`, in `runs` runs; the first `product` of them are judged by the product alone."""

    def __init__(
        self, world: World, rng: Generator, name: str, runs: int, product: int = 0, played: Played | None = None
    ) -> None:
        self.world, self.rng, self.domain, self.runs = world, rng, CATALOGUE.domains[name], runs
        self.product, self.played = product, played or Played()
        self.metrics = [metric for metric in self.domain.metrics if metric.total is not None]
        self.counts = [metric for metric in self.domain.metrics if metric.total is None]
        self.screens = {metric.name: fast.Screen(metric, runs) for metric in self.metrics}
        hours = (runs, HISTORY * 24)
        self.past = {name: (np.zeros(hours, np.int64), np.zeros(hours, np.int64)) for name in bunches.PRIORS}
        self.shape = streams.shape(nights=world.nights)

    def run(self, start: Events, last: Events, stop: int = LAST, rung: int = 1) -> list[Domain]:
        """From `rung` of the ladder on day `start` (day 1: 1) until day `last` at 100 %, or `stop` on the way there."""
        runs = self.runs
        self.found = [Domain() for _ in range(runs)]
        self.rung, self.day = np.full(runs, rung, np.int64), start.astype(np.int64)
        self.last, self.stop = last, stop
        self.sums = {metric.name: np.zeros((runs, 4), np.int64) for metric in self.metrics}
        self.first = np.zeros(runs, np.int64)  # the step at which the rung began
        self.days: list[tuple[Events, dict[str, Day]]] = []
        self.forgotten = 0
        self.active = start <= LAST
        every = np.flatnonzero(self.active)
        for back in range(HISTORY, 0, -1):
            self._remember(every, self._play(self.day[every] - back, np.zeros(len(every), np.int64)))
        self.sizes = self._sizes()
        self.watch = {name: size.copy() for name, size in self.sizes.items()}
        self.due = np.zeros(runs, np.int64)
        self._begin(every, 0)
        while self.active.any():
            self._step()
        return self.found

    # --- a day

    def _step(self) -> None:
        which = np.flatnonzero(self.active)
        percent = np.array(LADDER)[self.rung[which]]
        day = self._play(self.day[which], percent)
        place = np.full(self.runs, -1)
        place[which] = np.arange(len(which))
        self.days.append((place, {name: _small(parts) for name, parts in day.items()}))
        for old in range(self.forgotten, int(self.first[which].min())):
            self.days[old] = (place[:0], {})
            self.forgotten = old + 1
        self._remember(which, day)
        for metric in self.metrics:
            own, total, legacy, legacy_total = day[metric.name]
            both = None if legacy is None or legacy_total is None else (legacy, legacy_total)
            if metric.action.startswith("rollback-"):
                self.screens[metric.name].take(which, (own, total), both)
            sums = self.sums[metric.name]
            for index, part in enumerate(day[metric.name]):
                if part is not None:
                    sums[which, index] += part.sum(axis=1)
        self.day[which] += 1
        looks = which[self.day[which] >= self.due[which]]
        if len(looks):
            self.sizes = self._sizes()
            self._looks(looks)

    def _play(self, day: Events, percent: Events) -> dict[str, Day]:
        """A day of these runs. At 0 % only what dispersion is measured on."""
        world, rng = self.world, self.rng
        outage = world.outage(day, rng) if world.outage and percent.any() else 0.0
        own = world.fault(day, percent) if world.fault and percent.any() else 0.0
        share = (percent / 100)[:, None]
        found: dict[str, Day] = {}
        for metric in self.metrics:
            if not percent.any() and metric.name not in bunches.PRIORS:
                continue
            mean = self.domain.expected_per_day[metric.name] * world.a_day / 20_000 / DAY * self.shape[None, :]
            rate, legacy_rate, kind = self._rates(metric, own, outage)
            mine = streams.events(rng, mean * share, rate, kind)
            if metric.name in COUNTED_BY_LEGACY:
                found[metric.name] = (*mine, *streams.events(rng, mean * (1 - share), legacy_rate, kind))
            else:
                found[metric.name] = (*mine, None, None)
        return found

    def _rates(
        self, metric: Metric, own: Rates | float, outage: Rates | float
    ) -> tuple[Rates | float, Rates | float, Bunches]:
        world = self.world
        theirs = world.errors if world.legacy_errors is None else world.legacy_errors
        if metric.name == "errors":
            return streams.both(world.errors, own, outage), streams.both(theirs, outage), world.bunches
        if metric.name == "latency":
            return world.slow, world.slow, SINGLE
        if metric.name == "sessions":
            return streams.both(world.broken, world.broken_more), world.broken, SINGLE
        return streams.both(world.features * metric.good, outage), 0.0, SINGLE

    def _remember(self, which: Events, day: dict[str, Day]) -> None:
        for name, kept in self.past.items():
            for index, one in enumerate(kept):
                part = day[name][2 + index]
                assert part is not None
                rows = one[which]
                rows[:, :-24] = rows[:, 24:]
                rows[:, -24:] = streams.hours(part)
                one[which] = rows

    def _sizes(self) -> dict[str, Rates]:
        levels = {metric.name: (metric.good, metric.bad_level) for metric in self.metrics}
        return {name: fast.dispersion(name, *kept, *levels[name]) for name, kept in self.past.items()}

    # --- looks

    def _looks(self, looks: Events) -> None:
        tells = self._may_tell()
        counted = {
            metric.name: self.rng.poisson(self.world.complaints * np.array(LADDER)[self.rung] / 100)
            for metric in self.counts
        }
        up = []
        for run in looks.tolist():
            top = LADDER[self.rung[run]] == TOP
            following = None if top else LADDER[self.rung[run] + 1]
            complaints = {name: int(values[run]) for name, values in counted.items()}
            may = [metric for metric in self.metrics if tells[metric.name][run]]
            answer = None if self.platform[run] else self._fast(run, following, complaints, may)
            if answer is None or run < self.product:
                theirs = self._product(run, following, complaints)
                if run < self.product:
                    self.played.product += 1
                    self.played.differ += answer is not None and answer != theirs
                else:
                    self.played.asked += 1
                answer = theirs
            else:
                self.played.fast, self.played.told = self.played.fast + 1, self.played.told + bool(may)
            if self._answered(run, answer, following):
                up.append(run)
        if up:
            self._begin(np.array(up), len(self.days))

    def _may_tell(self) -> dict[str, Mask]:
        """In which runs each metric's series might say something: asked with the smaller of the two dispersions."""
        found, self.platform = {}, np.zeros(self.runs, dtype=bool)
        below = np.array(LADDER)[self.rung] < TOP
        for metric in self.metrics:
            size = np.ones(self.runs)
            if metric.name in self.sizes:
                size = np.minimum(np.where(below, self.sizes[metric.name], bunches.CAP), self.watch[metric.name])
            screen = self.screens[metric.name]
            found[metric.name] = screen.may_tell(size)
            self.platform |= screen.may_be_platform(size) & below
        return found

    def _answered(self, run: int, answer: str, following: int | None) -> bool:
        """Takes down what a look says; True where the run goes up."""
        story, percent, day = self.found[run], LADDER[self.rung[run]], int(self.day[run])
        if answer not in ("pass", "hold"):
            story.rollback = (percent, answer, day)
            self.active[run] = False
        elif following is None:
            self.active[run] = False
        else:
            story.firsts.setdefault(percent, answer == "pass")
            if answer == "pass":
                story.days[percent] = day - int(self.due[run])
                return True
            self.active[run] = day < self.stop
        return False

    def _begin(self, which: Events, step: int) -> None:
        """A new live value for these runs; they stand on the rung before it, unless nothing was played yet."""
        self.rung[which] += bool(step)
        self.first[which] = step
        for name, size in self.watch.items():
            size[which] = self.sizes[name][which]
        for metric in self.metrics:
            self.screens[metric.name].begin(which)
            self.sums[metric.name][which] = 0
        for run in which.tolist():
            percent, day = LADDER[self.rung[run]], int(self.day[run])
            if percent == TOP:
                self.found[run].at_100 = day
                self.due[run] = self.last[run]
                self.active[run] = day < self.last[run]
            else:
                self.due[run] = day + self.domain.soak_hours[percent] // 24

    def _fast(self, run: int, following: int | None, complaints: dict[str, int], may: list[Metric]) -> str:
        """The fast copy's answer where legacy can't burn; the series of `may` are told by the product's own `burn.tell`."""
        percent, held = LADDER[self.rung[run]], False
        for metric in may:
            seen = self._seen(run, metric, percent, calm=True)
            sizes = [float(self.watch[metric.name][run]) if metric.name in self.watch else 1.0]
            if following is not None and sizes[0] != seen.dispersion:
                sizes.append(seen.dispersion)
            for size in sizes:
                story = burn.tell(metric, replace(seen, dispersion=size), percent)
                if story.burn is not None:
                    return metric.name
            held = held or story.burst is not None  # by the raise's own dispersion, the last one
        if following is None or held:
            return "hold"
        for metric in self.counts:
            if complaints[metric.name] > count_limit(metric, percent, self.domain.ladder):
                return "hold"
        for metric in self.metrics:
            bad, total, legacy, legacy_total = self.sums[metric.name][run].tolist()
            beside = Counts(legacy, legacy_total) if metric.name in COUNTED_BY_LEGACY else None
            if not fast.passes(metric, Counts(bad, total), beside, following, self._size(run, metric)):
                return "hold"
        return "pass"

    def _size(self, run: int, metric: Metric) -> float:
        return float(self.sizes[metric.name][run]) if metric.name in self.sizes else 1.0

    def _product(self, run: int, following: int | None, complaints: dict[str, int]) -> str:
        """`judge_domain`: pass, hold, or the metric that burns, by the raise's dispersion or by the watch's."""
        ask = self._ask(run, following, complaints)
        held = {
            name: replace(seen, dispersion=float(self.watch[name][run])) if seen and name in self.watch else seen
            for name, seen in ask.metrics.items()
        }
        answer = judge_domain(replace(ask, metrics=held, next_percent=None))
        if answer.verdict is not Verdict.ROLLBACK and following is not None:
            answer = judge_domain(ask)
        if answer.verdict is Verdict.ROLLBACK:
            return next(name for name, judged in answer.metrics.items() if judged.verdict is Verdict.ROLLBACK)
        return "pass" if answer.verdict is Verdict.PASS else "hold"

    def _ask(self, run: int, following: int | None, complaints: dict[str, int]) -> Question:
        percent = LADDER[self.rung[run]]
        metrics: dict[str, Seen | None] = {name: Seen(count) for name, count in complaints.items()}
        for metric in self.metrics:
            metrics[metric.name] = self._seen(run, metric, percent)
        kept = {"errors": Counts(30, 100_000), "latency": Counts(2500, 100_000)} if percent == TOP else {}
        share = Counts(percent * 10, 1000)
        return Question(self.domain, percent, following, metrics, share, soak_over=True, legacy_kept=kept)

    def _seen(self, run: int, metric: Metric, percent: int, *, calm: bool = False) -> Seen:
        """What the gate is given of a metric."""
        begin = BEGAN + timedelta(days=int(self.day[run]) - len(self.days) + int(self.first[run]) - 1)
        # By the period where both services suffer, and for the product's own runs; else clean periods are taken together.
        whole = self.world.outage is not None or (run < self.product and bool(self.platform[run]))
        bad, total, legacy, legacy_total = self.sums[metric.name][run].tolist()
        compared = metric.name in COUNTED_BY_LEGACY and percent < TOP
        told: tuple[Slot, ...] = ()
        if metric.action.startswith("rollback-"):
            parts = [self._of(run, metric.name, index) for index in range(4 if compared else 2)]
            other = (parts[2], parts[3]) if compared else None
            told = series.slots((parts[0], parts[1]), other, begin, whole=whole and not calm, calm=calm)
        beside = Counts(legacy, legacy_total) if compared else None
        return Seen(bad, total, beside, series=told, dispersion=self._size(run, metric))

    def _of(self, run: int, name: str, index: int) -> Events:
        """A run's periods since its live value."""
        parts = []
        for place, day in self.days[self.first[run] :]:
            part = day[name][index]
            assert part is not None
            parts.append(part[place[run]])
        return streams.together(parts)


def _small(parts: Day) -> Day:
    """The same in less memory: no period has more than 32,767 events."""
    return tuple(None if part is None else part.astype(np.int16) for part in parts)  # type: ignore[return-value]
