"""`AlertPolicies`: every alarm that the catalogue asks for, a row a domain."""

from __future__ import annotations

import pulumi

from rollout.model.alarms import policies
from rollout.model.catalogue.domain import Catalogue
from rollout.model.stack_file.config import StackConfig

from .resources import AlertPolicy


class AlertPolicies(pulumi.ComponentResource):
    """The alarms of a stack, rows `jobs-alerts`, ... They name their topics, and so wait for none of them, nor for a flag."""

    rows: dict[str, AlertPolicy]

    def __init__(self, catalogue: Catalogue, config: StackConfig, stack: str) -> None:
        super().__init__("wa-rollout:index:AlertPolicies", "alert-policies")
        child = pulumi.ResourceOptions(parent=self)
        self.rows = {
            domain.name: AlertPolicy(
                f"{domain.name}-alerts",
                row=policies.row(catalogue, domain, stack),
                closed=config.closed is not None,
                opts=child,
            )
            for domain in catalogue.domains.values()
            if domain.alerts
        }
        self.register_outputs({})
