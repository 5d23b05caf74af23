"""What can happen to one domain within a day: what people do, what breaks, and what is found wrong in it.

Each step calls the rules themselves (`rollout.model.flag.moves`, `rollout.model.judge.rules`, the gate, `rollout.model.flag.record`) in the order in
which `TrafficFlag` and `rollback` call them. Freeze, held, restore and the counters are no part of a state: each
raise is tried with each of them, which is the same, since they may change at any time.

Not here: values off the ladder, raises by hand, on-call hours, checklist, waivers, changed rules, the order of two
things within a day (so one breach a day), stores that can't be read. The tests of the judge and the provider have them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from typing import Final, NamedTuple

from rollout.model.flag import lowering, moves, record
from rollout.model.flag.moves import Kind, Live
from rollout.model.gate import verdict as gate_domain
from rollout.model.gate.metric import Verdict
from rollout.model.gate.seen import Counts, Seen
from rollout.model.gate.verdict import Question
from rollout.model.judge import approval, decided, latch, rules
from rollout.model.judge.decision import Decision
from rollout.model.judge.rules import Ask
from tests.exhaustive.invariants import RUNGS, Others, wrong_raise
from tests.exhaustive.state import Burn, Flag, Latch, canonical, conditions, history, live, with_record
from tests.pure.cases import CATALOGUE, NOW

HOUR: Final = timedelta(hours=1)

#: What the counters say on a day: clean, in the grey zone, burning, nothing reported.
COUNTERS: Final = ("pass", "hold", "rollback", "no data")


class Alphabet(NamedTuple):
    """What may happen: `restores` and `odd` things or not, and how many troubles at most in one story."""

    troubles: int
    restores: bool = True
    odd: bool = True


class Step(NamedTuple):
    """What happened, and the flag after it. `way`: a legal act on the way up. `wrong`: the invariants it breaks.

    `trouble`: something broke or burnt. `odd`: trouble that the plan doesn't name: a part of a rollback fails alone, or
    somebody tidies entries.
    """

    text: str
    after: Flag
    way: bool = False
    wrong: tuple[str, ...] = ()
    trouble: bool = False
    odd: bool = False


@cache
def verdict(domain: str, percent: int, wanted: int, counters: str) -> str:
    """What the real gate says of a domain with these counters, and where a rollback goes."""
    known = CATALOGUE.domains[domain]
    bad = {"pass": 0, "hold": 0.005, "rollback": 0.2, "no data": 0}[counters]
    seen: dict[str, Seen | None] = {
        metric.name: Seen(int(bad * 100_000), 100_000, Counts(int(bad * 100_000), 100_000)) if metric.total else Seen(0)
        for metric in known.metrics
    }
    if counters == "rollback":
        seen["errors"] = Seen(20_000, 100_000, Counts(0, 100_000))
    share = Counts(percent * 1000, 100_000)
    told = {} if counters == "no data" else seen
    return gate_domain.judge_domain(Question(known, percent, wanted, told, share, soak_over=True, now=NOW)).verdict


def steps(name: str, flag: Flag, others: Others, alphabet: Alphabet) -> list[Step]:
    """Everything that can happen to the domain `name` now. `others`: what a prerequisite would read of other domains."""
    found = [
        *_ups(name, flag, others, alphabet.restores),
        *_stops(flag),
        *_burns(flag),
        *_losses(flag),
        *_entries(flag),
    ]
    return [
        step._replace(text=f"{name}: {step.text}", after=canonical(_settled(flag, step.after), alphabet.restores))
        for step in found
        if alphabet.odd or not step.odd
    ]


def _settled(flag: Flag, after: Flag) -> Flag:
    """A fire is met for the life of one value, and what is written waits for no deletion any more."""
    there = after.percent is not None
    return after._replace(burnt=after.burnt and after.percent == flag.percent, scheduled=after.scheduled and not there)


# --- `pulumi up` of a percent


def _ups(name: str, flag: Flag, others: Others, restores: bool) -> Iterator[Step]:
    now = live(flag)
    for wanted in RUNGS:
        kind = moves.classify(now, wanted, flag.stack)
        if wanted < flag.share and kind is not Kind.LOWER:
            yield Step(f"up {flag.share} -> {wanted} % is {kind}: refused", flag, wrong=("a rollback is refused",))
        elif kind is Kind.STAY and flag.stack != wanted:
            yield Step(f"stack {flag.stack} -> {wanted} %, live already", flag._replace(stack=wanted), way=True)
        elif kind is Kind.LOWER:
            after = flag._replace(percent=wanted, age=0, stop=wanted, stack=wanted, lawful=wanted)
            said = "set" if flag.percent is None else "rollback"
            moved = record.judged(now, wanted, NOW, "new", said, attempt=1, rules="")
            after = with_record(after, record.appended(history(flag), moved))
            after = after._replace(low=flag.low or wanted < max(flag.share, flag.stack))
            yield Step(f"up {_shown(flag)} -> {wanted} %: lowered", after, way=True)
        elif kind is Kind.RAISE:
            yield from _raises(name, flag, wanted, others)
        elif kind is Kind.OUTSIDE and restores:
            yield from _restores(name, flag, wanted)


def _ask(name: str, flag: Flag, wanted: int, others: Others, forbids: str, restores: bool = False) -> Ask:
    return Ask(
        CATALOGUE, CATALOGUE.domains[name], live(flag), wanted, NOW, conditions(flag, forbids, restores),
        moves=history(flag), others=others, old_digest="d", new_digest="d",
    )  # fmt: skip


def _raises(name: str, flag: Flag, wanted: int, others: Others) -> Iterator[Step]:
    for forbids in ("", "frozen", "held"):
        ask = _ask(name, flag, wanted, others, forbids)
        if rules.judge_raise(ask) or refused(ask, NEW) or latch.still_burnt(ask.live, ask.conditions.breach):
            continue
        for who in (one for one in OLDER if flag.low and not refused(ask, one)):
            older = ("a raise that was decided before the stop",)
            yield Step(f"up {_shown(flag)} -> {wanted} % by {who}", flag, wrong=older)
        for counters in COUNTERS if flag.share else ("pass",):
            passed = not flag.share or verdict(name, flag.share, wanted, counters) == Verdict.PASS
            if not passed:
                continue
            wrong = wrong_raise(name, flag, wanted, others, forbids, counters)
            attempt = moves.current_attempt(ask.moves, flag.share == 0, ask.conditions.attempt)
            after = _raised(flag, wanted, "PASS", attempt)
            while_ = f" while {forbids}" if forbids else ""
            text = f"up {_shown(flag)} -> {wanted} %{while_}: {counters.upper() if flag.share else 'no traffic yet'}"
            yield Step(text, after, way=not forbids, wrong=wrong)
            if forbids or counters != "pass":
                continue
            unknown = record.with_unknown(history(flag), Live(str(wanted), NOW, "new"), NOW)
            lost = with_record(after._replace(stack=flag.stack, lawful=wanted), history(flag))
            yield Step(f"{text}, its answer is lost", with_record(lost, unknown), trouble=True)
            stop = (
                flag.share if flag.stop is None else flag.stop
            )  # a tag of the live value itself can always stand there
            yield Step(f"{text}, the stop's tag stays", after._replace(stop=stop), trouble=True, odd=True)


#: Who asks for a raise: a commit of now; and, decided before the newest lowering, what comes back.
NEW: Final = "a new commit"
OLDER: Final = ("an older checkout", "a merge of an older diff", "a run that is run again", "an approval used twice")


def refused(ask: Ask, who: str) -> bool:
    """Whether the raise is refused for when it was decided, as the judge asks it."""
    low = lowering.newest(ask.live, ask.moves)
    if who == OLDER[-1]:
        one = approval.Raise(ask.domain.name, ask.before, ask.wanted, ask.live.text, "d", (), ("before",))
        return bool(approval.older(approval.make("prod", "c", "t", ask.now, [one]), ask.domain.name, low))
    at = NOW + HOUR if who == NEW else NOW - HOUR
    return bool(decided.refusals(ask, low, Decision("c", at, unknown="")))


def _raised(flag: Flag, wanted: int, said: str, attempt: int) -> Flag:
    """After a judged write; a start from 0 % in a later attempt ends a latch."""
    moved = record.judged(live(flag), wanted, NOW, "new", said, attempt=attempt, rules="d")
    # As the provider's raise: the stop's tag goes, and another remembers the newest lowering.
    marked = lowering.newest(live(flag), history(flag)) is not None
    after = flag._replace(
        percent=wanted, age=0, stop=None, stack=wanted, lawful=wanted, climbed=True, latch=None, marked=marked
    )
    return with_record(after, record.appended(history(flag), moved))


def _restores(name: str, flag: Flag, wanted: int) -> Iterator[Step]:
    for forbids in ("", "frozen", "held"):
        ask = _ask(name, flag, wanted, {}, forbids, restores=True)
        if rules.judge_restore(ask):
            continue
        wrong = []
        if forbids:
            wrong.append(f"a restore while {forbids}")
        if flag.latch is not None:
            wrong.append("a restore while latched")
        if wanted > flag.lawful:
            wrong.append("a restore above the value before")
        attempt = moves.current_attempt(ask.moves, at_zero=False, configured=ask.conditions.attempt)
        after = _raised(flag, wanted, "restored", attempt)._replace(latch=flag.latch, climbed=flag.climbed)
        yield Step(f"restore {_shown(flag)} -> {wanted} %", after, wrong=tuple(wrong))
    if not rules.judge_restore(_ask(name, flag, wanted, {}, "")):
        yield Step(f"up {_shown(flag)} -> {wanted} % without an entry", flag, wrong=("a repair raises",))


# --- the store: stops, burns, hands, losses


def _put(flag: Flag, percent: int, stop: int | None) -> Flag:
    """Another value written past the engine, and the next refresh, which records it."""
    after = flag._replace(
        percent=percent, stop=stop, age=0 if percent != flag.percent else flag.age, low=flag.low or percent < flag.share
    )
    if percent == flag.percent:
        return after
    seen = live(after)
    made = record.with_unknown(history(flag), Live(seen.text, NOW, "new", stopped=seen.stopped), NOW)
    # The short history keeps no more of the last value than the rules read, so that the fall is told here.
    return with_record(after, made)._replace(fell=flag.fell or percent < flag.share)


def _stops(flag: Flag) -> Iterator[Step]:
    """`rollback` without a metric, to every rung; with its later steps done, left undone, or its write failed."""
    if flag.scheduled:  # down already, and it takes neither value nor tag: nothing but the stack's file remembers it
        yield Step("rollback to 0 % of what waits for its deletion", flag._replace(stack=0), way=True)
        return
    for to in [rung for rung in RUNGS if rung <= flag.share]:
        # Over a value that is there already it leaves its tag alone; lost with the secret, nobody knows of it.
        after = _put(flag, to, to)._replace(lawful=flag.lawful if to == flag.percent else to)
        yield Step(f"rollback {_shown(flag)} -> {to} %", after._replace(stack=to), way=True)
        if flag.stack != to:
            yield Step(
                f"rollback {_shown(flag)} -> {to} %, the stack's file stays at {flag.stack} %",
                after,
                trouble=True,
                odd=True,
            )
        if to < flag.share:
            yield Step(f"rollback to {to} %: the tag is written, the value isn't", flag._replace(stop=to), trouble=True)


def _burns(flag: Flag) -> Iterator[Step]:
    """A breach: the tag, the lower value, the entry, the stack; and each of them failing."""
    if not flag.share or any(burn is not None and burn.age == 0 for burn in (flag.tag, flag.entry)):
        return  # one a day: within a day the explorer has no order in time
    burn = Burn(flag.attempt, 0)  # as `rollback --because` numbers it: by the stack's file
    for metric, to in (("errors", RUNGS[RUNGS.index(flag.share) - 1]), ("sessions", 0)):
        low = _put(flag, to, to)._replace(lawful=to)
        text = f"breach of {metric}, {flag.percent} -> {to} %"
        here = Latch(0, mended=False, tagged=True, written=True)
        yield Step(text, low._replace(tag=burn, entry=burn, stack=to, latch=here), trouble=True)
        stays = low._replace(tag=burn, latch=here._replace(written=False))
        yield Step(f"{text}, the stack's file stays as it is", stays, trouble=True, odd=True)
        untagged = _put(flag, to, None)._replace(entry=burn, stack=to, lawful=to, latch=here._replace(tagged=False))
        yield Step(f"{text}, the tag fails", untagged, trouble=True, odd=True)
        alone = flag._replace(stop=to, tag=burn, latch=here._replace(written=False))
        yield Step(f"{text}: the tag is written, the value isn't", alone, trouble=True)


def _losses(flag: Flag) -> Iterator[Step]:
    """A hand in the console, which leaves no tag; a secret deleted for good, tags and all."""
    for to in {0, RUNGS[max(0, RUNGS.index(flag.share) - 1)]}:
        if to < flag.share:
            by = "a hand writes" if to else "a stop is killed after its put and before its tag:"
            yield Step(f"{by} {to} %", _put(flag, to, flag.stop), trouble=True)
    if flag.percent is not None:
        untagged = flag.latch and flag.latch._replace(tagged=False)
        yield Step("the secret is lost", flag._replace(percent=None, latch=untagged), trouble=True)
        yield Step("the secret waits for its deletion", flag._replace(percent=None, scheduled=True), trouble=True)
    elif flag.scheduled:
        untagged = flag.latch and flag.latch._replace(tagged=False)
        yield Step("its window ends: the secret is lost", flag._replace(scheduled=False, latch=untagged), trouble=True)
    if flag.share and not flag.burnt:
        yield Step("a fire is met, and out again", flag._replace(burnt=True), trouble=True)


# --- reviewed entries of the stack config


def _entries(flag: Flag) -> Iterator[Step]:
    burns = [burn for burn in (flag.tag, flag.entry) if burn is not None]
    newest = max([flag.started, *(burn.attempt for burn in burns)])
    mine = flag.latch
    if flag.attempt <= newest and burns:
        mended = mine and mine._replace(mended=True)
        yield Step(f"attempt {newest + 1} is written", flag._replace(attempt=newest + 1, latch=mended), way=True)
    if flag.attempt > 1:
        yield Step(
            "the attempt entry is removed",
            flag._replace(attempt=1, latch=mine and mine._replace(mended=False)),
            trouble=True,
            odd=True,
        )
    if flag.entry is not None:
        unwritten = mine and mine._replace(written=False)
        yield Step("the breach entry is reverted", flag._replace(entry=None, latch=unwritten), trouble=True, odd=True)
        if not flag.entry.cleared:
            cleared = None if mine and mine.written else mine
            entry = flag.entry._replace(cleared=True)
            yield Step(
                "the breach is cleared by two", flag._replace(entry=entry, latch=cleared), trouble=True, odd=True
            )


def _shown(flag: Flag) -> str:
    return "lost" if flag.percent is None else str(flag.percent)
