"""Which flag stores there are, and the one that a stack has (`rollout:store`). Nothing else names a store.

A further store is a file beside this one and a line in `STORES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from rollout.home import HOME
from rollout.provider.aws.sdk import Sdk
from rollout.provider.settings import POSTGRES, Settings, chosen

if TYPE_CHECKING:
    from rollout.provider.stores.store import Store

#: The key of the stack's config.
KEY: Final = "rollout:store"
#: What a stack has that doesn't say.
DEFAULT: Final = "secrets-manager"


def _secrets_manager(settings: Settings, sdk: Sdk) -> Store:
    from rollout.provider.stores.secrets_manager import SecretsManager

    return SecretsManager(settings, sdk)


def _postgres(settings: Settings, sdk: Sdk) -> Store:  # noqa: ARG001 - nothing of AWS
    from rollout.provider.postgres.link import of
    from rollout.provider.stores.postgres import Postgres

    store = Postgres(of(settings), settings.virtual_now)
    if not settings.mirror:
        return store
    from rollout.provider.stores.mirrored import Mirrored

    return Mirrored(store, settings.mirror, HOME)


#: By the name that a stack's config gives. Each imports its store when it is chosen: nobody pays for another's driver.
STORES: Final[Mapping[str, Callable[[Settings, Sdk], Store]]] = {
    DEFAULT: _secrets_manager,
    POSTGRES: _postgres,
}


def store(settings: Settings, sdk: Sdk | None = None) -> Store:
    """The stack's store; calls nothing. `sdk`: shared with what else speaks to AWS in this process.

    Raises `BadInput` where `settings.store` is the name of none.
    """
    return chosen(STORES, KEY, settings.store, DEFAULT, settings.stack)(settings, sdk or Sdk())


def warnings(store: Store) -> list[str]:
    """What a store has to say beside its answers, once each."""
    found = list(getattr(store, "warnings", ()))
    if found:
        getattr(store, "warnings").clear()  # noqa: B009 - a mirrored one alone has any
    return found


def follow(store: Store, names: Iterable[str]) -> list[str]:
    """Where a store is mirrored: stops that somebody made there are the store's from now on. Answers what there is to say."""
    follows = getattr(store, "follow", None)  # a mirrored one alone has it
    if follows is not None:
        follows(names)
    return warnings(store)
