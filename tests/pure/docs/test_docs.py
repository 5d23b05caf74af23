"""Docs lead somewhere: each link, path, command and heading that a page or a comment names is there."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

from rollout.commands.cli import COMMANDS
from setup import licences
from tests.pure.docs.pages import (
    ROOT,
    Page,
    code,
    commands,
    dead,
    markdown,
    page,
    paths,
    slug,
    targets,
    there,
)

PAGES = [page(path) for path in markdown()]
#: Without this file, which quotes what must not be.
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in code() if path != Path(__file__)
}
ALONE = [path.name for folder in ("stacks", "deploy/iam") for path in (ROOT / folder).iterdir()]
NAMES = {*(Path(name).name for name in TEXTS), *ALONE}
RULES = [path.name for path in (ROOT / "docs/rules").glob("*.md")]

CITED = re.compile(r"(?<![\w/])docs/[\w./-]+\.md(?:#[\w-]+)?")
#: A page of the rules, or one that never was in this repository, cited without its place; a decision cited by a bare number.
BARE = re.compile(
    rf"(?<![\w/.-])(?:design|facts-[\w-]+|gate-v2|{'|'.join(re.escape(name[:-3]) for name in RULES if name != 'README.md')})\.md"
    r"|\bfacts-[a-z]+\b|\(design\b|\bADR[ -]?\d"
)
#: A module, or a name in one, as comments and docstrings write it.
#: Tables and functions of a database's schema of the same name.
SQL = set(re.findall(r"\brollout\.(\w+)", "".join(text for name, text in TEXTS.items() if name.endswith(".sql"))))
DOTTED = re.compile(r"[`(]((?:rollout|components|tests)(?:\.\w+)+)[`)]")


def test_the_pages_are_found() -> None:
    names = {one.name for one in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/rules/gate.md", "deploy/README.md"} <= names
    assert len(TEXTS) > 300, "code was looked for in the wrong place"


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_links_of_a_page(one: Page) -> None:
    inside = [link for link in one.links if not re.match(r"[a-z]+:", link)]
    wrong = [dead(link, one.path.parent if link.partition("#")[0] else one.path) for link in inside]
    assert not list(filter(None, wrong))


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_paths_that_a_page_names(one: Page) -> None:
    """But for a decision that is superseded: it tells of what was."""
    told = "*Superseded by [" in one.path.read_text(encoding="utf-8")
    assert told or not [path for text in one.code for path in paths(text) if not there(path)]


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_files_that_a_page_names_without_a_folder(one: Page) -> None:
    """But for a report's own, which a run makes."""
    named = [
        span for span in one.spans if re.fullmatch(r"[a-z][\w-]*\.(py|sh|ya?ml|toml|ts|sql|json|service|in)", span)
    ]
    assert not [name for name in named if name not in NAMES]


def test_names_that_the_architecture_leads_to() -> None:
    """`LADDER` in `rollout/model/ladder.py`: who opens that file finds it there."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    led = re.findall(r"`(\w+)`,? (?:in|of) `([\w/.]+\.py)`", text)
    assert len(led) >= 8
    assert not [
        (name, path)
        for name, path in led
        if not re.search(rf"^(?:def |class )?{name}\b", (ROOT / path).read_text(encoding="utf-8"), re.M)
    ]


@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_commands_that_a_page_names(one: Page) -> None:
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert not [name for text in one.code for name in targets(text) if name not in made]
    assert not [name for text in one.code for name in commands(text) if name not in COMMANDS]


def test_citations_in_code() -> None:
    """A rule is cited by path and heading, `docs/rules/gate.md#pass`, and both are there."""
    found = [(name, cited) for name, text in TEXTS.items() for cited in CITED.findall(text)]
    assert len([cited for _, cited in found if cited.startswith("docs/rules/")]) >= 40
    assert not [(name, why) for name, cited in found if (why := dead(cited, ROOT))]


def test_no_citation_without_its_place() -> None:
    assert not [(name, bare) for name, text in TEXTS.items() for bare in BARE.findall(text)]


def test_modules_that_comments_name() -> None:
    """A module moves, and the sentences about it go with it."""
    wrong = [(name, dotted) for name, text in TEXTS.items() for dotted in DOTTED.findall(text) if not _is_there(dotted)]
    assert not wrong


def _is_there(dotted: str) -> bool:
    """Whether a dotted name is a module or package, or something that a module's text has."""
    parts = dotted.split(".")
    if parts[1] in SQL:
        return True
    for length in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:length])
        file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
        if base.is_dir() and length == len(parts):
            return True
        if file.exists():
            return all(re.search(rf"\b{name}\b", file.read_text(encoding="utf-8")) for name in parts[length:])
    return False


