"""A sandbox for tests on the real engine: a copy of the project with its own simulator, state and stack."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config

from rollout.model.stack_file import edit
from rollout.simulator import env as environment
from rollout.simulator.database import DATABASE
from rollout.simulator.scratch import Scratch
from tests.wire import Fault, Wire

READING = ("Get", "List", "Describe", "BatchGet", "Head", "GET", "HEAD", "Decrypt")


def client(url: str, service: str) -> Any:
    """A boto3 client of the simulator at `url`: no retries, so that a fault is seen."""
    return boto3.client(
        service, endpoint_url=url, region_name="eu-west-1",
        aws_access_key_id="testing", aws_secret_access_key="testing",
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=3, read_timeout=30),
    )  # fmt: skip


#: What a database is asked, in the words that tests count calls of Secrets Manager by.
AS_SECRETS: Final = {
    "rollout.read": ("secretsmanager.GetSecretValue", "secretsmanager.BatchGetSecretValue"),
    "rollout.raise": ("secretsmanager.PutSecretValue",),
    "rollout.lower": ("secretsmanager.PutSecretValue",),
    "rollout.tag": ("secretsmanager.TagResource",),
    "rollout.untag": ("secretsmanager.UntagResource",),
}
#: Another engine's folder (its `bin/`), and another environment than .venv, for the tests: `make test ENGINE=... SDK=...`.
OTHER = {".tools/pulumi": "TEST_ENGINE", ".venv": "TEST_VENV"}


class Sandbox(Scratch):
    """What tests do with a project copy, and look at. Gate and drill are off: most tests have nothing to judge by.

    `store`: both kinds have the stack `local`, so that a test is written once; a database stands behind a door (`door`).
    """

    door: Wire | None = None

    def named(self, store: str) -> str:  # noqa: ARG002 - the same for both
        return "local"

    def prepare(self) -> None:
        self._started = list[subprocess.Popen[str]]()
        for name, key in OTHER.items():
            if os.environ.get(key):
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / name).unlink(missing_ok=True)
                (self.folder / name).symlink_to(Path(os.environ[key]).resolve(strict=True))
        self.env |= environment.paths(self.folder, self.env)
        if self.database is not None:
            self.door = Wire(self.database.port)
            url = self.env["ROLLOUT_DATABASE_URL"]
            self.env["ROLLOUT_DATABASE_URL"] = url.replace(f":{self.database.port}/", f":{self.door.port}/")
            lines = "  rollout:store: postgres\n  rollout:source: postgres\n"
            self.write_config(self.read_config().replace("  rollout:region: eu-west-1\n", lines))
        for key in (edit.GATE, edit.DRILL):
            self.write_config(edit.set_value(self.read_config(), key, "off"))

    @property
    def knows_waiting(self) -> bool:
        """Whether the engine knows what an awaiting resource is: an older one takes it for a failed one."""
        found = re.search(r"v?(\d+)\.(\d+)", self.pulumi("version").stdout)
        assert found
        return (int(found[1]), int(found[2])) >= (3, 274)

    def preview(
        self, *args: str, env: Mapping[str, str] | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """What the reviewer runs: `pulumi preview --diff`."""
        return self.pulumi("preview", "--diff", *args, env=env, check=check)

    def preview_json(self, *args: str, env: Mapping[str, str] | None = None, check: bool = True) -> dict[str, Any]:
        """`pulumi preview --json`: `steps` with op, urn, detailedDiff, and `diagnostics`."""
        found = json.loads(self.pulumi("preview", "--json", *args, env=env, check=check).stdout)
        assert isinstance(found, dict)
        return found

    def export_state(self) -> dict[str, Any]:
        """The stack's deployment: its `resources`, `pending_operations`, ..."""
        found = json.loads(self.pulumi("stack", "export").stdout)["deployment"]
        assert isinstance(found, dict)
        return found

    def write_config(self, text: str) -> None:
        """Replaces the stack file."""
        self.stack_file.write_text(text)

    def read_config(self) -> str:
        """The text of the stack file."""
        return self.stack_file.read_text()

    def flags(self) -> dict[str, tuple[str, dict[str, str]]]:
        """Every flag by its full name: text and tags, read past this project's own code. Of a database."""
        assert self.database is not None
        with self.database.connect(database=DATABASE) as hand:
            rows = hand.execute("select name, value, tags from rollout.flags where name <> 'rollout/canary'").fetchall()
        return {name: (value, tags) for name, value, tags in rows}

    def by_hand(self, statement: str, *arguments: Any) -> None:
        """One statement of whoever owns the database."""
        assert self.database is not None
        with self.database.connect(database=DATABASE) as hand:
            hand.execute(statement, arguments)

    def heal(self) -> None:
        """No faults any more, and what a test ended runs."""
        self.simulator.start()
        self.simulator.call("DELETE", "/faults")
        if self.database is not None and self.door is not None:
            self.database.start(database=False)
            self.door.reset()

    def slow(self, seconds: float, match: str) -> None:
        """Every answer about a flag whose name holds `match` takes that long."""
        if self.door is not None:
            self.door.faults = [Fault(match=match, wait=seconds)]
        else:
            self.simulator.call("PUT", "/faults", {"fail": [{"match": match, "latency": seconds}]})

    def start(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        self._started.append(super().start(*command, env=env))
        return self._started[-1]

    def counters_broken(self, *, hang: bool = False) -> None:
        """Every question about counters fails, or isn't answered while anybody waits."""
        if self.door is not None:
            self.door.faults = [Fault("counted", "hang" if hang else "error")]
        else:
            fault: dict[str, Any] = {"latency": 60} if hang else {"status": 500}
            self.simulator.call("PUT", "/faults", {"fail": [{"target": "cloudwatch.GetMetricData", **fault}]})

    def look_begun(self) -> bool:
        """Whether a watch has asked for policies or counters since the last reset."""
        if self.door is not None:
            return self.door.calls["rollout.counted"] > 0
        return self.api_calls(reads=True).get("cloudwatch.DescribeAlarms", 0) > 0

    def close(self) -> list[str]:
        if self.door is not None:
            self.door.close()
        left = super().close()
        for process in self._started:  # all of them have ended; a test that killed one may not have read it to its end
            if process.stdout is not None:
                process.stdout.close()
        return left

    def boto(self, service: str) -> Any:
        """A boto3 client of the sandbox's simulator."""
        return client(self.url, service)

    def api_calls(self, *, reset: bool = False, reads: bool = False) -> dict[str, int]:
        """The write calls (with `reads`, all) since the last reset, by action: {"secretsmanager.PutSecretValue": 1}."""
        counted = self.simulator.call("DELETE" if reset else "GET", "/calls")
        if self.door is not None:
            for name, number in self.door.calls.items():
                counted |= dict.fromkeys(AS_SECRETS.get(name, ()), number)
            if reset:
                self.door.calls.clear()
        return {k: v for k, v in counted.items() if reads or not k.partition(".")[2].startswith(READING)}
