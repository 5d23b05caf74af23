"""The steps of a walk. Each says what a person would do, and types it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from rollout import clock
from rollout.commands import live as reading
from rollout.commands.engine import backend
from rollout.commands.play.stage import Stage
from rollout.commands.project import files
from rollout.commands.reading import days
from rollout.model import times
from rollout.model.log import runs
from rollout.model.plan import promote, standing
from rollout.model.stack_file import config, edit
from rollout.model.stack_file.config import StackConfig
from rollout.model.stack_file.forms import Attempt
from rollout.model.typed import Typed
from rollout.provider import git
from rollout.provider.git import GitFailed
from rollout.simulator import env
from rollout.simulator.database import Database
from rollout.simulator.simulator import Simulator

#: When somebody is at work (UTC): each day begins then.
MORNING: Final = timedelta(hours=8)
DAY: Final = timedelta(days=1)
#: Exit codes of the engine where nothing failed: 10, a raise waits; of the watch: 4, something burnt.
RAN: Final = (0, 10)
BURNT: Final = 4
LOOKED: Final = (0, 1, BURNT)
BRANCH: Final = "play"
#: Days by which a plan is late, where it was never begun.
LATE: Final = 3
HEALTHY: Final = "healthy"


def settle(stack: str) -> dict[str, str]:
    """The environment of a stack that plays as it is now, for this process too: it reads the store itself."""
    changes = env.environment(files.ROOT, os.environ, stack)
    env.apply(os.environ, {**changes, "ROLLOUT_NOW": None})  # a walk has the simulator's own clock
    return {key: value for key, value in changes.items() if value is not None}


class Walk:
    """A walk through the days of a stack that plays. `store`: where its flags are, which says the stack (`env.STACKS`)."""

    def __init__(self, stage: Stage, store: str = "secrets-manager") -> None:
        self.stage = stage
        self.store = store
        self.stack = env.STACKS[store]
        self.known = files.read_catalogue()
        self.suggested = "n"
        self._local = files.ROOT / ".local"
        self._file = files.stack_file(self.stack)
        self._plan = days.read_plan(self.known)
        self._in_git = True

    def begin(self) -> None:
        """The stack as it is, set up where it isn't; a branch for what the walk commits; the morning of a day."""
        if not self._playing():
            self.stage.say("There is no such stack yet, or its simulator is down: set up what is missing.")
            self.stage.run(*self._typed.up().split())
            self.stage.env |= settle(self.stack)  # a server's first start makes its password
        self._own_branch()
        day = self.day
        if day is not None and day < 1:
            self.stage.say(f"The plan begins on {self._start}. To the morning of day 1:")
            self._morning(_morning_of(self._start or self.now.date()))
        elif day is None or self._missed(day):
            self.stage.say("The plan begins today: its first date is written into the stack file, and nothing else.")
            self._edit(lambda text: edit.set_value(text, "wa-rollout:start", str(self.now.date())))

    @property
    def now(self) -> datetime:
        """What the simulator's clock shows."""
        return (clock.read(self._local) or clock.Clock()).now()

    @property
    def day(self) -> int | None:
        """The day of the plan."""
        return standing.day_of(self._start, self.now)

    def live(self) -> dict[str, int | None]:
        """Percent per domain, read from the store; None where it can't be told."""
        return {
            row["domain"]: share if isinstance(share := row.get("percent"), int) else None
            for row in reading.rows(self.stack)
        }

    def next_day(self) -> None:
        """The night passes, and the watch looks."""
        self.stage.say(
            "A day passes: the traffic goes where the flags send it. The watch looks (in production each minute):"
        )
        self._morning(_morning_of(self.now.date() + DAY))

    def promote(self) -> None:
        """The day's rungs as a diff, and its review."""
        day = min(max(self.day or 1, 1), self._plan.last)
        self.stage.say(
            f"Day {day}'s rungs, as a diff: nothing moves by it. Then its review, as a colleague would read it:"
        )
        self._rollout("promote", str(day))
        if not self._changed():
            self.stage.say("Nothing to raise today.")
            self.suggested = "n"
            return
        self._diff()
        code = self._engine("preview", "--diff")
        if code:
            self.stage.say("A raise waits: its row says for what, and until when. An `up` carries out everything else.")
        self.suggested = "n" if code else "u"

    def up(self) -> None:
        """Commit, drill what asks for a drill, and deploy."""
        self.stage.say(
            "Approved: the commit says who wanted it, a week's first raise has its rollback drilled, the up is the act."
        )
        message = self._moves()
        self._commit(message)
        self._rollout("drill", "--due", allowed=(0, 1))
        message = runs.stamp(message, self.now)
        code = self._engine("up", "--yes", "--skip-preview", "--diff", "--suppress-outputs", "--message", message)
        if code:
            self.stage.say("What waits wasn't written; the next `up` asks again.")
        self._rollout("live", "--traffic", allowed=(0, 1))
        self.suggested = "n"

    def look(self) -> None:
        """Where it stands."""
        self._rollout("status", allowed=(0, 1))

    def log(self) -> None:
        """What happened."""
        self._rollout("log", "-n", "12")

    def break_(self, name: str) -> None:
        """Another scenario of traffic from now on."""
        self.stage.say("From now on the services behave like this:" if name != HEALTHY else "It is mended:")
        named = () if self.stack == env.LOCAL else ("--store", self.store)
        self.stage.run("python", "-m", "rollout.simulator.simulator", "traffic", name, *named)
        self.suggested = "n"

    def roll_back(self, name: str) -> None:
        """The emergency, as it is typed."""
        self.stage.say(f"Back with {name}, at once: the store first, then file, engine and commit. Never refused.")
        self._rollout(
            "rollback", name, "--to", "previous", "--by", os.environ.get("USER") or "you", "--wait", "0", allowed=(0, 1)
        )
        self.suggested = "l"

    def again(self, name: str) -> None:
        """A new attempt after a breach: two entries in the stack file, to be reviewed."""
        self.stage.say(
            f"{name} is latched: a breach stays one. Once it is mended, a numbered attempt starts from 0, a day later:"
        )
        attempt = Attempt(
            self._wanted.breach[name].attempt + 1, "mended, see the incident", os.environ.get("USER") or "you"
        )
        has_switch = self.known.domains[name].enable_flag is not None
        self._edit(
            lambda text: edit.add_attempt(edit.set_flag(text, name, 0, False if has_switch else None), name, attempt)
        )
        self._diff()
        self.suggested = "u"

    def latched(self) -> list[str]:
        """The domains whose breach still forbids their raises, by the stack file."""
        wanted = self._wanted
        return [name for name in self.known.domains if promote.latched(wanted, name)]

    def end(self) -> None:
        """What is left, and how to go on."""
        self.stage.say(
            f"It stands on day {self.day}, and the simulator's clock goes on from there: `{self._typed.rollout('status')}` tells, "
            "`make down` ends it."
        )
        if self._in_git and self._branch().startswith(BRANCH):
            self.stage.say(f"The walk's commits are on the branch {self._branch()}: git switch - leaves it.")

    def _playing(self) -> bool:
        simulator = Simulator(self._local)
        try:
            found = simulator.call("GET", "/traffic") if simulator.pid() else {}
        except (OSError, ValueError):
            return False
        runs_here = bool(found.get("running")) and found.get("store") == self.store
        served = self.stack == env.LOCAL or Database(self._local / "postgres").pid() is not None
        return runs_here and served and backend.state(self.stack) is not None

    @property
    def _typed(self) -> Typed:
        """What `make` is told of the stack: a walk shows make's words."""
        return Typed(self.stack, make=True)

    @property
    def _wanted(self) -> StackConfig:
        """What the stack file says now: each step may have edited it."""
        return config.parse(files.read(self._file), self._file.name, self.known)

    @property
    def _start(self) -> date | None:
        return self._wanted.start

    def _missed(self, day: int) -> bool:
        """Whether nothing has risen beyond day 1, days after the plan meant it to: the dates are of another year."""
        percents = {
            name: (self._plan.percent(1, name), self._plan.percent(day - LATE, name)) for name in self.known.domains
        }
        untouched = all((share or 0) <= percents[name][0] for name, share in self.live().items())
        return untouched and any(first < then for first, then in percents.values())

    def _morning(self, at: datetime) -> None:
        """The watch's look at that time is what sets the clock."""
        code, said = self._rollout("watch", now=times.iso(at), allowed=LOOKED)
        if code == BURNT or "ROLLBACK " in said:
            self.stage.say(
                "It burnt, and is down already. The incident is a file in records/incidents; the breach latches."
            )
        self.suggested = "p"

    def _own_branch(self) -> None:
        """What the walk commits stays away from the branch that the reader works on."""
        try:
            now = self._branch()
            taken = git.text(files.ROOT, "branch", "--format=%(refname:short)").split()
        except GitFailed:
            self._in_git = False
            self.stage.say("There is no repository here: what a person would commit stays an edit.")
            return
        if now.startswith(BRANCH):
            return
        name = next(name for number in range(1, 1000) if (name := f"{BRANCH}-{number}") not in taken)
        self.stage.say("Everything that is committed from here on goes on a branch of its own:")
        self.stage.run("git", "switch", "--quiet", "--create", name)

    def _branch(self) -> str:
        return git.text(files.ROOT, "symbolic-ref", "--quiet", "--short", "HEAD").strip()

    def _edit(self, change: Callable[[str], str]) -> None:
        with files.alone():
            text = files.read(self._file).decode()
            files.write(self._file, change(text).encode())

    def _changed(self) -> bool:
        """Whether the stack file differs from what is committed; where nothing is, from what is live."""
        if self._in_git:
            return bool(git.text(files.ROOT, "status", "--porcelain", "--", self._file.name).strip())
        wanted = self._wanted.flags
        return any(wanted[name].percent != share for name, share in self.live().items())

    def _moves(self) -> str:
        """`day 3: ai-agents 5 -> 10`."""
        wanted = self._wanted.flags
        moved = [
            f"{name} {share} -> {wanted[name].percent}"
            for name, share in self.live().items()
            if share != wanted[name].percent
        ]
        return f"day {self.day or '?'}: {', '.join(moved) or 'as it is'}"

    def _diff(self) -> None:
        if self._in_git:
            self.stage.run("git", "--no-pager", "diff", "--unified=0", "--", self._file.name)

    def _commit(self, message: str) -> None:
        if self._in_git and self._changed():
            self.stage.run("git", "commit", "--quiet", "--message", message, "--", self._file.name)

    def _rollout(self, *arguments: str, now: str = "", allowed: tuple[int, ...] = (0,)) -> tuple[int, str]:
        return self.stage.run("python", "-m", "rollout", *arguments, now=now, allowed=allowed)

    def _engine(self, *arguments: str) -> int:
        return self.stage.run("pulumi", *arguments, "--color", "never", allowed=RAN)[0]


def _morning_of(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC) + MORNING
