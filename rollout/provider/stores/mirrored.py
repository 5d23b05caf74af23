"""A database whose flags are mirrored as Edge Function secrets: after the table on a lowering, last on a raise.

The mirror decides nothing and fails nothing: what goes wrong there is a warning. Only a lower value that somebody wrote
there by hand is a stop, which the table follows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rollout.model.flag import mirror, tags
from rollout.model.flag.mirror import Seen
from rollout.model.ladder import parse_percent
from rollout.model.problem import BadInput
from rollout.provider.errors import StoreError
from rollout.provider.stores.postgres import Postgres
from rollout.provider.stores.store import Entry
from rollout.provider.supabase.secrets import Secrets

#: The Supabase CLI's own file: it sends every value of it with each `secrets set`.
CONFIG: str = "supabase/config.toml"


class Mirrored(Postgres):
    """`JudgingStore` on a database, with the mirror behind it. `warnings`: what went wrong there, for whoever shows it."""

    def __init__(self, inner: Postgres, ref: str, home: Path) -> None:
        super().__init__(inner._link, None)
        self._virtual = inner._virtual
        self._ref = ref
        self._home = home
        self.warnings: list[str] = []

    def lower_to(self, name: str, value: str, stop: str, marks: Mapping[str, str], *, make: bool) -> Entry | None:
        done = super().lower_to(name, value, stop, marks, make=make)
        if done is not None and done.text is not None:
            self._follow(name, done.text)
        return done

    def raise_over(
        self, name: str, value: str, before: Entry | None, stopped: str | None, marks: Mapping[str, str], *,
        drop: Iterable[str],
    ) -> Entry | None:  # fmt: skip
        flag = name.rpartition("/")[2]
        if value not in ("0", "false") and self._in_config(flag):
            raise StoreError(
                f"{CONFIG} names {flag}, and the CLI would send that value with any other: delete it there"
            )
        if before is not None and parse_percent(value) and self._stopped_there(name, self._digests):
            return None  # the table came down to it: moved meanwhile
        done = super().raise_over(name, value, before, stopped, marks, drop=drop)
        if done is not None:
            self._follow(name, value)
        return done

    def _follow(self, name: str, value: str) -> None:
        flag = name.rpartition("/")[2]
        try:
            wanted = mirror.digest(value)
            self.tag(name, {mirror.TRYING: wanted})
            Secrets.of(self._ref).write({flag: value})
            self.tag(name, {mirror.WRITTEN: wanted})
        except (StoreError, BadInput) as error:
            self.warnings.append(f"{flag} isn't mirrored: {error}; the table says {value}")

    def follow(self, names: Iterable[str]) -> None:
        """Where somebody stopped one of these flags by its secret, the table comes down to it; `warnings` tell."""
        try:
            found = self._digests()
        except (StoreError, BadInput) as error:
            self.warnings.append(f"the mirror isn't read: {error}")
            return
        for name in names:
            with contextlib.suppress(StoreError):  # the look itself says that the table can't be asked
                self._stopped_there(name, lambda: found, looking=True)

    def _digests(self) -> Mapping[str, str]:
        return Secrets.of(self._ref).digests()

    def _stopped_there(self, name: str, digests: Callable[[], Mapping[str, str]], *, looking: bool = False) -> bool:
        """Whether somebody wrote a lower percent there; the table follows it. `looking`: nothing is about to be written."""
        flag = name.rpartition("/")[2]
        try:
            found = digests().get(flag)
            kept = self.tags(name)
        except StoreError as error:
            self.warnings.append(f"the mirror of {flag} isn't read: {error}")
            return False
        seen = mirror.read(found, kept.get(mirror.WRITTEN), kept.get(mirror.TRYING))
        if seen.seen is not Seen.SOMEBODYS:
            return False
        entry = self.get(name)
        live = parse_percent(entry.text) if entry is not None else None
        if seen.percent is None or live is None or seen.percent >= live:
            if looking:
                return False
            self.warnings.append(
                f"somebody wrote another value into the secret {flag}: it is no lower percent, and is written over"
            )
            return False
        super().lower_to(name, str(seen.percent), tags.Stopped.new(str(seen.percent)).text(), {}, make=False)
        self.warnings.append(f"somebody stopped {flag} at {seen.percent} % by its secret: the table follows")
        return True

    def _in_config(self, flag: str) -> bool:
        try:
            text = (self._home / CONFIG).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        return any(line.split("=")[0].strip().strip("\"'") == flag for line in text.splitlines() if "=" in line)
