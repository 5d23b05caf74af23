"""What the watch publishes of what it reads: the live percents, for the dashboards. Beside the looks, and never in their way."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from rollout.commands.rollback.order import say
from rollout.provider.errors import StoreError
from rollout.provider.settings import POSTGRES, Settings

if TYPE_CHECKING:
    from rollout.provider.aws.calls import Aws

#: Seconds that the end of a watch waits for what is still being published.
LAST: Final = 10.0


class Percents:
    """One publication at a time, in a thread; a look that comes while one is under way publishes nothing."""

    def __init__(self, settings: Settings, stack: str) -> None:
        self._settings = settings
        self._stack = stack
        self._worker: threading.Thread | None = None
        self._aws: Aws | None = None  # of all publications: each session reads the endpoints of all of AWS again
        self._remark = ""

    def tell(self, percents: Mapping[str, int]) -> None:
        """Publishes them where there are dashboards to show them: counters in a database have none."""
        if self._settings.source == POSTGRES or (self._worker is not None and self._worker.is_alive()):
            return
        self._worker = threading.Thread(target=self._publish, args=(dict(percents),), daemon=True)
        self._worker.start()

    def wait(self) -> None:
        """Until it is published, or nothing answers."""
        if self._worker is not None:
            self._worker.join(LAST)

    def _publish(self, percents: Mapping[str, int]) -> None:
        from rollout.provider.aws import percents as metric  # a look is over by now

        remark = ""
        self._aws = self._aws or metric.link(self._settings)
        try:
            metric.publish(self._aws, self._stack, percents, self._settings.now())
        except StoreError as error:
            remark = f"the live percents aren't published: {error}"
        if remark and remark != self._remark:  # once, and again when it is another one
            say(remark, err=True)
        self._remark = remark
