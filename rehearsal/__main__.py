"""`make rehearse [SCENARIO=...]`: plays the 21 days and shows each; exit code 0 if the plan was played to its end.

`make rehearse STORY=1`: a whole migration with a rollback, a stop, a freeze, a waiver and an incident, and its reports.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import textwrap
import time
from pathlib import Path

from rehearsal import story
from rehearsal.player import LAST_DAY, Morning, Player
from rehearsal.story import Story
from rollout.problem import BadInput
from setup import env
from traffic import scenario

WIDTH = 100
REPORTS = env.PROJECT / ".local" / "reports" / "story"


def line(morning: Morning) -> str:
    """One day, for a terminal."""
    percents = "  ".join(f"{name} {percent:>3}" for name, percent in morning.live.items())
    lines = [f"day {morning.day:>2}  {morning.at:%Y-%m-%d}  {percents}  {morning.seconds:4.1f} s"]
    lines += [f"        {text}" for text in morning.moved]
    for text in morning.said:
        lines += textwrap.wrap(text, WIDTH, initial_indent="          ", subsequent_indent="            ")
    return "\n".join(lines)


def outcome(mornings: list[Morning], incidents: list[Path], seconds: float, at_end: bool) -> str:
    """The end of the story."""
    raises = sum(text.startswith("PASS") for morning in mornings for text in morning.said)
    holds = sum(text.startswith("HOLD") for morning in mornings for text in morning.said)
    burnt = sum(len(morning.burnt) for morning in mornings)
    end = "all four domains are at 100 %" if at_end else "not all domains are at 100 %"
    lines = [f"{end} after {len(mornings)} days: {raises} raises, {holds} held, {burnt} rolled back; {seconds:.0f} s"]
    return "\n".join([*lines, *(f"  incident {path.stem}" for path in incidents)])


def main() -> int:
    """Exit code: 0 played, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal", description=__doc__)
    parser.add_argument("scenario", nargs="?", default="healthy", help="one of traffic/scenarios")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=LAST_DAY)
    parser.add_argument("--story", action="store_true", help="a migration with all that can happen, and its reports")
    parser.add_argument("--out", type=Path, default=REPORTS, help="where the story's reports are written")
    given = parser.parse_args()
    if given.story:
        given.scenario, given.days = story.SCENARIO, story.DAYS
    if given.scenario not in scenario.names():
        print(f"rehearse: unknown scenario {given.scenario!r}; allowed: {', '.join(scenario.names())}", file=sys.stderr)
        return 2
    env.isolate(os.environ)
    began, mornings = time.monotonic(), list[Morning]()
    print(f"rehearsal of {given.scenario}: a copy of the project, simulated traffic, a virtual clock", flush=True)
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        try:
            project = Path(folder, "project")
            player = Story(project, given.seed) if given.story else Player(project, given.scenario, given.seed)
        except BadInput as error:
            print(error, file=sys.stderr)
            return 2
        try:
            for morning in player.play(given.days):
                mornings.append(morning)
                print(line(morning), flush=True)
            at_end = all(percent == 100 for percent in player.live().values())
            print(outcome(mornings, player.incidents(), time.monotonic() - began, at_end))
            if given.story:
                print(player.report(given.out))
        finally:
            player.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
