"""Judging a raise inside the write: what has to be fetched is fetched here, and the model decides.

Imported where something is judged, and not before: a run that judges nothing is 40 ms faster without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rollout.model import times
from rollout.model.catalogue.domain import ChecklistItem
from rollout.model.flag import lowering, moves, tags
from rollout.model.flag.move import Evidence, recorded
from rollout.model.flag.moves import Kind, Live
from rollout.model.flag.record import Allowed
from rollout.model.gate.metric import Verdict
from rollout.model.judge import approval, decided, drill, rules
from rollout.model.judge.decision import Decision
from rollout.model.judge.rules import Ask, Refusal
from rollout.model.problem import BadInput, Problem
from rollout.model.stack_file import off
from rollout.model.stack_file.conditions import Conditions
from rollout.model.typed import Typed
from rollout.provider.errors import StoreError
from rollout.provider.judging import evidence, on_record, probes
from rollout.provider.judging.change import Change, conditions_of
from rollout.provider.judging.context import Context
from rollout.provider.judging.evidence import Look
from rollout.provider.stores.one_write import tag
from rollout.provider.stores.store import Entry
from rollout.provider.wire.row import Row, Waiting

#: Refused for these, a raise isn't asked for evidence: it is no legal move, whatever the counters say.
UNASKED: Final = frozenset({"region", "ladder", "only-lower", "closed", "outside", "restore"})


def asked(context: Context, change: Change, live: Live) -> Ask:
    """What a raise is judged by. Other domains are read where a prerequisite is asked."""
    name, history = change.name, change.moves
    domain = context.catalogue.domains[name.domain]
    others = {}
    if domain.prerequisites and moves.first_raise(history):
        others = _others(context, name.stack, [need.domain for need in domain.prerequisites])
    return Ask(
        catalogue=context.catalogue,
        domain=domain,
        live=live,
        wanted=change.wanted,
        now=context.settings.now(),
        conditions=Conditions.from_inputs(conditions_of(change.inputs)),
        moves=history,
        others=others,
        loopback=context.settings.simulator,
        only_lower=context.settings.only_lower,
        old_digest=change.rules_before,
        new_digest=change.rules,
        before=change.before,
    )


def _others(context: Context, stack: str, names: Sequence[str]) -> dict[str, Live]:
    found = {}
    for name in names:
        try:
            found[name] = context.read_live(context.percent_name(stack, name))
        except StoreError:
            continue  # a value that can't be read is no prerequisite met; the model says so
    return found


@dataclass(frozen=True)
class Weighed:
    """What a move up was weighed by: every reason against it, the look at its counters, and the items that are probed.

    `decided`: after which stop it is, and who decided so; empty where none came before.
    """

    refusals: Sequence[Refusal]
    seen: Look | None
    probed: Sequence[ChecklistItem]
    decided: str = ""

    @property
    def verdict(self) -> Verdict:
        """ROLLBACK where the counters say so, else HOLD or PASS by whether anything is in the way."""
        if self.seen and self.seen.answer.verdict is Verdict.ROLLBACK:
            return Verdict.ROLLBACK
        return Verdict.HOLD if self.refusals else Verdict.PASS

    def lines(self) -> list[str]:
        """A line per metric and comparison, and over which time they were counted; none where nothing was judged."""
        if self.seen is None or not self.seen.answer.metrics or self.seen.young():
            return []
        return [*self.seen.answer.lines()[1:], self.seen.span()]


def weigh(context: Context, ask: Ask, kind: Kind, stack: str, *, probe: bool = True, reviewed: bool = False) -> Weighed:
    """Every reason against a raise, or against a value's being put back. `probe`: whether URLs are asked too.

    `reviewed`: this is for the review itself, whose approval is what decides after a stop.
    """
    settings = context.settings
    found = rules.judge_restore(ask) if kind is Kind.OUTSIDE else rules.judge_raise(ask)
    if settings.configured_region not in (None, settings.region):
        # First: in the wrong region every flag looks absent, and the other reasons would hide why.
        text = f"AWS_REGION is {settings.region}, rollout:region is {settings.configured_region}"
        found.insert(0, Refusal("region", text, "unset AWS_REGION, or set it to the stack's region"))
    refusals, decided_by = _decided(context, ask, kind, stack, reviewed=reviewed)
    found += refusals
    seen: Look | None = None
    if ask.conditions.gate != "off" and not {refusal.key for refusal in found} & UNASKED:
        refusals, seen = _evidence(context, ask, kind, stack)
        found = [*refusals, *found] if seen and seen.answer.verdict is Verdict.ROLLBACK else [*found, *refusals]
    if kind is Kind.RAISE and ask.conditions.drill != "off":
        found += drill.refusals(ask, on_record.drills(context.home))
    probed = [item for item in ask.domain.checklist if item.kind == "probe" and ask.wanted >= item.before]
    if probe and kind is Kind.RAISE and not found:
        found = probes.run(probed, settings.probed_url, context.catalogue.protected)
    return Weighed(found, seen, probed, decided_by)


def judge(context: Context, ask: Ask, kind: Kind, change: Change) -> Allowed:
    """The verdict of a move that may happen; raises `Waiting` for one that may not, with every reason."""
    row = change.row
    for text in (*off.lines(ask.conditions), *context.settings.warnings, *ask.conditions.malformed):
        row.warn(text)
    reviewed = change.preview and context.settings.reviewed
    weighed = weigh(context, ask, kind, change.name.stack, reviewed=reviewed)
    if kind is Kind.RAISE or weighed.verdict is Verdict.ROLLBACK:  # a value that is put back is asked for a fire alone
        for line in weighed.lines():
            row.info(line)
    move = f"{ask.domain.name} {ask.live.show()} -> {ask.wanted} %"
    if weighed.verdict is Verdict.ROLLBACK and not change.preview:
        _leave_mark(context, ask, weighed, change)
    if weighed.refusals:
        raise Waiting(_problem(f"{weighed.verdict} {move}", weighed.refusals, change.where))
    _say_independence(ask, row)
    if weighed.decided:
        row.info(weighed.decided)
    if early := rules.ahead(ask):
        row.info(f"{early}: it rises before it, {'on a simulator' if ask.loopback else 'by a waiver'}")
    if kind is Kind.OUTSIDE:
        return Allowed(f"restored {move}: {ask.conditions.restore.why if ask.conditions.restore else ''}")
    attested = sum(item.kind == "attested" and ask.wanted >= item.before for item in ask.domain.checklist)
    gate = "gate off" if ask.conditions.gate == "off" else "no traffic yet" if not ask.live.percent else "gate PASS"
    number = len(weighed.probed)
    passed = (
        f"PASS {ask.live.percent} -> {ask.wanted} %: {attested} attested, {number} probe{'s' * (number != 1)}, {gate}"
    )
    row.info(passed)
    return Allowed(passed, weighed.seen.record() if weighed.seen else Evidence())


def _leave_mark(context: Context, ask: Ask, weighed: Weighed, change: Change) -> None:
    """That this value burnt is written beside it: the series that showed it may be coarser, or gone, at the next look."""
    metrics = weighed.seen.answer.metrics.values() if weighed.seen else ()
    names = sorted(one.name for one in metrics if one.verdict is Verdict.ROLLBACK)
    mark = tags.Burnt(ask.live.version, context.settings.now(), tuple(names))
    if names and not tag(context.store, change.name, {tags.BURNT: mark.text()}):
        change.row.warn("the fire couldn't be noted on the flag; it is found again from its counters")


def _decided(context: Context, ask: Ask, kind: Kind, stack: str, *, reviewed: bool) -> tuple[list[Refusal], str]:
    """Whether this was approved, where an approval is asked for (ROLLOUT_APPROVED), and decided after the newest stop.

    An approval names the stops that its reviewer could see, and decides after them; without one, git is asked.
    """
    low = lowering.newest(ask.live, ask.moves, virtual=context.settings.virtual)
    file = context.settings.approved
    if file is not None:
        try:
            given = on_record.approved(file)
            commit = on_record.commit(context.home)
        except BadInput as error:
            return [Refusal("approval", problem.line(), approval.DO) for problem in error.problems], ""
        found = approval.refusals(given, stack, approval.Raise.of(ask, ask.before), commit.id, commit.tree, ask.now)
        found += approval.older(given, ask.domain.name, low)
        if commit.unclean:
            found.append(Refusal("approval", commit.unclean, "commit, and review that"))
        return found, decided.said(low, Decision(), given.commit or "?")
    if low is None:
        return [], ""
    if reviewed:
        return [], f"{decided.stopped(low)}: a merge of this raises it again"
    from rollout.provider.judging import decision  # here: most raises follow no stop

    one = decision.find(context.home, stack, ask.domain.name, ask.wanted, low, restore=kind is Kind.OUTSIDE)
    return decided.refusals(ask, low, one, restore=kind is Kind.OUTSIDE), decided.said(low, one)


def warn_of_fire(
    context: Context, state: Mapping[str, object], entry: Entry | None, inputs: Mapping[str, object], row: Row
) -> None:
    """Says on the row of a refreshed flag that its domain must come down (docs/rules/gate.md#when-it-is-judged), or wasn't judged.

    Nothing of it enters an output: a verdict that changed by itself would show in every preview.
    """
    domain, since = context.catalogue.domains.get(str(state.get("domain"))), times.moment(state.get("since"))
    conditions = Conditions.from_inputs(conditions_of(inputs))
    if conditions.gate == "off" or context.settings.only_lower or domain is None or entry is None or since is None:
        return
    live = Live(entry.text, since, entry.version)
    if not live.percent:
        return
    try:
        answer = evidence.look(context, domain, live, recorded(state.get("moves"))).answer
    except StoreError as error:
        row.warn(f"not judged: {error}")
        return
    if answer.verdict is Verdict.ROLLBACK:
        row.warn(f"{answer.line()}: {_rollback(str(state['stack']), domain.name, answer.target)}")


def _rollback(stack: str, domain: str, target: str | None) -> str:
    """The command that brings a domain down, for whoever reads it with nothing but make."""
    return Typed(stack, make=True).rollback(domain, str(target))


def _evidence(context: Context, ask: Ask, kind: Kind, stack: str) -> tuple[list[Refusal], Look | None]:
    """What the gate says. From 0 there is nothing to judge by but who reports."""
    try:
        if not ask.live.percent:
            return (evidence.silent(context, ask.domain) if kind is Kind.RAISE else []), None
        # A value is put back whatever the gate holds, but not into a fire.
        seen = evidence.look(context, ask.domain, ask.live, ask.moves, ask if kind is Kind.RAISE else None)
    except StoreError as error:
        return [evidence.unread(error)], None
    answer = seen.answer
    if kind is Kind.RAISE and (young := seen.young()):
        return [Refusal("gate", f"gate: {young}", "wait for the first counts")], seen
    if kind is Kind.OUTSIDE and answer.verdict is not Verdict.ROLLBACK:
        return [], None
    if answer.verdict is Verdict.PASS:
        return [], seen
    do = "wait for more traffic, or mend what the gate names"
    if answer.verdict is Verdict.ROLLBACK:
        do = _rollback(stack, ask.domain.name, answer.target)
    return [Refusal("gate", f"gate: {answer.why()} ({seen.span()})", do)], seen


def _problem(move: str, found: Sequence[Refusal], where: str) -> Problem:
    first, *rest = found
    what = f"{move}: {first.text}"
    if rest:
        what += "".join(f"\n  also:    {refusal.text}" for refusal in rest)
    return Problem(what, where=where, do="; ".join(dict.fromkeys(refusal.do for refusal in found if refusal.do)))


def _say_independence(ask: Ask, row: Row) -> None:
    """Once a domain runs, an earlier one that came down doesn't stop it; the preview says so (docs/rules/moves.md#independence)."""
    for need in ask.domain.prerequisites:
        other = ask.others.get(need.domain)
        if other is not None and other.percent != need.percent:
            row.warn(f"{need.domain} is at {other.show()} now; {ask.domain.name} goes on independently")
