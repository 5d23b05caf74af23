"""The AWS SDK, imported when the first client is due: one session for all services, since each session reads the
endpoints of all of AWS again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock
from typing import Any

from rollout.provider.aws import answers
from rollout.provider.settings import Settings

#: What this provider speaks to, by botocore's names.
SERVICES = ("cloudwatch", "secretsmanager", "sns", "sts")

#: Connections of one client: more than the engine asks for at once.
POOL = 32


class Sdk:
    """Makes clients, one at a time: botocore's session isn't made for two threads that build at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._session: Any = None

    def client(self, service: str, settings: Settings, *, attempts: int, connect: float, read: float) -> Any:
        """A client that gives up after so many attempts and seconds."""
        with self._lock:
            import botocore.config

            self._session = self._session or _session()
            config = botocore.config.Config(
                retries={"mode": "standard", "total_max_attempts": attempts},
                connect_timeout=connect,
                read_timeout=read,
                max_pool_connections=POOL,
            )
            client = self._session.create_client(
                service, region_name=settings.region, endpoint_url=settings.endpoint, config=config
            )
            client.meta.events.register("after-call", answers.check)
            return client


def _session() -> Any:
    """A session that reads times by `_timestamp`, and doesn't look into the folders of all 400 services, twice, before it
    loads a model: 20 ms.
    """
    import botocore.session

    made = botocore.session.get_session()
    made.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_timestamp)
    made.get_component("data_loader").list_available_services = lambda *_, **__: SERVICES
    return made


def _timestamp(value: Any) -> datetime:
    """A time out of an answer. Of a number in UTC: botocore's own way asks for the local zone's summer time, each time.

    Three hours of four domains by the minute are 26,000 of them, and were half of what the gate adds to a preview.
    """
    if isinstance(value, (int, float)):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError, ValueError):
            pass  # botocore knows what to do with years that the system's clock doesn't
    from botocore.utils import parse_timestamp

    found: datetime = parse_timestamp(value)
    return found
