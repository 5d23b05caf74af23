"""Promotion: which percent a stack config is to have next. It writes a diff to review; the raise is judged later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rollout.model.catalogue.domain import Catalogue
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.stack_file.config import Day, Flag, StackConfig
from rollout.model.yaml_text.fields import nearest

#: `promote` reads the stack file alone (see `latched`).
ASIDE: Final = " (by this file; which number, the preview says)"


@dataclass(frozen=True)
class Step:
    """What happens to one domain: `to` and `enabled` are what is written; or it is skipped, and `skipped` says why."""

    domain: str
    at: int
    to: int | None = None
    enabled: bool | None = None  # None where the domain has no enable flag, or nothing is written
    skipped: str = ""


def promote(config: StackConfig, catalogue: Catalogue, day: Day | None = None, domain: str | None = None) -> list[Step]:
    """One step per domain (or of `domain` alone): the lower of the day's percent and the next rung from the stack.

    Without `day` it is the next rung. Never down, never two rungs. Raises BadInput for a domain nobody knows.
    """
    if domain is not None and domain not in catalogue.domains:
        allowed = ", ".join(catalogue.domains)
        raise BadInput(
            [
                Problem(
                    f"unknown domain {shown(domain)}", "--domain", allowed, domain, nearest(domain, catalogue.domains)
                )
            ]
        )
    names = [domain] if domain is not None else list(catalogue.domains)
    return [_step(config, catalogue, day, name) for name in names]


def latched(config: StackConfig, domain: str) -> str:
    """Why a breach in the stack config still forbids the domain's raises, or nothing.

    By that file alone, so that a diff can be written without the cloud or the engine. The judge knows more: the tag
    on the secret, and by the record the attempt that really ran (`rollout.model.judge.rules`): it may ask for a later number.
    """
    breach = config.breach.get(domain)
    if breach is None or breach.cleared is not None:
        return ""
    attempt = config.attempt.get(domain)
    if attempt is not None and attempt.number > breach.attempt and breach.at is not None:
        return ""
    if breach.seen.startswith("malformed"):
        return f"latched: {breach.seen}"
    return f"latched: breach of {breach.metric}, attempt {breach.attempt}; a later attempt unlatches{ASIDE}"


def _step(config: StackConfig, catalogue: Catalogue, day: Day | None, name: str) -> Step:
    at = config.flags[name].percent
    rung = catalogue.domains[name].ladder.next(at)
    if rung is None:
        return Step(name, at, skipped=f"at {at} %, the top")
    to = rung
    if day is not None:
        if name not in day.flags:
            return Step(name, at, skipped=f"not begun: day {day.number} doesn't name it")
        planned = day.flags[name].percent
        if planned < at:
            return Step(name, at, skipped=f"ahead: day {day.number} has {planned} %")
        if planned == at:
            return Step(name, at, skipped=f"as planned: day {day.number} has {planned} %")
        to = min(planned, rung)
    if reason := _forbidden(config, name) or _waits(config.flags, catalogue, name, at):
        return Step(name, at, skipped=reason)
    return Step(name, at, to, None if catalogue.domains[name].enable_flag is None else True)


def _forbidden(config: StackConfig, name: str) -> str:
    if config.closed is not None:
        return f"closed: {config.closed.why}; {config.closed.by}"
    if config.freeze is not None:
        return f"frozen: {'; '.join(filter(None, (config.freeze.why, config.freeze.by)))}"
    if name in config.held:
        return f"held: {'; '.join(filter(None, (config.held[name].why, config.held[name].by)))}"
    return latched(config, name)


def _waits(flags: Mapping[str, Flag], catalogue: Catalogue, name: str, at: int) -> str:
    """At the first raise: the domains that this stack itself has not yet brought to where they must be."""
    if at > 0:
        return ""
    for need in catalogue.domains[name].prerequisites:
        percent = flags[need.domain].percent
        if percent < need.percent:
            return f"waits for {need.domain} at {need.percent} %: it is at {percent} %"
    return ""
