"""Which sources of counters there are, and the one that a stack has (`rollout:source`). Nothing else names a source.

A further source is a file beside this one and a line in `SOURCES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from rollout.provider.aws.calls import BRIEF_ATTEMPTS, Aws
from rollout.provider.aws.sdk import Sdk
from rollout.provider.settings import POSTGRES, Settings, chosen

if TYPE_CHECKING:
    from rollout.provider.sources.source import Counters

#: The key of the stack's config.
KEY: Final = "rollout:source"
#: What a stack has that doesn't say.
DEFAULT: Final = "cloudwatch"


def _cloudwatch(settings: Settings, sdk: Sdk, attempts: int) -> Counters:
    from rollout.provider.sources.cloudwatch import CloudWatch

    return CloudWatch(Aws.brief(settings, sdk, attempts=attempts))


def _postgres(settings: Settings, sdk: Sdk, attempts: int) -> Counters:  # noqa: ARG001 - nothing of AWS
    from rollout.provider.postgres.link import of
    from rollout.provider.sources.postgres import Minutes

    return Minutes(of(settings), settings.virtual_now)


#: By the name that a stack's config gives. Each imports its source when it is chosen.
SOURCES: Final[Mapping[str, Callable[[Settings, Sdk, int], Counters]]] = {
    DEFAULT: _cloudwatch,
    POSTGRES: _postgres,
}


def source(settings: Settings, sdk: Sdk | None = None, *, attempts: int = BRIEF_ATTEMPTS) -> Counters:
    """The stack's source of counters; calls nothing but a simulator's clock. A look holds nobody up: `attempts` short tries a call.

    `sdk`: shared with what else speaks to AWS in this process. Raises `BadInput` where `settings.source` is the name of
    none.
    """
    made = chosen(SOURCES, KEY, settings.source, DEFAULT, settings.stack)(settings, sdk or Sdk(), attempts)
    if settings.virtual:
        from rollout.provider.sources import played

        played.follow(settings)
    return made
