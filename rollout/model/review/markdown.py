"""The review as Markdown for a pull request's comment: what is decided first, details folded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from rollout.model import times
from rollout.model.flag.moves import Kind
from rollout.model.judge.approval import GOOD_FOR
from rollout.model.problem import visible
from rollout.model.review.decision import Beside, Page, Row
from rollout.model.typed import Typed

#: GitHub refuses a comment of more than 65,536 characters; this is where details stop being added.
ROOM: Final = 30_000
#: Lines of a list that are shown before "and N more".
LISTED: Final = 40
#: So many domains are named in a sentence; and are decided in the open, the rest folded.
NAMED: Final = 5
_MARKS: Final = re.compile(r"([\\`*_{}\[\]#|~])")
_SIGN: Final = {Kind.RAISE: "up", Kind.LOWER: "down", Kind.OUTSIDE: "outside", Kind.STAY: ""}


def marker(stack: str) -> str:
    """The comment's first line: by it an older comment is found and replaced."""
    return f"<!-- rollout-review {stack} -->"


def page(found: Page) -> str:
    """The whole page."""
    parts = [marker(found.stack), *_off(found), f"### {_title(found)}", ""]
    parts += [*_failure(found), *_fires(found)]
    if found.raises or found.lowers:
        parts += [*_table([*found.lowers, *found.raises]), ""]
    moving = [*found.lowers, *found.raises]
    for row in moving[:NAMED]:
        parts += [*_decide(row, found.stack), ""]
    if moving[NAMED:]:
        parts += [f"<details><summary>{len(moving[NAMED:])} more that move</summary>", ""]
        for row in moving[NAMED:]:
            parts += [*_decide(row, found.stack), ""]
        parts += ["</details>", ""]
    parts += [*_beside(found), ""]
    parts += _details(found, sum(map(len, parts)))
    parts += _bound(found)
    return re.sub("\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def _off(found: Page) -> list[str]:
    """First of all: what nobody looks at here."""
    return [text for line in found.off for text in (f"**{escape(line)}**", "")]


def _title(found: Page) -> str:
    day = f", day {found.day}" if found.day is not None and found.day > 0 else ""
    counted = [f"{len(found.raises)} raise{'s' * (len(found.raises) != 1)}"] if found.raises else []
    counted += [f"{len(found.lowers)} rollback{'s' * (len(found.lowers) != 1)}"] if found.lowers else []
    what = ", ".join(counted) or "no percent moves"
    if found.burning:
        what = f"**burning: {_names([row.domain for row in found.burning])}**; {what}"
    if found.failure:
        return f"{escape(found.stack)}{day}: no preview could be made"
    if not found.may:
        refused = [row.domain for row in found.raises if row.refusals]
        end = f"**refused: {_names(refused)}**" if refused else "**refused**"
        rest = "; the rollback goes all the same" if found.lowers else ""
        return f"{escape(found.stack)}{day}: {what}; {end}{rest}"
    if not (found.raises or found.lowers or found.beside or found.drift or found.burning):
        return f"{escape(found.stack)}{day}: nothing to do"
    return f"{escape(found.stack)}{day}: {what}; may be applied"


def _names(domains: list[str]) -> str:
    return f"{len(domains)} domains" if len(domains) > NAMED else ", ".join(map(escape, domains))


def _failure(found: Page) -> list[str]:
    text = found.failure or (found.refused if not any(row.refusals for row in found.raises) else "")
    return [*_block(text), ""] if text else []


def _table(rows: Iterable[Row]) -> list[str]:
    lines = ["| domain | live -> stack | rung | plan today | soak | verdict |", "|---|---|---|---|---|---|"]
    for row in rows:
        plan = "-" if row.planned is None else f"{row.planned} %{f', {row.behind} d behind' if row.behind else ''}"
        verdict = "never refused" if row.kind is Kind.LOWER else f"**{row.verdict}**" if row.verdict else "-"
        cells = [f"**{escape(row.domain)}**", f"**{_from(row)} -> {row.new} %** {_SIGN[row.kind]}".rstrip()]
        lines.append(f"| {' | '.join([*cells, row.rung, plan, escape(row.soak) or '-', verdict])} |")
    return lines


def _from(row: Row) -> str:
    return (escape(row.live.removesuffix(" %")) or "?") if row.old is None else str(row.old)


def _decide(row: Row, stack: str) -> list[str]:
    """The paragraph from which one move is decided."""
    facts = [row.people, row.gist, *row.also]
    lines = [
        f"**{escape(row.domain)} {_from(row)} -> {row.new} %**: {escape('. '.join(filter(None, facts)))}".rstrip(": ")
    ]
    for refusal in row.refusals:
        do = f" *Do:* {escape(refusal.do)}." if refusal.do else ""
        lines.append(f"> - {row.verdict}: {escape(refusal.text)}.{do}")  # a quote: or the next list would join it
    if row.kind in (Kind.RAISE, Kind.OUTSIDE) and not row.refusals:
        back = f"back to {row.old or 0} %"
        lines += ["", f"If it burns: {code(rollback(row.domain, stack))} ({back}; never refused)"]
    return lines


def rollback(domain: str, stack: str) -> str:
    """The command that brings a domain down, for whoever reads it with nothing but make."""
    return Typed(stack, make=True).rollback(domain, "previous")


def _fires(found: Page) -> list[str]:
    """What burns now, each with the command that ends it; paragraphs, since the list below is another one."""
    lines = []
    for row in found.burning:
        lines += [f"**ROLLBACK {escape(row.domain)}**: {escape(row.fire)}", ""]
        lines += [f"Bring it down: {code(rollback(row.domain, found.stack))}", ""]
    return lines


def _beside(found: Page) -> list[str]:
    """What else changes, by name; "nothing" only where every row was compared."""
    first = [one for one in found.beside if one.first]
    rest = [one for one in found.beside if not one.first]
    lines = _listed("What else changes", [f"**{_item(one)}**" for one in first] + [_item(one) for one in rest])
    if not found.seen:
        lines.append("- Not every row could be compared: the preview ended before it had seen all of them.")
    lines += _listed("Drift, put back by this `up`", map(code, found.drift))
    lines.append(f"- **Freeze:** {escape(found.frozen) or 'none'}.")
    lines.append(f"- **On call:** {escape(found.on_call) or 'nobody'}.")
    names = ", ".join(map(escape, found.protected))
    if found.touched:
        lines.append(f"- **PROTECTED SERVICES NAMED: {', '.join(map(escape, found.touched))}.**")
    else:
        lines.append(f"- **Protected** ({names}): untouched, none of {found.compared} rows names one.")
    return lines + (_listed("Warnings", map(escape, found.warnings)) if found.warnings else [])


def _item(one: Beside) -> str:
    return code(one.text) if one.plain else escape(one.text)


def _listed(title: str, texts: Iterable[str]) -> list[str]:
    found = list(texts)
    if not found:
        return [f"- **{title}:** nothing."]
    more = [f"  - and {len(found) - LISTED} more"] if len(found) > LISTED else []
    return [f"- **{title}:**", *(f"  - {text}" for text in found[:LISTED]), *more]


def _details(found: Page, used: int) -> list[str]:
    """Folded: the evidence of each raise, and who stays; as much of it as a comment has room for."""
    lines: list[str] = []
    left = [row for row in found.raises if row.lines]
    while left:
        row = left[0]
        block = [f"<details><summary>Evidence for {escape(row.domain)}</summary>", "", *_block("\n".join(row.lines)), "", "</details>", ""]  # fmt: skip
        used += sum(map(len, block))
        if used > ROOM:
            break
        lines += block
        left.pop(0)
    if left:
        names = ", ".join(escape(row.domain) for row in left[:LISTED])
        lines += [f"Evidence of {len(left)} more ({names}): `rollout review --stack {escape(found.stack)}`", ""]
    if found.stays:
        stays = [f"{escape(row.domain)} at {escape(row.live)}{f', plan {row.planned} %' if row.planned is not None else ''}" for row in found.stays]  # fmt: skip
        lines += [f"<details><summary>{len(stays)} stay as they are</summary>", "", *(f"- {text}" for text in stays), "", "</details>", ""]  # fmt: skip
    return lines


def _bound(found: Page) -> list[str]:
    made = f"Made at {times.show(found.at)}."
    if found.approval is None or not found.raises:
        return [f"{made} A lowering needs no approval." if found.lowers else made]
    given = found.approval
    raises = ", ".join(f"{escape(one.domain)} -> {one.new} %" for one in given.raises)
    if len(given.raises) > NAMED:
        raises = f"these {len(given.raises)} raises"
    until = times.show(times.later(given.at, GOOD_FOR))
    parts = f"{raises}, the live values and their versions, limits, waivers, version {escape(given.rule)} of the gate's rule"
    ends = f"It ends at the first write to a flag, for that flag, and at {until}; evidence is judged again."
    return [f"{made} Approval `{given.digest[:16]}` binds {parts} and commit `{given.commit[:7]}`. {ends}"]


def _block(text: str) -> list[str]:
    """Text as it is, in a fence that nothing in it closes."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return [f"{fence}text", *visible(text).splitlines(), fence]


def code(text: str) -> str:
    """A code span, of one line, that nothing in the text ends."""
    flat = visible(" ".join(text.split()))
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", flat)), default=0))
    return f"{ticks} {flat} {ticks}" if len(ticks) > 1 else f"`{flat}`"


def escape(text: str) -> str:
    """Somebody's words as words: no markup, no mention of a person, one line."""
    plain = _MARKS.sub(r"\\\1", visible(" ".join(text.split())).replace("&", "&amp;"))
    return plain.replace("<", "&lt;").replace("@", "&#64;")
