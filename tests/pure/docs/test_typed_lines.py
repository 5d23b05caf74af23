"""Every command line in the pages parses as it is written: by click, the Makefile, and the options that pulumi and git have."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import click
import pytest

from rollout.commands import cli
from tests.pure.docs.pages import ROOT, markdown, page

pytestmark = pytest.mark.processes  # pulumi and git are asked what they take

#: What the reader fills in, and what stands for it here.
FILLED: Final = {
    "DOMAIN": "jobs", "COMMIT": "HEAD", "STACK": "prod", "METRIC": "errors", "NAME": "x", "PATH": "board.html", "N": "5", "DATE": "2026-12-28",
    "PR": "7", "FILE": "x", "WHY": "x", "D": "jobs", "T": "zero", "DAY": "3",
}  # fmt: skip
TOOLS: Final = ("make", "rollout", "pulumi", "git")
#: Words that end a line that a page says something about, and lines that are output.
REMARK: Final = re.compile(r"\s(?:#|;?  (?=\S)).*$")
ASSIGNED: Final = re.compile(r"^[A-Z_][A-Z0-9_]*=(?:\S+|\"[^\"]*\"|'[^']*')\s+")
ENGINE: Final = ROOT / ".tools" / "pulumi" / "bin" / "pulumi"


def lines(path: Path) -> Iterator[str]:
    """Command lines in code blocks (those after `$` alone where a block has output), and code spans of at least two words."""
    one = page(path)
    blocks = one.code[: len(one.code) - len(one.spans)]
    for text in blocks:
        text = text.replace("\\\n", " ")
        prompted = re.findall(r"(?m)^\$ (.*)$", text)
        for line in prompted or text.splitlines():
            for part in re.split(r"\s(?:&&|\|\||\|)\s|;\s", REMARK.sub("", line.strip())):
                yield part.strip()
    for span in one.spans:
        span = span.removeprefix("python -m ")
        if len(span.split()) > 2 or span.startswith(("make ", "git ")):  # `rollout log` is a name in a sentence
            yield from (part.strip() for part in span.replace("\n", " ").split(" && "))


def typed(path: Path) -> list[list[str]]:
    """The lines of our tools as words, with what the reader fills in."""
    found = []
    for line in lines(path):
        while ASSIGNED.match(line):
            line = ASSIGNED.sub("", line)
        line = re.sub(r"^(?:\S*/)?python -m rollout\b|^\.venv/bin/rollout\b", "rollout", line)
        if not line.startswith(tuple(f"{tool} " for tool in TOOLS)) or "..." in line:
            continue
        line = re.sub(
            r"\[([^]]*)\]", r"\1", re.sub(r"(?<=\w)\|[\w|]+", "", line)
        )  # what is optional is given; of choices the first
        try:
            words = shlex.split(line)
        except ValueError:
            continue
        found.append([_filled(word) for word in words])
    return found


def _filled(word: str) -> str:
    name, equals, value = word.rpartition("=")
    return f"{name}{equals}{FILLED.get(value, value)}"


def parse(words: list[str]) -> None:
    """Raises where no such line can be typed."""
    tool, *rest = words
    if tool == "rollout":
        if rest[0].startswith("-"):
            return
        command = cli.cli.get_command(click.Context(cli.cli), rest[0])
        assert command is not None, f"no command {rest[0]}"
        with click.Context(cli.cli) as context:
            command.make_context(rest[0], rest[1:], parent=context, resilient_parsing="-h" in rest or "--help" in rest)
    elif tool == "make":
        makefile = (ROOT / "Makefile").read_text()
        for word in rest:
            name, equals, _ = word.partition("=")
            if equals:
                assert f"$({name})" in makefile or f"$({name}," in makefile or f",{name})" in makefile, word
            elif not word.startswith(("-", "$")):
                assert re.search(rf"(?m)^{re.escape(name)}:", makefile), f"no target {name}"
    else:
        known = usage(
            tool, tuple(word for word in rest[:2] if re.fullmatch(r"[a-z-]+", word) and not word.startswith("-"))
        )
        for word in rest:
            if word.startswith("--") and word != "--":
                assert word.partition("=")[0] in known or word.replace("--no-", "--[no-]") in known, word


@cache
def usage(tool: str, names: tuple[str, ...]) -> str:
    """What the tool says of a command. Of git a page's options may be in the manual alone: it is asked with all it has."""
    if tool == "git":
        told = subprocess.run(["git", *names[:1], "-h"], capture_output=True, text=True, check=False, cwd=ROOT)
        text = told.stdout + told.stderr
        assert not names or "usage: git" in text, names
        return (
            text
            if names[:1] not in (("log",), ("show",), ("diff",), ())
            else f"{text} --oneline --no-pager --stat --follow --"
        )
    told = subprocess.run([ENGINE, *names, "--help"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert "Usage:" in told.stdout, (names, told.stderr)
    return told.stdout


PAGES: Final = [path for path in markdown() if path.name != "CHANGELOG.md" and typed(path)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_line_can_be_typed(path: Path) -> None:
    wrong = []
    for words in typed(path):
        if words[0] == "pulumi" and not ENGINE.exists():
            continue
        try:
            parse(words)
        except (AssertionError, click.ClickException) as error:
            wrong.append(f"{shlex.join(words)}: {error}")
    assert not wrong, "\n".join(wrong)


def test_the_collection_finds_its_lines() -> None:
    found = {path.relative_to(ROOT).as_posix(): len(typed(path)) for path in PAGES}
    assert found["README.md"] >= 15
    assert sum(count for name, count in found.items() if name.startswith("docs/runbooks/")) >= 40
    assert {"docs/own-services.md", "docs/supabase.md", "docs/simulator.md"} <= {*found}


@pytest.mark.parametrize(
    "line",
    [
        "make rolback",
        "make rollback DOMIAN=jobs",
        "rollout drill --du",
        "rollout unlok",
        "git comit",
        "git revert --no-edt",
    ],
)
def test_a_slip_would_be_found(line: str) -> None:
    with pytest.raises((AssertionError, click.ClickException)):
        parse(shlex.split(line))
