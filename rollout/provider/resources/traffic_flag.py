"""`TrafficFlag`: a domain's percent secret and its judge, in one resource (docs/adr/0001-one-resource-judges-and-writes.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from rollout.model import times
from rollout.model.flag import lowering, moves, record
from rollout.model.flag.move import recorded
from rollout.model.flag.moves import Kind, Live
from rollout.model.flag.name import FlagName
from rollout.model.flag.record import Allowed
from rollout.model.flag.tags import LOWERED
from rollout.model.ladder import parse_percent
from rollout.model.problem import Problem, masked, shown
from rollout.provider import who
from rollout.provider.errors import StoreError
from rollout.provider.judging.change import CONDITIONS, Change, conditions_of, name_of
from rollout.provider.judging.context import Context
from rollout.provider.resources import destroying, replacing
from rollout.provider.stores import choose, one_write, writing
from rollout.provider.stores.lowering import Seen, Unread, read
from rollout.provider.stores.store import Entry
from rollout.provider.wire.row import Refused, Row, Waiting

Properties = dict[str, Any]

#: Live value, recorded one.
_SET_BACK: Final = (
    "the database was set back: live {} was written before the {} % that is on record (docs/runbooks/set-back.md)"
)

_LOST: Final = (
    "look at rollout.meta and rollout.history there; if it is, and the row was deleted: a `restore` entry, or to 0"
)
#: A property whose value is known only after the write.
UNKNOWN: Final = object()


class TrafficFlag:
    """Handlers of `rollout:index:TrafficFlag`. Plain values in and out; `rollout.provider.wire.servicer` speaks gRPC."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._read_here: set[str] = set()  # rows whose state is as fresh as this process
        self._rows: dict[str, replacing.Row] = {}  # by secret

    def check(self, new: Properties) -> list[tuple[str, str]]:
        """What is wrong in the input itself, as (property, reason). Judging isn't done here: it would end the run."""
        wrong = []
        domain = self._context.catalogue.domains.get(str(new.get("domain")))
        ladder = domain.ladder if domain is not None else self._context.catalogue.ladder
        if new.get("percent") not in ladder:
            wrong.append(("percent", f"off the ladder; allowed: {ladder.show()}; given: {shown(new.get('percent'))}"))
        if domain is None:
            known = ", ".join(self._context.catalogue.domains)
            return [*wrong, ("domain", f"unknown domain; allowed: {known}; given: {shown(new.get('domain'))}")]
        if new.get("flag") != domain.percent_flag:
            given = shown(new.get("flag"))
            wrong.append(
                ("flag", f"not the percent flag of {domain.name}; allowed: {domain.percent_flag}; given: {given}")
            )
        if not new.get("stack"):
            wrong.append(("stack", "missing: the name of the stack"))
        return wrong

    def diff(self, urn: str, old: Properties, new: Properties, row: Row) -> dict[str, str]:
        """Changed properties as `update` or `add`; the live value is compared, not yesterday's record."""
        have, name = old.get("percent"), name_of(new)
        for text in self._context.left_out(conditions_of(new)):
            row.warn(text)
        self._context.records[name.stack, name.domain] = recorded(old.get("moves"))
        if urn not in self._read_here:
            try:
                entry = self._context.snapshot(name.stack).take(name.secret)
            except StoreError as error:
                row.warn(f"live value not read, the record says {have} %: {error}")
            else:
                live = Live(None) if entry is None else Live(entry.text, scheduled=entry.scheduled)
                if lost := self._lost(name, entry, lived="version" in old):
                    row.warn(f"live value not known, the record says {have} %: {lost}")
                elif live.text is None or live.percent != have:
                    row.warn(f"live {live.show()}, the record says {have} %")
                have = None if live.text is None and not live.scheduled else live.percent
        changed = {}
        if have is None or have != new["percent"]:
            changed["percent"] = "update" if "percent" in old else "add"
        if old.get("rules") != new.get("rules"):
            changed["rules"] = "update"
        before = moves.set_back(recorded(old.get("moves")), str(old.get("version")))
        if before is not None and isinstance(old.get("percent"), int) and old["percent"] > before:
            changed["percent"] = "update"  # also where the stack asks for what is live: a stop was undone
        return changed

    def read(self, urn: str, state: Properties, row: Row, inputs: Properties | None = None) -> Properties:
        """The state with the live value in it. A failing store leaves the old state and a warning."""
        name = name_of(state)
        self._rows[name.secret] = replacing.newer(self._rows.get(name.secret), replacing.Row(urn, state, inputs or {}))
        try:
            entry = self._context.snapshot(name.stack).take(name.secret)
            known = entry is not None and entry.version == state.get("version")
            found = {} if entry is None or known else self._context.store.tags(name.secret)
        except StoreError as error:
            row.warn(f"live value not read, the record says {state.get('percent')} %: {error}")
            return state
        if lost := self._lost(name, entry, lived="version" in state):
            row.warn(f"live value not known, the record says {state.get('percent')} %: {lost}")
            return state
        self._read_here.add(urn)
        while self._context.unverified:
            row.warn(self._context.unverified.pop())
        history = recorded(state.get("moves"))
        self._context.records[name.stack, name.domain] = history
        if entry is not None and (before := moves.set_back(history, entry.version)) is not None:
            row.warn(_SET_BACK.format(Live(entry.text).show(), before))
        outputs = state if known else self._outputs(state, state, self._context.live(entry, found, history))
        conditions = conditions_of(inputs)
        for text in self._context.left_out(conditions):
            row.warn(text)
        if entry is not None and Live(entry.text).percent and conditions.get("gate") != "off":
            from rollout.provider.judging import judging

            judging.warn_of_fire(self._context, outputs, entry, inputs or {}, row)
        return outputs

    def create(self, new: Properties, preview: bool, row: Row) -> tuple[str, Properties]:
        known = self._rows.get(name_of(new).secret)
        if known is None:
            return name_of(new).secret, self._change(Change(new, {}, None, preview, row))
        before = known.inputs.get("percent")  # its record goes on, whatever the row is called
        lowers = before is not None and new["percent"] < before
        replacing.allow(known.urn == row.urn, preview, row, name_of(new).secret, lowers=lowers)
        return name_of(new).secret, self._change(Change(new, known.state, before, preview, row))

    def update(self, old: Properties, old_inputs: Properties, new: Properties, preview: bool, row: Row) -> Properties:
        change = Change(new, old, old_inputs.get("percent"), preview, row)
        for key in ("stack", "flag"):
            if old.get(key) != new.get(key):
                text = f"{key} of a flag can't change: {shown(old.get(key))} -> {shown(new.get(key))}"
                raise Refused(Problem(text, where=change.where, do="bring the domain to 0 and make a new stack"))
        return self._change(change)

    def delete(self, state: Properties, old_inputs: Properties, row: Row) -> None:
        conditions = conditions_of(old_inputs)
        destroying.allow(self._context, state["stack"], state["domain"], bool(conditions.get("closed")))
        row.info(f"{name_of(state).secret} stays in the store as it is")

    def _change(self, change: Change) -> Properties:
        name, wanted, store = change.name, change.wanted, self._context.store
        if not self._context.settings.may_move(name.domain):
            return self._left_alone(change)
        while self._context.unverified:
            change.row.warn(self._context.unverified.pop())
        try:
            entry = read(store, name.secret) if change.lowers else store.get(name.secret)
        except StoreError as error:
            if not change.lowers:
                problem = Problem(f"the live value can't be read: {error}", where=change.where, do="try again")
                raise Refused(problem) from None
            change.row.warn(f"live value not read ({error}); lowering to {wanted} % all the same")
            return self._lowered(change, Live("unread"), Unread.UNREADABLE)
        history = change.moves
        live = self._context.live(entry, {}, history)
        if self._not_there(change, entry) and change.lowers:  # the lowering says itself that nobody knows it to be down
            return self._lowered(change, live, entry)
        before = moves.set_back(history, live.version)
        if before is not None and (live.percent is None or live.percent > before):
            change.row.warn(f"{_SET_BACK.format(live.show(), before)}: it is brought down to {min(before, wanted)} %")
            return self._lowered(change, live, entry, min(before, wanted))
        kind = self._kind(change, live, entry)
        if kind in (Kind.LOWER, Kind.STAY):
            return self._down(change, kind, live, entry)
        if kind is Kind.OUTSIDE and self._simulator_lost(change, live):
            change.row.warn(f"the store was empty (simulator restarted?): {name.domain} restored to {wanted} %")
            attempt = moves.current_attempt(history, False, 0)
            return self._written(change, live, entry, {}, Allowed("restored"), attempt)
        # Tags first, value again after them: the value that is judged is never older than the tags it is judged with.
        found = store.tags(name.secret) if entry else {}
        entry = store.get(name.secret)
        live = self._context.live(entry, found, history)
        kind = self._kind(change, live, entry)
        if kind in (Kind.LOWER, Kind.STAY):  # somebody moved it between the two reads
            return self._down(change, kind, live, entry)
        from rollout.provider.judging import judging

        ask = judging.asked(self._context, change, live)
        allowed = judging.judge(self._context, ask, kind, change)
        starts = kind is Kind.RAISE and live.percent == 0  # a restore goes on with the attempt that ran
        attempt = moves.current_attempt(history, starts, ask.conditions.attempt)
        return self._written(change, live, entry, found, allowed, attempt)

    def _lost(self, name: FlagName, entry: Entry | None, *, lived: bool) -> str:
        """Why a flag that isn't there, and is on record, isn't believed to be at 0; empty where that is an answer."""
        if entry is not None or not lived or self._context.store.can.absence:
            return ""
        emptied = self._context.settings.simulator and self._context.snapshot(name.stack).was_empty
        return "" if emptied else str(writing.missing(name))

    def _not_there(self, change: Change, entry: Entry | None) -> bool:
        """Whether the flag is lost. Raises `Refused` for a raise that nobody calls a restore."""
        lost = self._lost(change.name, entry, lived=bool(change.moves))
        if lost and not change.lowers and not conditions_of(change.inputs).get("restore"):
            raise Refused(Problem(f"the live value isn't known: {lost}", where=change.where, do=_LOST))
        return bool(lost)

    def _kind(self, change: Change, live: Live, entry: Entry | None) -> Kind:
        """What the change is; a 0 that our own first raise left when it was taken back is no stop's."""
        kind = moves.classify(live, change.wanted, change.before)
        if kind is Kind.OUTSIDE and change.before is None and entry is not None:
            domain = self._context.catalogue.domains[change.name.domain]
            if one_write.taken_back(change.name, entry, domain.ladder.rungs):
                return Kind.RAISE
        return kind

    def _left_alone(self, change: Change) -> Properties:
        """The row of a domain that this run may not move: its state as it is. Other input would be recorded: refused."""
        only, domain = self._context.settings.only_domain, change.name.domain
        if change.wanted == change.before:
            change.row.warn(f"left as it is: this run moves {only} alone")
            return dict(change.state)
        text = f"{domain} was moved by another run meanwhile ({shown(change.before)} now, {change.wanted} given)"
        raise Refused(Problem(f"{text}; this run moves {only} alone", where=change.where, do="run it again"))

    def _down(self, change: Change, kind: Kind, live: Live, entry: Entry | None) -> Properties:
        """A lowering, or a value that is live already. Neither may fail because of tags that can't be read."""
        if kind is Kind.LOWER:
            return self._lowered(change, live, entry)
        found: Mapping[str, str] = {}
        try:
            found = self._context.store.tags(change.name.secret)
        except StoreError as error:
            change.row.warn(f"tags not read: {error}")
        return self._outputs(change.inputs, change.state, self._context.live(entry, found, change.moves))

    def _simulator_lost(self, change: Change, live: Live) -> bool:
        settings = self._context.settings
        wanted, before = change.wanted, change.before
        absent = live.text is None and not live.scheduled and before is not None and wanted <= before
        elsewhere = settings.configured_region not in (None, settings.region)  # empty because it is another region's
        alone = settings.simulator and not settings.only_lower and not elsewhere
        stopped = wanted > moves.value_before(change.moves)  # a stop since: its value isn't what the stack says
        return absent and alone and not stopped and self._context.snapshot(change.name.stack).was_empty

    def _lowered(self, change: Change, live: Live, seen: Seen, lower: int | None = None) -> Properties:
        """Brings it down to what the stack wants, or to `lower`, where that is less."""
        wanted, row = change.wanted if lower is None else lower, change.row
        if live.text is not None:
            row.info(f"rollback {live.show()} -> {wanted} %")
        if change.preview:
            return _predicted(change, change.verdict)
        settings = self._context.settings
        make = not change.moves or settings.near  # one that has lived must be there, where it is the right store
        done = writing.lowered(
            self._context.store, change.name, str(wanted), seen=seen, virtual=settings.virtual_now, make=make
        )
        entry = done.entry
        for text in choose.warnings(self._context.store):
            row.warn(text)
        verdict = "rollback" if live.text is not None else "set"
        if not done.marked:
            row.warn("the stop's tag wasn't written: nothing in the store remembers this lowering")
        if entry.text is None:
            row.warn(
                "the secret waits for its deletion, or is gone: 0 for the service, and nothing is restored for that"
            )
        elif entry.text != str(wanted):
            row.warn(f"live {masked(entry.text)} % already: somebody lowered it further meanwhile")
        return self._recorded(change, live, entry, Allowed(verdict), change.verdict, 0)

    def _written(
        self, change: Change, live: Live, entry: Entry | None, found: Mapping[str, str], allowed: Allowed, attempt: int
    ) -> Properties:
        if change.preview:
            return _predicted(change, allowed.verdict)
        virtual = self._context.settings.virtual_now
        low = lowering.newest(live, change.moves, virtual=virtual is not None)
        try:
            back = writing.raise_to(
                self._context.store, change.name, str(change.wanted),
                before=entry, judged_tags=found, virtual=virtual, keep={LOWERED: low.mark().text()} if low else {},
            )  # fmt: skip
            for text in choose.warnings(self._context.store):
                change.row.warn(text)
        except writing.StoppedMeanwhile as stopped:
            raise Waiting(Problem(str(stopped), where=change.where, do="lower the stack to the live value")) from None
        self._context.raised.add((change.name.stack, change.name.domain))
        return self._recorded(change, live, back, allowed, allowed.verdict, attempt)

    def _recorded(
        self, change: Change, before: Live, entry: Entry, move: Allowed, verdict: str, attempt: int
    ) -> Properties:
        at: datetime = self._context.settings.virtual_now or entry.created or self._context.settings.now()
        kept = record.with_unknown(change.moves, before, at)
        moved = record.judged(
            before, parse_percent(entry.text) or 0, at, entry.version, move.verdict,
            attempt=attempt or 1, rules=str(change.rules), evidence=move.evidence, by=who.named(self._context.home),
        )  # fmt: skip
        state = {**change.state, "moves": record.appended(kept, moved), "verdict": verdict}
        return self._outputs(change.inputs, state, Live(entry.text, at, entry.version))

    def _outputs(self, inputs: Mapping[str, object], old: Mapping[str, object], live: Live) -> Properties:
        outputs = _shown(inputs)
        outputs["version"] = live.version
        outputs["since"] = times.iso(live.since) if live.since else ""
        outputs["verdict"] = old.get("verdict") or ""
        outputs["moves"] = record.with_unknown(recorded(old.get("moves")), live, self._context.settings.now())
        outputs["percent"] = live.percent if live.percent is not None else masked(live.text or "")
        if live.text is None and not live.scheduled:  # what waits for its deletion is 0, and no change to make
            del outputs["percent"]
        return outputs


def _predicted(change: Change, verdict: str) -> Properties:
    return {**_shown(change.inputs), "verdict": verdict, "version": UNKNOWN, "since": UNKNOWN, "moves": UNKNOWN}


def _shown(inputs: Mapping[str, object]) -> Properties:
    return {key: value for key, value in inputs.items() if key != CONDITIONS}
