"""`python -m rollout gate`: what would the gate say if ... The same rule as at a raise, on counts given by hand.

A contract (docs/rules/gate.md#asking-it-by-hand): exit 0 PASS, 3 HOLD, 4 ROLLBACK, 2 wrong use.
"""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Any, Final

import click

from rollout.commands.project import options
from rollout.model.catalogue.domain import Catalogue, Metric
from rollout.model.gate import bunches
from rollout.model.gate import by_hand as gate_input
from rollout.model.gate import metric as gate
from rollout.model.gate import verdict as gate_domain
from rollout.model.gate.metric import Judged, Verdict
from rollout.model.gate.seen import Counts, Seen
from rollout.model.ladder import TOP, Ladder
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.yaml_text.fields import nearest

EXIT: Final = {Verdict.PASS: 0, Verdict.HOLD: 3, Verdict.ROLLBACK: 4}
WRONG_USE: Final = 2

_NUMBER: Final = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|inf(?:inity)?)", re.ASCII | re.IGNORECASE
)


@click.command("gate")
@click.option("--metric", metavar="NAME", help="errors, latency, sessions, complaints, or one domain's: jobs/search.")
@click.option("--bad", metavar="K", help="Bad events on unified.")
@click.option("--total", metavar="N", help="All events on unified.")
@click.option("--next", "following", metavar="RUNG", help="The raise to judge; without it ROLLBACK alone is judged.")
@click.option("--legacy-bad", metavar="K", help="Bad events on legacy over the same time; with --legacy-total.")
@click.option("--legacy-total", metavar="N", help="All events on legacy over the same time.")
@click.option("--dispersion", metavar="D", help="Bad events come in bunches of so many (1 to 30; without it 1).")
@click.option("--presence", is_flag=True, help="Ask for presence only, not for proof.")
@click.option("--strict", is_flag=True, help="Rule out the bad level itself at every rung.")
@click.option("--input", "file", metavar="FILE.json", help="A whole domain; - for standard input.")
@options.json()
def gate_command(
    metric: str | None,
    bad: str | None,
    total: str | None,
    following: str | None,
    legacy_bad: str | None,
    legacy_total: str | None,
    dispersion: str | None,
    presence: bool,
    strict: bool,
    file: str | None,
    json_: bool,
) -> None:
    """Ask the gate about one metric's counts, or about a whole domain.

    Exit code: 0 PASS, 3 HOLD, 4 ROLLBACK, 2 wrong use.
    """
    by_hand = {
        "--metric": metric,
        "--bad": bad,
        "--total": total,
        "--next": following,
        "--legacy-bad": legacy_bad,
        "--legacy-total": legacy_total,
        "--dispersion": dispersion,
        "--presence": presence or None,
    }
    try:
        if file is not None:
            verdict = _domain(file, [name for name, value in by_hand.items() if value is not None], strict, json_)
        else:
            verdict = _metric({name: str(value) for name, value in by_hand.items() if value is not None}, strict, json_)
    except BadInput as error:
        print(error, file=sys.stderr)
        sys.exit(WRONG_USE)
    sys.exit(EXIT[verdict])


command = gate_command


def _catalogue() -> Catalogue:
    from rollout.commands.project import place  # imported late: `--help` needs no catalogue

    return place.known()


def _domain(file: str, also: list[str], strict: bool, json_: bool) -> Verdict:
    if also:
        problem = Problem("--input is asked alone", allowed="--input FILE [--strict] [--json]", given=", ".join(also))
        raise BadInput([problem])
    where = "standard input" if file == "-" else file
    question = gate_input.parse(_read(file, where), where, _catalogue(), strict=strict)
    answer = gate_domain.judge_domain(question)
    if json_:
        whole: dict[str, Any] = {
            "verdict": answer.verdict,
            "reason": answer.reason,
            "key": answer.key,
            "domain": question.domain.name,
            "percent": question.percent,
            "next": question.next_percent,
            "target": answer.target,
            "metrics": {name: _object(judged) for name, judged in answer.metrics.items()},
            "share": _object(answer.share) if answer.share else None,
            "baseline": {name: _object(judged) for name, judged in answer.baseline.items()},
            "rule": answer.rule,
        }
        print(json.dumps(whole, allow_nan=False))
    else:
        first, *rest = answer.lines()
        print("\n".join([first, *(f"  {line}" for line in rest)]))
    return answer.verdict


