"""No secret of any kind comes out: planted ones are looked for in everything that a run prints and leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests import days
from tests.harness import Sandbox

CANARIES: Final = {
    "AWS_SECRET_ACCESS_KEY": "canary-aws-9f31c7",
    "AWS_SESSION_TOKEN": "canary-session-77ab20",
    "PULUMI_ACCESS_TOKEN": "canary-pulumi-c0ffee",
    "PULUMI_CONFIG_PASSPHRASE": "canary-passphrase-5511d2",
    "WEBHOOK_TOKEN": "canary-webhook-e8a44b",
    "SUPABASE_ACCESS_TOKEN": "canary-supabase-1d09f3",
}
IN_A_FLAG: Final = "canary-pasted-into-a-flag"  # somebody pastes a token over a percent


def _found(text: str) -> list[str]:
    return [name for name, value in CANARIES.items() if value in text]


def _files(folder: Path) -> list[str]:
    """The files under `folder` that hold a canary; links (the tools) aren't followed."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and ".venv" not in path.parts:
            raw = path.read_bytes()
            found += [
                f"{path.relative_to(folder)}: {name}" for name, value in CANARIES.items() if value.encode() in raw
            ]
    return found


def test_no_secret_comes_out(new_sandbox: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = new_sandbox(stack=False)
    sandbox.env.update(CANARIES, TMPDIR=str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    salt = sandbox.read_config().splitlines(keepends=True)  # made for another passphrase: this stack gets its own
    sandbox.write_config("".join(line for line in salt if not line.startswith("encryptionsalt")))
    said: list[str] = []

    def note(done: object, *, works: bool | None = True) -> None:
        code, text = done.returncode, done.stdout + done.stderr  # type: ignore[attr-defined]
        said.append(text)
        assert works is None or (code == 0) == works, text

    note(sandbox.pulumi("stack", "select", "--create", "local"))
    days.set_percents(sandbox, days.percents(0))
    days.turn_clock(sandbox, 0)
    note(sandbox.up("--verbose", "9", "--logtostderr"))
    sandbox.commit("day 0")
    days.turn_clock(sandbox, 1)
    note(sandbox.rollout("promote", "1", "--stack", "local"))
    note(sandbox.preview())
    started = sandbox.start("pulumi", "up", "--yes", "--skip-preview", "--stack", "local")
    lines = set()
    while started.poll() is None:  # what `ps` shows to everybody on the machine
        lines |= set(sandbox.processes().values())
    note_text = started.communicate()[0]
    assert started.returncode == 0, note_text
    said += [note_text, *lines]
    assert any("provider" in line for line in lines), "the provider was never seen running"

    # Failures print the most: a refusal, an API that says no, one that answers garbage, one that isn't there.
    days.set_percents(sandbox, {"ai-agents": 25})
    note(sandbox.preview(check=False), works=False)
    for fault in (
        {"status": 403, "code": "AccessDeniedException"},
        {"status": 200, "body": "<html>"},
        {"status": 0},
    ):
        sandbox.simulator.call("PUT", "/faults", {"fail": [fault]})
        note(sandbox.preview(check=False), works=None)
        note(sandbox.rollout("live", "--stack", "local", check=False), works=None)
    sandbox.simulator.call("DELETE", "/faults")
    days.put(sandbox, "ai-agents", IN_A_FLAG)
    note(sandbox.preview(check=False), works=False)
    days.put(sandbox, "ai-agents", "5")
    rollback = ("rollback", "ai-agents", "--to", "zero", "--stack", "local", "--wait", "0")
    note(sandbox.rollout(*rollback, check=False), works=None)
    note(sandbox.pulumi("stack", "export", "--show-secrets"))
    note(sandbox.pulumi("stack", "history", "--json"))
    note(sandbox.pulumi("stack", "output", "--show-secrets"))

    printed = [name for text in said for name in _found(text)]
    assert not printed, printed
    assert not _files(sandbox.folder)
    assert not _files(tmp_path / "tmp")
    assert not any(IN_A_FLAG[:12] in text for text in said), "a value that isn't a percent is shown cut"


def test_a_change_of_code_that_changes_no_input_shows_no_diff(sandbox: Sandbox) -> None:
    days.begin(sandbox, {"ai-agents": 100, "jobs": 5, "marketplace": 0, "property": 0}, day=10)
    for folder in ("components", "rollout"):
        for path in sorted((sandbox.folder / folder).rglob("*.py")):
            path.write_text(path.read_text() + "\n\nADDED_LATER = 1\n")
    started = sandbox.folder / "rollout" / "provider" / "__init__.py"
    started.write_text(started.read_text().replace('VERSION = "0.1.0"', 'VERSION = "0.2.0"'))
    assert "0.2.0" in started.read_text()
    found = sandbox.preview_json("--expect-no-changes")
    assert days.steps(found) == {}
    sandbox.up()
    assert sandbox.api_calls(reset=True)  # of the beginning
    sandbox.up()
    assert not sandbox.api_calls(), "an `up` without a change writes nothing"
