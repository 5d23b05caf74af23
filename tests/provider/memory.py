"""A flag store in memory that stops before each call, so that a test can play every order of two programs' calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from rollout.provider.errors import Absent, Exists, Scheduled, StoreError
from rollout.provider.stores.store import Abilities, Entry

T = TypeVar("T")


class MemoryStore:
    """`rollout.provider.stores.store.Store` of dictionaries, with the rules of Secrets Manager: a used token changes nothing.

    `turn` is called with each operation's name before it is carried out; what it answers may be a failure:
    `"before"` fails without effect, `"after"` carries it out and loses the answer.
    """

    can = Abilities()

    def __init__(self, turn: Callable[[str], str | None] = lambda _: None) -> None:
        self.turn = turn
        self.values: dict[str, list[tuple[str, str]]] = {}  # name -> (version, text), the last one live
        self.marks: dict[str, dict[str, str]] = {}
        self.scheduled: set[str] = set()
        self.written: list[str] = []  # every value that was ever live, in order

    def warm(self) -> None:
        """Nothing to make ready."""

    def get(self, name: str) -> Entry | None:
        return self._do("get", lambda: self._entry(name))

    def get_many(self, names: Iterable[str]) -> dict[str, Entry | StoreError | None]:
        return self._do("get_many", lambda: {name: self._entry(name) for name in names})

    def tags(self, name: str) -> dict[str, str]:
        return self._do("tags", lambda: dict(self.marks.get(name, {})))

    def put(self, name: str, value: str, token: str) -> str:
        def act() -> str:
            self._there(name)
            if all(token != version for version, _ in self.values[name]):
                self.values[name].append((token, value))
                self.written.append(value)
            return token

        return self._do("put", act)

    def create(self, name: str, value: str, token: str, tags: Mapping[str, str]) -> str:
        def act() -> str:
            if name in self.scheduled:
                raise Scheduled(name)
            if name in self.values:
                raise Exists(name)
            self.values[name], self.marks[name] = [(token, value)], dict(tags)
            self.written.append(value)
            return token

        return self._do("create", act)

    def restore(self, name: str) -> None:
        self._do("restore", lambda: self.scheduled.discard(name))

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        self._do("tag", lambda: self._marks_of(name).update(tags))

    def untag(self, name: str, keys: Iterable[str]) -> None:
        self._do("untag", lambda: [self._marks_of(name).pop(key, None) for key in keys])

    def live(self, name: str) -> str | None:
        """The live text, without a turn."""
        return None if name not in self.values or name in self.scheduled else self.values[name][-1][1]

    def _entry(self, name: str) -> Entry | None:
        if name not in self.values:
            return None
        if name in self.scheduled:
            return Entry(name, None, "", scheduled=True)
        version, text = self.values[name][-1]
        return Entry(name, text, version, datetime(2026, 12, 1, tzinfo=UTC))

    def _marks_of(self, name: str) -> dict[str, str]:
        if name not in self.values:
            raise Absent(name)
        return self.marks.setdefault(name, {})

    def _there(self, name: str) -> None:
        if name not in self.values:
            raise Absent(name)
        if name in self.scheduled:
            raise Scheduled(name)

    def _do(self, operation: str, act: Callable[[], T]) -> T:
        fault = self.turn(operation)
        if fault == "before":
            raise StoreError(f"{operation}: fault of a test")
        done = act()
        if fault == "after":
            raise StoreError(f"{operation}: answer lost")
        return done


class Stage:
    """Runs actors in threads, one at a time: at each store call the one that runs hands on to whom `choose` names."""

    def __init__(self) -> None:
        self._who = threading.local()
        self._gates: list[threading.Lock] = []
        self._waiting: list[int] = []
        self._fresh: list[int] = []
        self._choose: Callable[[Sequence[int]], int] = min
        self._over = threading.Lock()

    def number(self) -> int:
        """The calling actor's number."""
        return int(self._who.number)

    def turn(self, _operation: str) -> None:
        """Parks the calling actor until it is its turn. Outside `play` it does nothing."""
        me = getattr(self._who, "number", None)
        if me is None:
            return
        self._waiting.append(me)
        chosen = self._next()
        if chosen != me:
            self._gates[chosen].release()
            self._gates[me].acquire()

    def play(self, actors: Sequence[Callable[[], object]], choose: Callable[[Sequence[int]], int]) -> list[object]:
        """What each actor answered or raised. `choose` gets the actors that wait, and answers one of them."""
        results: list[object] = [None] * len(actors)
        self._gates = [threading.Lock() for _ in actors]
        self._fresh, self._waiting, self._choose = list(range(len(actors))), [], choose
        for lock in (*self._gates, self._over):
            lock.acquire()

        def run(number: int) -> None:
            self._who.number = number
            self._gates[number].acquire()
            try:
                results[number] = actors[number]()
            except Exception as error:  # noqa: BLE001 - what an actor raises is what the test looks at
                results[number] = error
            if self._fresh or self._waiting:
                self._gates[self._next()].release()
            else:
                self._over.release()

        threads = [threading.Thread(target=run, args=(number,)) for number in range(len(actors))]
        for thread in threads:
            thread.start()
        self._gates[self._fresh.pop(0)].release()
        self._over.acquire()
        for thread in threads:
            thread.join()
        self._over.release()
        return results

    def _next(self) -> int:
        """Who runs now: whoever hasn't come to its first call yet, so that no choice is spent on it; else the chosen one."""
        if self._fresh:
            return self._fresh.pop(0)
        chosen = self._choose(sorted(self._waiting))
        self._waiting.remove(chosen)
        return chosen


def every_order(play: Callable[[Callable[[Sequence[int]], int]], None]) -> int:
    """Calls `play` with a `choose` for each possible order of turns; answers how many there were."""
    path: list[list[int]] = [[]]  # the choices still open at each depth, the first one being tried
    count = 0
    while path:
        depth = 0

        def choose(waiting: Sequence[int]) -> int:
            nonlocal depth
            if depth == len(path):
                path.append([])
            if not path[depth]:
                path[depth] = list(waiting)
            depth += 1
            return path[depth - 1][0]

        play(choose)
        count += 1
        del path[depth:]
        while path and len(path[-1]) <= 1:
            path.pop()
        if path:
            path[-1].pop(0)
    return count


def faults(operations: int) -> Iterator[tuple[int, str]]:
    """Each of an actor's first calls, failing before and after it is carried out."""
    for number in range(operations):
        for when in ("before", "after"):
            yield number, when
