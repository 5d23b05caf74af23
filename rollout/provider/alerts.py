"""Where a stack's alert policies stand: as CloudWatch alarms, or as rows beside its counters. Nothing else chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rollout.provider.aws.sdk import Sdk
from rollout.provider.errors import StoreError
from rollout.provider.settings import POSTGRES, Settings

if TYPE_CHECKING:
    from rollout.provider.postgres.policies import Policies
    from rollout.provider.resources.alarm_writes import AlarmStore

#: Seconds after which a watch that hasn't looked is silent: ten of its looks.
SILENT: Final = 600


def alarms(settings: Settings, sdk: Sdk, *, brief: bool = False) -> AlarmStore:
    """The stack's; calls nothing. `brief`: for looks that must hold nobody up."""
    rows = policies(settings)
    if rows is not None:
        return rows
    from rollout.provider.aws.alarms import Alarms
    from rollout.provider.aws.calls import Aws

    return Alarms.brief(settings, sdk) if brief else Alarms(Aws(settings, sdk))


def policies(settings: Settings) -> Policies | None:
    """The rows, where they are what a watch evaluates; None where CloudWatch does."""
    if settings.source != POSTGRES:
        return None
    from rollout.provider.postgres.link import of
    from rollout.provider.postgres.policies import Policies

    return Policies(of(settings), settings.virtual_now)


def silence(settings: Settings, stack: str) -> str:
    """What is said where the policies are only as awake as the watch, and it hasn't looked for long; else empty."""
    rows = policies(settings)
    if rows is None:
        return ""
    try:
        seconds = rows.silent_for(stack)
    except StoreError as error:
        return f"nobody knows when a watch last looked: {error}"
    if seconds is None:
        return f"no watch has ever looked at {stack}: no alert policy fires; do: python -m rollout watch --every"
    if seconds < SILENT:
        return ""
    return f"the watch of {stack} is silent for {seconds / 60:.0f} min: no alert policy fires; do: start it again"
