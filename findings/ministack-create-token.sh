#!/bin/sh
# ministack 1.5.33 (boto3 1.43.106): CreateSecret doesn't take the ClientRequestToken as the new version's id; PutSecretValue does.
# Expected (AWS API reference, CreateSecret): "If you include this value, it is used as the VersionId of the new version", and the
# same request again succeeds. Seen: another VersionId, and the same request again is a ResourceExistsException.
# Needs python3 with its venv module; about 20 s. Exit code 0: as seen; 1: it changed; 2: it could not be tried.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ministack==1.5.33 boto3==1.43.106 || exit 2
# What runs here is asked past any proxy.
near="127.0.0.1,localhost,${NO_PROXY:-${no_proxy:-}}"
export NO_PROXY="$near" no_proxy="$near"
"$folder/venv/bin/python" - "$folder/venv/bin/ministack" <<'PY'
import os, socket, subprocess, sys, time, urllib.request, uuid
from importlib.metadata import version
import boto3

print("ministack", version("ministack"), "boto3", version("boto3"))

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
url = f"http://127.0.0.1:{port}"
own = {**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"}
server = subprocess.Popen([sys.argv[1]], env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/_ministack/health", timeout=2).close()
            break
        except OSError:
            time.sleep(0.1)
    else:
        print("the server doesn't answer", file=sys.stderr)
        sys.exit(2)
    store = boto3.client("secretsmanager", endpoint_url=url, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    token, other = str(uuid.uuid4()), str(uuid.uuid4())
    made = store.create_secret(Name="flag", SecretString="5", ClientRequestToken=token)["VersionId"]
    put = store.put_secret_value(SecretId="flag", SecretString="10", ClientRequestToken=other)["VersionId"]
    again = "succeeds"
    try:
        store.create_secret(Name="flag", SecretString="5", ClientRequestToken=token)
    except store.exceptions.ResourceExistsException:
        again = "ResourceExistsException"
    print(f"create: version is the token: {made == token}; put: {put == other}; the same create again: {again}")
    if (made == token, put == other, again) != (False, True, "ResourceExistsException"):
        raise SystemExit("changed")
finally:
    server.terminate()
    server.wait(30)
PY
