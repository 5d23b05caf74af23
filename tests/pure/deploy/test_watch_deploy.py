"""The watch under systemd and in a container: it is told to end in a way that it hears, and gets the time that it needs."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

from rollout.commands.rollback.order import LOCK_PATIENCE
from rollout.commands.watch.ending import SIGNALS
from rollout.commands.watch.recorder import LAST_PATIENCE
from tests.pure.samples import CATALOGUE

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
UP = 60.0  # seconds of one `pulumi up` with its commit, many times what it takes
#: The most that recording may take: one domain waits for another run's lock, the rest are begun after the signal.
LONGEST = LOCK_PATIENCE + (len(CATALOGUE.domains) - 1) * LAST_PATIENCE + len(CATALOGUE.domains) * UP
UNIT = (DEPLOY / "rollout-watch.service").read_text()
CONTAINER = (DEPLOY / "Containerfile").read_text()


def setting(key: str) -> list[str]:
    return re.findall(rf"(?m)^{key}=(.*)$", UNIT)


def instruction(name: str) -> str:
    (found,) = re.findall(rf"(?m)^{name} (.*)$", CONTAINER)
    return str(found)


def test_systemd_tells_the_watch_alone_and_waits_until_all_is_recorded() -> None:
    assert setting("KillMode") == ["mixed"]
    assert not setting("KillSignal"), "SIGTERM is its default"
    minutes = re.fullmatch(r"(\d+)min", setting("TimeoutStopSec")[0])
    assert minutes
    assert int(minutes[1]) * 60 >= LONGEST


def test_a_containers_runtime_tells_the_watch_itself() -> None:
    assert signal.Signals[instruction("STOPSIGNAL")] in SIGNALS
    program, option, script, name = json.loads(instruction("ENTRYPOINT"))  # the exec form, or a shell would swallow it
    assert (program, option, name) == ("sh", "-c", "watch")
    assert script.endswith('&& exec python -m rollout watch "$@"')
    timeout = re.search(r"--stop-timeout (\d+)", CONTAINER)
    assert timeout
    assert int(timeout[1]) >= LONGEST


def test_both_run_the_same_watch_with_what_it_needs() -> None:
    (started,) = setting("ExecStart")
    assert started.partition(" -m ")[2].split() == ["rollout", "watch", *json.loads(instruction("CMD"))]
    for name in ("PULUMI_HOME", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        (value,) = re.findall(rf"{name}=(\S+)", UNIT)
        assert re.findall(rf"{name}=(\S+)", CONTAINER) == [value], name
