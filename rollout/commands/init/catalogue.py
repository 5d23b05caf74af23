"""The text of a new project's `domains.yaml`. It is read by the catalogue's own reader before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from rollout.commands.init.answers import HOURS, Answers, OneDomain, flag_of
from rollout.model.catalogue.domain import PROTECTED
from rollout.model.ladder import DEFAULT
from rollout.model.problem import BadInput, Problem, shown

#: What each common metric counts, and what its limit asks for (docs/metrics.md).
METRICS: Final = {
    "errors": ("Errors", "Requests", "rollback-previous", "minimum-events: 200"),
    "latency": ("SlowRequests", "Requests", "investigate", "over: 2000 ms"),
    "sessions": ("BrokenSessions", "Sessions", "rollback-zero", "minimum-events: 400"),
}


#: What one answer may hold: it is written into a file, and must be the same when it is read from there.
WORD: Final = re.compile(r"[A-Za-z0-9._%-]*")


def text(answers: Answers) -> str:
    """All of it. Raises `BadInput` for an answer that is no single word."""
    odd = [one for one in _words(asdict(answers)) if not WORD.fullmatch(one)]
    if odd:
        allowed = "letters, digits, and . _ % -"
        raise BadInput([Problem("an answer is no single word", allowed=allowed, given=shown(one)) for one in odd])
    return "\n".join([*_top(answers), *_common(answers), "", "domains:", *_domains(answers), ""])


def _words(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _words([*value, *value.values()])
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _words(one)


def _ladder(rungs: tuple[str, ...]) -> str:
    return f"[{', '.join(rungs)}]"


def _top(answers: Answers) -> Iterator[str]:
    yield f"# The catalogue: everything about {_named(answers)} that is decided before day 1."
    yield "# A change here is a change of the rules: it is brought in first, by an `up` of its own, and the raise after it."
    yield ""
    yield f"unified: {answers.unified}"
    yield ""
    yield "# Untouched: no flag, no alarm, no read of theirs. Name your own below them."
    yield "protected:"
    yield from (f"  - {name}" for name in PROTECTED)
    yield ""
    yield "soak-slack-hours: 2 # so that a daily run at about the same hour passes"
    if answers.ladder:
        yield ""
        yield "# The shares of traffic that a domain may be given, in per cent; a domain may have its own."
        yield f"ladder: {_ladder(answers.ladder)}"
    yield ""


def _named(answers: Answers) -> str:
    names = [domain.name for domain in answers.domains]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "the domains"


def _common(answers: Answers) -> Iterator[str]:
    first = answers.ladder[0] if answers.ladder else str(DEFAULT.first)
    first = answers.ladder[1] if first == "0" and len(answers.ladder) > 1 else first
    yield "# What every domain has; a domain adds its own under the same names."
    yield "common:"
    yield "  metrics:"
    for name, (good, bad) in answers.limits.items():
        counted, total, action, alert = METRICS[name]
        yield f"    {name}:"
        yield f"      bad: {counted}"
        yield f"      total: {total}"
        yield f"      good: {good}"
        yield f"      bad-level: {bad}"
        yield f"      action: {action}"
        yield "      needs: proof"
        yield "      alert:"
        yield f"        {alert}"
    yield "  alert-defaults:"
    yield "    period-seconds: 300"
    yield "    evaluation-periods: 1"
    yield "    minimum-events: 50"
    yield "  checklist:"
    yield "    deployed:"
    yield "      kind: probe"
    yield f"      ask: {answers.unified} is deployed and answers"
    yield f"      before: {first}"
    yield '      url: "{unified}/health"'
    yield "      status: 200"
    yield "      field: status"
    yield "      equals: ok"
    yield "    people:"
    yield "      kind: attested"
    yield "      ask: who is on call knows the rollback and has drilled it"
    yield f"      before: {first}"


def _domains(answers: Answers) -> Iterator[str]:
    for domain in answers.domains:
        yield f"  {domain.name}:"
        yield f"    legacy: {domain.legacy}"
        yield f"    percent-flag: {domain.percent_flag or flag_of(domain.name)}"
        if domain.enable_flag:
            yield f"    enable-flag: {domain.enable_flag}"
        if domain.ladder:
            yield f"    ladder: {_ladder(domain.ladder)}"
        yield "    soak-hours: # how long each rung is watched before the next raise"
        yield from (f"      {rung}: {hours}" for rung, hours in _soaks(domain, answers))
        if domain.after:
            yield "    prerequisites:"
            yield f"      {domain.after}:"
            yield "        percent: 100"
            yield "        hours: 48"
        yield "    expected-per-day: # A GUESS, to be replaced by the old service's own counts before day 1"
        yield f"      errors: {answers.per_day}"
        yield f"      latency: {answers.per_day}"
        yield f"      sessions: {max(1, int(answers.per_day) // 3) if answers.per_day.isdigit() else answers.per_day}"


def _soaks(domain: OneDomain, answers: Answers) -> list[tuple[str, str]]:
    """Rung and hours; a number that is said once goes for every rung. One too many or too few shows as such in the file."""
    rungs = [rung for rung in dict.fromkeys(domain.ladder or answers.ladder or map(str, DEFAULT.above)) if rung != "0"]
    hours = domain.soak or answers.soak or (str(HOURS),)
    if len(hours) == 1:
        hours = hours * len(rungs)
    return [
        *zip(rungs, hours, strict=False),
        *((f"rung-{n}", one) for n, one in enumerate(hours[len(rungs) :], len(rungs) + 1)),
    ]
