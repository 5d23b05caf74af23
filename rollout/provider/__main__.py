"""`python -m rollout.provider ENGINE_ADDRESS`: what `pulumi-resource-rollout` runs."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Mapping
from typing import Any

from rollout.model import times
from rollout.provider import alerts, notes
from rollout.provider.aws.calls import Aws
from rollout.provider.aws.dashboards import Dashboards
from rollout.provider.aws.sdk import Sdk
from rollout.provider.aws.topics import Topics
from rollout.provider.judging.context import Context
from rollout.provider.resources.alert_policy import AlertPolicy
from rollout.provider.resources.dashboard import Dashboard
from rollout.provider.resources.flag_secret import FlagSecret
from rollout.provider.resources.topic import Topic
from rollout.provider.resources.traffic_flag import UNKNOWN, TrafficFlag
from rollout.provider.settings import Settings
from rollout.provider.sources import choose as sources
from rollout.provider.stores import choose as stores
from rollout.provider.wire import servicer

#: New objects between two looks for garbage. A provider lives for one run; Python's 700 look through all of botocore's
#: tables again and again, for 50 ms of a preview.
RARELY = 100_000


def read(config: Mapping[str, Any], environ: Mapping[str, str], stack: str) -> Settings:
    """What the provider's config (`rollout:` keys) and the environment say."""
    return Settings.read(
        environ,
        config.get("region"),
        config.get("unified-url"),
        store=config.get("store"),
        source=config.get("source"),
        mirror=config.get("mirror"),
        stack=stack,
    )


def resources(
    config: Mapping[str, Any], environ: Mapping[str, str] = os.environ, stack: str = ""
) -> dict[str, servicer.Resource]:
    """The resource kinds, built from the provider's config and the environment. `stack`: whose config it is."""
    return _resources(read(config, environ, stack))


def configured(config: Mapping[str, Any], stack: str) -> dict[str, servicer.Resource]:
    """The same for the engine that started this process. By which clock it runs is noted: its history doesn't tell."""
    settings = read(config, os.environ, stack)
    if settings.virtual:
        notes.write(os.getppid(), played=times.iso(settings.now()))
    return _resources(settings)


def _resources(settings: Settings) -> dict[str, servicer.Resource]:
    sdk = Sdk()
    counters = sources.source(settings, sdk)
    context, aws = Context(settings, stores.store(settings, sdk), counters=counters), Aws(settings, sdk)
    return {
        "rollout:index:TrafficFlag": TrafficFlag(context),
        "rollout:index:FlagSecret": FlagSecret(context),
        "rollout:index:AlertPolicy": AlertPolicy(context, alerts.alarms(settings, sdk)),
        "rollout:index:Topic": Topic(context, Topics(aws), UNKNOWN),
        "rollout:index:Dashboard": Dashboard(context, Dashboards(aws), UNKNOWN),
    }


def main() -> None:
    """Serves the engine whose address is the first argument that isn't an option."""
    engine = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), None)
    if engine is None:
        sys.exit("provider: started by the engine, with its address; not by hand")
    gc.set_threshold(RARELY)
    asyncio.run(servicer.serve(engine, servicer.Servicer(engine, UNKNOWN, configured)))


if __name__ == "__main__":
    main()
