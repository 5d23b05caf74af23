"""`play`: the keys of a walk, from a terminal or a script."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from rollout.commands.play.stage import Stage, StepFailed
from rollout.commands.play.walk import HEALTHY, Walk, settle
from rollout.commands.project import files, terminal
from rollout.model.problem import BadInput, Problem
from rollout.simulator import env
from rollout.simulator.traffic import scenario

#: Key -> what it does, in the order in which a day goes.
KEYS: Final = {
    "n": "next day", "p": "promote", "u": "up", "l": "look", "b": "break", "r": "roll back", "a": "attempt", "g": "log",
    "q": "quit",
}  # fmt: skip
#: What ends a walk as `q` does: Ctrl-C, Ctrl-D.
ENDS: Final = ("\x03", "\x04")
#: Takes what is suggested.
ENTER: Final = ("\r", "\n", " ")
#: Scenarios that are made for something else.
LEFT_OUT: Final = ("story",)
EXIT_FAILED: Final = 1


def keys(text: str) -> str:
    """The keys of a script: every letter and digit but those behind a `#`."""
    return "".join(re.sub(r"#.*", "", text).split())


class Keys:
    """Where keys come from. `script`: played to its end, each key shown as if it were pressed; None: the terminal."""

    def __init__(self, script: str | None) -> None:
        self._left: Iterator[str] | None = None if script is None else iter(script)

    def next(self) -> str:
        """The next key; `q` where there is none any more."""
        if self._left is not None:
            pressed = next(self._left, "q")
        else:
            try:
                pressed = click.getchar()
            except (KeyboardInterrupt, EOFError):
                pressed = "q"
        terminal.say("q" if pressed in ENDS else pressed.strip(), bold=True)
        return "q" if pressed in ENDS else pressed

    def of(self, what: str, choices: list[str], shown: list[str]) -> str | None:
        """One of `choices` by its letter, a, b, c, ...; None for any other key. A single one needs none."""
        if len(choices) == 1:
            return choices[0]
        for number, text in enumerate(shown):
            click.echo(f"  {chr(ord('a') + number)}  {text}")
        click.echo(f"{what}: ", nl=False)
        place = ord(self.next()[:1] or "?") - ord("a")
        return choices[place] if 0 <= place < len(choices) else None


def head(walk: Walk) -> str:
    """Where it stands, in one line or two."""
    shares = "  ".join(f"{name} {'?' if share is None else share}" for name, share in walk.live().items())
    day = walk.day
    return f"\nday {day if day is not None else '?'}, {walk.now:%a %Y-%m-%d %H:%M}   {shares} %"


def prompt(walk: Walk) -> str:
    """The keys, what is suggested in capitals; on two lines where one is too narrow."""
    lines = [""]
    for key, text in KEYS.items():
        if _offered(walk, key):
            item = f"{key.upper() if key == walk.suggested else key} {text}  "
            if len(lines[-1]) + len(item) + len("> x") > walk.stage.width:
                lines.append("")
            lines[-1] += item
    return "\n".join([*(line.rstrip() for line in lines[:-1]), f"{lines[-1]}> "])


def _offered(walk: Walk, key: str) -> bool:
    return key != "a" or bool(walk.latched())


def step(walk: Walk, keyboard: Keys, key: str) -> bool:
    """Carries one key out; whether the walk goes on. Raises `StepFailed`."""
    key = walk.suggested if key in ENTER else key.lower()
    plain = {"n": walk.next_day, "p": walk.promote, "u": walk.up, "l": walk.look, "g": walk.log}
    if key in plain:
        plain[key]()
    elif key == "b":
        names = [HEALTHY, *(name for name in scenario.names() if name not in (HEALTHY, *LEFT_OUT))]
        told = [f"{name:<16} {scenario.load(name, walk.known, walk.now).about}" for name in names]
        if chosen := keyboard.of("which?", names, told):
            walk.break_(chosen)
    elif key == "r":
        above = [name for name, share in walk.live().items() if share != 0]
        if not above:
            walk.stage.say("Nothing is above 0 %.")
        elif chosen := keyboard.of("which?", above, above):
            walk.roll_back(chosen)
    elif key == "a" and (latched := walk.latched()):
        if chosen := keyboard.of("which?", latched, latched):
            walk.again(chosen)
    elif key != "q":
        click.echo(
            "  " + "\n  ".join(f"{one}  {text}" for one, text in KEYS.items()) + "\n  Enter  what is in capitals"
        )
    return key != "q"


@click.command("play")
@click.argument("pressed", metavar="[KEYS]", default="")
@click.option("--script", metavar="FILE", help="Play the keys in this file (# begins a remark), without a terminal.")
@click.option(
    "--store",
    type=click.Choice(tuple(env.STACKS)),
    default="secrets-manager",
    help="Where the flags of the stack are that plays.",
)
def command(pressed: str, script: str | None, store: str) -> None:
    """Walk through the days on a stack that plays, by hand: one key a step.

    Each step says what a person would do, shows the commands that they would type, and runs them. KEYS or --script play it
    without a terminal: n next day, p promote, u up, l look, b and a letter break, r (and a letter) roll back, g log, q quit.

    Exit code 0: played; 1: a command of the walk failed; 2: wrong use.
    """
    given = _given(pressed, script)
    settle(env.STACKS[store])
    stage, keyboard = Stage(files.ROOT, os.environ), Keys(given)
    walk = Walk(stage, store)
    try:
        walk.begin()
        while True:
            click.echo(head(walk))
            click.echo(prompt(walk), nl=False)
            if not step(walk, keyboard, keyboard.next()):
                break
    except StepFailed as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_FAILED)
    except KeyboardInterrupt:
        click.echo()
    walk.end()


def _given(pressed: str, script: str | None) -> str | None:
    """The keys to play; None: the terminal's. Raises `BadInput` before anything is touched."""
    if pressed and script is not None:
        raise BadInput([Problem("which keys?", allowed="KEYS or --script", do="give one of them")])
    if script is not None:
        try:
            pressed = Path(script).read_text()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise BadInput([Problem("the script can't be read", f"--script {script}", given=reason)]) from None
    elif not pressed:
        if sys.stdin.isatty():
            return None
        do = "rollout play nnpulq, or --script FILE"
        raise BadInput(
            [Problem("there is no terminal to take keys from", allowed="a terminal, KEYS or --script", do=do)]
        )
    found = keys(pressed)
    wrong = sorted({key for key in found if not re.fullmatch("[a-z]", key)})
    if wrong or not found:
        raise BadInput([Problem("no key of a walk", allowed=", ".join(KEYS), given=", ".join(wrong) or "nothing")])
    return found
