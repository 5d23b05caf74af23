#!/bin/sh
# moto 5.2.5 (boto3 1.44.8): after UpdateSecretVersionStage has moved AWSCURRENT back to the older version, the way AWS describes a rollback of
# a secret, GetSecretValue without a stage still answers the newer value, labelled AWSPREVIOUS, and BatchGetSecretValue too. Expected (AWS
# API reference: without a version or a stage "it returns the AWSCURRENT version"): the older one. DescribeSecret and a read
# that names VersionStage=AWSCURRENT show the move. A test of a rollback by label fails, or worse, one of a roll forward sees the old value.
# Seen with moto 5.2.5, in process, no network. Needs python3 (3.10 or newer) with its venv module.
# Exit code 0: as seen; 1: it changed; 2: it could not be tried.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'moto[secretsmanager]==5.2.5' boto3==1.44.8 || exit 2
AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x "$folder/venv/bin/python" - <<'EOP'
import sys
import boto3
from moto import mock_aws

with mock_aws():
    store = boto3.client("secretsmanager", region_name="eu-west-1")
    older = store.create_secret(Name="percent", SecretString="5")["VersionId"]
    newer = store.put_secret_value(SecretId="percent", SecretString="10")["VersionId"]
    store.update_secret_version_stage(SecretId="percent", VersionStage="AWSCURRENT", MoveToVersionId=older, RemoveFromVersionId=newer)
    labels = store.describe_secret(SecretId="percent")["VersionIdsToStages"]
    plain = store.get_secret_value(SecretId="percent")
    batch = store.batch_get_secret_value(SecretIdList=["percent"])["SecretValues"][0]["SecretString"]
    named = store.get_secret_value(SecretId="percent", VersionStage="AWSCURRENT")["SecretString"]
print("moto 5.2.5, boto3 1.44.8; AWSCURRENT moved from 10 back to 5")
print(f"described: the 5 is {labels[older]}, the 10 {labels[newer]}")
print(f"read without a stage: {plain['SecretString']}, labelled {plain['VersionStages']}; in a batch: {batch}; with VersionStage=AWSCURRENT: {named}")
seen = (labels[older], plain["SecretString"], plain["VersionStages"], batch, named)
sys.exit(0 if seen == (["AWSCURRENT"], "10", ["AWSPREVIOUS"], "10", "5") else 1)
EOP
