"""Breadth first over what can happen: how many states there are, the shortest story to what is wrong, dead ends."""

from __future__ import annotations

import time
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from rollout.model.flag.moves import Live
from tests.exhaustive.invariants import Others
from tests.exhaustive.state import Burn, Flag, aged, canonical, live
from tests.exhaustive.steps import Alphabet, Step, steps
from tests.pure.cases import CATALOGUE, FINISHED

#: A state: for each domain of the world the number of its flag.
State = tuple[int, ...]

#: Everything that a prerequisite can meet in another domain: lost, on its way, just there, there for a day and longer,
#: there with a breach before it came and one since. None: it can't be read.
MEETINGS: Final[tuple[Live | None, ...]] = (
    None,
    live(Flag(None)),
    live(Flag(50, 9)),
    *(live(Flag(100, age)) for age in range(4)),
    live(Flag(100, 2, tag=Burn(1, 3))),
    live(Flag(100, 2, tag=Burn(1, 1))),
)


@dataclass
class Found:
    """What an exploration found. `wrong`: each broken invariant with its shortest story; `stuck`: of a dead end."""

    names: tuple[str, ...]
    states: int = 0
    transitions: int = 0
    seconds: float = 0.0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    stuck: list[str] = field(default_factory=list)
    stuck_states: int = 0
    finished: set[str] = field(default_factory=set)  # of a walk: the domains that were at 100 % at some time

    def line(self) -> str:
        """`ai-agents, jobs: 24,025 states, 480,000 transitions, 3 s`."""
        return (
            f"{', '.join(self.names)}: {self.states:,} states, {self.transitions:,} transitions, {self.seconds:.0f} s"
        )

    def show(self) -> str:
        """The line, and under it the story of everything that is wrong."""
        stories = {**self.wrong, **({"a dead end": self.stuck} if self.stuck else {})}
        return "\n".join([self.line(), *(f"{what}:\n  " + "\n  ".join(story) for what, story in stories.items())])


