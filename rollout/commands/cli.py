"""`python -m rollout COMMAND`: a command's module is imported when it is called, since a stop can't wait for others."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from typing import Final, TextIO, cast

import click

from rollout.model.problem import Problem, RolloutError, visible

#: Command -> module that holds it as `command`; short help stands here so that `--help` imports none of them.
COMMANDS: Final = {
    "status": ("rollout.commands.status", "Show where each domain stands, and what comes next."),
    "plan": ("rollout.commands.plan.command", "Show the plan with its dates, and what in it breaks a rule."),
    "promote": ("rollout.commands.promote", "Write the next step into a stack config, to be reviewed."),
    "log": ("rollout.commands.log", "Show what happened: raises, rollbacks, stops, freezes, waivers."),
    "report": ("rollout.commands.report.command", "Write the reports: daily log, performance, incidents, final."),
    "board": (
        "rollout.commands.board.command",
        "Write one page with everything: where it stands, curves, what happened.",
    ),
    "review": (
        "rollout.commands.review.command",
        "Preview a change as a page to decide from, and what an approval binds.",
    ),
    "freeze": ("rollout.commands.freeze", "Write into a stack config that nothing rises, or that one domain doesn't."),
    "unfreeze": ("rollout.commands.unfreeze", "Take that out again, to be reviewed."),
    "live": ("rollout.commands.live", "Show what is live now, read back from the store."),
    "audit": ("rollout.commands.audit", "Compare what is live with the stack file and the stack's state."),
    "gate": ("rollout.commands.gate", "Ask the gate by hand: what would it say of these counts?"),
    "watch": ("rollout.commands.watch.command", "Judge what is live, once or every minute, and bring down what burns."),
    "rollback": (
        "rollout.commands.rollback.command",
        "Bring one domain down, at once: the store first, everything else after.",
    ),
    "notify": ("rollout.commands.notify", "Tell the topic of changes what is about to rise, or what has happened."),
    "drill": (
        "rollout.commands.drill.command",
        "Roll a domain back where nothing is lost by it, and measure how long it takes.",
    ),
    "rehearse": ("rollout.commands.rehearse", "Play the plan on a copy, with simulated traffic and a virtual clock."),
    "play": ("rollout.commands.play.command", "Walk through the days by hand, one key a step, on the local stack."),
    "init": ("rollout.commands.init.command", "Make a project of your own in this folder, from a few answers."),
    "setup": ("rollout.commands.setup", "Set up engine and simulator for a project; --check: a stack's database."),
    "unlock": (
        "rollout.commands.unlock",
        "Clear what a killed engine left: its lock, its processes, its open operations.",
    ),
}

#: The commands by what a person is about, as `--help` lists them.
GROUPS: Final = {
    "A day": ("status", "promote", "review", "live", "audit"),
    "Bring down": ("rollback", "watch", "freeze", "unfreeze", "drill", "unlock"),
    "See and tell": ("log", "board", "report", "plan", "gate", "notify"),
    "Begin and try": ("play", "rehearse", "init", "setup"),
}
#: The widest line of a help text.
WIDTH: Final = 80

#: What an exit code means, of whichever command; each command's own help says it in its words.
EXIT_CODES: Final = (
    "Exit codes: 0 done; 1 something failed, differs or is left to do, and is named; 2 wrong use or wrong input, nothing "
    "was written; 3 refused (review, gate: HOLD), and of a rollback: nobody knows the flag to be down; 4 ROLLBACK (gate). "
    "Only rollback, the watch and pulumi up change anything outside."
)
#: What a fault of this program ends with, as Python itself ends.
EXIT_FAULT: Final = 1


class LazyGroup(click.Group):
    """A group whose commands are looked up in COMMANDS and imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's own, with the name that was meant: a slip in the night must not cost a look at `--help`."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            from rollout.model.yaml_text.fields import nearest

            hint = nearest(name, COMMANDS) or f"one of: {', '.join(COMMANDS)}"
            ctx.fail(f"No such command {name!r}: {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for title, names in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, COMMANDS[name][1]) for name in names])


class Seen:
    """A stream on which every character is seen: what stores, notes and commits hold must not speak to a terminal.

    `inner`: the stream itself, for this program's own colours (`rollout.commands.project.terminal`).
    """

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner

    def write(self, text: str) -> int:
        return self.inner.write(visible(text))

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDTH},
    epilog=EXIT_CODES,
)
def cli() -> None:
    """Rollout as code: a traffic migration by reviewed diffs of a few numbers."""


def main(arguments: list[str] | None = None, name: str = "python -m rollout") -> None:
    """Runs one command. What it can't do is said on stderr in words, never as a traceback; the code is the error's own."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = cast("TextIO", Seen(sys.stdout)), cast("TextIO", Seen(sys.stderr))
    try:
        cli.main(arguments, prog_name=name, standalone_mode=True)
    except RolloutError as error:
        from rollout.provider import shell  # here: what goes well doesn't pay for it

        print(shell.typed().spoken(str(error)), file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        print(
            f"{error.strerror or type(error).__name__}{f': {error.filename}' if error.filename else ''}",
            file=sys.stderr,
        )
        sys.exit(EXIT_FAULT)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        print(fault(error), file=sys.stderr)
        sys.exit(EXIT_FAULT)
    finally:
        sys.stdout, sys.stderr = streams


def fault(error: Exception) -> str:
    """What is said of an error that nobody foresaw: where, and of which type. Not its text, which may quote a secret."""
    *_, last = traceback.extract_tb(error.__traceback__)
    place = f"{Path(last.filename).name}:{last.lineno} in {last.name}"
    problem = Problem(
        f"a fault of rollout itself: {type(error).__name__}", place, do="report it with what PYTHONDEVMODE=1 adds to it"
    )
    return problem.block()


def installed() -> None:
    """The entry point of an installed project."""
    main(name="rollout")
