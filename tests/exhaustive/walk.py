"""The whole catalogue by chance: long stories of all domains with many troubles, and from the end of each a legal way up."""

from __future__ import annotations

import random
import time

from tests.exhaustive.explore import Found
from tests.exhaustive.state import Flag, aged, canonical, live
from tests.exhaustive.steps import Alphabet, Step, steps
from tests.pure.cases import CATALOGUE, DOMAINS

ALPHABET = Alphabet(troubles=0)  # not counted here: chance limits them


def walk(seed: int, walks: int, length: int) -> Found:
    """`walks` stories of `length` steps each; the stories of the first wrong step of each kind, and of a dead end."""
    walker, began = _Walker(random.Random(seed)), time.monotonic()
    for _ in range(walks):
        walker.walk(length)
    walker.found.states, walker.found.seconds = len(walker.seen), time.monotonic() - began
    return walker.found


class _Walker:
    """Keeps what the rules answered, for they are asked the same thing often."""

    def __init__(self, chance: random.Random) -> None:
        self.found = Found(tuple(DOMAINS))
        self.seen: set[tuple[Flag, ...]] = set()
        self._chance = chance
        self._known: dict[tuple[object, ...], list[Step]] = {}

    def walk(self, length: int) -> None:
        flags, day, story = [canonical(Flag(), True) for _ in DOMAINS], 1, list[str]()
        for _ in range(length):
            self.found.transitions += 1
            if self._chance.random() < 0.4:
                flags, day = [canonical(aged(flag), True) for flag in flags], day + 1
                continue
            index = self._chance.randrange(len(DOMAINS))
            step = self._chosen(flags[index], self._steps(index, flags))
            if step is None:
                continue
            story.append(f"day {day}: {step.text}")
            for what in step.wrong:
                self.found.wrong.setdefault(what, list(story))
            if step.wrong:
                return
            flags[index] = step.after
            if step.after.percent == 100:
                self.found.finished.add(DOMAINS[index])
            self.seen.add(tuple(flags))
        if not all(self._way_up(index, flags) for index in range(len(DOMAINS))):
            self.found.stuck_states += 1
            self.found.stuck = self.found.stuck or story

    def _steps(self, index: int, flags: list[Flag]) -> list[Step]:
        name, flag = DOMAINS[index], flags[index]
        needs = [need.domain for need in CATALOGUE.domains[name].prerequisites] if flag.waits else []
        others = {need: live(flags[DOMAINS.index(need)]) for need in needs}
        key = (index, flag, *(flags[DOMAINS.index(need)][:4] for need in needs))
        if key not in self._known:
            self._known[key] = steps(name, flag, others, ALPHABET)
        return self._known[key]

    def _chosen(self, flag: Flag, possible: list[Step]) -> Step | None:
        """A wrong step where there is one; else mostly a raise, or nobody would ever get anywhere; or none at all."""
        wrong = [step for step in possible if step.wrong]
        raises = [step for step in possible if step.way and step.after.share > flag.share]
        other = [step for step in possible if step.trouble] if self._chance.random() < 0.7 else possible
        which = wrong or (raises if self._chance.random() < 0.9 else other)
        return self._chance.choice(which) if which else None

    def _way_up(self, index: int, flags: list[Flag]) -> bool:
        """Whether legal steps and days bring this domain to 100 %; those before it in the catalogue have got there."""
        finished = canonical(Flag(100, 9, stack=100), True)
        now = [finished if other < index else flag for other, flag in enumerate(flags)]
        known, todo = {now[index]}, [now[index]]
        while todo:
            now[index] = flag = todo.pop()  # depth first: any way will do
            if flag.percent == flag.stack == 100:
                return True
            ways = [step.after for step in self._steps(index, now) if step.way]
            for after in (*sorted(ways, key=lambda after: after.share), canonical(aged(flag), True)):
                if after not in known:
                    known.add(after)
                    todo.append(after)
        return False
