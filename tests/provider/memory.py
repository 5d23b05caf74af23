"""A flag store in memory that stops before each call, so that a test can play every order of two programs' calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar

from rollout.provider.errors import Absent, Exists, Scheduled, StoreError
from rollout.provider.stores.store import Abilities, Entry, Trace

T = TypeVar("T")


class MemoryStore:
    """`rollout.provider.stores.store.Store` of dictionaries, with the rules of Secrets Manager: a used token changes nothing.

    `turn` is called with each operation's name before it is carried out; what it answers may be a failure:
    `"before"` fails without effect, `"after"` carries it out and loses the answer.
    """

    can = Abilities(traces=True)

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

    def trace(self, name: str) -> Trace:
        def act() -> Trace:
            versions = [version for version, _ in self.values.get(name, [])]
            live, replaced = ([None, None, *versions])[-1], ([None, None, *versions])[-2]
            return Trace(dict(self.marks.get(name, {})), live, replaced)

        return self._do("tags", act)

    def text_of(self, name: str, version: str) -> str | None:
        return self._do("text_of", lambda: dict(self.values.get(name, [])).get(version))

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
        self._there(name)
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
        self._threads: list[threading.Thread] = []
        self.going_on = False

    def number(self) -> int:
        """The calling actor's number; of what an actor has begun, that actor's."""
        return int(getattr(self._who, "parent", self._who.number))

    def begin(self, call: Callable[[], T], *, late: bool = True) -> Forked[T]:
        """A call that the running actor starts and doesn't wait for: an actor more. Outside `play` it is carried out at once.

        `late`: it may be; else the actor carries it out himself, as one of his own calls.
        """
        forked = Forked(self, call)
        if not late or getattr(self._who, "number", None) is None:
            forked.run()
        else:
            self._add(forked.run)
        return forked

    def _add(self, act: Callable[[], object]) -> None:
        number = len(self._gates)
        self._gates.append(threading.Lock())
        self._gates[number].acquire()
        parent = self._who.number

        def run() -> None:
            self._who.number, self._who.parent = number, parent
            self._gates[number].acquire()
            act()
            self._hand_on()

        self._waiting.append(number)  # its begin is a turn of its own: it may be late
        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()

    def turn(self, _operation: str) -> None:
        """Parks the calling actor until it is its turn. Outside `play` it does nothing."""
        me = getattr(self._who, "number", None)
        if me is None:
            return
        self._waiting.append(me)
        chosen = self._next(me)
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
            self._hand_on()

        self._threads = [threading.Thread(target=run, args=(number,)) for number in range(len(actors))]
        for thread in list(self._threads):
            thread.start()
        self._gates[self._fresh.pop(0)].release()
        self._over.acquire()
        for thread in self._threads:
            thread.join()
        self._over.release()
        return results

    def _hand_on(self) -> None:
        """At an actor's end: somebody else's turn, or the end of the play."""
        if self._fresh or self._waiting:
            self._gates[self._next()].release()
        else:
            self._over.release()

    def _next(self, me: int | None = None) -> int:
        """Who runs now: whoever hasn't come to its first call yet, so that no choice is spent on it; else the chosen one.

        Who ran until now (`me`) comes first; `going_on` says whether he could go on.
        """
        if self._fresh:
            return self._fresh.pop(0)
        self.going_on = me is not None
        chosen = self._choose(sorted(self._waiting, key=lambda who: (who != me, who)))
        self._waiting.remove(chosen)
        return chosen


class Forked(Generic[T]):
    """As `rollout.provider.stores.at_once.Pending`, on a stage: who waits gets a turn, by which it has ended or is too late."""

    def __init__(self, stage: Stage, call: Callable[[], T]) -> None:
        self.answered = threading.Event()
        self._stage, self._call = stage, call
        self._answer: T | None = None
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._answer = self._call()
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            self._error = error
        self.answered.set()

    def wait(self, _budget: float) -> bool:
        if not self.answered.is_set():
            self._stage.turn("wait")
        return self.answered.is_set()

    def result(self) -> T:
        if not self.answered.is_set():
            raise StoreError("no answer yet")
        if self._error is not None:
            raise self._error
        return self._answer  # type: ignore[return-value] # None is an answer too, where T has it


def first(
    ways: Sequence[Callable[[], T]],
    *,
    again: int = 1,
    final: tuple[type[Exception], ...] = (),
    spare: bool = False,
    **_: float,
) -> T:
    """As `rollout.provider.stores.at_once.first`, one after the other: what is tried twice is tried by the first way."""
    failed: Exception | None = None
    for way in [ways[0]] * (again + 1) if again or spare else ways:
        try:
            return way()
        except Exception as error:  # noqa: BLE001 - raised below, where it is the last one
            failed = error
            if isinstance(error, final):
                break
    assert failed is not None
    raise failed


def every_order(
    play: Callable[[Callable[[Sequence[int]], int]], None], going_on: Callable[[], bool] | None = None, breaks: int = 0
) -> int:
    """Calls `play` with a `choose` for each possible order of turns; answers how many there were.

    With `going_on`: each order in which an actor that could go on is interrupted at most `breaks` times. All of them are too
    many where actors begin others; what a few interruptions don't find, more hardly do.
    """
    path: list[list[int]] = [[]]  # the choices still open at each depth, the first one being tried
    count = 0
    while path:
        depth, left = 0, breaks

        def choose(waiting: Sequence[int]) -> int:
            nonlocal depth, left
            bound = going_on is not None and going_on()
            if depth == len(path):
                path.append([])
            if not path[depth]:
                path[depth] = list(waiting[:1] if bound and not left else waiting)
            depth += 1
            left -= bound and path[depth - 1][0] != waiting[0]
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
