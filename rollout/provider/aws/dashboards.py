"""Dashboards on CloudWatch (or what speaks like it on a loopback endpoint), in their general form."""

from __future__ import annotations

from typing import Any

from rollout.model.alarms import dashboard
from rollout.provider.aws.calls import Aws
from rollout.provider.errors import Absent, StoreError


class Dashboards:
    """`rollout.provider.resources.dashboard.DashboardStore`. Bodies are read and written in their general form (`rollout.model.alarms.dashboard`)."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def stamps(self, prefix: str) -> dict[str, str]:
        """Name to time and size of every dashboard of a prefix: one call tells which of them have changed."""
        found: dict[str, str] = {}
        arguments: dict[str, Any] = {"DashboardNamePrefix": prefix}
        while True:
            answer = self._aws.call("cloudwatch", "list_dashboards", f"dashboards {prefix}*", **arguments)
            for entry in answer.get("DashboardEntries") or []:
                at = entry.get("LastModified")
                moment = at.isoformat() if hasattr(at, "isoformat") else str(at)
                found[str(entry.get("DashboardName"))] = f"{moment}, {entry.get('Size')} bytes"
            if not answer.get("NextToken"):
                return found
            arguments["NextToken"] = answer["NextToken"]

    def get(self, name: str) -> str | None:
        try:
            answer = self._aws.call("cloudwatch", "get_dashboard", name, DashboardName=name)
        except Absent:
            return None
        parts = str(answer.get("DashboardArn") or "").split(":")
        alarms = f"arn:{parts[1]}:cloudwatch:{self._aws.settings.region}:{parts[4]}:alarm:" if len(parts) > 5 else "?"
        return dashboard.general(str(answer.get("DashboardBody")), self._aws.settings.region, alarms)

    def put(self, name: str, body: str) -> None:
        partition, account = self._aws.account()
        region = self._aws.settings.region
        full = dashboard.complete(body, region, f"arn:{partition}:cloudwatch:{region}:{account}:alarm:")
        answer = self._aws.call("cloudwatch", "put_dashboard", name, DashboardName=name, DashboardBody=full)
        for message in answer.get("DashboardValidationMessages") or []:
            raise StoreError(f"{name}: put_dashboard: {message.get('DataPath')}: {message.get('Message')}")

    def delete(self, name: str) -> None:
        try:
            self._aws.call("cloudwatch", "delete_dashboards", name, DashboardNames=[name])
        except Absent:
            return
