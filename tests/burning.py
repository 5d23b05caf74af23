"""A stack with traffic on it, to be rolled back again and again: one sandbox, put back to the same start each time."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests import days
from tests.harness import Sandbox

START: Final = {"ai-agents": 50, "jobs": 25, "marketplace": 5, "property": 0}
DAY: Final = 17.0  # the virtual day of the start: everything has soaked
OTHERS: Final = {"ai-agents": "50", "marketplace": "5", "property": "0"}  # all but jobs


class Burning:
    """`sandbox` at START. `again` puts back store, state, files, commits and clock: 0.5 s instead of 7."""

    def __init__(
        self,
        folder: Path,
        *,
        deployed: bool = True,
        env: Mapping[str, str] | None = None,
        store: str = "secrets-manager",
        kind: type[Sandbox] = Sandbox,
    ) -> None:
        """`deployed`: by one `up`; else store, file and commit are there, and the engine knows of nothing."""
        self.sandbox = kind(folder / "project", store=store)
        self.sandbox.env.update(env or {})
        try:
            self._begin(folder, deployed)
        except BaseException:
            self.sandbox.close()
            raise

    def _begin(self, folder: Path, deployed: bool) -> None:
        if deployed:
            days.begin(self.sandbox, START, day=DAY)
        else:
            days.set_percents(self.sandbox, START)
            days.turn_clock(self.sandbox, DAY)
            self.sandbox.commit("begin")
        self._env = dict(self.sandbox.env)
        self._saved = folder / "saved"
        shutil.copytree(self.sandbox.state, self._saved)
        self._head = self.sandbox.git("rev-parse", "HEAD").stdout.strip()

    def again(self) -> Sandbox:
        """The sandbox as it was at first."""
        sandbox = self.sandbox
        sandbox.heal()
        sandbox.simulator.call("DELETE", "/health")
        sandbox.env = dict(self._env)
        shutil.rmtree(sandbox.state)
        shutil.copytree(self._saved, sandbox.state)
        for lock in (sandbox.folder / ".git").glob("*.lock"):
            lock.unlink()
        sandbox.git("checkout", "--quiet", "--force", "-B", "main", self._head)
        sandbox.git("clean", "--quiet", "--force", "-d")
        seed(sandbox)
        sandbox.api_calls(reset=True)
        return sandbox


def seed(sandbox: Sandbox) -> None:
    """Puts START's flags into the store anew, soaked, with the versions that the state knows where it knows any.

    Topics, dashboards and alarms stay as they are: made anew, they would be changes in every `up`.
    """
    known = {
        found["outputs"]["flag"]: str(found["outputs"].get("version") or "")
        for found in _resources(sandbox)
        if "flag" in found.get("outputs", {})
    }
    if sandbox.database is not None:
        for flag, value in days.wanted(START).items():
            days.put_row(sandbox, flag, value, DAY - 8, int(known[flag]) if known.get(flag) else None)
        return
    store = sandbox.boto("secretsmanager")
    for flag, value in days.wanted(START).items():
        with contextlib.suppress(store.exceptions.ResourceNotFoundException):
            store.delete_secret(SecretId=days.secret(flag, sandbox.name), ForceDeleteWithoutRecovery=True)
        token = {"ClientRequestToken": known[flag]} if known.get(flag) else {}
        made = store.create_secret(Name=days.secret(flag, sandbox.name), SecretString=value, **token)
        if flag in days.PERCENT_FLAGS.values():
            since = {"Key": "live-since", "Value": f"{made['VersionId']}@{days.clock(DAY - 8)}"}
            store.tag_resource(SecretId=days.secret(flag, sandbox.name), Tags=[since])


def _resources(sandbox: Sandbox) -> list[dict[str, Any]]:
    found = sandbox.export_state().get("resources") or []
    assert isinstance(found, list)
    return found


def live(sandbox: Sandbox, domain: str) -> str | None:
    """A domain's percent as the store has it now, read through boto3; None where it is absent."""
    return days.live(sandbox).get(days.PERCENT_FLAGS[domain])


def lives(sandbox: Sandbox) -> dict[str, str | None]:
    """The same of every domain."""
    found = days.live(sandbox)
    return {domain: found.get(flag) for domain, flag in days.PERCENT_FLAGS.items()}


def tags(sandbox: Sandbox, domain: str) -> dict[str, str]:
    """The tags on a domain's secret."""
    if sandbox.database is not None:
        return sandbox.flags()[days.secret(days.PERCENT_FLAGS[domain], sandbox.name)][1]
    found = sandbox.boto("secretsmanager").describe_secret(
        SecretId=days.secret(days.PERCENT_FLAGS[domain], sandbox.name)
    )
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


def row(sandbox: Sandbox, domain: str) -> dict[str, Any]:
    """The state of a domain's percent: `inputs`, `outputs`."""
    return next(found for found in _resources(sandbox) if found["urn"].endswith(f"::{domain}-percent"))


def recorded(sandbox: Sandbox, domain: str, percent: int) -> None:
    """Asserts that store, state and inputs of a domain agree on its percent."""
    found = row(sandbox, domain)
    assert (domain, live(sandbox, domain)) == (domain, str(percent))
    assert found["outputs"]["percent"] == percent, found["outputs"]
    assert found["inputs"]["percent"] == percent, found["inputs"]


def moves(sandbox: Sandbox, domain: str) -> list[tuple[int | None, int | None, str]]:
    """The domain's record: from, to and verdict of each move."""
    return [(move["from"], move["to"], move["verdict"]) for move in row(sandbox, domain)["outputs"]["moves"]]
