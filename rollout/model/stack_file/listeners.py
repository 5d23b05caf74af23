"""`wa-rollout:notify` of a stack config: who is told of each action, and of `changes`. Tolerant: a bad entry is left out, with a warning.

```yaml
wa-rollout:notify:
  rollback-previous:
    on-call: arn:aws:sqs:eu-west-1:123456789012:wa-oncall
  investigate:
    ana: ana@example.org
```
An endpoint stands in the config, the state and the previews: it is no place for a secret.
"""

from __future__ import annotations

import re
from typing import Final

from rollout.model.alarms.topics import TOPICS
from rollout.model.problem import Problem, shown
from rollout.model.stack_file.entries import Entries
from rollout.model.yaml_text.fields import Fields, nearest, written
from rollout.model.yaml_text.tree import Map, Node, Scalar

#: SNS Subscribe, Endpoint: the form of each protocol's address.
FORMS: Final = {
    "email": re.compile(r"[^@\s/:?]+@[^@\s/:?]+\.[^@\s/:?]+"),
    "https": re.compile(r"https://[^\s/@?#]+(/[^\s@?#]*)?"),
    "sqs": re.compile(
        r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}"
    ),  # a FIFO queue can't take an alarm
}
ALLOWED: Final = "an e-mail address, https://HOST/PATH without a key in it, or the ARN of a standard SQS queue"

Notify = dict[str, dict[str, str]]


def protocol(endpoint: str) -> str | None:
    """The SNS protocol of an endpoint, or None where it is none that is allowed."""
    return next((name for name, form in FORMS.items() if form.fullmatch(endpoint)), None)


def read(entries: Entries) -> Notify:
    """Per action, the named endpoints. What can't be read is absent, and `entries.warnings` says so."""
    found: Notify = {}
    for action, node, key in entries.named("notify"):
        where = f"{entries.config.file}:{node.line} {key}"
        if action not in TOPICS:
            problem = Problem(f"unknown action {shown(action)}", where, ", ".join(TOPICS), do=nearest(action, TOPICS))
            entries.warn([], key, node, "counts as absent", [problem])
        elif not isinstance(node, Map):
            problem = Problem("not a map", where, "a map, one NAME: ENDPOINT a line", written(node))
            entries.warn([], key, node, "counts as absent", [problem])
        else:
            found[action] = _endpoints(entries, node, key)
    return {action: endpoints for action, endpoints in found.items() if endpoints}


def _endpoints(entries: Entries, node: Map, key: str) -> dict[str, str]:
    found = {}
    for name, entry in node.values.items():
        problems: list[Problem] = []
        fields = Fields(node, entries.config.file, key, problems)
        endpoint = _endpoint(fields, name, entry)
        if problems:
            entries.warn([], f"{key}.{name}", entry, "nobody is told there", problems)
        else:
            found[name] = endpoint
    return found


def _endpoint(fields: Fields, name: str, entry: Node) -> str:
    text = entry.text if isinstance(entry, Scalar) and entry.kind == "text" else ""
    if protocol(text) is None:
        # What stands there may be a URL with a key: it isn't repeated in a message.
        fields.bad(name, f"{name} is no endpoint", ALLOWED, given="something else")
    return text
