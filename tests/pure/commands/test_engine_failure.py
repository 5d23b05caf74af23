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


#: As 3.276 prints it where the lock folder holds a link to nothing; and the backend's library's own text for it.
WENT = (
    "error: 2 errors occurred:\n    1) stat /s/.pulumi/locks/organization/x/one/a.json: no such file or directory\n    2) NotFound\n",
    'error: blob (key ".pulumi/locks/organization/x/one/a.json") (code=NotFound): stat /s/a.json: no such file or directory\n',
)
#: As it is said of a bucket that isn't there.
BUCKET = "error: error listing stacks: could not list bucket: blob (code=NotFound): operation error S3: ListObjectsV2, NoSuchBucket\n"


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


def runs(monkeypatch: pytest.MonkeyPatch, *stderr: str) -> tuple[int, int]:
    """Engines that end with these errors, one after the other, then well: the code told, and how many ran."""
    left = [*stderr]

    def run(*arguments: str, env: object = None) -> subprocess.CompletedProcess[str]:
        ran.append(arguments)
        return subprocess.CompletedProcess(arguments, 255 if left else 0, "", left.pop(0) if left else "")

    ran: list[tuple[str, ...]] = []
    monkeypatch.setattr(pulumi, "run", run)
    monkeypatch.setattr(pulumi, "POLL", 0.0)
    return pulumi.run_locked(lambda: ["up"], "x", patience=5.0, say=lambda _: None).returncode, len(ran)


@pytest.mark.parametrize("gone", WENT)
def test_a_lock_that_goes_while_it_is_looked_for(gone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two rollbacks at once the record of one failed when the other's lock went at the moment between list and read."""
    assert runs(monkeypatch, gone) == (0, 2)
    assert runs(monkeypatch, gone, gone, "error: the stack is currently locked by 1 lock(s).\n", gone) == (0, 5)
    assert runs(monkeypatch, *[gone] * 9) == (255, pulumi.WENT + 1), "what stays away isn't asked for for ever"


def test_what_else_is_not_found_is_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    for said in ("error: no stack named 'x' found\n", "error: it burns: NotFound\n", BUCKET, SEVERAL):
        assert runs(monkeypatch, said) == (255, 1)
