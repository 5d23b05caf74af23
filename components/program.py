"""The program: what `Pulumi.<stack>.yaml` says, for every domain of the catalogue. No rule stands here.

A project's `__main__.py` runs it: here from `components`, in a project of one's own from the same under `rollout` (setup/wheel.py).
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pulumi

from rollout.model.catalogue import reading as catalogue
from rollout.model.problem import BadInput

from . import ending, quiet, scripts, stack_file
from .alert_policies import AlertPolicies
from .dashboard import Dashboards
from .domain_rollout import DomainRollout
from .notifications import Notifications


async def main(home: Path) -> None:
    """Registers one component a domain; input that is wrong in itself ends the run before anything is registered."""
    stack = pulumi.get_stack()
    try:
        known = catalogue.parse((home / "domains.yaml").read_bytes(), "domains.yaml")
        config = stack_file.load(home, stack, known)
    except (BadInput, OSError) as error:
        raise pulumi.RunError(str(error)) from None
    for text in config.warnings:
        pulumi.log.warn(text)
    in_database = pulumi.Config("rollout").get("source") == "postgres"
    outputs: dict[str, object] = {"frozen": config.freeze is not None}
    domains: dict[str, DomainRollout] = {}
    for domain in known.domains.values():
        domains[domain.name] = DomainRollout(domain, config, stack)
        outputs[domain.name] = domains[domain.name].outputs()
        await asyncio.sleep(0)  # lets these registrations leave while the next ones are made
    # What stands beside may fail, and must not take a rollback with it: it comes after every flag has answered. At preview
    # nothing is carried out, and it is registered while the flags are being read.
    answers = asyncio.gather(*(domain.answered() for domain in domains.values()))
    if not pulumi.runtime.is_dry_run():
        await answers
    if not in_database:  # a database has no topics and no dashboards
        Notifications(config, stack)
        await asyncio.sleep(0)
    AlertPolicies(known, config, stack)
    await asyncio.sleep(0)
    if not in_database:
        Dashboards(known, config, stack)
    for name, value in outputs.items():  # also where a script fails this run
        pulumi.export(name, value)
    await scripts.run_after(dict(zip(domains, await answers, strict=True)), config, home)


def run(home: Path) -> None:
    """The whole run, of the project in the folder `home`."""
    ending.end_when_told()
    quiet.silence_debug()
    quiet.collect_rarely()
    quiet.leave_out_stack_traces()
    pulumi.run(partial(main, home))
