"""What is told of an engine that failed: all of its own error, and no more."""

from __future__ import annotations

import subprocess

import pytest

from rollout.commands.engine import pulumi

SEVERAL = """error: 2 errors occurred:
    1) failed to load resource plugin command: could not start it
    2) failed to load resource plugin rollout: 2 errors occurred:
    1) it said nothing
    2) it is gone
"""
RUN = """Updating (local):

 ~  rollout:index:TrafficFlag jobs-percent **updating failed** error: it burns

Diagnostics:
  rollout:index:TrafficFlag (jobs-percent):
    error: it burns

Resources:
    29 unchanged

Duration: 2s
"""


def said(out: str, err: str) -> list[str]:
    done = subprocess.CompletedProcess(["pulumi", "up", "--stack", "prod"], 255, out, err)
    return pulumi.failure(done).splitlines()


@pytest.mark.parametrize(("out", "err"), [("", SEVERAL), ("Updating (local):\n", f"{SEVERAL}warning: a new version\n")])
def test_each_of_several_errors(out: str, err: str) -> None:
    """Of two rollbacks at once one said `2 errors occurred:`, and nobody could tell which."""
    assert said(out, err) == [line.strip() for line in SEVERAL.splitlines()]


def test_the_diagnostics_go_before_the_errors() -> None:
    assert said(RUN, "error: update failed\n") == ["rollout:index:TrafficFlag (jobs-percent):", "error: it burns"]


def test_one_error_of_several_lines_and_what_helps() -> None:
    locked = "error: the stack is currently locked by 1 lock(s).\n  file:///x.json: created by a@b (pid 1) at t\n"
    found = said("@ updating....\n", locked)
    assert found[:2] == [line.strip() for line in locked.splitlines()]
    assert found[-1].startswith("  do:      wait for that run; if it is gone: ")


@pytest.mark.parametrize(
    ("out", "err", "shown"),
    [("", "panic\n", ["panic"]), ("", "", ["pulumi ended with 255 and said nothing"]), ("a\n\nb\n", "", ["a", "b"])],
)
def test_no_error_by_name(out: str, err: str, shown: list[str]) -> None:
    assert said(out, err) == shown
