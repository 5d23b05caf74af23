"""`AlertPolicies`: every alarm that the catalogue asks for."""

from __future__ import annotations

import pulumi

from rollout.model.alarms import alarm as alarms
from rollout.model.catalogue.domain import Catalogue
from rollout.model.stack_file.config import StackConfig

from .resources import AlertPolicy


class AlertPolicies(pulumi.ComponentResource):
    """The alarms of a stack, rows `jobs-errors`, ... They name their topics, and so wait for none of them, nor for a flag."""

    policies: dict[str, AlertPolicy]

    def __init__(self, catalogue: Catalogue, config: StackConfig, stack: str) -> None:
        super().__init__("wa-rollout:index:AlertPolicies", "alert-policies")
        child = pulumi.ResourceOptions(parent=self)
        self.policies = {}
        for domain, policy, alarm in alarms.wanted(catalogue, stack):
            name = f"{domain.name}-{policy.name}"
            self.policies[name] = AlertPolicy(
                name,
                stack=stack,
                domain=domain.name,
                policy=policy.name,
                alarm=alarms.properties(alarm),
                closed=config.closed is not None,
                opts=child,
            )
        self.register_outputs({})
