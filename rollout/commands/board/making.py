"""Makes the page, or its JSON, and writes it whole."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from rollout import clock
from rollout.commands.board import gather, web_page
from rollout.commands.project import files
from rollout.model.board import board as values
from rollout.model.board.clean import clean, secrets
from rollout.model.problem import BadInput, Problem


def made(stack: str, repository: str, days: int, *, as_json: bool = False) -> tuple[str, list[str]]:
    """The page (or the JSON) of `stack`, and what couldn't be read. Raises `BadInput`."""
    found = gather.board(stack, repository, days)
    hidden = secrets(os.environ.items())
    wrong = [clean(text, hidden) for text in found.wrong]
    wrong += [clean(f"{card.domain}: {card.unread}", hidden) for card in found.cards if card.unread]
    if as_json:
        return json.dumps(values.plain(found, hidden), ensure_ascii=False, indent=1), wrong
    virtual = found.simulated and clock.stamp(files.ROOT / ".local", os.environ.get("ROLLOUT_NOW"))
    return web_page.render(found, None if virtual else datetime.now(UTC), hidden), wrong


def write(path: Path, text: str) -> None:
    """The page whole or not at all, and its folder. Raises `BadInput` where it can't be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, text.encode())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        do = "give --out the name of a file in a folder that may be written"
        raise BadInput([Problem("the board can't be written", f"--out {path}", given=reason, do=do)]) from None
