"""Puts a review together: the preview, every domain's own judgement, and what differs from what is deployed."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from rollout.commands.engine import pulumi
from rollout.commands.project import files
from rollout.commands.reading import around, history
from rollout.commands.reading.around import Around
from rollout.commands.review import preview as previewing
from rollout.commands.review.change import Change
from rollout.commands.review.preview import Preview
from rollout.model import times
from rollout.model.catalogue import changes
from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Domain
from rollout.model.flag import moves
from rollout.model.flag.moves import Kind, Live
from rollout.model.gate import metric
from rollout.model.judge import approval
from rollout.model.judge.approval import Approval
from rollout.model.log.runs import Update
from rollout.model.plan import standing
from rollout.model.problem import BadInput
from rollout.model.review import decision
from rollout.model.review.decision import Beside, Page, Row
from rollout.model.stack_file import edit, marks, off
from rollout.model.yaml_text import tree
from rollout.provider import git
from rollout.provider.git import GitFailed
from rollout.provider.judging import judging, on_record

#: Its previews are asked for no decision after a stop: they are what one is made of.
REVIEW: Final = {"ROLLOUT_REVIEW": "1"}
#: A live value that couldn't be read: no percent, so that `classify` stays on the safe side.
UNREAD = Live("unread")


def page(stack: str) -> Page:
    """The review of what the stack file asks for now. Raises `BadInput` where a file is wrong."""
    known = files.read_catalogue()
    with ThreadPoolExecutor() as pool:
        running = pool.submit(_preview, stack, known.protected)
        past = pool.submit(history.updates, stack)
        seen = around.look(stack)
        rows = [row(seen, domain) for domain in known.domains.values()]
        preview, failure = running.result()
        update = _deployed(past, seen)
    if preview is not None and not preview.complete:
        preview = _rest(seen, rows, preview)
    given, warnings = _approval(seen, rows)
    said, left_out = (
        [*seen.config.warnings, *seen.wrong, *warnings, *(preview.warnings if preview else ())],
        off.lines(seen.config),
    )
    return Page(
        stack=stack, at=seen.now, day=seen.day, rows=rows, beside=_beside(seen, update, preview),
        drift=[_change(one) for one in _changes(preview) if one.drift and not _percent(one)],
        warnings=[text for text in said if text not in left_out],
        frozen=f"{seen.config.freeze.why}; {seen.config.freeze.by}" if seen.config.freeze else "",
        on_call=_on_call(seen), protected=known.protected, touched=preview.protected if preview else (),
        compared=preview.rows if preview else 0, seen=preview is not None and preview.complete,
        refused=preview.refused if preview else "", failure=failure, approval=given, off=left_out,
    )  # fmt: skip


def _preview(stack: str, protected: tuple[str, ...]) -> tuple[Preview | None, str]:
    try:
        return previewing.run(stack, protected, REVIEW), ""
    except pulumi.EngineFailed as error:
        return None, str(error)


def _deployed(past: Future[list[Update]], seen: Around) -> Update | None:
    """The newest run that went through, or only waited; None where there is none, or the engine can't tell."""
    try:
        return history.applied(past.result(), lambda: seen.outputs)
    except pulumi.EngineFailed:
        return None


def _rest(seen: Around, rows: Sequence[Row], refused: Preview) -> Preview:
    """What else would change, on an engine that doesn't know what awaiting is: there a refusal ends a preview, so this is one
    with every percent left as it is deployed."""
    path = files.stack_file(seen.stack)
    text = tree.decode(files.read(path), path.name)
    try:
        for row in rows:
            have = seen.records.get(row.domain)
            if row.kind is not Kind.STAY and have is not None and have.percent is not None:
                text = edit.set_flag(text, row.domain, have.percent)
        with tempfile.TemporaryDirectory(prefix="review-", dir=files.passing()) as folder:
            file = Path(folder, path.name)
            file.write_text(text, encoding="utf-8")
            env = {**REVIEW, "ROLLOUT_CONFIG_FILE": str(file)}
            found = previewing.run(seen.stack, seen.known.protected, env, "--config-file", str(file))
    except (BadInput, pulumi.EngineFailed):
        return refused
    return Preview(
        found.changes, found.warnings, refused.refused, found.complete, max(found.rows, refused.rows),
        tuple({*found.protected, *refused.protected}),
    )  # fmt: skip


