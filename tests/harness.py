"""A sandbox for tests on the real engine: a copy of the project with its own simulator, state and stack."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from rollout.model.stack_file import edit
from rollout.simulator.scratch import Scratch

READING = ("Get", "List", "Describe", "BatchGet", "Head", "GET", "HEAD")


def client(url: str, service: str) -> Any:
    """A boto3 client of the simulator at `url`: no retries, so that a fault is seen."""
    return boto3.client(
        service, endpoint_url=url, region_name="eu-west-1",
        aws_access_key_id="testing", aws_secret_access_key="testing",
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=3, read_timeout=30),
    )  # fmt: skip


class Sandbox(Scratch):
    """What tests do with a project copy, and look at. Gate and drill are off: most tests have nothing to judge by."""

    def prepare(self) -> None:
        for key in (edit.GATE, edit.DRILL):
            self.write_config(edit.set_value(self.read_config(), key, "off"))

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
        """Replaces Pulumi.local.yaml."""
        (self.folder / "Pulumi.local.yaml").write_text(text)

    def read_config(self) -> str:
        """The text of Pulumi.local.yaml."""
        return (self.folder / "Pulumi.local.yaml").read_text()

    def boto(self, service: str) -> Any:
        """A boto3 client of the sandbox's simulator."""
        return client(self.url, service)

    def api_calls(self, *, reset: bool = False, reads: bool = False) -> dict[str, int]:
        """The write calls (with `reads`, all) since the last reset, by action: {"secretsmanager.PutSecretValue": 1}."""
        counted = self.simulator.call("DELETE" if reset else "GET", "/calls")
        return {k: v for k, v in counted.items() if reads or not k.partition(".")[2].startswith(READING)}