def test_the_list_of_decisions() -> None:
    """Each decision once, by its number, with a date and a status; a superseded one says so itself."""
    folder = ROOT / "docs/adr"
    listed = re.findall(
        r"^\| (\d+) \| \[.+\]\((\d{4})-[\w-]+\.md\) \| (\d{4}-\d\d-\d\d) \| (.+) \|$",
        (folder / "README.md").read_text(),
        re.M,
    )
    files = {path.name[:4]: path for path in folder.glob("[0-9]*.md")}
    assert len(files) == len(list(folder.glob("[0-9]*.md"))), "a number is taken twice"
    assert [number for _, number, _, _ in listed] == sorted(files)
    for short, number, _, status in listed:
        text = files[number].read_text()
        assert text.startswith(f"# {short}. ")
        assert re.match(r"accepted|superseded by \d+|proposed", status)
        assert ("*Superseded by [" in text) == status.startswith("superseded")


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_licences_of_what_runs() -> None:
    """Each package that is installed at run time is listed, with the licence that it gives itself."""
    rows = re.findall(r"^\| ([a-z][\w, -]*) \| ([^|]+) \|", (ROOT / "docs/licences.md").read_text(), re.M)
    listed = {name: licence.strip(" *") for names, licence in rows for name in names.split(", ")}
    pinned = re.findall(r"^([\w-]+)==", (ROOT / "requirements.txt").read_text(), re.M)
    assert sorted(set(pinned) - set(listed)) == []
    for name in pinned:
        try:
            said = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:  # another platform's
            continue
        assert listed[name] in (said.get_all("License-Expression") or [listed[name]]), name


def test_licences_of_all_that_is_installed() -> None:
    """The lower part of the page is what the packages say now."""
    names = [*licences.pinned("requirements.txt"), *licences.pinned("requirements-dev.txt")]
    if gone := sorted({name for name in names if licences.said(name) is None}):
        pytest.skip(f"another platform's, or an environment of before: {', '.join(gone)}")
    told = licences.PAGE.read_text().partition(licences.BEGINS)[2]
    assert told == licences.part(), "make licences"
    assert {"zizmor", "bandit", "moto", "axe-core"} <= set(re.findall(r"[\w@/.-]+", told))


def test_what_these_tests_find(tmp_path: Path) -> None:
    """They go red for what they are there for."""
    file = ROOT / "docs/rules/gate.md"
    assert dead("docs/rules/gate.md#pass", ROOT) == ""
    assert dead("docs/rules/gate.md#passed", ROOT).startswith("no such heading")
    assert dead("docs/rules/gates.md", ROOT).startswith("no such file")
    assert dead("../../../elsewhere.md", file.parent) != ""
    assert list(paths("see rollout/gone.py, `provider/x.py` and tests/pure/*; not records/drills/*.yaml")) == [
        "rollout/gone.py", "provider/x.py", "tests/pure/*",
    ]  # fmt: skip
    assert not there("rollout/gone.py")
    assert there("tests/pure/*")
    assert targets("$ make gone DAY=3") == ["gone"]
    assert commands("python -m rollout gone --x") == ["gone"]
    assert BARE.findall("(gate.md, the rule), (design, legal moves), facts-pulumi, ADR 3") != []
    assert not BARE.findall("docs/rules/gate.md#pass")
    text = tmp_path / "a.md"
    text.write_text("# A `b` c: d, 5 %\n\n## X\n\n## X\n")
    assert page(text).anchors == {"a-b-c-d-5-", "x", "x-1"}
    assert slug.__doc__
