"""Messages really arrive: an SQS queue behind the topic of changes, before an increase, after it, and at a rollback."""

from __future__ import annotations

import json
from typing import Any

from tests import days
from tests.harness import Sandbox

TOPIC = "wa-webhook-unified-local-changes"


def _queue(sandbox: Sandbox) -> tuple[str, str]:
    sqs = sandbox.boto("sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _told(sandbox: Sandbox, url: str) -> list[dict[str, Any]]:
    found = sandbox.boto("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for one in found:
        sandbox.boto("sqs").delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return [json.loads(one["Body"]) for one in found]


def test_before_after_and_a_rollback_reach_a_queue(sandbox: Sandbox) -> None:
    url, arn = _queue(sandbox)
    untold = sandbox.rollout("notify", "after", "--stack", "local", check=False)
    assert untold.returncode == 0, "nothing was ever deployed: nothing to tell"
    days.set_percents(sandbox, days.percents(0))
    days.set_entry(sandbox, "notify", f"changes:\n  queue: {arn}")
    sandbox.up("-m", "day 0")
    days.set_percents(sandbox, {"ai-agents": 5})
    assert sandbox.rollout("notify", "before", "--stack", "local").stdout == (
        f"told {TOPIC}: about to raise on local: ai-agents 0 -> 5 %\n"
    )
    sandbox.up("-m", "ai-agents to 5")
    sandbox.rollout("notify", "after", "--stack", "local")
    sandbox.rollout("rollback", "ai-agents", "--wait", "0", "--no-commit", "--stack", "local", "--by", "Ana")
    told = _told(sandbox, url)
    assert [one["Subject"] for one in told] == [
        "about to raise on local: ai-agents 0 -> 5 %",
        "local: ai-agents raise 0 -> 5 %",
        "ROLLBACK on local: ai-agents to 0 %",
    ]
    assert all("On call: you, this terminal (always)" in one["Message"] for one in told)
    assert "By Ana." in told[2]["Message"]
    assert sandbox.rollout("notify", "before", "--stack", "local").stdout == "nothing to tell\n"


def test_only_what_was_approved_is_announced(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, days.percents(0))
    sandbox.up("-m", "day 0")
    days.set_percents(sandbox, {"ai-agents": 5})
    nothing = sandbox.folder / ".local" / "approval.json"
    nothing.write_text("{}")
    arguments = ("notify", "before", "--stack", "local", "--approval", str(nothing), "--dry-run")
    assert sandbox.rollout(*arguments).stdout == "nothing to tell\n"
    sandbox.commit("5")
    sandbox.rollout("review", "--stack", "local", "--approval", str(nothing), "--out", str(nothing) + ".md")
    assert "ai-agents 0 -> 5 %" in sandbox.rollout(*arguments).stdout
    missing = sandbox.rollout(*arguments[:-2], "/nowhere.json", check=False)
    assert missing.returncode == 2
    assert "can't be read" in missing.stderr


def test_a_topic_that_is_gone_is_said_and_holds_up_no_rollback(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, {"ai-agents": 5})
    sandbox.up("-m", "5")
    sns = sandbox.boto("sns")
    arn = next(one["TopicArn"] for one in sns.list_topics()["Topics"] if one["TopicArn"].endswith(TOPIC))
    sns.delete_topic(TopicArn=arn)
    untold = sandbox.rollout("notify", "after", "--stack", "local", check=False)
    assert untold.returncode == 1
    assert "nobody was told: the stack has no topic for changes yet" in untold.stderr
    done = sandbox.rollout("rollback", "ai-agents", "--wait", "0", "--no-commit", "--stack", "local")
    assert f"told     {TOPIC}" in done.stdout, "its own `up` has made the topic again"


def test_a_stack_that_was_never_deployed_has_nobody_to_tell(sandbox: Sandbox) -> None:
    sandbox.boto("secretsmanager").create_secret(Name=days.secret("UNIFIED_ROLLOUT_PERCENT"), SecretString="5")
    done = sandbox.rollout("rollback", "ai-agents", "--wait", "0", "--no-commit", "--stack", "local")
    assert "told     nobody: the stack has no topic for changes" in done.stdout
