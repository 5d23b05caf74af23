"""The AWS SDK, imported when the first client is due: one session for all services, since each session reads the
endpoints of all of AWS again.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from provider.settings import Settings

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
            return self._session.create_client(
                service, region_name=settings.region, endpoint_url=settings.endpoint, config=config
            )


def _session() -> Any:
    """A session that doesn't look into the folders of all 400 services, twice, before it loads a model: 20 ms."""
    import botocore.session

    session = botocore.session.get_session()
    session.get_component("data_loader").list_available_services = lambda *_, **__: SERVICES
    return session
