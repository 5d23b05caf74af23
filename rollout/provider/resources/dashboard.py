"""`Dashboard`: a domain's dashboard. The preview shows its widgets; the body is made here, from the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Final, Protocol

from rollout.model.alarms import dashboard, dashboard_limits
from rollout.model.alarms.dashboard import dashboard_name
from rollout.provider.errors import StoreError
from rollout.provider.judging.context import Context
from rollout.provider.resources import beside
from rollout.provider.resources.beside import Beside, Properties
from rollout.provider.wire.row import Row

LIVE: Final = ("name", "widgets")


class DashboardStore(Protocol):
    """Where dashboards stand. Every method may raise `StoreError`."""

    def stamps(self, prefix: str) -> Mapping[str, str]: ...
    def get(self, name: str) -> str | None: ...
    def put(self, name: str, body: str) -> None: ...
    def delete(self, name: str) -> None: ...


class Dashboard(Beside):
    """Handlers of `rollout:index:Dashboard`. Inputs: `stack`, `domain`, `name`, `widgets` (the summary), `closed`.

    The output `stamp` is the live dashboard's time and size: while it stays, its body needn't be read.
    """

    def __init__(self, context: Context, store: DashboardStore, unknown: object) -> None:
        super().__init__(context)
        self._store = store
        self._unknown = unknown
        self._lock = Lock()
        self._stamps: dict[str, Mapping[str, str] | StoreError] = {}

    def diff(self, urn: str, old: Properties, new: Properties, row: Row) -> dict[str, str]:
        """Each widget that differs, by its path: the others needn't be shown."""
        found = beside.changed(old, new, LIVE)
        if found.pop("widgets", None):
            have, want = old.get("widgets") or {}, new["widgets"]
            for title in sorted({*have, *want}):
                if have.get(title) != want.get(title):
                    kind = "update" if title in have and title in want else "add" if title in want else "delete"
                    path = title.replace('"', '\\"')
                    found[f'widgets["{path}"]'] = kind
        return found

    def read(self, urn: str, state: Properties, row: Row, inputs: Properties | None = None) -> Properties:
        """The record with the live body in it; a failing API leaves the record and a warning."""
        name = dashboard_name(state["stack"], state["domain"])
        try:
            stamps = self._all_stamps(state["stack"])
            stamp = stamps.get(name)
            if stamp is None:
                return self.gone(state, f"dashboard {name}", row, all_of_them="" if stamps else "dashboard")
            if stamp == state.get("stamp"):
                return state
            body = self._store.get(name)
        except StoreError as error:
            self.once(row, f"not read, shown as recorded: {error}")
            return state
        return {**state, "name": name, "widgets": dashboard.summary(body or ""), "stamp": stamp}

    def create(self, new: Properties, preview: bool, row: Row) -> tuple[str, Properties]:
        return new["name"], self._set(new, preview)

    def update(self, old: Properties, old_inputs: Properties, new: Properties, preview: bool, row: Row) -> Properties:
        self.unmoved(old, new, "stack", "domain", "name")
        return self._set(new, preview)

    def delete(self, state: Properties, old_inputs: Properties, row: Row) -> None:
        name = dashboard_name(state["stack"], state["domain"])
        self.may_go(state, [state["domain"]], old_inputs, f"dashboard {name}")
        self._store.delete(name)

    def _set(self, new: Properties, preview: bool) -> Properties:
        name = new["name"]
        domain = self._context.catalogue.domains[new["domain"]]
        body = dashboard.body(self._context.catalogue, domain, new["stack"])
        wrong = dashboard_limits.problems(name, body)
        if dashboard.summary(body) != new["widgets"]:
            wrong.append("widgets: allowed: those that domains.yaml gives; given: others")
        beside.refuse(f"dashboard {name}", wrong)
        outputs = {key: value for key, value in new.items() if key != "closed"}
        if preview:
            return {**outputs, "stamp": self._unknown}
        if self._store.get(name) != body:
            self._store.put(name, body)
            if self._store.get(name) != body:
                raise StoreError(f"dashboard {name}: written, but read back another body: somebody else writes too")
        return {**outputs, "stamp": self._store.stamps(name).get(name, "")}

    def _all_stamps(self, stack: str) -> Mapping[str, str]:
        """The stamps of all dashboards of the stack, read once a run; a failure is every dashboard's answer."""
        with self._lock:
            if stack not in self._stamps:
                try:
                    self._stamps[stack] = self._store.stamps(dashboard_name(stack, ""))
                except StoreError as error:
                    self._stamps[stack] = error
            found = self._stamps[stack]
        if isinstance(found, StoreError):
            raise found
        return found
