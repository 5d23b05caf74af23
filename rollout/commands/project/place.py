"""Where a command works, found without an engine and without parsing a stack file: a stop can't wait for either."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from typing import Final

import click

from rollout.commands.project import files
from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.problem import BadInput, Problem, shown
from rollout.model.yaml_text.fields import closest, nearest
from rollout.provider import git
from rollout.provider.git import GitFailed
from rollout.provider.postgres import address
from rollout.provider.settings import POSTGRES, Settings
from rollout.provider.stores import choose as stores

_REGION = re.compile(r"""^\s*['"]?rollout:region['"]?\s*:\s*['"]?([a-z]{2}(?:-[a-z]+)+-\d)""", re.M)
_STORE, _SOURCE, _MIRROR = (
    re.compile(rf"""^\s*['"]?rollout:{key}['"]?\s*:\s*['"]?([^\s'"#]+)""", re.M)
    for key in ("store", "source", "mirror")
)

#: Names the store where the stack's file doesn't, or can't be read.
STORE: Final = "ROLLOUT_STORE"
#: What the environment asked for and didn't get, as far as this process has said it.
_said: set[str] = set()


def settings(stack: str, say: Callable[[str], None] | None = None, *, asks: bool = True) -> Settings:
    """The settings of a stack: a line of its file each, by text, names the region, store and source,
    so that a broken file does too. `asks`: see `Settings`; of a rollback, which is never refused, a store that names nothing
    is guessed as that of a file that can't be read. `say` is told where it had to be.
    """
    try:
        text: str | None = files.stack_file(stack).read_bytes().decode("utf-8", "replace")
    except OSError:
        text = None
    found = _REGION.search(text or "")
    store, source = (key.search(text or "") for key in (_STORE, _SOURCE))
    mirror = _MIRROR.search(text or "")
    name = store.group(1) if store else None
    if text is None or not (asks or name in (None, *stores.STORES)):
        name = _guessed(stack, name, say)
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


def _guessed(stack: str, written: str | None, say: Callable[[str], None] | None) -> str | None:
    """The store of a stack whose file can't be read (`written` is None), or names one that there isn't.

    The environment's word, else the name that was meant, else by whose address is there.
    """
    asked = os.environ.get(STORE)
    if asked in stores.STORES:
        return asked
    meant = closest(written or "", stores.STORES)
    if meant:
        name, why = meant, f"it is taken for {meant}"
    elif os.environ.get(address.URL):
        name, why = POSTGRES, f"the store is the database of {address.URL}, which is set"
    elif written is None:
        return None
    else:
        name, why = stores.DEFAULT, f"the store is {stores.DEFAULT}, as where none is named"
    if say is not None:
        wrong = "can't be read" if written is None else f"{stores.KEY} names nothing that there is ({shown(written)})"
        say(f"Pulumi.{stack}.yaml {wrong}: {why}; another one: {STORE}=NAME")
    return name


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
