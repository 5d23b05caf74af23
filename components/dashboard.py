"""`Dashboards`: one dashboard a domain."""

from __future__ import annotations

import pulumi

from rollout.model.alarms import dashboard as dashboards
from rollout.model.catalogue.domain import Catalogue
from rollout.model.stack_file.config import StackConfig

from .resources import Dashboard


class Dashboards(pulumi.ComponentResource):
    """The dashboards of a stack, rows `jobs-dashboard`, ... Their limits and alarms are the catalogue's."""

    dashboards: dict[str, Dashboard]

    def __init__(self, catalogue: Catalogue, config: StackConfig, stack: str) -> None:
        super().__init__("wa-rollout:index:Dashboards", "dashboards")
        child = pulumi.ResourceOptions(parent=self)
        self.dashboards = {
            domain.name: Dashboard(
                f"{domain.name}-dashboard",
                stack=stack,
                domain=domain.name,
                dashboard=dashboards.dashboard_name(stack, domain.name),
                widgets=dashboards.summary(dashboards.body(catalogue, domain, stack)),
                closed=config.closed is not None,
                opts=child,
            )
            for domain in catalogue.domains.values()
        }
        self.register_outputs({})