def row(seen: Around, domain: Domain) -> Row:
    """One domain of the review: where it goes, and everything that speaks against it."""
    name, wanted = domain.name, seen.config.flags[domain.name].percent
    live, record = seen.live[name], seen.records.get(name)
    kind = moves.classify(live or UNREAD, wanted, record.percent if record else None)
    planned, behind = seen.planned(name), standing.behind(seen.plan, seen.day, name, live.percent if live else None)
    if live is None:
        return Row(
            name,
            "not read",
            None,
            wanted,
            kind,
            planned,
            behind,
            also=("the live value couldn't be read",),
            ladder=domain.ladder,
        )
    ask = seen.ask(domain, live, wanted)
    shown, percent = live.show(), live.percent
    also = _also(seen, domain, live)
    if kind in (Kind.RAISE, Kind.OUTSIDE):
        behind = standing.behind(seen.plan, seen.day, name, wanted)  # where the raise brings it
        weighed = judging.weigh(seen.context, ask, kind, seen.stack, probe=False, reviewed=True)
        answer = weighed.seen.answer if weighed.seen and not weighed.seen.young() else None
        also += (weighed.decided,) if weighed.decided else ()
        also += tuple(f"waived: {one.reason}" for one in (answer.metrics.values() if answer else ()) if one.waived)
        return Row(
            name, shown, percent, wanted, kind, planned, behind, _soak(ask), str(weighed.verdict),
            decision.gist(answer, domain, wanted) if answer else "no traffic yet, nothing to judge by" if not percent else "",
            tuple(weighed.lines()), tuple(weighed.refusals), also=also, ladder=domain.ladder,
        )  # fmt: skip
    look, _ = seen.look(ask)
    burning = look.answer if look and look.answer.verdict is metric.Verdict.ROLLBACK else None
    return Row(
        name,
        shown,
        percent,
        wanted,
        kind,
        planned,
        behind,
        fire=burning.reason if burning else "",
        also=also,
        ladder=domain.ladder,
    )


def _soak(ask: Any) -> str:
    left = standing.soak_left(ask, ask.live.percent or 0)
    return "" if left is None else f"{times.show_span(left)} left" if left else "over"


def _also(seen: Around, domain: Domain, live: Live) -> tuple[str, ...]:
    record, found = seen.records.get(domain.name), []
    if record is not None and record.percent is not None and live.percent != record.percent:
        found.append(f"live {live.show()}, the stack had {record.percent} %: changed outside")
    if live.scheduled:
        found.append("its secret is scheduled for deletion")
    return tuple(found)


def _changes(preview: Preview | None) -> Sequence[Change]:
    return preview.changes if preview else ()


def _percent(change: Change) -> bool:
    return change.kind == "flag" and change.what == "percent"


def _beside(seen: Around, update: Update | None, preview: Preview | None) -> list[Beside]:
    """What changes beside the percents, limits first."""
    found = _limits(seen, update)
    if update is not None:
        found += [decision.of_mark(mark) for mark in marks.between(update.config, history.written(seen.stack))]
    for change in _changes(preview):
        if not change.drift and not _percent(change) and not (change.what == "rules" and found):
            limit = change.kind == "alarm" or change.what == "rules"
            found.append(Beside(_change(change), first=limit and change.what != "create", plain=True))
    return sorted(found, key=lambda one: not one.first)


def _change(change: Change) -> str:
    if change.what in ("create", "update", "delete", "replace"):
        return f"{change.kind} {change.row}: {change.what}"
    return f"{change.kind} {change.row} {change.what}: {_cut(change.old)} -> {_cut(change.new)}"


def _cut(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def _limits(seen: Around, update: Update | None) -> list[Beside]:
    """The rules that differ from those the stack runs by; by name where the catalogue of that commit can be had."""
    digests = {name: record.rules for name, record in seen.records.items() if name in seen.known.domains}
    changed = [name for name, rules in digests.items() if rules != seen.known.domains[name].digest]
    if not changed:
        return []
    try:
        old = catalogue.parse(
            git.run(files.ROOT, "show", f"{update.commit if update else ''}:./domains.yaml"), "domains.yaml"
        )
        found = [decision.of_limit(one) for one in changes.between(old, seen.known)]
    except (GitFailed, BadInput):
        found = []
    return found or [Beside(f"the rules of {name} change", first=True) for name in changed]


def _on_call(seen: Around) -> str:
    on_call = seen.config.on_call
    return f"{on_call.who}, {on_call.reach}, {on_call.hours}" if on_call else ""


def _approval(seen: Around, rows: Sequence[Row]) -> tuple[Approval | None, list[str]]:
    """What an approval of this would bind; None, and why, where nobody can say at which commit it is."""
    raised = [row for row in rows if row.kind in (Kind.RAISE, Kind.OUTSIDE)]
    try:
        commit = on_record.commit(files.ROOT)
        wrong = [commit.unclean] if commit.unclean else []
    except BadInput as error:
        wrong = [problem.line() for problem in error.problems]
    if wrong:
        return None, [f"no approval can be made: {text}" for text in wrong] if raised else []
    asks = [(seen.ask(seen.known.domains[row.domain], seen.live[row.domain] or UNREAD, row.new), row) for row in raised]
    return approval.make(
        seen.stack, commit.id, commit.tree, seen.now, [approval.Raise.of(ask, ask.before) for ask, _ in asks]
    ), []
