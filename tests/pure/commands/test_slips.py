"""A slip in a name is answered with the name that was meant, everywhere; and who is at work."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.commands import cli
from rollout.commands.project import files
from rollout.provider import git, who


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["stauts"], "did you mean status?"),
        (["roll-back", "jobs"], "did you mean rollback?"),
        (["unlok"], "did you mean unlock?"),
        (["rollback", "job", "--to", "zero"], "did you mean jobs?"),
        (["rollback", "ai-agent", "--to", "zero"], "did you mean ai-agents?"),
        (["rollback", "jobs", "--because", "erors"], "did you mean errors?"),
        (["rollback", "jobs", "--because", "dta"], "did you mean data?"),
        (["log", "--domain", "propertys"], "did you mean property?"),
        (["promote", "--domain", "marktplace"], "did you mean marketplace?"),
        (["freeze", "--why", "x", "--domain", "jbos"], "did you mean jobs?"),
        (["unfreeze", "--domain", "jobz"], "did you mean jobs?"),
        (["drill", "jobss"], "did you mean jobs?"),
        (["gate", "--metric", "erors", "--bad", "1", "--total", "10"], "did you mean errors"),
        (["status", "--stak", "prod"], "--stack"),
        (["log", "--kind", "rolback"], "rollback"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_was_meant(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_STACK", "local")
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert meant in said.err, said.err
    assert "Traceback" not in said.err


def test_what_nobody_can_have_meant_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["xyzzy"])
    assert "one of: status, plan, " in capsys.readouterr().err


def test_who_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    home = files.ROOT

    def known(name: str | None) -> None:
        def text(_: Path, *arguments: str) -> str:
            assert arguments == ("config", "user.name")
            if name is None:
                raise git.GitFailed("git config: ?")
            return f"{name}\n"

        monkeypatch.setattr(git, "text", text)
        who.known_to_git.cache_clear()

    known("Ana K.")
    assert who.named(home, " Ben ", {"USER": "root", "GITHUB_ACTOR": "cem"}) == "Ben"
    assert who.named(home, "", {"USER": "root", "GITHUB_ACTOR": "cem"}) == "cem", "a runner works on somebody's event"
    assert who.named(home, "", {"USER": "root"}) == "Ana K."
    known(None)
    assert who.named(home, "", {"USER": "root"}) == "root"
    assert who.named(home, "", {}) == "unnamed"
    who.known_to_git.cache_clear()  # for whoever comes next
