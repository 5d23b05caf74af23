"""What git knows of a raise: which commit wrote the number that the stack file has (`rollout.model.judge.decided`).

Asked only where a lowering came before. Committer times alone count: a rebased commit is as old as its rebase, a merge
is as old as what it merges, and a file's own time says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rollout.model import trouble
from rollout.model.flag import tags
from rollout.model.flag.lowering import Lowering
from rollout.model.judge.decision import Decision
from rollout.model.problem import RolloutError
from rollout.model.yaml_text import lines
from rollout.provider import git
from rollout.provider.git import GitFailed

#: So many commits of the stack file are looked at: years of them.
COMMITS: Final = 2000

FLAGS: Final = "wa-rollout:flags"
ATTEMPT: Final = "wa-rollout:attempt"
RESTORE: Final = "wa-rollout:restore"

#: What one version of the file says, None where it says nothing.
Said = Callable[[str], object]


@dataclass(frozen=True)
class _Commit:
    at: int
    parents: tuple[str, ...]


class _Unknown(RolloutError):
    """It can't be told; the text is why, `do` what to type."""

    def __init__(self, why: str, do: str = "") -> None:
        self.do = do
        super().__init__(why)


def find(home: Path, stack: str, domain: str, wanted: int, low: Lowering, *, restore: bool = False) -> Decision:
    """What asks for `domain`'s raise to `wanted`, in the clone that `home` is in. Never raises.

    `restore`: what asks for a value to be put back, its `restore` entry.
    """
    file = f"Pulumi.{stack}.yaml"
    try:
        return _find(home, file, domain, wanted, low, restore)
    except _Unknown as error:
        return Decision(unknown=str(error), do=error.do)
    except GitFailed as error:
        return Decision(unknown=f"git can't say who asks for it ({error})", do=_commit_it(home, file, domain, wanted))


def _find(home: Path, file: str, domain: str, wanted: int, low: Lowering, restore: bool) -> Decision:
    says: Sequence[Said] = [lambda text: _percent(text, domain), lambda text: _attempt(text, domain)]
    if restore:
        says = [lambda text: _restore(text, domain)]
    try:
        now = (home / file).read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise _Unknown(f"{file} can't be read: {error.strerror}") from None
    if _percent(now, domain) != wanted:
        raise _Unknown(f"{file} says {_percent(now, domain)}, and {wanted} was asked for")
    head = _texts(home, file, ["HEAD"]).get("HEAD")
    if head is None:
        git.text(home, "rev-parse", "--verify", "HEAD^{commit}")  # no repository, no commit: git's own words
        raise _Unknown(f"{file} isn't committed", _commit_it(home, file, domain, wanted))
    if any(_higher(one(now), one(head)) for one in says):
        return Decision(edited=True, unknown="")
    if any(one(now) != one(head) for one in says):
        raise _Unknown(f"the edit of {file} is lower than HEAD's number", _commit_it(home, file, domain, wanted))
    found = list(_commits(home, file, says))
    if not found:
        raise _Unknown(f"no commit of this branch raised {domain}")
    made, at = max(found, key=lambda one: one[1])
    return Decision(made, datetime.fromtimestamp(at, UTC), _follows(home, [one for one, _ in found], low), unknown="")


def _commits(home: Path, file: str, says: Sequence[Said]) -> Iterator[tuple[str, int]]:
    """The commits that wrote what HEAD says, with their committer times; a merge only where it says what no parent did."""
    listed = git.text(
        home, "rev-list", "--topo-order", "--timestamp", "--parents", "--full-history", f"--max-count={COMMITS}",
        "HEAD", "--", file,
    )  # fmt: skip
    known: dict[str, _Commit] = {}
    for line in listed.splitlines():
        at, name, *above = line.split()
        known[name] = _Commit(int(at), tuple(above))
    if not known:
        return
    shallow = git.text(home, "rev-parse", "--is-shallow-repository").strip() == "true"
    texts = _texts(home, file, [*known])
    for one in says:
        values = {name: one(text) for name, text in texts.items()}
        for name in _origins(next(iter(known)), known, values):
            if values.get(name) is None:
                continue
            parents = known[name].parents
            if not parents and shallow:
                raise _Unknown("the clone is cut off before the commit that did", "git fetch --unshallow")
            if parents and not all(_higher(values.get(name), values.get(parent)) for parent in parents):
                continue  # it came down to this
            yield name, known[name].at


