#!/bin/sh
# ministack 1.5.33 (boto3 1.43.106): PutMetricAlarm with `Metrics` (metric math) succeeds, and the alarm has none of them.
# Expected (AWS API reference): DescribeAlarms answers the three entries of `Metrics`, the expression among them.
# Seen: `Metrics` is absent or empty, as is everything that such an alarm would be judged by.
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
import os, socket, subprocess, sys, time, urllib.request
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
    watch = boto3.client("cloudwatch", endpoint_url=url, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    def stat(name, ident):
        return {"Id": ident, "ReturnData": False, "MetricStat": {"Metric": {"Namespace": "N", "MetricName": name}, "Period": 60, "Stat": "Sum"}}
    watch.put_metric_alarm(
        AlarmName="ratio", EvaluationPeriods=1, Threshold=0.05, ComparisonOperator="GreaterThanThreshold",
        Metrics=[stat("Errors", "bad"), stat("Requests", "total"), {"Id": "ratio", "Expression": "bad / total", "ReturnData": True}],
    )
    (alarm,) = watch.describe_alarms(AlarmNames=["ratio"])["MetricAlarms"]
    kept = [one["Id"] for one in alarm.get("Metrics") or []]
    print(f"kept of the alarm's metrics: {kept}; threshold {alarm['Threshold']}")
    if kept:
        raise SystemExit("changed")
finally:
    server.terminate()
    server.wait(30)
PY
