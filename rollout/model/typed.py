"""What to type next, in one place, in the shell in which it is read: one with the project's tools on its PATH, or make's."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Final

#: The stack that make means where none is given, and the other one that plays on this machine.
LOCAL: Final = "local"
PLAYED: Final = (LOCAL, "postgres")
#: Commands that only read and write files of the project: they need its Python, and none of its settings.
ON_FILES: Final = ("freeze", "unfreeze", "promote", "plan", "init", "gate")
#: Those that are about no stack.
STACKLESS: Final = ("gate", "init", "rehearse", "play")
#: Targets of the Makefile that are a command of ours by the same name, and take its other options as ARGS.
TARGETS: Final = ("review", "log", "unlock", "watch", "report", "board", "audit", "status", "live", "drill")
#: Every command of ours (`rollout.commands.cli.COMMANDS`), since "rollout as code" is none.
COMMANDS: Final = (
    *ON_FILES, *TARGETS, "rollback", "notify", "rehearse", "setup", "play",
)  # fmt: skip
#: A command as messages write it: up to the next mark, or the line's end.
_WRITTEN: Final = re.compile(
    rf"(?<![\w./'-])(?:(?P<ours>(?:python -m )?rollout (?=(?:{'|'.join(COMMANDS)})\b))|(?P<engine>pulumi (?=(?:preview|up)\b)))"
    r"(?P<rest>[a-z][^,;:.()\n'`]*)"
)


@dataclass(frozen=True)
class Typed:
    """Command lines for a stack. `make`: whoever reads them has neither pulumi nor our Python there, and types `make ...`.

    `day`: the plan's, which a promotion goes up to.
    """

    stack: str
    make: bool = False
    day: int = 0

    def rollout(self, *words: str) -> str:
        """One of our commands, `words` without `--stack`: `rollout("drill", "jobs")`."""
        name, *rest = words
        line = " ".join(("python -m rollout", *words, *(() if name in STACKLESS else ("--stack", self.stack))))
        if not self.make:
            return line
        if name in ON_FILES:
            return f".venv/bin/{line}"
        if name == "drill" and rest and not rest[0].startswith("-"):
            return f"make drill DOMAIN={rest[0]}{self._stack()}"
        if name in TARGETS and name != "drill":
            given = f" ARGS='{' '.join(rest)}'" if rest else ""
            return f"make {name}{given}{self._stack()}"
        if self.stack in PLAYED:
            return f"({self.shell()} && {line})"
        return f".venv/bin/{line}"

    def rollback(self, domain: str, to: str, because: str = "") -> str:
        """The stop of a domain: the store first, then the stack file. `to`: `previous`, `zero` or a rung."""
        if self.make:
            return f"make rollback DOMAIN={domain} TO={to}{f' BECAUSE={because}' if because else ''}{self._stack()}"
        return self.rollout("rollback", domain, "--to", to, *(("--because", because) if because else ()))

    def promote(self, domain: str) -> str:
        """The next rung into the stack file, at most that of the plan's day."""
        if self.make:
            return f"make day DAY={self.day} DOMAIN={domain}{self._stack()}"
        return self.rollout("promote", str(self.day), "--domain", domain)

    def preview(self) -> str:
        """The review of what the stack file asks for."""
        return f"make preview{self._stack()}" if self.make else f"pulumi preview --diff --stack {self.stack}"

    def up(self) -> str:
        """Carries the stack file out."""
        if self.make and self.stack in PLAYED:
            return "make up" if self.stack == LOCAL else f"make up STORE={self.stack}"
        return f"pulumi up --stack {self.stack}"

    def unfreeze(self, domain: str = "") -> str:
        """Takes the freeze, or a domain's hold, out of the stack file."""
        return self.rollout("unfreeze", *(("--domain", domain) if domain else ()))

    def shell(self) -> str:
        """What gives a shell the settings of a stack that plays on this machine."""
        return f'eval "$(make -s env{self._stack()})"'

    def set_up(self) -> str:
        """What makes all that a stack needs here: environments, engine, and a simulator where it plays."""
        return Typed(self.stack, True).up() if self.stack in PLAYED else "make tools"

    def spoken(self, text: str) -> str:
        """A text with the commands in it as this shell takes them; a command ends at a mark or at the line's end."""
        if not self.make:
            return text
        return _WRITTEN.sub(self._in_make, text)

    def _in_make(self, found: re.Match[str]) -> str:
        rest = found["rest"].rstrip()
        end = found["rest"][len(rest) :]
        words = rest.split()
        stack = self.stack
        if given := _option(words, "--stack"):
            stack = given
            at = words.index("--stack")
            del words[at : at + 2]
        here = Typed(stack, True, self.day)
        if found["engine"]:
            return (here.preview() if words[0] == "preview" else here.up()) + end
        if words[0] == "rollback" and (to := _option(words, "--to")):
            wait = f" WAIT={given}" if (given := _option(words, "--wait")) else ""
            return here.rollback(words[1], to, _option(words, "--because")) + wait + end
        return here.rollout(*(shlex.quote(word) for word in words)) + end

    def _stack(self) -> str:
        return "" if self.stack == LOCAL else f" STACK={self.stack}"


def _option(words: list[str], name: str) -> str:
    """What follows an option; empty where it isn't given, or where nothing does."""
    return words[words.index(name) + 1] if name in words[:-1] else ""
