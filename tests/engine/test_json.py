"""`--json` of the commands that act: one object on stdout, the lines for people on stderr, the same exit codes."""

from __future__ import annotations

import importlib
import json

import pytest

from rollout.commands.cli import COMMANDS
from tests import days
from tests.harness import Sandbox


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_json_and_says_what_it_does(name: str) -> None:
    command = importlib.import_module(COMMANDS[name][0]).command
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options or name in ("init", "play")  # they ask a person, who reads
    assert "--stack" in options or name in ("gate", "init", "play", "rehearse")
    assert command.help
    assert "xit code" in command.help or name in ("live", "promote"), "its exit codes"


def test_a_rollback_and_an_unlock_as_one_object(sandbox: Sandbox) -> None:
    days.set_percents(sandbox, {"ai-agents": 5})
    sandbox.commit("5")
    sandbox.up("-m", "5")
    done = sandbox.rollout("rollback", "ai-agents", "--wait", "0", "--stack", "local", "--json")
    told = json.loads(done.stdout)
    assert (told["domain"], told["down"], told["was"], told["live"], told["code"]) == ("ai-agents", True, "5 %", 0, 0)
    assert any("up: recorded" in step for step in told["steps"])
    assert "live 0 %" in done.stderr
    told = json.loads(sandbox.rollout("unlock", "--stack", "local", "--json").stdout)
    assert told["cleared"] is True


def test_a_rollback_that_isnt_down_says_so_in_json_too(sandbox: Sandbox) -> None:
    env = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    done = sandbox.rollout("rollback", "ai-agents", "--to", "zero", "--stack", "local", "--json", env=env, check=False)
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert (told["down"], told["live"], told["code"]) == (False, None, 3)
    assert "NOT KNOWN TO BE DOWN" in done.stderr
