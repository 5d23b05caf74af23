"""Whether an answer is one: HTTP 200 with a web page, a cut body or nothing is a success to the SDK, without an exception.

Each answer is held against what AWS always sends (its API references); where a good answer is empty, the body is looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from rollout.model import trouble
from rollout.provider.errors import StoreError
from rollout.provider.settings import is_loopback

#: Operation: keys that AWS always sends, and per list the keys of each of its items.
ALWAYS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "secretsmanager.GetSecretValue": {"": ("ARN", "Name", "VersionId")},
    "secretsmanager.DescribeSecret": {"": ("ARN", "Name")},
    "secretsmanager.PutSecretValue": {"": ("ARN", "Name", "VersionId")},
    "secretsmanager.CreateSecret": {"": ("ARN", "Name", "VersionId")},
    "secretsmanager.RestoreSecret": {"": ("ARN", "Name")},
    "secretsmanager.BatchGetSecretValue": {
        "SecretValues": ("ARN", "Name", "VersionId"), "Errors": ("SecretId", "ErrorCode"),
    },
    "cloudwatch.DescribeAlarms": {"": ("MetricAlarms",), "MetricAlarms": ("AlarmName", "AlarmArn", "StateValue")},
    "cloudwatch.GetMetricData": {"": ("MetricDataResults",), "MetricDataResults": ("Id",)},
    "cloudwatch.ListDashboards": {"": ("DashboardEntries",), "DashboardEntries": ("DashboardName",)},
    "cloudwatch.GetDashboard": {"": ("DashboardArn", "DashboardBody", "DashboardName")},
    "sns.CreateTopic": {"": ("TopicArn",)},
    "sns.ListSubscriptionsByTopic": {"": ("Subscriptions",), "Subscriptions": ("Protocol",)},
    "sns.Subscribe": {"": ("SubscriptionArn",)},
    "sns.Publish": {"": ("MessageId",)},
    "sts.GetCallerIdentity": {"": ("UserId", "Account", "Arn")},
}  # fmt: skip

#: Words of AWS for a place that it leaves empty.
_NOTHING: Final = (None, "", "None", "null")


class NoAnswer(StoreError):
    """HTTP 200, and not what AWS answers. The text says what is missing; who called adds what for."""


class NoSimulator(StoreError):
    """Nothing listens where the simulator of this machine should. The text says it once, whatever was asked."""


def check(http_response: Any, parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
    """botocore's `after-call`: raises `NoAnswer` for a success that is none. Errors of AWS are botocore's to raise."""
    if http_response.status_code >= 300:
        return
    operation = f"{model.service_model.service_name}.{model.name}"
    wrong = missing(operation, parsed) or _no_body(http_response, model)
    if wrong:
        raise NoAnswer(f"answered {wrong}")


def missing(operation: str, answer: Mapping[str, Any]) -> str:
    """What an answer lacks of that which AWS always sends; nothing where it has all."""
    wanted = ALWAYS.get(operation, {})
    for key in wanted.get("", ()):
        if answer.get(key) in _NOTHING:
            return f"no {key}: not what AWS answers"
    for name, keys in wanted.items():
        for item in (answer.get(name) or []) if name else ():
            for key in keys:
                if not isinstance(item, Mapping) or item.get(key) in _NOTHING:
                    return f"{name} without {key}: not what AWS answers"
    return ""


def _no_body(http_response: Any, model: Any) -> str:
    """Where a good answer may be empty, the body itself has to be one of the protocol's, or none.

    The body, not its Content-Type: the simulator sends `text/html` with good answers.
    """
    content = bytes(http_response.content or b"").strip()
    protocol = str(model.service_model.resolved_protocol)
    if protocol in ("json", "rest-json") and content:
        try:
            return "" if isinstance(json.loads(content), dict) else "no JSON object: not what AWS answers"
        except ValueError:
            return "no JSON: not what AWS answers"
    if protocol == "query" and f"<{model.name}Response".encode() not in content:
        return f"no {model.name}Response: not what AWS answers"
    return ""


def failed(about: str, operation: str, error: Exception) -> StoreError:
    """A `StoreError` for what an SDK raised that isn't AWS's own error. Its text may quote a body that is no answer: left out."""
    if isinstance(error, NoAnswer):
        return StoreError(f"{about}: {operation} {error}")
    kind = type(error)
    if kind.__name__ == "ResponseParserError" or not kind.__module__.startswith(("botocore", "urllib3")):
        return StoreError(f"{about}: {operation} answered what AWS doesn't ({kind.__name__})")
    endpoint = str((getattr(error, "kwargs", None) or {}).get("endpoint_url") or "")
    if kind.__name__ == "EndpointConnectionError" and is_loopback(endpoint):
        return NoSimulator(trouble.silent(endpoint.rstrip("/")))
    reason = str(error).splitlines()[0] if str(error) else ""
    return StoreError(f"{about}: {operation} failed: {kind.__name__} {reason}".rstrip())
