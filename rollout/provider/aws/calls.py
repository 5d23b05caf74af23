"""One AWS session for CloudWatch and SNS: the SDK is imported at the first call, and a failure is one clean line."""

from __future__ import annotations

from threading import Lock
from typing import Any, Final

from rollout.provider.aws import failures
from rollout.provider.aws.sdk import Sdk
from rollout.provider.errors import StoreError
from rollout.provider.settings import Settings

#: Seconds and tries of one call, as for the flag store.
CONNECT_TIMEOUT: Final = 3
READ_TIMEOUT: Final = 10
ATTEMPTS: Final = 3
#: The same where counters and alarms are looked at: a look may be on the way to a rollback, and comes again.
BRIEF_ATTEMPTS: Final = 2
BRIEF_READ_TIMEOUT: Final = 4


class Aws:
    """Clients by service, each built once. Every method raises `StoreError` and nothing else."""

    def __init__(
        self,
        settings: Settings,
        sdk: Sdk | None = None,
        *,
        attempts: int | None = None,
        read_timeout: float | None = None,
    ) -> None:
        self.settings = settings
        self._attempts, self._read_timeout = attempts or ATTEMPTS, read_timeout or READ_TIMEOUT
        self._sdk = sdk or Sdk()
        self._lock = Lock()
        self._clients: dict[str, Any] = {}
        self._account: tuple[str, str] | None = None

    @classmethod
    def brief(cls, settings: Settings, sdk: Sdk | None = None, *, attempts: int = BRIEF_ATTEMPTS) -> Aws:
        """For looks that must hold nobody up: few and short tries."""
        return cls(settings, sdk, attempts=attempts, read_timeout=BRIEF_READ_TIMEOUT)

    def call(self, service: str, operation: str, about: str, **arguments: Any) -> dict[str, Any]:
        """One API call. Raises `Absent` where AWS says that there is no such thing."""
        try:
            answer: dict[str, Any] = getattr(self._client(service), operation)(**arguments)
        except Exception as error:  # noqa: BLE001 - botocore has no common base for what it raises
            raise failures.translated(operation, about, error) from None
        return answer

    def account(self) -> tuple[str, str]:
        """(partition, account number) of the caller; asked once, and only where something is written."""
        if self._account is None:
            parts = str(self.call("sts", "get_caller_identity", "the account").get("Arn")).split(":")
            if len(parts) < 6 or not parts[4]:
                raise StoreError("the account: get_caller_identity answered no ARN")
            self._account = (parts[1], parts[4])
        return self._account

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._sdk.client(
                    service, self.settings, attempts=self._attempts, connect=self.settings.within(CONNECT_TIMEOUT),
                    read=self.settings.within(self._read_timeout),
                )  # fmt: skip
            return self._clients[service]
