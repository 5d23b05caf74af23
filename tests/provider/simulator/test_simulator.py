"""The simulator: what it counts, the faults it can show, and that its control never touches another process."""

from __future__ import annotations

import os
import signal
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from rollout.simulator.simulator import Simulator
from tests.harness import client


def test_counts_by_action(moto: Simulator) -> None:
    client(moto.url, "secretsmanager").create_secret(Name="a", SecretString="0")
    client(moto.url, "cloudwatch").describe_alarms()
    client(moto.url, "sns").create_topic(Name="t")
    counted = moto.call("GET", "/calls")
    assert counted == {"secretsmanager.CreateSecret": 1, "cloudwatch.DescribeAlarms": 1, "sns.CreateTopic": 1}


def test_an_answer_lost_after_the_commit(moto: Simulator) -> None:
    secrets = client(moto.url, "secretsmanager")
    secrets.create_secret(Name="JOBS", SecretString="5")
    fault = {"target": "secretsmanager.PutSecretValue", "match": "JOBS", "status": 500, "times": 1, "after": True}
    moto.call("PUT", "/faults", {"fail": [fault]})
    with pytest.raises(ClientError, match="fault of a test"):
        secrets.put_secret_value(SecretId="JOBS", SecretString="10")
    assert secrets.get_secret_value(SecretId="JOBS")["SecretString"] == "10"
    secrets.put_secret_value(SecretId="JOBS", SecretString="25")  # once means once


def test_a_cut_connection_commits_nothing(moto: Simulator) -> None:
    secrets = client(moto.url, "secretsmanager")
    secrets.create_secret(Name="a", SecretString="5")
    moto.call("PUT", "/faults", {"fail": [{"target": "secretsmanager.PutSecretValue", "status": 0}]})
    with pytest.raises(HTTPClientError):
        secrets.put_secret_value(SecretId="a", SecretString="10")
    assert secrets.get_secret_value(SecretId="a")["SecretString"] == "5"


def test_health_is_replaced_and_healed(moto: Simulator) -> None:
    moto.call("PUT", "/health", {"status_code": 503, "body": {"agents": 7}})
    assert moto.call("GET", "/health") == {"agents": 7}
    moto.reset()
    assert moto.call("GET", "/health")["agents"] == 8


def test_web_pages_are_refused(moto: Simulator) -> None:
    request = urllib.request.Request(f"{moto.url}/moto-api/data.json", headers={"Origin": "https://example.org"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request)


def test_killed_and_started_again_on_the_same_port(tmp_path: Path) -> None:
    simulator = Simulator(tmp_path)
    try:
        assert "started" in simulator.start()
        first = simulator.url
        assert "already running" in simulator.start()
        pid = simulator.pid()
        assert pid
        os.kill(pid, signal.SIGKILL)
        assert "started" in simulator.start()
        assert simulator.url == first
    finally:
        assert "stopped" in simulator.stop()
    assert simulator.stop() == "not running"


def test_a_taken_port_and_a_stale_pid_file(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        (tmp_path / "port").write_text(str(other.getsockname()[1]))
        (tmp_path / "simulator.pid").write_text(str(os.getpid()))  # of somebody else: this test survives it
        simulator = Simulator(tmp_path)
        try:
            assert "was taken" in simulator.start()
        finally:
            simulator.stop()


def test_what_it_keeps_is_its_users_alone(moto: Simulator) -> None:
    for name in ("port", "simulator.pid", "simulator.log", "simulator.lock"):
        assert (moto.folder / name).stat().st_mode & 0o777 == 0o600, name