def _read(file: str, where: str) -> bytes:
    limit = gate_input.MAX_BYTES + 1
    try:
        if file == "-":
            return sys.stdin.buffer.read(limit)
        with Path(file).open("rb") as opened:
            return opened.read(limit)
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        why = error.strerror if isinstance(error, OSError) else "no name of a file"
        problem = Problem("the file can't be read", where, given=why or "", do="name a readable file, or -")
        raise BadInput([problem]) from None


def _metric(given: dict[str, str], strict: bool, json_: bool) -> Verdict:
    problems: list[Problem] = []
    if "--metric" not in given:
        do = "python -m rollout gate --metric errors --bad 1 --total 1001 --next 100"
        raise BadInput([Problem("nothing to judge", allowed="--metric NAME ..., or --input FILE", do=do)])
    catalogue = _catalogue()
    metric, ladder = _find(given["--metric"], catalogue)
    needed = ["--bad"] if metric.total is None else ["--bad", "--total"]
    problems += [
        Problem(f"{name} is missing", f"--metric {metric.name}", " and ".join(needed))
        for name in needed
        if name not in given
    ]
    if metric.total is None:
        problems += [
            Problem(f"{metric.name} has no total", name, "--bad alone")
            for name in ("--total", "--legacy-bad", "--legacy-total", "--dispersion", "--presence")
            if name in given
        ]
    if ("--legacy-bad" in given) != ("--legacy-total" in given):
        problems.append(Problem("one half of legacy's counts is missing", allowed="--legacy-bad and --legacy-total"))
    names = ("--bad", "--total", "--legacy-bad", "--legacy-total", "--dispersion")
    numbers = {name: _number(given[name], name, problems) for name in names if name in given}
    size = numbers.get("--dispersion", 1.0)
    if not 1 <= size <= bunches.CAP and not problems:
        problems.append(Problem("the dispersion is out of range", "--dispersion", f"1 to {bunches.CAP:g}", f"{size:g}"))
    following = _rung(given["--next"], ladder, problems) if "--next" in given else None
    if problems:
        raise BadInput(problems)
    legacy = Counts(numbers["--legacy-bad"], numbers["--legacy-total"]) if "--legacy-bad" in numbers else None
    judged = gate.judge_metric(
        metric,
        Seen(numbers["--bad"], numbers.get("--total"), legacy, dispersion=size),
        percent=None if following is None else ladder.previous(following),
        next_percent=following,
        strict=strict,
        needs="presence" if "--presence" in given else "proof",
        ladder=ladder,
    )
    print(json.dumps({**_object(judged), "rule": gate.RULE_VERSION}, allow_nan=False) if json_ else judged.line())
    return judged.verdict


def _find(name: str, catalogue: Catalogue) -> tuple[Metric, Ladder]:
    """A metric that all domains share by its name, another one as `jobs/search`; and the ladder. Raises BadInput."""
    first, *others = catalogue.domains.values()
    shared = [metric for metric in first.metrics if all(metric in other.metrics for other in others)]
    known = {metric.name: (metric, catalogue.ladder) for metric in shared}
    for domain in catalogue.domains.values():
        known |= {f"{domain.name}/{metric.name}": (metric, domain.ladder) for metric in domain.metrics}
    if name in known:
        return known[name]
    of_one = [key for key in known if key.endswith(f"/{name}")]
    own = [key for key, (metric, _) in known.items() if "/" not in key or metric not in shared]
    do = f"did you mean {' or '.join(of_one)}?" if of_one else nearest(name, known)
    raise BadInput([Problem("unknown metric", "--metric", ", ".join(own), shown(name), do)])


def _number(text: str, name: str, problems: list[Problem]) -> float:
    """Any number: one that can't be a count is the gate's to judge; what isn't a number is wrong use."""
    if _NUMBER.fullmatch(text.strip()):
        return float(text)
    problems.append(Problem(f"{name} is no number", name, "a number of events such as 1001", shown(text) or "nothing"))
    return math.nan


def _rung(text: str, ladder: Ladder, problems: list[Problem]) -> int:
    if text in map(str, ladder.above):
        return int(text)
    problems.append(Problem("--next is no rung above 0", "--next", ladder.show_above(), shown(text) or "nothing"))
    return TOP


def _object(judged: Judged) -> dict[str, Any]:
    """What `--json` prints of one metric. Counts are whole numbers here, since the gate let no others in."""
    return {
        "verdict": judged.verdict,
        "reason": judged.reason,
        "key": judged.key,
        "metric": judged.name,
        "k": None if judged.k is None else int(judged.k),
        "n": None if judged.n is None else int(judged.n),
        "limit": judged.limit,
        "odds": judged.odds,
        "needed": judged.needed,
        "worst": judged.worst,
        "target": judged.target,
    }
