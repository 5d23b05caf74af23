"""A watch that stays is told to end: what it has brought down is recorded first, and a second signal leaves a way on."""

from __future__ import annotations

import os
import re
import shlex
import signal
import time
from collections.abc import Iterator

import pytest

from tests import burning, postgres, races, watching
from tests.burning import Burning
from tests.harness import Sandbox
from tests.watching import Held


@pytest.fixture(scope="module")
def _once(tmp_path_factory: pytest.TempPathFactory, flag_store: str) -> Iterator[Burning]:
    made = watching.begin(postgres.entered(tmp_path_factory.mktemp("ended")), store=flag_store)
    yield made
    assert not made.sandbox.close()


@pytest.fixture
def sandbox(_once: Burning) -> Sandbox:
    """A deployed stack at burning.START; jobs burns."""
    return _once.again()


@pytest.mark.parametrize(
    ("tool", "held", "number", "group"),
    [
        ("pulumi", '" up "', signal.SIGTERM, False),  # systemd with KillMode=mixed, a container's runtime
        ("pulumi", '" up "', signal.SIGINT, True),  # Ctrl-C: the terminal's whole group gets it
        ("git", '" commit-tree "*rollback', signal.SIGINT, True),
        ("git", '" commit-tree "*incident', signal.SIGTERM, True),
    ],
)
def test_told_to_end_while_it_records_it_looks_no_more_and_records_first(
    sandbox: Sandbox, tool: str, held: str, number: int, group: bool
) -> None:
    tool_held = Held(sandbox, tool, held)
    watch = watching.start(sandbox)
    watch.until(tool_held.reached)
    (os.killpg if group else os.kill)(watch.process.pid, number)
    watch.until_said(f"{signal.Signals(number).name}: no more looks; first jobs is brought down and recorded.", 5)
    looks = watch.looks()
    time.sleep(2.5)
    assert watch.looks() == looks
    assert watch.process.poll() is None, watch.said
    tool_held.let_go()
    assert watch.ended() == 0, watch.said
    assert not tool_held.interrupted()
    assert "Traceback" not in watch.said
    watching.recorded(sandbox)


def test_told_to_end_in_the_middle_of_a_stop_it_brings_the_flag_down_and_records_it(sandbox: Sandbox) -> None:
    races.slow(sandbox, 0.5, "jobs")  # seconds, of each of the stop's calls
    watch = watching.start(sandbox)
    watch.until_said("ROLLBACK jobs")
    watch.process.send_signal(signal.SIGTERM)
    watch.until_said("live 10 %")
    races.slow(sandbox, 0)
    assert watch.ended() == 0, watch.said
    assert watch.looks() == 1
    watching.recorded(sandbox)


def test_a_second_signal_ends_it_at_once_and_what_it_says_does_the_rest(sandbox: Sandbox) -> None:
    tool_held = Held(sandbox, "pulumi", '" up "')
    watch = watching.start(sandbox)
    watch.until(tool_held.reached)
    watch.process.send_signal(signal.SIGTERM)
    watch.until_said("SIGTERM: no more looks")
    watch.process.send_signal(signal.SIGTERM)
    assert watch.ended(10) == 1, watch.said
    assert tool_held.interrupted(), "an engine that is killed leaves its lock behind"
    assert "SIGTERM again: ended at once\njobs is down at 10 %, and not all of it is on record\n" in watch.said
    assert burning.live(sandbox, "jobs") == "10"
    (incident,) = watching.incidents(sandbox)
    assert "nothing says yet that they ended" in incident.read_text(), "it was written when the flag was down"

    tool_held.let_go()
    told = re.search(r"do: +python (-m rollout rollback jobs .*); then commit (\S+)\n", watch.said)
    assert told, watch.said
    sandbox.run("python", *shlex.split(told[1]), "--wait", "0")
    sandbox.git("add", told[2])
    sandbox.git("commit", "--quiet", "--allow-empty", "--message", "incident")  # a rollback commits it by itself
    burning.recorded(sandbox, "jobs", 10)
    assert sandbox.git("status", "--porcelain").stdout == ""
    assert "    jobs:\n      attempt: 1\n" in sandbox.read_config()


def test_told_to_end_in_a_pause_or_in_the_middle_of_a_look(sandbox: Sandbox) -> None:
    watch = watching.start(sandbox, *watching.LOOP[:-1], "600", "--dry-run")
    watch.until_said("would bring jobs down to previous, because of errors")
    watch.process.send_signal(signal.SIGTERM)
    assert watch.ended(5) == 0, watch.said

    sandbox.counters_broken(hang=True)
    for arguments, code in ((watching.LOOP, 0), (watching.LOOP[:-2], 1)):
        sandbox.api_calls(reset=True)
        watch = watching.start(sandbox, *arguments)
        watch.until(sandbox.look_begun)
        time.sleep(0.5)
        watch.process.send_signal(signal.SIGTERM)
        assert watch.ended(30) == code, watch.said
        assert watch.looks() == 0
    assert burning.live(sandbox, "jobs") == "25"
    assert not sandbox.api_calls()
