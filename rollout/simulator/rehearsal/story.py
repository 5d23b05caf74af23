"""A whole migration with everything in it that a report tells of: a rollback, a stop, a freeze, a waiver, an incident.

Played on the real engine like the 21 days, and to the end: all four domains at 100 % for 7 days. What each act does is
what a person would type; the incident is the watch's own. The same seed gives the same story.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from rollout.model import times
from rollout.model.stack_file import edit
from rollout.model.stack_file.forms import Why
from rollout.simulator.rehearsal.player import FIRST, Morning, Player

SCENARIO: Final = "story"
#: The last morning: the last domain comes to 100 % on day 31, and stays there for the seed's 7 days.
DAYS: Final = 39
#: Who acts, as git and the entries name them.
WHO: Final = "Ana K."

#: What people observed, by day: it stands in `wa-rollout:notes` from that day's run on.
NOTES: Final[Mapping[int, str]] = {
    3: "two agents answered in French; expected, the users had written in French",
    7: "three users say that answers come twice; back to 25 % while the consumer is looked at",
    10: "support: no more questions about doubled answers",
    14: "employer dashboard was slow for ten minutes; stopped by hand, the database's own backup was the reason",
    24: "support: 12 users asked why a listing was gone; every one was there after a reload",
    30: "support desk: fewer questions than in the week before day 1",
    39: "user satisfaction: maintained, by the support desk's survey of week 7 (Ben)",
}


class Story(Player):
    """The player with a day book. Raises `CommandFailed` where a command fails in a way that isn't a verdict."""

    def __init__(self, folder: Path, seed: int = 1, *, store: str = "secrets-manager") -> None:
        super().__init__(folder, SCENARIO, seed, store=store)
        self.scratch.env |= {f"GIT_{role}_NAME": WHO for role in ("AUTHOR", "COMMITTER")}
        self.scratch.git("commit", "--quiet", "--amend", "--no-edit", "--reset-author")  # day 0's, before this name

    def _operate(self, morning: Morning) -> None:
        """The day's note and act, then the day's promotion where the act leaves room for one."""
        if morning.day in NOTES:
            self._edit(lambda text: edit.add_note(text, f"{morning.at:%Y-%m-%d}", NOTES[morning.day]))
        act = {7: self._rollback, 14: self._stop, 22: self._waive, 24: self._freeze, 26: self._thaw}.get(morning.day)
        if act is not None:
            act()
        if morning.day not in (7, 14):
            self._promote(morning)

    def _rollback(self) -> None:
        """The reviewed way: a lower percent in the stack file, and an `up`."""
        self._edit(lambda text: self._set(text, "ai-agents", 25))
        self.scratch.commit("ai-agents 50 -> 25: doubled answers (#12)")
        self._up("ai-agents 50 -> 25: doubled answers (#12)")

    def _stop(self) -> None:
        """The emergency: store first. Its own commit and run come with it."""
        self.scratch.rollout("rollback", "jobs", "--to", "previous", "--by", WHO, "--wait", "0", "--stack", self.stack)

    def _waive(self) -> None:
        """Property has too few rentals for its soak: refused on day 21, let through on day 22."""
        until = FIRST + timedelta(days=23)
        entry: dict[str, str | int] = {
            "domain": "property", "metric": "rentals", "to": 10, "accepts": "too-little-data", "worst": "70%",
            "why": "about 60 rentals a day, 3 of them on unified; tested by hand", "by": WHO, "until": times.iso(until),
        }  # fmt: skip
        self._edit(lambda text: edit.add_waiver(text, "property-rentals-10", entry))

    def _freeze(self) -> None:
        """Nothing rises while the marketplace's incident is looked into."""
        why = Why("INC-7: errors of day 22 not understood yet", WHO)
        self._edit(lambda text: edit.add_freeze(text, why))

    def _thaw(self) -> None:
        self._edit(lambda text: edit.remove_entry(edit.remove_entry(text, edit.FREEZE), edit.WAIVERS))
