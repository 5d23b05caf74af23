"""Where a domain stands: live against stack and plan, how far behind, and what comes next. Time is an argument."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from rollout.model import schedule
from rollout.model.gate.metric import Verdict
from rollout.model.gate.verdict import Answer
from rollout.model.judge import latch, rules
from rollout.model.judge.rules import Ask, Refusal
from rollout.model.ladder import TOP
from rollout.model.plan.days import Plan
from rollout.model.typed import Typed


@dataclass(frozen=True)
class Standing:
    """One domain. `planned`: today's percent by the plan; `behind`: days behind it, 0 where it isn't.

    `soak_left` is None where nothing soaks; `reasons` are those against the next raise, in the order in which they are worked
    off; `marks` are the words of the head line (`WORDS`). `enabled`: the live enable flag as text, None where there is none.
    """

    domain: str
    live: str
    stack: int | None
    planned: int | None
    behind: int
    soak_left: timedelta | None
    verdict: str
    next_step: str
    reasons: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    enabled: str | None = None


def day_of(start: date | None, now: datetime) -> int | None:
    """Today's day of the plan, 1 on its start date; None without a start."""
    return None if start is None else (now.date() - start).days + 1


def behind(plan: Plan, day: int | None, domain: str, percent: int | None) -> int:
    """For how many days the plan has asked for more than `percent` (None: unreadable, taken for 0)."""
    if day is None:
        return 0
    more = [number for number in range(day + 1) if plan.percent(min(number, plan.last), domain) > (percent or 0)]
    return day - more[0] + 1 if more else 0


#: In which order reasons against a raise are worked off: what a person has to mend first, and last what time alone brings.
#: A reason that isn't named here comes between. An audit is what a freeze waits for, and a freeze hides a latch.
FIRST: Final = (
    "malformed",
    "region",
    "data-audit",
    "frozen",
    "closed",
    "held",
    "latched",
    "stopping",
    "stopped",
    "undecided",
    "ladder",
)
LAST: Final = ("drill", "no-drill", "ahead", "hours", "soak")
#: Reasons of which the head line says a word.
WORDS: Final = {"frozen": "FROZEN", "data-audit": "FROZEN", "held": "HELD", "latched": "LATCHED", "stopped": "STOPPED"}


def stand(
    ask: Ask, stack: int | None, planned: int | None, behind_days: int, answer: Answer | None, unread: str, typed: Typed,
    more: Sequence[Refusal] = (),
) -> Standing:  # fmt: skip
    """The standing of the domain that `ask` is about, whose wanted percent is the next rung.

    `answer`: the gate's, where it was asked; `unread`: why it couldn't be; `typed`: how commands are typed there;
    `more`: what else is known against the raise that the stack asks for.
    """
    live, domain = ask.live, ask.domain
    percent = live.percent
    verdict = f"{answer.verdict} {answer.why()}" if answer else unread
    if answer and answer.key == "no-next":  # at the top rung ROLLBACK alone is asked
        verdict = "nothing burns"
    refusals: list[Refusal] = []
    left: timedelta | None = None
    if percent is not None and percent != TOP:
        refusals = in_order([*rules.judge_raise(ask), *more])
        left = soak_left(ask, percent)
    following = _following(ask, stack, planned, answer, refusals, typed)
    texts = tuple(one.text for one in refusals)
    marks = _marks(ask, refusals)
    return Standing(domain.name, live.show(), stack, planned, behind_days, left, verdict, following, texts, marks)


def in_order(refusals: Iterable[Refusal]) -> list[Refusal]:
    """Reasons against a raise in the order in which they are worked off."""

    def place(one: Refusal) -> int:
        if one.key in FIRST:
            return FIRST.index(one.key)
        return len(FIRST) + (1 + LAST.index(one.key) if one.key in LAST else 0)

    return sorted(refusals, key=place)


def _marks(ask: Ask, refusals: Iterable[Refusal]) -> tuple[str, ...]:
    """FROZEN, HELD, LATCHED, STOPPED, as far as they are true, at the top rung too."""
    keys = {one.key for one in refusals}
    if ask.conditions.frozen is not None:
        keys.add("frozen")
    if ask.conditions.held is not None:
        keys.add("held")
    if latch.refusals(ask, ask.live.percent or 0):
        keys.add("latched")
    if ask.live.stopped is not None and (
        not ask.moves or any(move.get("to") or move.get("from") for move in ask.moves)
    ):
        keys.add("stopped")  # a first value of 0 is marked like any lowering, but it stopped nothing
    return tuple(dict.fromkeys(word for key, word in WORDS.items() if key in keys))


def _following(
    ask: Ask, stack: int | None, planned: int | None, answer: Answer | None, refusals: Sequence[Refusal], typed: Typed
) -> str:
    """The step that helps when it is typed."""
    percent, domain = ask.live.percent, ask.domain
    if percent is None:
        return f"{typed.rollback(domain.name, 'zero')}: the live value is no percent"
    if answer and answer.verdict is Verdict.ROLLBACK and percent:
        return f"{typed.rollback(domain.name, answer.target or 'zero')}: it burns"
    if stack is not None and stack != percent:
        return _apart(ask, stack, percent, refusals, typed)
    if percent == TOP:
        return "none: at 100 %"
    if not planned or planned <= percent:
        return "none today, as planned"
    if refusals:
        return _mend(domain.name, refusals[0], typed)
    rung = domain.ladder.next(percent)
    if answer is not None and answer.verdict is not Verdict.PASS:
        return f"wait for the gate, then promote to {rung} %"
    return f"{typed.promote(domain.name)}: promote to {rung} %"


def _apart(ask: Ask, stack: int, percent: int, refusals: Sequence[Refusal], typed: Typed) -> str:
    """Where live isn't what the stack file says."""
    if stack < percent:
        return f"{typed.up()}: brings it down, {percent} -> {stack} %"
    if ask.before is not None and stack <= ask.before:
        # Lowered outside, by a stop that got no further or by a hand: an `up` doesn't raise it, and nor may this line.
        to = ask.domain.ladder.under(percent)
        down = typed.rollback(ask.domain.name, "zero" if to == 0 else str(to))
        return f"{down}: live is lower than the stack, and this brings the stack down to it"
    if refusals:
        return _mend(ask.domain.name, refusals[0], typed)
    return f"{typed.preview()}, then {typed.up()}: the stack asks for a raise, {percent} -> {stack} %"


def _mend(domain: str, first: Refusal, typed: Typed) -> str:
    """The step against the first reason: a command where there is one, else what to write, or what to wait for."""
    if first.key == "frozen":
        return f"{typed.unfreeze()}: lifts the freeze, once what it guards is mended"
    if first.key == "held":
        return f"{typed.unfreeze(domain)}: lifts the hold, once what it guards is mended"
    return first.do or first.text


def soak_left(ask: Ask, percent: int) -> timedelta | None:
    """How long the live value of the domain still has to hold; None where nothing soaks."""
    hours = ask.domain.soak_hours.get(percent)
    if hours is None or ask.live.since is None:
        return None
    ends = schedule.soak_ends(ask.live.since, hours, ask.catalogue.soak_slack_hours)
    return max(timedelta(0), ends - ask.now)
