"""The options that commands share, so that each is named, explained and read in one way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


def stack(command: _Command) -> _Command:
    """`--stack`, as the argument `stack`: what `files.need_stack` takes."""
    text = "The stack (else PULUMI_STACK, else the selected one)."
    return click.option("--stack", metavar="S", help=text)(command)


def json(text: str = "Print one JSON object.") -> Callable[[_Command], _Command]:
    """`--json`, as the argument `json_`. `text`: what is printed then."""
    return click.option("--json", "json_", is_flag=True, help=text)


def by(command: _Command) -> _Command:
    """`--by`, as the argument `by`, empty where it isn't given."""
    return click.option("--by", default="", metavar="WHO", help="Who says so (else git's user.name, else $USER).")(
        command
    )