class World:
    """Some domains of the catalogue, side by side. The others count as finished long ago.

    `anywhere`: a domain alone, whose prerequisites meet, at each step, each of `MEETINGS`: whatever others do.
    """

    def __init__(self, names: Sequence[str], alphabet: Alphabet, *, anywhere: bool = False) -> None:
        self.names = tuple(names)
        self._alphabet = alphabet
        self._anywhere = anywhere
        self._flags: list[Flag] = []
        self._numbers: dict[Flag, int] = {}
        self._after: dict[tuple[object, ...], list[tuple[int, Step]]] = {}
        self._older: dict[int, int] = {}
        self._came: dict[State, tuple[State, str] | None] = {}
        needs = [[need.domain for need in CATALOGUE.domains[name].prerequisites] for name in self.names]
        self._needs = [[self.names.index(name) for name in names if name in self.names] for names in needs]
        self.found = Found(self.names)

    def explore(self) -> Found:
        """Every state that stories with at most `troubles` troubles reach, each once; then the dead ends among them."""
        began = time.monotonic()
        start = tuple(self._number(canonical(Flag(), self._alphabet.restores)) for _ in self.names)
        self._came[start] = None
        layer, back = [start], _Backwards()
        for _ in range(self._alphabet.troubles + 1):
            later = self._close(layer, back)
            layer = []
            for state, before, text in later:
                if state not in self._came:
                    self._came[state] = (before, text)
                    layer.append(state)
        self.found.states = len(self._came) - len(layer)
        self._dead_ends(back, unvisited=set(layer))
        self.found.seconds = time.monotonic() - began
        return self.found

    def flags(self) -> set[Flag]:
        """Every flag that stood in a state that was explored."""
        return {self._flags[number] for state in self._came for number in state}

    def _close(self, layer: list[State], back: _Backwards) -> list[tuple[State, State, str]]:
        """Everything reachable from `layer` without a further trouble; answers the states that one more leads to."""
        todo, later = deque(layer), list[tuple[State, State, str]]()
        while todo:
            state = todo.popleft()
            for after, step in self._next(state):
                self.found.transitions += 1
                if step.way:
                    back.add(state, after)
                if step.trouble:
                    if after not in self._came:
                        later.append((after, state, step.text))
                elif after not in self._came:
                    self._came[after] = (state, step.text)
                    todo.append(after)
        return later

    def _next(self, state: State) -> Iterator[tuple[State, Step]]:
        yield tuple(map(self._day, state)), _NEXT_DAY
        for index, number in enumerate(state):
            flag = self._flags[number]
            needs = tuple(self._flags[state[need]][:4] for need in self._needs[index]) if flag.waits else ()
            key = (index, number, needs)
            known = self._after.get(key)
            if known is None:
                known = self._after[key] = self._ask(index, flag, state)
            for after, step in known:
                yield (*state[:index], after, *state[index + 1 :]), step

    def _ask(self, index: int, flag: Flag, state: State) -> list[tuple[int, Step]]:
        """The rules' answer: steps that break an invariant are kept for their story, and not followed."""
        name, found = self.names[index], []
        for others in self._surroundings(index, flag, state):
            for step in steps(name, flag, others, self._alphabet):
                for what in step.wrong:
                    self.found.wrong.setdefault(what, self.story(state, step.text))
                if not step.wrong:
                    found.append((self._number(step.after), step))
        return list(dict.fromkeys(found))

    def _surroundings(self, index: int, flag: Flag, state: State) -> Iterator[Others]:
        prerequisites = CATALOGUE.domains[self.names[index]].prerequisites
        if self._anywhere and flag.waits and prerequisites:
            for met in MEETINGS:
                for one in prerequisites:  # each of them in turn meets it, while the rest is finished
                    rest = {name: other for name, other in FINISHED.items() if name != one.domain}
                    yield rest if met is None else {**rest, one.domain: met}
        else:
            yield {**FINISHED, **{self.names[need]: live(self._flags[state[need]]) for need in self._needs[index]}}

    def _number(self, flag: Flag) -> int:
        number = self._numbers.setdefault(flag, len(self._flags))
        if number == len(self._flags):
            self._flags.append(flag)
        return number

    def _day(self, number: int) -> int:
        if number not in self._older:
            self._older[number] = self._number(canonical(aged(self._flags[number]), self._alphabet.restores))
        return self._older[number]

    def _dead_ends(self, back: _Backwards, unvisited: set[State]) -> None:
        """States from which no legal way leads to 100 % everywhere."""
        goals = [state for state in self._came if all(_finished(self._flags[number]) for number in state)]
        alive = back.reach(goals)
        stuck = [state for state in self._came if state not in alive and state not in unvisited]
        self.found.stuck_states = len(stuck)
        stories = [self.story(state) for state in stuck[:200]]
        self.found.stuck = min(stories, key=len, default=[])

    def story(self, state: State, last: str = "") -> list[str]:
        """How a state came about, a line for each step, by the days."""
        texts = [last] if last else []
        while (came := self._came[state]) is not None:
            state, text = came
            texts.append(text)
        day, lines = 1, []
        for text in reversed(texts):
            if text == _NEXT_DAY.text:
                day += 1
            else:
                lines.append(f"day {day}: {text}")
        return lines


class _Backwards:
    """Legal steps, to be walked backwards: numbers in flat arrays, for there are millions."""

    def __init__(self) -> None:
        self._numbers: dict[State, int] = {}
        self._from, self._to = array("l"), array("l")

    def add(self, state: State, after: State) -> None:
        if state != after:
            self._from.append(self._numbers.setdefault(state, len(self._numbers)))
            self._to.append(self._numbers.setdefault(after, len(self._numbers)))

    def reach(self, goals: Sequence[State]) -> set[State]:
        """Every state from which one of `goals` can be reached."""
        before: list[array[int]] = [array("l") for _ in self._numbers]
        for start, end in zip(self._from, self._to, strict=True):
            before[end].append(start)
        known = {self._numbers[goal] for goal in goals if goal in self._numbers}
        todo = list(known)
        while todo:
            for start in before[todo.pop()]:
                if start not in known:
                    known.add(start)
                    todo.append(start)
        return {state for state, number in self._numbers.items() if number in known} | set(goals)


def _finished(flag: Flag) -> bool:
    return flag.percent == 100 and flag.stack == 100


_NEXT_DAY: Final = Step("the next day", Flag(), way=True)
