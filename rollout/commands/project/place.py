"""Where a command works, found without an engine and without parsing a stack file: a stop can't wait for either."""

from __future__ import annotations

import contextlib
import os
import re

from rollout.commands.project import files
from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Catalogue, Domain
from rollout.model.problem import BadInput, Problem
from rollout.provider import git
from rollout.provider.git import GitFailed
from rollout.provider.settings import Settings

_REGION = re.compile(r"""^\s*['"]?rollout:region['"]?\s*:\s*['"]?([a-z]{2}(?:-[a-z]+)+-\d)""", re.M)
_STORE, _SOURCE = (
    re.compile(rf"""^\s*['"]?rollout:{key}['"]?\s*:\s*['"]?([^\s'"#]+)""", re.M) for key in ("store", "source")
)


def settings(stack: str) -> Settings:
    """The settings of a stack: a line of its file each, by text, names the region, store and source,
    so that a broken file does too."""
    try:
        text = files.stack_file(stack).read_bytes().decode("utf-8", "replace")
    except OSError:
        text = ""
    found = _REGION.search(text)
    store, source = (key.search(text) for key in (_STORE, _SOURCE))
    return Settings.read(
        os.environ,
        found.group(1) if found else None,
        store=store.group(1) if store else None,
        source=source.group(1) if source else None,
    )


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


def domain(catalogue_: Catalogue, name: str) -> Domain:
    """A domain by name. Raises `BadInput` naming the known ones."""
    if name in catalogue_.domains:
        return catalogue_.domains[name]
    raise BadInput([Problem("unknown domain", allowed=", ".join(catalogue_.domains), given=name)])
