"""Where a domain stands: live against stack and plan, how far behind, and what comes next. Time is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rollout.model import schedule
from rollout.model.gate.metric import Verdict
from rollout.model.gate.verdict import Answer
from rollout.model.judge import rules
from rollout.model.judge.rules import Ask, Refusal
from rollout.model.ladder import TOP
from rollout.model.plan.days import Plan


@dataclass(frozen=True)
class Standing:
    """One domain. `planned`: today's percent by the plan; `behind`: days behind it, 0 where it isn't.

    `soak_left` is None where nothing soaks; `reasons` are those against the next raise, the first first.
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


def day_of(start: date | None, now: datetime) -> int | None:
    """Today's day of the plan, 1 on its start date; None without a start."""
    return None if start is None else (now.date() - start).days + 1


def behind(plan: Plan, day: int | None, domain: str, percent: int | None) -> int:
    """For how many days the plan has asked for more than `percent` (None: unreadable, taken for 0)."""
    if day is None:
        return 0
    more = [number for number in range(day + 1) if plan.percent(min(number, plan.last), domain) > (percent or 0)]
    return day - more[0] + 1 if more else 0


def stand(
    ask: Ask, stack: int | None, planned: int | None, behind_days: int, answer: Answer | None, unread: str
) -> Standing:
    """The standing of the domain that `ask` is about, whose wanted percent is the next rung.

    `answer`: the gate's, where it was asked; `unread`: why it couldn't be.
    """
    live, domain = ask.live, ask.domain
    percent = live.percent
    verdict = f"{answer.verdict} {answer.why()}" if answer else unread
    if answer and answer.key == "no-next":  # at the top rung ROLLBACK alone is asked
        verdict = "nothing burns"
    refusals: Sequence[Refusal] = ()
    left: timedelta | None = None
    if percent is None:
        following = f"rollback {domain.name} --to zero: the live value is no percent"
    elif stack is not None and stack != percent:
        what = "pulumi up" if stack < percent else "pulumi preview: the stack asks for a raise"
        following = f"{what} ({percent} -> {stack} %)"
    elif percent == TOP:
        following = "none: at 100 %"
    else:
        refusals = rules.judge_raise(ask)
        left = soak_left(ask, percent)
        goal = f"promote to {domain.ladder.next(percent)} %"
        if not planned or planned <= percent:
            following = "none today, as planned"
        elif refusals:
            following = f"{goal}: {refusals[0].do or refusals[0].text}"
        else:
            following = goal if not answer or answer.verdict is Verdict.PASS else f"{goal}, once the gate passes"
    return Standing(
        domain.name,
        live.show(),
        stack,
        planned,
        behind_days,
        left,
        verdict,
        following,
        tuple(one.text for one in refusals),
    )


def soak_left(ask: Ask, percent: int) -> timedelta | None:
    """How long the live value of the domain still has to hold; None where nothing soaks."""
    hours = ask.domain.soak_hours.get(percent)
    if hours is None or ask.live.since is None:
        return None
    ends = schedule.soak_ends(ask.live.since, hours, ask.catalogue.soak_slack_hours)
    return max(timedelta(0), ends - ask.now)
