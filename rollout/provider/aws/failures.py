"""What botocore raised, in this project's own types: one clean line for any service, the store's and all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rollout.provider.aws import answers
from rollout.provider.errors import Absent, Exists, Scheduled, StoreError

#: Error codes that mean "there is no such thing".
_ABSENT: Final = (
    "NotFound",
    "NotFoundException",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "DashboardNotFoundError",
)
#: Codes under which Secrets Manager says that a secret waits for its deletion; the message names it.
_DELETING: Final = ("InvalidRequestException", "ResourceExistsException")


def translated(operation: str, about: str, error: Exception) -> StoreError:
    """A `StoreError`, of the type that says most. Only code and message go in: neither ever holds a credential."""
    response = getattr(error, "response", None)
    if not isinstance(response, Mapping):
        return answers.failed(about, operation, error)
    told = response.get("Error", {})
    code = str(told.get("Code", "?"))
    message = " ".join(str(told.get("Message", "")).split())[:200]
    if message.startswith("<"):
        message = "(an HTML page for an answer)"
    text = f"{about}: {operation} failed: {code} {message}".rstrip()
    if code in _ABSENT:
        return Absent(text)
    if "delet" in message and code in _DELETING:
        return Scheduled(text)
    return Exists(text) if code == "ResourceExistsException" else StoreError(text)
