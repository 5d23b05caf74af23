"""The flag store on AWS Secrets Manager (or what speaks like it on a loopback endpoint)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from rollout.provider.aws import failures
from rollout.provider.aws.sdk import Sdk
from rollout.provider.errors import Absent, Scheduled, StoreError
from rollout.provider.settings import Settings
from rollout.provider.stores.store import Abilities, Entry, Trace

#: BatchGetSecretValue takes at most 20 names a call (AWS API reference).
PAGE: Final = 20

#: Seconds and tries of one call. Explicit, since botocore's default mode changed between versions; standard mode
#: gives up on a plain 500 after the third try, about 3 s.
CONNECT_TIMEOUT: Final = 3
READ_TIMEOUT: Final = 10
ATTEMPTS: Final = 3


class SecretsManager:
    """`rollout.provider.stores.store.Store` on Secrets Manager. The SDK is imported when the first call is due, and not before."""

    can = Abilities(traces=True)

    def __init__(self, settings: Settings, sdk: Sdk | None = None) -> None:
        self._settings = settings
        self._sdk = sdk or Sdk()

    @cached_property
    def _client(self) -> Any:
        return self._sdk.client(
            "secretsmanager", self._settings, attempts=ATTEMPTS, connect=self._settings.within(CONNECT_TIMEOUT),
            read=self._settings.within(READ_TIMEOUT),
        )  # fmt: skip

    def warm(self) -> None:
        """Builds the client now: botocore's session isn't made for two threads that build at once."""
        _ = self._client

    def get(self, name: str) -> Entry | None:
        try:
            answer = self._call("get_secret_value", name, SecretId=name)
        except Absent:
            return None
        except Scheduled:
            return Entry(name, None, "", scheduled=True)
        entry = _entry(name, answer)
        if isinstance(entry, StoreError):
            raise entry
        return entry

    def get_many(self, names: Iterable[str]) -> dict[str, Entry | StoreError | None]:
        wanted = list(dict.fromkeys(names))
        found: dict[str, Entry | StoreError | None] = {}
        for start in range(0, len(wanted), PAGE):
            page = wanted[start : start + PAGE]
            try:
                answer = self._call("batch_get_secret_value", f"{len(page)} secrets", SecretIdList=page)
                found.update(_page(page, answer))
            except StoreError as error:
                found.update(dict.fromkeys(page, error))
        return found

    def tags(self, name: str) -> dict[str, str]:
        return dict(self.trace(name).tags)

    def trace(self, name: str) -> Trace:
        try:
            answer = self._call("describe_secret", name, SecretId=name)
        except Absent:
            return Trace({})
        if not answer.get("ARN"):  # a garbage body, again: no tags would be read as "nobody stopped"
            raise StoreError(f"{name}: describe_secret: the store answered no secret")
        stages = {
            stage: version for version, told in (answer.get("VersionIdsToStages") or {}).items() for stage in told
        }
        return Trace(
            {tag["Key"]: tag.get("Value", "") for tag in answer.get("Tags") or []},
            stages.get("AWSCURRENT"),
            stages.get("AWSPREVIOUS"),
        )

    def text_of(self, name: str, version: str) -> str | None:
        try:
            answer = self._call("get_secret_value", name, SecretId=name, VersionId=version)
        except Absent:
            return None
        entry = _entry(name, answer)
        if isinstance(entry, StoreError):
            raise entry
        return entry.text

    def put(self, name: str, value: str, token: str) -> str:
        return self._version(
            name,
            self._call("put_secret_value", name, SecretId=name, SecretString=value, ClientRequestToken=token),
        )

    def create(self, name: str, value: str, token: str, tags: Mapping[str, str]) -> str:
        return self._version(
            name,
            self._call(
                "create_secret",
                name,
                Name=name,
                SecretString=value,
                ClientRequestToken=token,
                Tags=_tag_list(tags),
                Description="Flag of wa-webhook-unified, managed by Pulumi (wa-rollout).",
            ),
        )

    def restore(self, name: str) -> None:
        self._call("restore_secret", name, SecretId=name)

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        self._call("tag_resource", name, SecretId=name, Tags=_tag_list(tags))

    def untag(self, name: str, keys: Iterable[str]) -> None:
        self._call("untag_resource", name, SecretId=name, TagKeys=list(keys))

    @staticmethod
    def _version(name: str, answer: Mapping[str, Any]) -> str:
        # HTTP 200 with a garbage body is a success to botocore.
        version = answer.get("VersionId")
        if not version:
            raise StoreError(f"{name}: the store answered a write without a version")
        return str(version)

    def _call(self, operation: str, about: str, **arguments: Any) -> dict[str, Any]:
        """One API call; every way it can fail comes out as a `StoreError` of one clean line."""
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except Exception as error:  # noqa: BLE001 - botocore, urllib3 and a garbage body each raise their own
            raise failures.translated(operation, about, error) from None
        return answer


def _page(names: list[str], answer: Mapping[str, Any]) -> dict[str, Entry | StoreError | None]:
    found: dict[str, Entry | StoreError | None] = {}
    for value in answer.get("SecretValues") or []:
        found[str(value.get("Name"))] = _entry(str(value.get("Name")), value)
    for error in answer.get("Errors") or []:
        name, code = str(error.get("SecretId")), str(error.get("ErrorCode"))
        message = str(error.get("Message", ""))
        if "ResourceNotFound" in code:
            found[name] = None
        elif "InvalidRequest" in code and "delet" in message:
            found[name] = Entry(name, None, "", scheduled=True)
        else:
            found[name] = StoreError(f"{name}: batch_get_secret_value: {code} {message[:200]}")
    missing = StoreError("the store's answer left it out")
    return {name: found.get(name, missing) for name in names}


def _entry(name: str, answer: Mapping[str, Any]) -> Entry | StoreError:
    if not answer.get("VersionId"):
        return StoreError(f"{name}: the store answered a read without a version")
    created = answer.get("CreatedDate")
    if isinstance(created, (int, float)):
        created = datetime.fromtimestamp(created, UTC)
    text = answer.get("SecretString")
    if text is None:
        text = "(binary)" if "SecretBinary" in answer else "(empty)"
    return Entry(
        name,
        str(text),
        str(answer["VersionId"]),
        created.astimezone(UTC) if isinstance(created, datetime) else None,
    )


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
