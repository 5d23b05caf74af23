"""What the watch tells of policies that it evaluates itself: each that fires, and each that is fine again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from rollout.commands.rollback.order import say
from rollout.model.alarms import state
from rollout.model.review.message import Message
from rollout.provider import news
from rollout.provider.errors import Absent, StoreError
from rollout.provider.postgres.policies import Change
from rollout.provider.settings import Settings

#: Seconds that the end of a watch waits for what is still being told.
LAST: Final = 20.0


class News:
    """Tells in threads of their own: a channel that is dead holds up no look, and no lowering."""

    def __init__(self, settings: Settings, stack: str) -> None:
        self._settings = settings
        self._stack = stack
        self._telling: list[threading.Thread] = []

    def tell(self, changes: Sequence[Change]) -> None:
        """One message a policy. Its first state is no news, unless it fires."""
        for change in changes:
            say(f"policy {change.line()}")
            if change.was or change.now == state.ALARM:
                worker = threading.Thread(target=self._send, args=(change,), daemon=True)
                self._telling.append(worker)
                worker.start()

    def wait(self) -> None:
        """Until everything is told, or nothing answers."""
        for worker in self._telling:
            worker.join(LAST)

    def _send(self, change: Change) -> None:
        told = Message(f"{change.now.upper()} {change.name}", f"{change.line()}\nstack {self._stack}")
        try:
            news.send(self._settings, self._stack, told)
        except Absent:
            return  # nobody has asked to be told
        except StoreError as error:
            say(f"not told: {error}", err=True)
