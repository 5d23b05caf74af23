"""Judging a raise inside the write: what has to be fetched is fetched here, and the model decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from provider import probes
from provider.context import Context
from provider.row import Refused, Row
from provider.store import StoreError
from rollout import judge as rules
from rollout import moves
from rollout.conditions import Conditions
from rollout.judge import Ask, Refusal
from rollout.moves import Kind, Live
from rollout.problem import Problem

#: A waiver counts for at most this long from now (design, config).
LONGEST_WAIVER: Final = timedelta(days=7)


def asked(
    context: Context, new: Mapping[str, Any], old: Mapping[str, Any], live: Live, wanted: int
) -> Ask:
    """What a raise is judged by. Other domains are read only where a prerequisite is asked."""
    domain = context.catalogue.domains[new["domain"]]
    history = old.get("moves") or []
    others = {}
    if domain.prerequisites and moves.first_raise(history):
        others = _others(context, new["stack"], [need.domain for need in domain.prerequisites])
    return Ask(
        catalogue=context.catalogue,
        domain=domain,
        live=live,
        wanted=wanted,
        now=context.settings.now(),
        conditions=Conditions.from_inputs(new.get("conditions") or {}),
        moves=history,
        others=others,
        loopback=context.settings.loopback,
        only_lower=context.settings.only_lower,
        old_digest=old.get("rules"),
        new_digest=new.get("rules"),
    )


def _others(context: Context, stack: str, names: Sequence[str]) -> dict[str, Live]:
    found = {}
    for name in names:
        try:
            found[name] = context.read_live(context.percent_name(stack, name))
        except StoreError:
            continue  # a value that can't be read is no prerequisite met; the model says so
    return found


def judge(context: Context, ask: Ask, kind: Kind, row: Row, where: str) -> str:
    """The verdict of a move that may happen; raises `Refused` for one that may not, with every reason."""
    for text in (*context.settings.warnings, *ask.conditions.malformed):
        row.warn(text)
    settings = context.settings
    found = rules.judge_restore(ask) if kind is Kind.OUTSIDE else rules.judge_raise(ask)
    if settings.configured_region not in (None, settings.region):
        # First: in the wrong region every flag looks absent, and the other reasons would hide why.
        text = f"AWS_REGION is {settings.region}, rollout:region is {settings.configured_region}"
        found.insert(0, Refusal("region", text, "unset AWS_REGION, or set it to the stack's region"))
    probed = [item for item in ask.domain.checklist if item.kind == "probe" and ask.wanted >= item.before]
    if kind is Kind.RAISE and not found:
        found = [*_evidence(ask), *probes.run(probed, settings.unified_url)]
    move = f"{ask.domain.name} {ask.live.show()} -> {ask.wanted} %"
    if found:
        raise Refused(_problem(move, found, where))
    _say_independence(ask, row)
    if kind is Kind.OUTSIDE:
        return f"restored {move}: {ask.conditions.restore.why if ask.conditions.restore else ''}"
    attested = sum(item.kind == "attested" and ask.wanted >= item.before for item in ask.domain.checklist)
    gate = "gate off" if ask.conditions.gate == "off" else "no traffic yet" if not ask.live.percent else "gate PASS"
    verdict = f"PASS {ask.live.percent} -> {ask.wanted} %: {attested} attested, {len(probed)} probes, {gate}"
    row.info(verdict)
    return verdict


def _evidence(ask: Ask) -> list[Refusal]:
    """What the gate and the drill say. Without a source of counters there is no evidence, and no evidence is HOLD."""
    found = []
    if ask.conditions.gate != "off" and ask.live.percent:
        found.append(Refusal("gate", "HOLD no evidence: no counters are read yet", "wait for the metric source"))
    if ask.conditions.drill != "off" and ask.live.percent == 0 and not _waived(ask, "no-drill"):
        do = "drill the rollback first, or a waiver that accepts no-drill"
        found.append(Refusal("no-drill", "no passed drill of the last 7 days is on record", do))
    return found


def _waived(ask: Ask, reason: str) -> bool:
    return any(
        waiver.domain == ask.domain.name and waiver.to == ask.wanted and waiver.accepts == reason
        and ask.now < waiver.until <= ask.now + LONGEST_WAIVER
        for waiver in ask.conditions.waivers
    )  # fmt: skip


def _problem(move: str, found: Sequence[Refusal], where: str) -> Problem:
    first, *rest = found
    what = f"HOLD {move}: {first.text}"
    if rest:
        what += "".join(f"\n  also:    {refusal.text}" for refusal in rest)
    return Problem(what, where=where, do="; ".join(dict.fromkeys(refusal.do for refusal in found if refusal.do)))


def _say_independence(ask: Ask, row: Row) -> None:
    """Once a domain runs, an earlier one that came down doesn't stop it; the preview says so (design, legal moves)."""
    for need in ask.domain.prerequisites:
        other = ask.others.get(need.domain)
        if other is not None and other.percent != need.percent:
            row.warn(f"{need.domain} is at {other.show()} now; {ask.domain.name} goes on independently")
