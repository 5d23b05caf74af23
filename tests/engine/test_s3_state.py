"""State on s3 and secrets by KMS, as in production: what the engine asks of them is what deploy/iam allows, role by role."""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from tests.actions import ROOT
from tests.harness import Sandbox

BUCKET = "wa-rollout-state"


def _patterns(action: str) -> list[str]:
    """Keys of the bucket on which the applier may do `action`, for this stack."""
    found: list[str] = []
    for one in json.loads((ROOT / "deploy" / "iam" / "applier.json").read_text())["Statement"]:
        if action in one["Action"]:
            found += [one["Resource"]] if isinstance(one["Resource"], str) else one["Resource"]
    return [resource.partition(":::STATE_BUCKET/")[2].replace("prod", "local") for resource in found]


def _fits(key: str, action: str) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in _patterns(action))


def test_a_preview_only_reads_and_an_up_writes_where_it_may(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(stack=False)
    s3, kms = sandbox.boto("s3"), sandbox.boto("kms")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    kms.create_alias(AliasName="alias/wa-rollout", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    host = sandbox.url.removeprefix("http://")
    sandbox.env["PULUMI_BACKEND_URL"] = (
        f"s3://{BUCKET}?region=eu-west-1&endpoint={host}&disableSSL=true&s3ForcePathStyle=true"
    )
    lines = sandbox.read_config().splitlines(keepends=True)
    sandbox.write_config("".join(line for line in lines if not line.startswith("encryptionsalt:")))

    def asked(*args: str) -> dict[str, int]:
        """What a command asks of bucket and key."""
        sandbox.api_calls(reset=True)
        sandbox.pulumi(*args)
        return {k: n for k, n in sandbox.api_calls(reads=True).items() if k.startswith(("s3.", "kms."))}

    # once, by an administrator: the one step that needs Encrypt, and that writes the bucket's own mark
    made = asked("stack", "init", "local", "--secrets-provider", "awskms://alias/wa-rollout?region=eu-west-1")
    assert made["kms.Encrypt"] == 1

    assert {*asked("preview", "--diff")} == {"s3.GET", "s3.HEAD", "kms.Decrypt"}
    before = _versions(s3)
    assert {*asked("up", "--yes", "--skip-preview")} == {"s3.GET", "s3.HEAD", "s3.PUT", "s3.DELETE", "kms.Decrypt"}
    assert {*asked("preview", "--diff", "--expect-no-changes")} == {"s3.GET", "s3.HEAD", "kms.Decrypt"}
    assert {*asked("stack", "export")} <= {"s3.GET", "s3.HEAD"}

    after = _versions(s3)
    put = {key for key, version in after["Versions"] - before["Versions"]}
    deleted = {key for key, version in after["DeleteMarkers"] - before["DeleteMarkers"]}
    assert put
    assert deleted
    assert [key for key in put if not _fits(key, "s3:PutObject")] == []
    assert [key for key in deleted if not _fits(key, "s3:DeleteObject")] == []


def _versions(s3: Any) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {"Versions": set(), "DeleteMarkers": set()}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
        for kind, seen in found.items():
            seen |= {(one["Key"], one["VersionId"]) for one in page.get(kind, [])}
    return found
