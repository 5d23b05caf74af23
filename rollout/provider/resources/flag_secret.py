"""`FlagSecret`: every flag that isn't a percent (`ENABLE_...`), `true` or `false` in plain text."""

from __future__ import annotations

from typing import Any, Final

from rollout.model import times
from rollout.model.problem import Problem, masked, shown
from rollout.provider import who
from rollout.provider.errors import StoreError
from rollout.provider.judging.change import CONDITIONS, Switch, name_of
from rollout.provider.judging.context import Context
from rollout.provider.resources import destroying
from rollout.provider.stores import one_write
from rollout.provider.stores.store import Entry
from rollout.provider.wire.row import Refused, Row

Properties = dict[str, Any]

#: What the judge is told, and the row doesn't show.
UNSHOWN: Final = ("closed", "percent", "rules", CONDITIONS)
#: The output that is the flag's own record: every change of it, oldest first.
SWITCHED: Final = "switched"


class FlagSecret:
    """Handlers of `rollout:index:FlagSecret`: `true` is judged with the domain's percent, `false` goes always."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._read_here: set[str] = set()

    def check(self, new: Properties) -> list[tuple[str, str]]:
        wrong = []
        if not isinstance(new.get("enabled"), bool):
            wrong.append(("enabled", f"allowed: true, false; given: {shown(new.get('enabled'))}"))
        domain = self._context.catalogue.domains.get(str(new.get("domain")))
        if domain is None:
            known = ", ".join(self._context.catalogue.domains)
            wrong.append(("domain", f"unknown domain; allowed: {known}; given: {shown(new.get('domain'))}"))
        elif new.get("flag") != domain.enable_flag:
            given = shown(new.get("flag"))
            wrong.append(
                ("flag", f"not the enable flag of {domain.name}; allowed: {domain.enable_flag}; given: {given}")
            )
        if not new.get("stack"):
            wrong.append(("stack", "missing: the name of the stack"))
        return wrong

    def diff(self, urn: str, old: Properties, new: Properties, row: Row) -> dict[str, str]:
        have = old.get("enabled")
        if urn not in self._read_here:
            try:
                entry = self._context.snapshot(new["stack"]).take(name_of(new).secret)
            except StoreError as error:
                row.warn(f"live value not read, the record says {have}: {error}")
            else:
                live = _value(entry)
                if live != have:
                    row.warn(f"live {'absent' if live is None else live}, the record says {have}")
                have = live
        if have is None or have != new["enabled"]:
            return {"enabled": "update" if "enabled" in old else "add"}
        return {}

    def read(self, urn: str, state: Properties, row: Row, inputs: Properties | None = None) -> Properties:
        try:
            entry = self._context.snapshot(state["stack"]).take(name_of(state).secret)
        except StoreError as error:
            row.warn(f"live value not read, the record says {state.get('enabled')}: {error}")
            return state
        self._read_here.add(urn)
        live, have = _value(entry), state.get("enabled")
        if live == have:
            return _outputs(state, entry)
        if have is True and live is not None:
            row.warn(f"{name_of(state).flag} is {_shown(live)}, set outside: a stop, until the domain rises again")
        return _outputs({**state, SWITCHED: self._switched(state, have, entry, "outside")}, entry)

    def create(self, new: Properties, preview: bool, row: Row) -> tuple[str, Properties]:
        return name_of(new).secret, self._set(new, {}, {}, preview, row)

    def update(self, old: Properties, old_inputs: Properties, new: Properties, preview: bool, row: Row) -> Properties:
        for key in ("stack", "flag"):
            if old.get(key) != new.get(key):
                text = f"{key} of a flag can't change: {shown(old.get(key))} -> {shown(new.get(key))}"
                raise Refused(Problem(text, where=name_of(new).secret, do="bring the domain to 0 and make a new stack"))
        return self._set(new, old, old_inputs, preview, row)

    def delete(self, state: Properties, old_inputs: Properties, row: Row) -> None:
        closed = bool(old_inputs.get("closed"))
        destroying.allow(self._context, state["stack"], state["domain"], closed)
        row.info(f"{name_of(state).secret} stays in the store as it is")

    def _set(self, new: Properties, old: Properties, old_inputs: Properties, preview: bool, row: Row) -> Properties:
        settings, unchanged = self._context.settings, new["enabled"] == old_inputs.get("enabled")
        if not settings.may_move(new["domain"]):
            if unchanged:
                row.warn(f"left as it is: this run moves {settings.only_domain} alone")
                return old
            text = f"{new['flag']} was changed by another run meanwhile; this run moves {settings.only_domain} alone"
            raise Refused(Problem(text, where=name_of(new).secret, do="run it again"))
        if not new["enabled"]:
            return self._written(new, old, preview, row, "off")
        entry = self._context.store.get(name_of(new).secret)
        live = _value(entry)
        if live is True:
            return _outputs({**new, SWITCHED: old.get(SWITCHED)}, entry)
        if unchanged and settings.only_lower:  # the record of a rollback goes on beside it
            row.warn(f"left {_shown(live)}: this run only lowers")
            return old
        from rollout.provider.judging import enabling

        why = enabling.judge(self._context, Switch(new, old_inputs, live, row))
        return self._written(new, old, preview, row, why, over=entry)

    def _written(
        self, new: Properties, old: Properties, preview: bool, row: Row, why: str, *, over: Entry | None = None
    ) -> Properties:
        name, value = name_of(new), "true" if new["enabled"] else "false"
        if preview:
            return {key: value for key, value in new.items() if key not in UNSHOWN}
        settings = self._context.settings
        before = _value(over) if new["enabled"] else old.get("enabled")
        entry = one_write.set_value(
            self._context.store, name, value, over=over, judged=bool(new["enabled"]), virtual=settings.virtual_now
        )
        if before == new["enabled"] or (before is None and not new["enabled"]):  # a first value is no change
            return _outputs({**new, SWITCHED: old.get(SWITCHED)}, entry)
        row.info(f"{name.flag} {_shown(before)} -> {value}: {why}")
        return _outputs({**new, SWITCHED: self._switched(old, before, entry, why)}, entry)

    def _switched(self, old: Properties, before: object, entry: Entry | None, why: str) -> list[Any]:
        """The flag's own record with one more change."""
        at = self._context.settings.virtual_now or (entry.created if entry else None) or self._context.settings.now()
        by = {} if why == "outside" else {"by": who.named(self._context.home)}
        change = {"from": before, "to": _value(entry), "at": times.iso(at), "verdict": why, **by}
        return [*(old.get(SWITCHED) or []), change]


def _value(entry: Entry | None) -> bool | str | None:
    """The stored value as the row shows it: a boolean, the odd text somebody wrote, or None where there is none.

    What waits for its deletion is off for the service.
    """
    if entry is not None and entry.scheduled:
        return False
    if entry is None or entry.text is None:
        return None
    return {"true": True, "false": False}.get(entry.text, masked(entry.text))


def _outputs(inputs: Properties, entry: Entry | None) -> Properties:
    outputs = {key: value for key, value in inputs.items() if key not in ("enabled", *UNSHOWN) and value is not None}
    value = _value(entry)
    return outputs if value is None else {**outputs, "enabled": value}


def _shown(value: object) -> str:
    return "absent" if value is None else str(value).lower()
