"""What no reader sees is never printed as it is: of a store, a file, a commit, another program."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from rollout.commands import cli
from rollout.commands.project import files
from rollout.commands.report import markdown as report_markdown
from rollout.model.flag.moves import Live
from rollout.model.problem import BadInput, Problem, masked, shown, unseen, visible
from rollout.model.reports.parts import Report, Table
from rollout.model.review import markdown
from rollout.model.review.message import stopped
from rollout.provider.errors import StoreError
from rollout.provider.wire import values
from rollout.provider.wire.row import Row

#: A terminal's order to clear the screen, a turn of the direction of writing, no width, a line end of its own, a tag.
HOSTILE = (
    "\x1b[2J",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u2028",
    "\x85",
    "\x9b",
    "\r",
    "\ufeff",
    "\u00ad",
    "\U000e0041",
    "\ud800",
)
SEEN = (
    "Élise",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\U0001f469\u200d\U0001f4bb",
    "a\tb",
    "a\nb",
    "5 %",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_each_is_found_and_written_out(text: str) -> None:
    assert unseen(f"a{text}b").startswith("U+")
    assert unseen(visible(f"a{text}b")) == ""
    assert visible(f"a{text}b")[:3] == "a\\u"


@pytest.mark.parametrize("text", SEEN)
def test_what_is_seen_stays(text: str) -> None:
    assert unseen(text) == ""
    assert visible(text) == text


def test_they_are_named_as_the_standard_does() -> None:
    assert unseen("a\u202eb") == "U+202E"
    assert visible("a\u202eb\x1b") == "a\\u202eb\\u001b"


@pytest.mark.parametrize("text", [one for one in HOSTILE if one != "\ud800"])
def test_what_is_written_out_is_the_same_in_json(text: str) -> None:
    raw = json.dumps({"said": f"a{text}b"}, ensure_ascii=False)
    assert json.loads(visible(raw)) == json.loads(raw)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_door_lets_one_through(text: str) -> None:
    row = Row("urn")
    row.warn(f"live {text}")
    row.info(f"live {text}")
    told = [
        str(StoreError(f"put_secret_value failed: {text}")), str(BadInput([Problem("what", given=f"x{text}")])),
        *(line for _, line in row.lines), masked(text), masked(f"{text} and a long text"), shown(f"x{text}"),
        Live(text).show(), stopped("prod", "jobs", text, 0, text, text, text).text,
        markdown.escape(f"a{text}"), markdown.code(f"a{text}"),
        report_markdown.render(Report("daily", f"t{text}", (Table("c", ("a",), (((f"x{text}",),),)),))),
    ]  # fmt: skip
    assert [line for line in told if unseen(line)] == []


def test_the_engine_is_handed_none() -> None:
    """A hand's alarm description or subscription: the engine prints the rows of a diff as they come."""
    given = {"text": "a\u202eb", "list": [{"deep": "\x1b[2J"}], "half": "\ud800", "whole": "Élise"}
    assert values.plain(values.struct(given, object())) == {
        "text": "a\\u202eb", "list": [{"deep": "\\u001b[2J"}], "half": "\\ud800", "whole": "Élise",
    }  # fmt: skip


def test_commands_print_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever a command prints, and wherever it has it from."""

    @click.command("live")
    def hostile() -> None:
        click.echo("note: \u202eeht")
        click.echo("\x9b2J", err=True)
        raise StoreError("said \u2066so")

    monkeypatch.setattr(files, "ROOT", tmp_path)
    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: hostile)
    with pytest.raises(SystemExit) as ended:
        cli.main(["live"])
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err) == (1, "note: \\u202eeht\n", "\\u009b2J\nsaid \\u2066so\n")
