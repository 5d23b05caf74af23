"""Reads who is on call."""

from __future__ import annotations

from rollout.commands.project import files
from rollout.model.problem import BadInput
from rollout.model.stack_file import config


def on_call(stack: str) -> str:
    """Who is on call and how to reach them, as the stack file says; empty where it can't be read."""
    try:
        path = files.stack_file(stack)
        found = config.parse(files.read(path), files.name(path), files.read_catalogue()).on_call
    except BadInput:
        return ""
    return f"{found.who}, {found.reach} ({found.hours})" if found else ""
