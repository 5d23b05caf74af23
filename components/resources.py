"""The provider's resources as the program sees them. The logic is in `rollout/provider/`; these only carry inputs."""

from __future__ import annotations

from typing import Any

import pulumi


class TrafficFlag(pulumi.CustomResource):
    """A domain's percent. Outputs: the live `percent`, its `since` and `version`, the last raise's `verdict`, `moves`."""

    percent: pulumi.Output[int]
    since: pulumi.Output[str]
    verdict: pulumi.Output[str]
    moves: pulumi.Output[list[Any]]

    def __init__(
        self,
        name: str,
        *,
        stack: str,
        domain: str,
        flag: str,
        percent: int,
        rules: str,
        conditions: dict[str, Any],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """`rules` is the digest of the domain's rules; `conditions` what a raise is judged by (`rollout.model.stack_file.conditions`)."""
        inputs = {"stack": stack, "domain": domain, "flag": flag, "percent": percent}
        known_later = dict.fromkeys(("since", "version", "verdict", "moves"))
        props = {**inputs, "rules": rules, "conditions": conditions, **known_later}
        super().__init__("rollout:index:TrafficFlag", name, props, opts)


class FlagSecret(pulumi.CustomResource):
    """A domain's enable flag, `true` or `false`; to `true` it is judged with the domain's percent."""

    enabled: pulumi.Output[bool]

    def __init__(
        self,
        name: str,
        *,
        stack: str,
        domain: str,
        flag: str,
        enabled: bool,
        percent: int,
        rules: str,
        conditions: dict[str, Any],
        closed: bool,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """`percent`, `rules`, `conditions`: the domain's, as its `TrafficFlag` has them."""
        props = {"stack": stack, "domain": domain, "flag": flag, "enabled": enabled, "closed": closed}
        props |= {"percent": percent, "rules": rules, "conditions": conditions}
        super().__init__("rollout:index:FlagSecret", name, props, opts)


class AlertPolicy(pulumi.CustomResource):
    """A domain's alert policies. `row`: `rollout.model.alarms.policies.row`."""

    def __init__(
        self,
        name: str,
        *,
        row: dict[str, object],
        closed: bool,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """The output `policy`, one of the row's, is what an older version knows the row by."""
        super().__init__("rollout:index:AlertPolicy", name, {**row, **_closed(closed), "policy": None}, opts)


class Topic(pulumi.CustomResource):
    """An action's topic. `subscriptions`: name to e-mail address, HTTPS URL or the ARN of a queue."""

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        stack: str,
        action: str,
        topic: str,
        subscriptions: dict[str, str],
        closed: bool,
        opts: pulumi.ResourceOptions,
    ) -> None:
        known = {"stack": stack, "action": action, "name": topic, "subscriptions": subscriptions, **_closed(closed)}
        super().__init__("rollout:index:Topic", name, {**known, "arn": None}, opts)


class Dashboard(pulumi.CustomResource):
    """A domain's dashboard. `widgets`: the summary of its body (`rollout.model.alarms.dashboard`), which the provider makes."""

    def __init__(
        self,
        name: str,
        *,
        stack: str,
        domain: str,
        dashboard: str,
        widgets: dict[str, str],
        closed: bool,
        opts: pulumi.ResourceOptions,
    ) -> None:
        props = {"stack": stack, "domain": domain, "name": dashboard, "widgets": widgets, **_closed(closed)}
        super().__init__("rollout:index:Dashboard", name, {**props, "stamp": None}, opts)


def _closed(closed: bool) -> dict[str, bool]:
    """Said only where it is so: one property less in every row of every preview before."""
    return {"closed": True} if closed else {}
