"""Step 1 of a rollback: straight to the store. No engine, no lock, no git, no metrics, no other domain's config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rollout.model.flag import tags
from rollout.model.flag.moves import Live
from rollout.model.flag.name import FlagName
from rollout.model.ladder import DEFAULT, TOP, Ladder, parse_percent
from rollout.model.problem import BadInput, Problem, RolloutError
from rollout.provider.errors import StoreError
from rollout.provider.postgres.address import URL
from rollout.provider.settings import POSTGRES, Settings
from rollout.provider.stores import writing
from rollout.provider.stores.store import Entry, Store

EXIT_LEFT_TO_DO: Final = 1  # down, and a later step failed
EXIT_NOT_DOWN: Final = 3  # the one exit code that says that nobody knows the flag to be down


@dataclass(frozen=True)
class Stop:
    """What a stop did. `before`: the value it found (None: not readable); `to`: the percent that was read back after it."""

    name: FlagName
    before: Live | None
    to: int
    breach: tags.BreachTag | None
    ladder: Ladder | None = DEFAULT  # None: not known, since the catalogue can't be read

    @property
    def rung(self) -> int:
        """The highest legal percent that isn't over the live one: what a stack file may say."""
        return self.under(self.to)

    def under(self, percent: int) -> int:
        """The highest rung at or under `percent`; of a ladder that isn't known, one of the seed's."""
        return (self.ladder or DEFAULT).under(percent)

    @property
    def was(self) -> str:
        """`25 %`, `0 % (secret absent)`, `unknown`."""
        return self.before.show() if self.before else "unknown"


class NotDown(RolloutError):
    """Nobody can say that the flag is down. The text is what the operator reads: what, why, and what to do by hand."""

    exit_code = EXIT_NOT_DOWN

    def __init__(self, error: object, settings: Settings, name: FlagName, wanted: int | None) -> None:
        again = (
            "run it again"
            if wanted == 0
            else "run it again, or with --to zero, for which no value has to be read first"
        )
        by_hand = _by_hand(settings, name, "PERCENT" if wanted is None else str(wanted))
        what = f"NOT KNOWN TO BE DOWN: {name.domain} on {name.stack}: {error}"
        super().__init__(f"{what}\n  do:      {again}\n  by hand: {by_hand}")


def _by_hand(settings: Settings, name: FlagName, value: str) -> str:
    """The line that does it without this program."""
    if settings.store == POSTGRES:
        lower = f"select rollout.lower('{name.secret}', '{value}')"
        return f'{lower};  in the project\'s SQL editor, or: psql "${URL}" -c "{lower}"'
    endpoint = f" --endpoint-url {settings.endpoint}" if settings.endpoint else ""
    return (
        f"aws secretsmanager put-secret-value --region {settings.region}{endpoint}"
        f" --secret-id {name.secret} --secret-string {value}"
    )


def target(to: str, live: Entry | None, ladder: Ladder | None = DEFAULT) -> int:
    """The percent that `previous`, `zero` or a rung means over the live value: never more than is live, never refused.

    A live value that is no percent has no rung under it that is surely lower, but 0. With no `ladder` (the catalogue
    can't be read) any percent goes as a target, and `previous` is a lower rung of the seed's. Raises `BadInput` where
    `to` is none of these words.
    """
    known = ladder or DEFAULT
    wanted = int(to) if to.isascii() and to.isdigit() else None
    legal = wanted is not None and (wanted in ladder if ladder is not None else wanted <= TOP)
    if to not in ("previous", "zero") and not legal:
        allowed = f"previous, zero, {known.show() if ladder is not None else 'a percent'}"
        raise BadInput([Problem("no target of a rollback", where="--to", allowed=allowed, given=to)])
    now = 0 if live is None or live.text is None else parse_percent(live.text)
    if to == "zero":
        return 0
    if wanted is None:
        return 0 if now is None else known.previous(now)
    return wanted if now is None else min(wanted, known.under(now))


def stop(
    store: Store, settings: Settings, name: FlagName, to: str, breach: tags.BreachTag | None,
    ladder: Ladder | None = DEFAULT,
) -> Stop:  # fmt: skip
    """Brings the flag down and reads it back. Raises `NotDown` where that can't be had, `BadInput` for a wrong `to`."""
    target(to, None, ladder)  # a wrong word is named before anything is read
    before: Live | None = None
    wanted = 0 if to == "zero" else None
    try:
        entry = store.get(name.secret)
        before = Live(None) if entry is None else Live(entry.text, scheduled=entry.scheduled)
        wanted = target(to, entry, ladder)
    except StoreError as error:
        if wanted is None:  # writing 5 % without knowing the value could be a raise
            raise NotDown(error, settings, name, None) from None
    try:
        back = writing.lower(store, name, str(wanted), breach=breach, virtual=settings.virtual_now, make=False)
    except StoreError as error:
        raise NotDown(error, settings, name, wanted) from None
    read = parse_percent(back.text)
    return Stop(name, before, wanted if read is None else read, breach, ladder)
