"""What came of each case: kept as lines of JSON, so that a bench goes on where it was stopped, and summed up in one table."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

Say = Callable[[str], None]
#: The nine, by the key that a case asks them under.
INVARIANTS: Final = {
    "ceiling": "live never above the larger of old and new, between two writes either",
    "lowered": "a lowering is done, or loudly not",
    "traceback": "no traceback",
    "secret": "no secret in what is said, in state and files",
    "converges": "state = live after one documented command and one `up`",
    "lost": "nothing else is lost",
    "look": "a look moves nothing",
    "time": "no more than 30 s beyond what its calls took",
    "process": "no process left behind",
}


@dataclass
class Outcome:
    """One case: `part/what/action/kind/how often`. `asked`: keys of INVARIANTS; `broken`: key to what was seen instead.

    `how`: `provider` (in one process over real sockets), `command` (a process without an engine), `engine`. `met`: whether
    the fault was met at all. Seconds: `wall` of the command, `own` of it while none of its calls was under way.
    """

    case: str
    how: str
    met: bool = True
    code: int = 0
    wall: float = 0.0
    own: float = 0.0
    asked: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    said: str = ""
    note: str = ""

    def ask(self, key: str, holds: bool, seen: str = "") -> None:
        """Keeps that this was asked, and what was seen where it doesn't hold."""
        if key not in self.asked:
            self.asked.append(key)
        if not holds:
            self.broken.setdefault(key, seen[:600])


class Ledger:
    """The outcomes of a part, in a file of its own."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self.found: dict[str, Outcome] = {}
        file.parent.mkdir(parents=True, exist_ok=True)
        for line in file.read_text().splitlines() if file.exists() else ():
            one = Outcome(**json.loads(line))
            self.found[one.case] = one

    def keep(self, one: Outcome) -> None:
        with self._lock:
            self.found[one.case] = one
            with self._file.open("a") as lines:
                lines.write(json.dumps(asdict(one)) + "\n")

    def play(self, cases: Iterable[str], until: float, say: Say, one: Callable[[str], Outcome]) -> None:
        """Plays and keeps one case after the other, until they or the time (of `time.monotonic`) end; says what is broken."""
        for case in cases:
            if time.monotonic() > until:
                return
            found = one(case)
            self.keep(found)
            if found.broken:
                say(f"BROKEN {case}: {found.broken}")

    def left(self, cases: Iterable[str]) -> list[str]:
        """The cases that nothing is known of, or that were broken: what was mended is asked again."""
        return [case for case in cases if case not in self.found or self.found[case].broken]


def table(ledgers: dict[str, Ledger], say: Say) -> int:
    """The closing table; answers how many cases are broken."""
    every = {name: [one for one in ledger.found.values() if one.met] for name, ledger in ledgers.items()}
    say(f"{'part':<22}{'how':<10}{'cases':>7}{'broken':>8}{'ended 0':>9}{'slowest':>10}{'own time':>10}")
    for name, found in every.items():
        for how in sorted({one.how for one in found}):
            these = [one for one in found if one.how == how]
            bad = sum(bool(one.broken) for one in these)
            good = sum(one.code == 0 for one in these)
            wall, own = max(one.wall for one in these), max(one.own for one in these)
            say(f"{name:<22}{how:<10}{len(these):>7}{bad:>8}{good:>9}{wall:>8.1f} s{own:>8.1f} s")
    say("")
    asked, broken = Counter[str](), Counter[str]()
    for found in every.values():
        for one in found:
            asked.update(one.asked)
            broken.update(list(one.broken))
    for key, text in INVARIANTS.items():
        say(f"{text:<75}asked {asked[key]:>5}  broken {broken[key]:>3}")
    unmet = sum(not one.met for ledger in ledgers.values() for one in ledger.found.values())
    if unmet:
        say(f"{unmet} cases more never met their fault: their call wasn't made, and they don't count")
    wrong = [one for found in every.values() for one in found if one.broken]
    for one in wrong[:20]:
        say(f"BROKEN {one.case}: {one.broken}")
    return len(wrong)
