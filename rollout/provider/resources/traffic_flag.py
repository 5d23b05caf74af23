"""`TrafficFlag`: a domain's percent secret and its judge, in one resource (design, decided 6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from rollout.model import times
from rollout.model.flag import moves, record
from rollout.model.flag.moves import Kind, Live
from rollout.model.flag.name import FlagName
from rollout.model.flag.record import Allowed
from rollout.model.ladder import on_ladder, parse_percent
from rollout.model.ladder import show as show_ladder
from rollout.model.problem import Problem, masked, shown
from rollout.provider.errors import StoreError
from rollout.provider.judging.context import Context
from rollout.provider.resources import destroying
from rollout.provider.stores import writing
from rollout.provider.stores.store import Entry
from rollout.provider.wire.row import Refused, Row

Properties = dict[str, Any]

#: A property whose value is known only after the write.
UNKNOWN: Final = object()

#: What the judge is told and the row doesn't show: a domain that doesn't move has no diff.
CONDITIONS: Final = "conditions"


class TrafficFlag:
    """Handlers of `rollout:index:TrafficFlag`. Plain values in and out; `rollout.provider.wire.servicer` speaks gRPC."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._read_here: set[str] = set()  # rows whose state is as fresh as this process

    def check(self, new: Properties) -> list[tuple[str, str]]:
        """What is wrong in the input itself, as (property, reason). Judging isn't done here: it would end the run."""
        wrong = []
        if not on_ladder(new.get("percent")):
            wrong.append(("percent", f"off the ladder; allowed: {show_ladder()}; given: {shown(new.get('percent'))}"))
        domain = self._context.catalogue.domains.get(str(new.get("domain")))
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
        have = old.get("percent")
        if urn not in self._read_here:
            name = _name(new)
            try:
                entry = self._context.snapshot(name.stack).take(name.secret)
            except StoreError as error:
                row.warn(f"live value not read, the record says {have} %: {error}")
            else:
                live = Live(None if entry is None else entry.text)
                if live.text is None or live.percent != have:
                    row.warn(f"live {live.show()}, the record says {have} %")
                have = None if live.text is None else live.percent
        changed = {}
        if have is None or have != new["percent"]:
            changed["percent"] = "update" if "percent" in old else "add"
        if old.get("rules") != new.get("rules"):
            changed["rules"] = "update"
        return changed

    def read(self, urn: str, state: Properties, row: Row, inputs: Properties | None = None) -> Properties:
        """The state with the live value in it. A failing store leaves the old state and a warning."""
        name = _name(state)
        try:
            entry = self._context.snapshot(name.stack).take(name.secret)
            known = entry is not None and entry.version == state.get("version")
            found = {} if entry is None or known else self._context.store.tags(name.secret)
        except StoreError as error:
            row.warn(f"live value not read, the record says {state.get('percent')} %: {error}")
            return state
        self._read_here.add(urn)
        history = state.get("moves") or ()
        outputs = state if known else self._outputs(state, state, self._context.live(entry, found, history))
        conditions = (inputs or {}).get(CONDITIONS) or {}
        if entry is not None and Live(entry.text).percent and conditions.get("gate") != "off":
            from rollout.provider.judging import judging

            judging.warn_of_fire(self._context, outputs, entry, inputs or {}, row)
        return outputs

    def create(self, new: Properties, preview: bool, row: Row) -> tuple[str, Properties]:
        return _name(new).secret, self._change(new, {}, None, preview, row)

    def update(self, old: Properties, old_inputs: Properties, new: Properties, preview: bool, row: Row) -> Properties:
        for key in ("stack", "flag"):
            if old.get(key) != new.get(key):
                text = f"{key} of a flag can't change: {shown(old.get(key))} -> {shown(new.get(key))}"
                raise Refused(Problem(text, where=_where(new), do="bring the domain to 0 and make a new stack"))
        return self._change(new, old, old_inputs.get("percent"), preview, row)

    def delete(self, state: Properties, old_inputs: Properties, row: Row) -> None:
        conditions = old_inputs.get(CONDITIONS) or {}
        destroying.allow(self._context, state["stack"], state["domain"], bool(conditions.get("closed")))
        row.info(f"{_name(state).secret} stays in the store as it is")

    def _change(self, new: Properties, old: Properties, old_input: int | None, preview: bool, row: Row) -> Properties:
        name, wanted, store = _name(new), int(new["percent"]), self._context.store
        if not self._context.settings.may_move(name.domain):
            return self._left_alone(new, old, old_input, row)
        entry: Entry | None = None
        try:
            entry = store.get(name.secret)
        except StoreError as error:
            if wanted != 0 and (old_input is None or wanted >= old_input):
                problem = Problem(f"the live value can't be read: {error}", where=_where(new), do="try again")
                raise Refused(problem) from None
            row.warn(f"live value not read ({error}); lowering to {wanted} % all the same")
            return self._lowered(new, old, Live("unread"), wanted, preview, row)
        history = old.get("moves") or []
        live = self._context.live(entry, {}, history)
        kind = moves.classify(live, wanted, old_input)
        if kind in (Kind.LOWER, Kind.STAY):
            return self._down(kind, new, old, live, entry, preview, row)
        if kind is Kind.OUTSIDE and self._simulator_lost(name.stack, live, wanted, old_input):
            row.warn(f"the store was empty (simulator restarted?): {name.domain} restored to {wanted} %")
            attempt = moves.current_attempt(history, False, 0)
            return self._written(new, old, live, entry, {}, Allowed("restored"), attempt, preview)
        # Tags first, value again after them: the value that is judged is never older than the tags it is judged with.
        found = store.tags(name.secret) if entry else {}
        entry = store.get(name.secret)
        live = self._context.live(entry, found, history)
        kind = moves.classify(live, wanted, old_input)
        if kind in (Kind.LOWER, Kind.STAY):  # somebody moved it between the two reads
            return self._down(kind, new, old, live, entry, preview, row)
        from rollout.provider.judging import judging

        ask = judging.asked(self._context, new, old, live, wanted, old_input)
        allowed = judging.judge(self._context, ask, kind, row, name.stack, _where(new))
        starts = kind is Kind.RAISE and live.percent == 0  # a restore goes on with the attempt that ran
        attempt = moves.current_attempt(history, starts, ask.conditions.attempt)
        return self._written(new, old, live, entry, found, allowed, attempt, preview)

    def _left_alone(self, new: Properties, old: Properties, old_input: int | None, row: Row) -> Properties:
        """The row of a domain that this run may not move: its state as it is. Other input would be recorded: refused."""
        only, domain = self._context.settings.only_domain, new["domain"]
        if new["percent"] == old_input:
            row.warn(f"left as it is: this run moves {only} alone")
            return old
        text = f"{domain} was moved by another run meanwhile ({shown(old_input)} now, {new['percent']} given)"
        raise Refused(Problem(f"{text}; this run moves {only} alone", where=_where(new), do="run it again"))

    def _down(
        self, kind: Kind, new: Properties, old: Properties, live: Live, entry: Entry | None, preview: bool, row: Row
    ) -> Properties:
        """A lowering, or a value that is live already. Neither may fail because of tags that can't be read."""
        if kind is Kind.LOWER:
            return self._lowered(new, old, live, int(new["percent"]), preview, row)
        found: Mapping[str, str] = {}
        try:
            found = self._context.store.tags(_name(new).secret)
        except StoreError as error:
            row.warn(f"tags not read: {error}")
        return self._outputs(new, old, self._context.live(entry, found, old.get("moves") or ()))

    def _simulator_lost(self, stack: str, live: Live, wanted: int, old_input: int | None) -> bool:
        settings = self._context.settings
        absent = live.text is None and not live.scheduled and old_input is not None and wanted <= old_input
        elsewhere = settings.configured_region not in (None, settings.region)  # empty because it is another region's
        alone = settings.loopback and not settings.only_lower and not elsewhere
        return absent and alone and self._context.snapshot(stack).was_empty

    def _lowered(
        self, new: Properties, old: Properties, live: Live, wanted: int, preview: bool, row: Row
    ) -> Properties:
        if live.text is not None:
            row.info(f"rollback {live.show()} -> {wanted} %")
        if preview:
            return self._predicted(new, old, old.get("verdict") or "")
        name, settings = _name(new), self._context.settings
        entry = writing.lower(self._context.store, name, str(wanted), virtual=settings.virtual_now)
        verdict = "rollback" if live.text is not None else "set"
        if entry.text != str(wanted):
            row.warn(f"live {masked(entry.text or '')} % already: somebody lowered it further meanwhile")
        return self._recorded(new, old, live, entry, Allowed(verdict), old.get("verdict") or "", 0)

    def _written(
        self,
        new: Properties,
        old: Properties,
        live: Live,
        entry: Entry | None,
        found: Mapping[str, str],
        allowed: Allowed,
        attempt: int,
        preview: bool,
    ) -> Properties:
        if preview:
            return self._predicted(new, old, allowed.verdict)
        name, settings = _name(new), self._context.settings
        try:
            back = writing.raise_to(
                self._context.store, name, str(new["percent"]),
                before=entry, judged_tags=found, virtual=settings.virtual_now,
            )  # fmt: skip
        except writing.StoppedMeanwhile as stopped:
            raise Refused(Problem(str(stopped), where=_where(new), do="lower the stack to the live value")) from None
        return self._recorded(new, old, live, back, allowed, allowed.verdict, attempt)

    def _recorded(
        self, new: Properties, old: Properties, before: Live, entry: Entry, move: Allowed, verdict: str, attempt: int
    ) -> Properties:
        at: datetime = self._context.settings.virtual_now or entry.created or self._context.settings.now()
        kept = record.with_unknown(old.get("moves") or [], before, at)
        moved = record.judged(
            before, parse_percent(entry.text) or 0, at, entry.version, move.verdict,
            attempt=attempt or 1, rules=str(new.get("rules")), evidence=move.evidence,
        )  # fmt: skip
        state = {**old, "moves": record.appended(kept, moved), "verdict": verdict}
        return self._outputs(new, state, Live(entry.text, at, entry.version))

    def _outputs(self, inputs: Properties, old: Properties, live: Live) -> Properties:
        at = self._context.settings.now()
        outputs = {key: value for key, value in inputs.items() if key != CONDITIONS}
        outputs["version"] = live.version
        outputs["since"] = times.iso(live.since) if live.since else ""
        outputs["verdict"] = old.get("verdict") or ""
        outputs["moves"] = record.with_unknown(old.get("moves") or [], live, at)
        outputs["percent"] = live.percent if live.percent is not None else masked(live.text or "")
        if live.text is None:
            del outputs["percent"]
        return outputs

    def _predicted(self, new: Properties, old: Properties, verdict: str) -> Properties:
        outputs = {key: value for key, value in new.items() if key != CONDITIONS}
        return {**outputs, "verdict": verdict, "version": UNKNOWN, "since": UNKNOWN, "moves": UNKNOWN}


def _name(properties: Properties) -> FlagName:
    return FlagName(properties["stack"], properties["domain"], properties["flag"])


def _where(properties: Properties) -> str:
    return f"Pulumi.{properties['stack']}.yaml wa-rollout:flags.{properties['domain']}.percent"
