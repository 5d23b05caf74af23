"""The IAM policies against the code: each role may call what its commands call, on our own names, and nothing else."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from rollout.model.alarms import dashboard
from rollout.model.alarms.alarm import NAMESPACE
from rollout.model.catalogue import reading as catalogue
from tests.actions import ROOT
from tests.harness import READING

IAM = ROOT / "deploy" / "iam"
POLICIES = ("planner", "watch", "applier")
TRUST = {
    "planner": ["repo:ORG/REPO:pull_request", "repo:ORG/REPO:ref:refs/heads/main"],
    "applier": ["repo:ORG/REPO:environment:prod"],
    "lower": ["repo:ORG/REPO:ref:refs/heads/main"],
}
CODE = ("rollout/provider", "rollout/commands")

#: Called by the code, and in no policy, each with its reason.
NEEDS_NONE = {
    "sts:GetCallerIdentity": "AWS asks no permission for it",
    "cloudwatch:SetAlarmState": "the simulator alone: on AWS a re-put alarm keeps its state",
    "cloudwatch:DeleteDashboards": "`destroy`, which is an administrator's",
    "sns:DeleteTopic": "`destroy`, which is an administrator's",
}
#: What the engine asks of its backend (tests/engine/test_s3_state.py sees it); IAM action -> operation of the service.
ENGINE_READS = {"s3:ListBucket": "ListObjectsV2", "s3:GetObject": "GetObject", "kms:Decrypt": "Decrypt"}
ENGINE_WRITES = {"s3:PutObject": "PutObject", "s3:DeleteObject": "DeleteObject"}
#: A stop, and the watch: flags, and the message about it. Alarms and topics aren't theirs to write.
STOPS = re.compile(r"secretsmanager:|sns:Publish")
#: Characters without white space that the inline policies of a role may have (IAM quotas).
ROLE_POLICIES = 10_240
#: AWS takes no resource for these (service authorization reference).
NO_RESOURCE = {
    "cloudwatch:GetMetricData",
    "cloudwatch:ListDashboards",
    "secretsmanager:BatchGetSecretValue",  # gives a value only where GetSecretValue may too
    "sns:Unsubscribe",
    "cloudwatch:PutMetricData",  # bound to a namespace by a condition instead
}
#: What the watch alone does: the live percents, in a namespace in which no counter is.
PUBLISHES = {"cloudwatch:PutMetricData"}


def _called() -> Iterator[str]:
    """Each `...call("service", "operation", ...)` and `..._call("operation", ...)` of the code, as an IAM action."""
    for path in (path for folder in CODE for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if node.func.attr == "call" and len(texts) >= 2 and texts[0] in ("cloudwatch", "sns", "sts"):
                yield _action(texts[0], texts[1])
            elif node.func.attr == "_call" and path.name == "secrets_manager.py":
                yield _action("secretsmanager", texts[0])


def _action(service: str, operation: str) -> str:
    return f"{service}:{''.join(part.capitalize() for part in operation.split('_'))}"


CALLED = {*_called()}
NEEDED = CALLED - {*NEEDS_NONE}
READS = {action for action in NEEDED if action.partition(":")[2].startswith(READING)}


def policy(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((IAM / f"{name}.json").read_text())["Statement"]
    return found


def allowed(name: str) -> set[str]:
    return {action for one in policy(name) if one["Effect"] == "Allow" for action in one["Action"]}


def resources(statement: dict[str, Any]) -> list[str]:
    found = statement["Resource"]
    return [found] if isinstance(found, str) else found


def test_the_code_has_no_other_way_to_the_cloud() -> None:
    """Else the list above misses calls."""
    for path in (path for folder in (*CODE, "rollout/model", "components") for path in (ROOT / folder).rglob("*.py")):
        text = path.read_text()
        if path.name != "sdk.py":
            assert "create_client" not in text, path
            assert "botocore.session" not in text, path
        assert "boto3" not in re.sub(r'""".*?"""|#.*', "", text, flags=re.S), path
        if path.name not in ("calls.py", "secrets_manager.py"):
            assert "_client, operation" not in text, path
            assert "_client(service), operation" not in text, path
    assert {"secretsmanager:PutSecretValue", "cloudwatch:PutMetricAlarm", "sns:CreateTopic"} <= CALLED


def test_the_planner_reads_and_cannot_write() -> None:
    assert allowed("planner") == READS | {*ENGINE_READS}


def test_the_applier_may_do_what_an_up_calls() -> None:
    assert allowed("applier") == NEEDED - PUBLISHES | {*ENGINE_READS} | {*ENGINE_WRITES}


def test_what_brings_down_writes_flags_alone() -> None:
    stops = {action for action in NEEDED if STOPS.match(action)}
    assert allowed("watch") == READS | stops | PUBLISHES | {*ENGINE_READS} | {*ENGINE_WRITES}


def test_the_watch_publishes_in_a_namespace_of_no_counter() -> None:
    (one,) = [one for one in policy("watch") if {*one["Action"]} & PUBLISHES]
    assert one["Condition"] == {"StringEquals": {"cloudwatch:namespace": dashboard.PERCENTS}}
    assert str(dashboard.PERCENTS) != NAMESPACE, "who publishes it could else write what a raise is judged by"


def test_each_reason_is_still_true() -> None:
    assert {*NEEDS_NONE} <= CALLED


@pytest.mark.parametrize("name", POLICIES)
def test_every_action_is_one_of_aws(name: str) -> None:
    session = botocore.session.get_session()
    for one in policy(name):
        for action in one["Action"]:
            service, operation = action.split(":")
            operation = {**ENGINE_READS, **ENGINE_WRITES}.get(action, operation)
            assert operation in session.get_service_model(service).operation_names, action


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_is_a_wildcard(name: str) -> None:
    for one in policy(name):
        conditions = {"Condition"} if {*one["Action"]} == PUBLISHES else set()
        assert {*one} == {"Sid", "Effect", "Action", "Resource"} | conditions  # no NotAction, no NotResource
        assert not [action for action in one["Action"] if "*" in action]
        if "*" in resources(one) and one["Effect"] == "Allow":
            assert {*one["Action"]} <= NO_RESOURCE
        for resource in resources(one):
            assert resource == "*" or re.match(r"arn:aws:(secretsmanager|cloudwatch|sns|s3|kms):", resource)


@pytest.mark.parametrize("name", POLICIES)
def test_no_flag_is_ever_deleted(name: str) -> None:
    deletes = {action for action in allowed(name) if "Delete" in action}
    assert deletes <= {"s3:DeleteObject", "cloudwatch:DeleteAlarms"}
    for one in policy(name):
        if "s3:DeleteObject" in one["Action"]:
            assert all("/.pulumi/locks/" in resource for resource in resources(one))
    if name != "planner":  # whatever else is attached to the role
        denied = [one for one in policy(name) if one["Effect"] == "Deny"]
        assert [(one["Action"], one["Resource"]) for one in denied] == [(["secretsmanager:DeleteSecret"], "*")]


@pytest.mark.parametrize("name", POLICIES)
def test_protected_services_are_out_of_reach(name: str) -> None:
    known = catalogue.parse((ROOT / "domains.yaml").read_bytes(), "domains.yaml")
    assert known.protected
    for one in policy(name):
        if one["Effect"] == "Deny" or {*one["Action"]} <= NO_RESOURCE | {"cloudwatch:DescribeAlarms"}:
            continue  # read-only listings, which AWS binds to no name; of an alarm only its limits are seen
        for service in known.protected:
            for resource in resources(one):
                own = resource.replace("wa-webhook-unified", service)
                assert own == resource or not fnmatchcase(own.replace("*", "x"), resource)
                assert not fnmatchcase(f"arn:aws:secretsmanager:REGION:ACCOUNT_ID:secret:{service}/prod/X", resource)
                assert not fnmatchcase(f"arn:aws:cloudwatch:REGION:ACCOUNT_ID:alarm:{service}-errors", resource)
                assert not fnmatchcase(f"arn:aws:sns:REGION:ACCOUNT_ID:{service}-hold", resource)


def test_only_our_own_names_of_one_stack_are_written() -> None:
    for name in POLICIES:
        for one in policy(name):
            writes = {a for a in one["Action"] if not a.partition(":")[2].startswith(READING)} - {"kms:Decrypt"}
            if one["Effect"] == "Allow" and writes - NO_RESOURCE:
                for resource in resources(one):
                    assert re.search(r"wa-webhook-unified[/-]prod|/wa-rollout/prod[/.]", resource), (name, resource)


@pytest.mark.parametrize("name", TRUST)
def test_who_may_take_a_role(name: str) -> None:
    (one,) = json.loads((IAM / f"trust-{name}.json").read_text())["Statement"]
    issuer = "token.actions.githubusercontent.com"
    assert one["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert one["Principal"] == {"Federated": f"arn:aws:iam::ACCOUNT_ID:oidc-provider/{issuer}"}
    # StringEquals, whole subjects: with a pattern, any branch or any fork's name that fits would do
    assert one["Condition"] == {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": TRUST[name]}}
    assert not any("*" in subject for subject in TRUST[name])


@pytest.mark.processes
def test_the_readme_fills_in_every_placeholder(tmp_path: Path) -> None:
    shutil.copytree(IAM, tmp_path / "deploy" / "iam")
    readme = (ROOT / "deploy" / "README.md").read_text()
    commands = next(block for block in re.findall(r"```sh\n(.*?)```", readme, re.S) if "sed " in block)
    subprocess.run(["sh", "-euc", commands], cwd=tmp_path, check=True)
    filled = {path.name: path.read_text() for path in (tmp_path / ".local" / "iam").iterdir()}
    assert {*filled} == {
        *(f"{name}.json" for name in POLICIES), *(f"trust-{name}.json" for name in TRUST),
    }  # fmt: skip
    for name, text in filled.items():
        assert json.loads(text)["Statement"]
        assert not re.findall(r"\b(?:[A-Z]{2,}_[A-Z]+|REGION|ORG|REPO)\b", text), name
        assert len(re.sub(r"\s", "", text)) < ROLE_POLICIES, name
