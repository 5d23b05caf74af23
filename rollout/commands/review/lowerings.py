"""Which domains a merge brings down: they go at once, by `rollback`, and wait for nobody's approval."""

from __future__ import annotations

import json

import click

from rollout.commands.engine import pulumi
from rollout.commands.project import files, place
from rollout.commands.reading import deployed, history
from rollout.model.flag.name import secret_name
from rollout.model.ladder import parse_percent
from rollout.model.problem import BadInput
from rollout.model.stack_file import config, marks
from rollout.provider import git
from rollout.provider.errors import StoreError
from rollout.provider.git import GitFailed
from rollout.provider.stores import choose as stores


def show(stack: str, json_: bool) -> int:
    """Prints a line `DOMAIN PERCENT` a lowering, or `{"lower": {...}, "rest": bool}`. Answers the exit code: 0, or 1.

    A value that can't be read, or is no percent, is to be lowered where the file says 0: the safe side.
    """
    known = files.read_catalogue()
    path = files.stack_file(stack)
    flags = config.parse(files.read(path), files.name(path), known).flags
    names = {name: secret_name(stack, domain.percent_flag) for name, domain in known.domains.items()}
    found, wrong, raises = dict[str, int](), list[str](), False
    entries = stores.store(place.settings(stack)).get_many(names.values())
    for name, secret in names.items():
        entry, wanted = entries[secret], flags[name].percent
        if isinstance(entry, StoreError):
            wrong.append(str(entry))
            if wanted == 0:
                found[name] = 0
            continue
        live = 0 if entry is None or entry.text is None else parse_percent(entry.text)
        if wanted == 0 if live is None else wanted < live:
            found[name] = wanted
        raises = raises or (live is not None and wanted > live)
    if json_:
        click.echo(json.dumps({"lower": found, "rest": raises or _more(stack)}))
    else:
        click.echo("".join(f"{name} {percent}\n" for name, percent in found.items()), nl=False)
    for text in wrong:
        click.echo(text, err=True)
    return 1 if wrong else 0


def _more(stack: str) -> bool:
    """Whether anything but percents may wait for an `up`: where nobody can say, yes."""
    try:
        done = history.applied(history.updates(stack), lambda: deployed.outputs(stack))
        if done is None or marks.between(done.config, history.written(stack)):
            return True
        changed = git.text(files.ROOT, "diff", "--name-only", done.commit, "HEAD").split()
    except (pulumi.EngineFailed, BadInput, GitFailed):
        return True
    own = {files.stack_file(stack).name}
    return any(name.rpartition("/")[2] not in own and _matters(name) for name in changed)


def _matters(name: str) -> bool:
    """Whether a changed file can change what an `up` does; documents, tests and records can't."""
    return not name.startswith(("docs/", "tests/", "records/", ".github/")) and not name.endswith(".md")
