"""The two stores as the matrix needs them: seeded and looked at past the product, and with a door that breaks what goes through."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from rollout.simulator.simulator import Simulator
from tests import days
from tests.faults import door
from tests.faults.door import Call
from tests.harness import READING
from tests.pure.samples import CATALOGUE
from tests.reporter import Reporter

#: The virtual day on which what was seeded went live, and the day of a case.
SINCE: Final = 9.0
NOW: Final = 17.0
#: Secrets of the environment, which no text may show.
CANARIES: Final = ("CANARY-key-71b2", "CANARY-token-09fe")
CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": CANARIES[0], "AWS_SESSION_TOKEN": CANARIES[1],
    "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1",
}  # fmt: skip
#: Seconds that a call is waited for: more than a slow answer takes.
PATIENCE: Final = "4"


@dataclass(frozen=True)
class Held:
    """A flag as it stands."""

    text: str
    version: str
    tags: Mapping[str, str]


class AnyDoor(Protocol):
    port: int
    latency: float

    @property
    def hits(self) -> int: ...

    def breaks(self, action: str, kind: str, *, once: bool) -> None: ...
    def heal(self) -> None: ...
    def taken(self) -> list[Call]: ...
    def close(self) -> None: ...


class World(Protocol):
    """One kind of store. A flag's place is (stack, flag)."""

    name: str
    kinds: Sequence[str]
    config: Mapping[str, str]

    @property
    def secrets(self) -> Sequence[str]: ...
    def door(self, *, everywhere: bool = False) -> AnyDoor: ...
    def environ(self, through: AnyDoor, kind: str = "") -> dict[str, str]: ...
    def seed(self, stack: str, values: Mapping[str, str]) -> None: ...
    def live(self, stack: str) -> dict[str, Held]: ...
    def wrote(self, stack: str, calls: Sequence[Call]) -> list[tuple[str, str]]: ...
    def writes(self, action: str) -> bool: ...
    def report(self, domain: str, percent: int, **unified: float) -> None: ...
    def forget(self, environ: Mapping[str, str]) -> None: ...


class AwsWorld:
    """Secrets Manager and CloudWatch, played by the simulator."""

    name = "secrets-manager"
    kinds: Sequence[str] = door.KINDS
    config: Mapping[str, str] = {"region": "eu-west-1"}
    secrets: Sequence[str] = CANARIES

    def __init__(self, simulator: Simulator) -> None:
        self._url = simulator.url
        self._port = int(simulator.url.rpartition(":")[2])

    def door(self, *, everywhere: bool = False) -> AnyDoor:
        return door.Door(self._port, everywhere)

    def environ(self, through: AnyDoor, kind: str = "") -> dict[str, str]:  # noqa: ARG002 - the other world asks
        url = f"http://127.0.0.1:{through.port}"
        return {
            **CREDENTIALS, "AWS_ENDPOINT_URL": url, "ROLLOUT_UNIFIED_URL": url, "ROLLOUT_NOW": days.clock(NOW),
            "ROLLOUT_COUNT_PERIOD": "3600", "ROLLOUT_CALL_TIMEOUT": PATIENCE,
        }  # fmt: skip

    def seed(self, stack: str, values: Mapping[str, str]) -> None:
        for flag, value in values.items():
            name = place(stack, flag)
            self._ask("DeleteSecret", SecretId=name, ForceDeleteWithoutRecovery=True)
            made = self._ask("CreateSecret", Name=name, SecretString=value)
            if flag in days.PERCENT_FLAGS.values():
                since = f"{made['VersionId']}@{days.clock(SINCE)}"
                self._ask("TagResource", SecretId=name, Tags=[{"Key": "live-since", "Value": since}])

    def live(self, stack: str) -> dict[str, Held]:
        found = {}
        for flag in flags():
            name = place(stack, flag)
            value = self._ask("GetSecretValue", SecretId=name)
            if "VersionId" in value:
                tags = self._ask("DescribeSecret", SecretId=name).get("Tags") or []
                found[flag] = Held(value["SecretString"], value["VersionId"], {t["Key"]: t["Value"] for t in tags})
        return found

    def wrote(self, stack: str, calls: Sequence[Call]) -> list[tuple[str, str]]:
        written = [call.wrote for call in calls if call.wrote is not None]
        prefix = place(stack, "")
        return [(name.removeprefix(prefix), value) for name, value in written if name.startswith(prefix)]

    def writes(self, action: str) -> bool:
        return not action.partition(".")[2].startswith(READING)

    def report(self, domain: str, percent: int, **unified: float) -> None:
        Reporter.on(self._url, CATALOGUE.domains[domain]).healthy_days(SINCE, NOW, percent, **unified)

    def forget(self, environ: Mapping[str, str]) -> None:
        """Nothing is kept of a case that is over."""

    def _ask(self, action: str, **told: Any) -> dict[str, Any]:
        """Past the product and its SDK. An error is an answer without what was asked."""
        headers = {
            "X-Amz-Target": f"secretsmanager.{action}", "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 Credential=x/20261201/eu-west-1/secretsmanager/aws4_request",
        }  # fmt: skip
        request = urllib.request.Request(self._url, json.dumps(told).encode(), headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(5):
            try:
                with opener.open(request, timeout=30) as answer:
                    said = answer.read()
            except urllib.error.HTTPError as error:
                with error:
                    said = error.read()
            with contextlib.suppress(ValueError):  # the simulator answers a page where two threads met in its tables
                found = json.loads(said)
                assert isinstance(found, dict)
                return found
        raise RuntimeError(f"the simulator doesn't answer {action}")


def place(stack: str, flag: str) -> str:
    return f"wa-webhook-unified/{stack}/{flag}"


def flags() -> list[str]:
    return [*days.PERCENT_FLAGS.values(), *days.ENABLE_FLAGS.values()]
