"""Markdown and code as a reader follows them: links, headings, paths, commands, citations. Files in, plain values out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT: Final = Path(__file__).resolve().parents[3]
#: Where code is; a generated or installed file is in none of them.
CODE: Final = ("rollout", "components", "tests", "setup", "deploy", ".github", ".ci", "findings", "docs/edge-function")
SUFFIXES: Final = {".py", ".sh", ".yml", ".yaml", ".toml", ".ts", ".sql", ".service", ".in", ""}
#: What a run makes, and no clone has: paths under these may be named and not be there.
MADE: Final = ("records/", "reports/", ".local/", ".venv/", ".venv-dev/", ".tools/")
#: Stands for a name that the reader chooses.
PLACEHOLDER: Final = re.compile(r"NNNN|NAME|FILE|ORG|REPO|<|>|\{|\.\.\.")

_ROOTS: Final = "rollout|components|tests|setup|deploy|docs|stacks|findings|records|reports|provider|commands|reporting"
_PATH: Final = re.compile(rf"(?<![\w/.$:@<>-])((?:\./)?(?:{_ROOTS}|\.github|\.ci)/[\w.*<>{{}}/-]*)")
_MAKE: Final = re.compile(r"(?:^|[`;&$(]\s*|\bor |\s{2})make ((?:-s )?[a-z]+)\b", re.M)
_COMMAND: Final = re.compile(r"(?:^|[`;&$(]\s*|-m )rollout ([a-z]+)\b", re.M)


@dataclass(frozen=True)
class Page:
    """One Markdown file. `links`: targets as written; `code`: the texts of code spans and blocks; `spans`: of spans alone."""

    path: Path
    links: tuple[str, ...]
    anchors: frozenset[str]
    code: tuple[str, ...]
    spans: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()


def markdown() -> list[Path]:
    """Every Markdown file that a reader may meet."""
    folders = ("docs", "deploy", "findings", "tests", "rollout", "components", "setup")
    found = [*ROOT.glob("*.md"), *(path for folder in folders for path in (ROOT / folder).rglob("*.md"))]
    return sorted(path for path in found if "node_modules" not in path.parts)


def code() -> list[Path]:
    """Every file of code, workflow, or config."""
    found = [path for folder in CODE for path in (ROOT / folder).rglob("*")]
    top = [path for path in ROOT.iterdir() if path.name == "Makefile" or path.suffix in SUFFIXES - {""}]
    skipped = {"node_modules", "__pycache__"}
    return sorted(
        path
        for path in {*found, *top}
        if path.is_file() and path.suffix in SUFFIXES and not skipped & set(path.parts) and path != Path(__file__)
    )


@cache
def page(path: Path) -> Page:
    """The file at `path`, parsed as GitHub does: what stands in a code block is no link."""
    tokens = MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8"))
    links, anchors, texts, spans = list[str](), list[str](), list[str](), list[str]()
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            anchors.append(slug(tokens[index + 1]))
        if token.type in ("fence", "code_block"):
            texts.append(token.content)
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            links += [str(target)] if target else []
            spans += [child.content] if child.type == "code_inline" else []
    repeated = [f"{name}-{anchors[:at].count(name)}" for at, name in enumerate(anchors) if name in anchors[:at]]
    return Page(path, tuple(links), frozenset([*anchors, *repeated]), (*texts, *spans), tuple(spans))


def slug(heading: Token) -> str:
    """The anchor that GitHub gives a heading."""
    text = "".join(child.content for child in heading.children or () if child.type in ("text", "code_inline"))
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def dead(target: str, base: Path) -> str:
    """Why a link or citation, relative to the folder `base`, leads nowhere; empty where it leads somewhere."""
    name, _, anchor = target.partition("#")
    path = (base / name).resolve() if name else base
    if not path.exists():
        return f"no such file: {target}"
    if not path.is_relative_to(ROOT):
        return f"outside the repository: {target}"
    if anchor and path.suffix == ".md" and anchor not in page(path).anchors:
        near = ", ".join(sorted(page(path).anchors))
        return f"no such heading: {target}; there are: {near}"
    return ""


def paths(text: str) -> Iterator[str]:
    """The repository's paths that a text names, without what only stands for one, and what a run makes."""
    for found in _PATH.findall(text):
        path = found.removeprefix("./").rstrip(".-")
        if not PLACEHOLDER.search(path) and not path.startswith(MADE):
            yield path


def there(path: str) -> bool:
    """Whether a path, which may have stars in it, is in the repository."""
    return any(ROOT.glob(path)) if "*" in path else (ROOT / path).exists()


def targets(text: str) -> list[str]:
    """The make targets that a text of code calls."""
    return [name.removeprefix("-s ") for name in _MAKE.findall(text)]


def commands(text: str) -> list[str]:
    """The commands of `rollout` that a text of code calls."""
    return _COMMAND.findall(text)