def _origins(tip: str, known: Mapping[str, _Commit], values: Mapping[str, object]) -> Iterator[str]:
    """Where the value that stands at `tip` came from, back along every parent that has it."""
    todo, seen = [tip], {tip}
    while todo:
        name = todo.pop()
        same = [one for one in known[name].parents if one in known and values.get(one) == values.get(name)]
        if not same:
            yield name
        for one in same:
            if one not in seen:
                seen.add(one)
                todo.append(one)


def _follows(home: Path, commits: Sequence[str], low: Lowering) -> bool:
    """Whether the stop's own commit is an ancestor of one of these."""
    stops = git.text(
        home, "log", "--format=%H", "--fixed-strings", f"--grep={tags.TRAILER}: {low.id}", "HEAD"
    ).split()  # fmt: skip
    return any(_ancestor(home, stop, one) for stop in stops for one in commits if one != stop)


def _ancestor(home: Path, old: str, new: str) -> bool:
    try:
        git.run(home, "merge-base", "--is-ancestor", old, new)
    except GitFailed:
        return False
    return True


def _texts(home: Path, file: str, commits: Sequence[str]) -> dict[str, str]:
    """The file's text at each of these; absent where the commit has none. Raises `GitFailed` outside a repository."""
    asked = "".join(f"{name}:./{file}\n" for name in commits)
    raw = git.run(home, "cat-file", "--batch", data=asked.encode())
    found: dict[str, str] = {}
    place = 0
    for name in commits:
        end = raw.index(b"\n", place)
        words = raw[place:end].split()
        place = end + 1
        if len(words) == 3 and words[1] == b"blob":
            size = int(words[2])
            found[name] = raw[place : place + size].decode("utf-8", "replace")
            place += size + 1
    return found


def _higher(now: object, before: object) -> bool:
    """Whether `now` asks for more than `before` did: a number that is greater, or anything where nothing stood."""
    if isinstance(now, int) and isinstance(before, int):
        return now > before
    return now is not None and now != before


def _percent(text: str, domain: str) -> int | None:
    return _number(_value(text, FLAGS, domain, "percent"))


def _attempt(text: str, domain: str) -> int | None:
    return _number(_value(text, ATTEMPT, domain, "number")) if ATTEMPT in text else None


def _restore(text: str, domain: str) -> str | None:
    entry = _section(text, RESTORE).get(domain) if RESTORE in text else None
    return None if entry is None else repr(entry)


def _value(text: str, key: str, domain: str, name: str) -> object:
    """By indentation, which is quick; by a parser where the file has another form."""
    found = lines.get_value(text, (key, domain), name)
    if found is not None:
        return found
    entry = _section(text, key).get(domain)
    return entry.get(name) if isinstance(entry, dict) else None


def _section(text: str, key: str) -> Mapping[object, object]:
    import yaml  # a raise's business alone

    try:
        whole = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return {}
    config = whole.get("config") if isinstance(whole, dict) else None
    section = config.get(key) if isinstance(config, dict) else None
    return section if isinstance(section, dict) else {}


def _number(value: object) -> int | None:
    if isinstance(value, int):
        return value
    text = str(value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def _commit_it(home: Path, file: str, domain: str, wanted: int) -> str:
    """What puts the number on record, in a folder that is no repository too."""
    who = "" if _somebody(home) else f"{trouble.IDENTITY}; "
    return f'git init -q; {who}git add -f {file}; git commit -qm "{domain} to {wanted} %" -- {file}'


def _somebody(home: Path) -> bool:
    try:
        git.run(home, "var", "GIT_COMMITTER_IDENT")
    except GitFailed:
        return False
    return True
