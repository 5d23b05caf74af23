"""Every command line that a message names is one: it parses, with the options and targets that there are, in both shells."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from rollout.commands import cli
from rollout.model import trouble, typed
from rollout.model.typed import Typed

pytestmark = pytest.mark.processes  # git and make are asked what they take

ROOT: Final = Path(__file__).resolve().parents[3]
#: What stands for a placeholder, by the last name in it; anything else is a rung.
SAMPLES: Final = {
    "stack": "prod",
    "name": "jobs",
    "domain": "jobs",
    "where": "Pulumi.prod.yaml",
    "because": "errors",
    "metric": "errors",
}
LINE: Final = re.compile(
    r"(?<![\w./-])(?P<line>(?:(?:python -m |\.venv/bin/python -m )?rollout (?=(?:NAMES)\b)"
    r"|make (?=[a-z]+)|pulumi (?=[a-z]+)|git (?=[a-z]))[a-z][^,;:)\n`]*)".replace("NAMES", "|".join(cli.COMMANDS))
)
#: Sub-commands and options of `pulumi` that messages name; tests/engine/test_do_lines.py asks the real one.
PULUMI: Final = {
    "preview": {"--diff", "--stack"}, "up": {"--stack"}, "login": set(), "whoami": {"--verbose"}, "stack": {"--stack"},
    "config": {"--stack"}, "state": set(), "plugin": set(),
}  # fmt: skip
#: Words after `make`, `git` or `pulumi` in sentences that name no command.
PROSE: Final = re.compile(
    r"^(?:make (?:a|an|it|one|the|room|sure)\b|git (?:can|knows|isn|says|is|in|tells|history|reads|log\w)|pulumi (?:can|ended|printed|isn|is)\b)"
)


def texts() -> Iterator[tuple[str, str]]:
    """Every text of the product's code but docstrings, with its place; a sample for each placeholder."""
    for folder in ("rollout", "components", "deploy"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
            for node in ast.walk(tree):
                if id(node) in said or id(node) in inside:
                    continue
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", node.value
                elif isinstance(node, ast.JoinedStr):
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", "".join(map(_sample, node.values))


def _sample(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    names = re.findall(r"[a-z_]+", ast.unparse(part))
    return next((SAMPLES[name] for name in reversed(names) if name in SAMPLES), "5")


def commands() -> list[tuple[str, str]]:
    """(place, command line) of all that messages name with its arguments."""
    found = []
    for place, text in texts():
        if place.startswith("rollout/model/typed.py"):
            continue  # below, by what it answers
        for one in LINE.finditer(text):
            line = one["line"].partition("  ")[0].strip().rstrip(".")
            if line.count("'") % 2:  # a quotation that ends, not one of the command's
                line = line.rpartition("'")[0]
            if not PROSE.match(line) and not (text[one.start() - 1 : one.start()] == "`" and len(line.split()) < 3):
                found.append((place, line))
    return found


def parse(line: str) -> None:
    """Raises where no shell of ours takes it."""
    words = shlex.split(line.split(" (")[0])
    if words[:2] in (["python", "-m"], [".venv/bin/python", "-m"]):
        words = words[2:]
    tool, name, *rest = words
    if tool == "rollout":
        command = cli.cli.get_command(click.Context(cli.cli), name)
        assert command is not None
        command.make_context(name, list(rest))
    elif tool == "make":
        rest = [word for word in [name, *rest] if word != "-s"]
        makefile = (ROOT / "Makefile").read_text()
        assert re.search(rf"(?m)^{rest[0]}:", makefile), f"no target {rest[0]}"
        for word in rest[1:]:
            assert f"$({word.partition('=')[0]})" in makefile, word
    elif tool == "pulumi":
        assert name in PULUMI
        assert {word for word in rest if word.startswith("--")} <= PULUMI[name]
    else:
        told = subprocess.run(["git", name, "-h"], capture_output=True, text=True, check=False, cwd=ROOT)
        usage = told.stdout + told.stderr
        assert "usage: git" in usage, name
        for word in rest:
            assert (
                not word.startswith("--")
                or word in ("--", *usage.split())
                or word.removeprefix("--no-").removeprefix("--") in usage
            ), word


def test_a_typo_would_be_found() -> None:
    for wrong in (
        "rollout drill --du",
        "rollout unlock --stak prod",
        "make rolback",
        "make rollback DOMIAN=jobs",
        "pulumi preview --dif",
        "git comit",
    ):
        with pytest.raises((AssertionError, click.ClickException)):
            parse(wrong)


@pytest.mark.parametrize("make", [True, False])
def test_every_command_in_a_message_parses(make: bool) -> None:
    found = commands()
    assert len(found) > 25, "the collection itself lost its way"
    wrong = []
    for place, line in found:
        shown = Typed("prod", make).spoken(line)
        try:
            for part in re.split(r"; | && ", shown.strip("()")):
                parse(part)
        except (AssertionError, click.ClickException, ValueError) as error:
            wrong.append(f"{place}: {shown!r}: {error}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("make", [True, False])
@pytest.mark.parametrize("stack", ["local", "postgres", "prod"])
def test_what_the_one_place_types_parses(stack: str, make: bool) -> None:
    here = Typed(stack, make, 9)
    lines = [
        here.rollback("jobs", "zero"), here.rollback("jobs", "5", "errors"), here.promote("jobs"), here.preview(), here.up(),
        here.unfreeze("jobs"), here.unfreeze(), here.set_up(), *(here.rollout(name) for name in typed.TARGETS if name != "drill"),
        here.rollout("unlock", "--force"), here.rollout("drill", "jobs"), here.rollout("drill", "--due"),
    ]  # fmt: skip
    for line in lines:
        inner = re.sub(r'^\((eval "\$\(make -s env[^)]*\)" && )?(.*)\)$', r"\2", line)
        parse(inner)
        assert stack in line or stack == "local" or line == "make tools"


def test_the_words_of_one_shell_become_the_others() -> None:
    here = Typed("local", True)
    assert (
        here.spoken("no drill; do: rollout drill jobs, or a waiver")
        == "no drill; do: make drill DOMAIN=jobs, or a waiver"
    )
    assert here.spoken("review it: rollout review") == "review it: make review"
    assert here.spoken("rollout rollback jobs --to zero --wait 0") == "make rollback DOMAIN=jobs TO=zero WAIT=0"
    assert here.spoken("python -m rollout setup --check") == (
        '(eval "$(make -s env)" && python -m rollout setup --check --stack local)'
    )
    assert here.spoken("pulumi up --stack prod") == "pulumi up --stack prod", "nothing of make's applies that"
    assert here.spoken("a rollout as code, and rollout itself") == "a rollout as code, and rollout itself"
    assert Typed("local").spoken("rollout review") == "rollout review"
    assert (
        here.spoken("rollout rollback jobs --to")
        == '(eval "$(make -s env)" && python -m rollout rollback jobs --to --stack local)'
    ), "nothing follows the option: said as it is"


def test_it_knows_every_command() -> None:
    assert set(typed.COMMANDS) == set(cli.COMMANDS)


def test_a_line_is_what_editors_count() -> None:
    """A form feed ends none, nor does the separator that a pasted text may hold."""
    found = trouble.conflict("a\x0cb\u2028c\n<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> other\n", "Pulumi.prod.yaml")
    assert found is not None
    assert found.where == "Pulumi.prod.yaml:2 (and 4, 6)"


def test_conflict_markers_are_named_with_their_lines() -> None:
    text = "config:\n<<<<<<< HEAD\n  a: 1\n=======\n  a: 2\n>>>>>>> theirs\n"
    found = trouble.conflict(text, "Pulumi.prod.yaml")
    assert found is not None
    assert found.where == "Pulumi.prod.yaml:2 (and 4, 6)"
    for part in found.do.partition("; then ")[2].split("; "):
        parse(part)
    assert trouble.conflict("a: |\n  =======\n", "x") is None
    assert trouble.conflict(text.replace("\n", "\r\n"), "x") is not None


@pytest.mark.parametrize(
    "said",
    [
        "fatal: no email was given and auto-detection is disabled",
        "*** Please tell me who you are.",
        "fatal: empty ident name (for <>) not allowed",
        "fatal: unable to auto-detect email address (got 'root@x.(none)')",
    ],
)
def test_who_isnt_named_is_named_first(said: str) -> None:
    line = trouble.committed("git commit -m 'x' -- Pulumi.prod.yaml", said)
    for part in line.split("; "):
        parse(part)
    assert line.startswith("git config user.name")
    assert trouble.committed("git commit", "fatal: unable to write") == "git commit"


@pytest.mark.parametrize("target", ["status", "preview", "live", "day", "unlock", "audit"])
@pytest.mark.parametrize("makefile", ["Makefile", "rollout/commands/init/templates/Makefile"])
def test_a_fresh_clone_is_told_to_set_up(tmp_path: Path, target: str, makefile: str) -> None:
    (tmp_path / "Makefile").write_text((ROOT / makefile).read_text())
    done = subprocess.run(["make", target, "DAY=1"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"{target}: nothing is set up here yet; do: make up" in done.stderr
    assert "not found" not in done.stderr
