"""Where a command works, found without an engine and without parsing a stack file: a stop can't wait for either."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable

import click

from rollout.commands.project import files
from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.yaml_text.fields import nearest
from rollout.provider import git
from rollout.provider.git import GitFailed
from rollout.provider.postgres import address
from rollout.provider.settings import POSTGRES, Settings

_REGION = re.compile(r"""^\s*['"]?rollout:region['"]?\s*:\s*['"]?([a-z]{2}(?:-[a-z]+)+-\d)""", re.M)
_STORE, _SOURCE, _MIRROR = (
    re.compile(rf"""^\s*['"]?rollout:{key}['"]?\s*:\s*['"]?([^\s'"#]+)""", re.M)
    for key in ("store", "source", "mirror")
)

#: What the environment asked for and didn't get, as far as this process has said it.
_said: set[str] = set()


def settings(stack: str, say: Callable[[str], None] | None = None, *, asks: bool = True) -> Settings:
    """The settings of a stack: a line of its file each, by text, names the region, store and source,
    so that a broken file does too. `say` is told where the store had to be guessed; `asks`: see `Settings`.
    """
    try:
        text: str | None = files.stack_file(stack).read_bytes().decode("utf-8", "replace")
    except OSError:
        text = None
    found = _REGION.search(text or "")
    store, source = (key.search(text or "") for key in (_STORE, _SOURCE))
    mirror = _MIRROR.search(text or "")
    name = store.group(1) if store else None
    if text is None:
        name = _guessed(stack, say)
    read = Settings.read(
        os.environ,
        found.group(1) if found else None,
        store=name,
        source=source.group(1) if source else POSTGRES if text is None and name == POSTGRES else None,
        mirror=mirror.group(1) if mirror else None,
        asks=asks,
        stack=stack,
    )
    for warning in read.warnings:
        if warning not in _said:
            _said.add(warning)
            with contextlib.suppress(OSError, ValueError):  # a terminal that is gone ends no rollback
                click.echo(warning, err=True)
    return read


def _guessed(stack: str, say: Callable[[str], None] | None) -> str | None:
    """The store of a stack whose file can't be read: the environment's word, else by whose address is there."""
    if name := os.environ.get("ROLLOUT_STORE"):
        return name
    if not os.environ.get(address.URL):
        return None
    if say is not None:
        say(f"Pulumi.{stack}.yaml can't be read: the store is the database of {address.URL}, which is set")
    return POSTGRES


def known() -> Catalogue:
    """The catalogue; a broken one in the working tree gives way to the last committed one. Raises `BadInput`."""
    try:
        return files.read_catalogue()
    except BadInput:
        committed = None
        with contextlib.suppress(GitFailed):  # no git, no repository, no such file in it
            committed = git.run(files.ROOT, "show", "HEAD:./domains.yaml")
        if committed is None:
            raise
        return catalogue.parse(committed, "HEAD:domains.yaml")


def domain(catalogue_: Catalogue, name: str, where: str = "") -> Domain:
    """A domain by name. Raises `BadInput` naming the known ones, and the one that was meant. `where`: the option."""
    if name in catalogue_.domains:
        return catalogue_.domains[name]
    hint = nearest(name, catalogue_.domains)
    raise BadInput([Problem("unknown domain", where, ", ".join(catalogue_.domains), shown(name), hint)])
