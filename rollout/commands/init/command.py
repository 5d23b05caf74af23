"""`init`: makes a project in the folder where it is called. It writes over nothing, and all of it or nothing."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from rollout.commands.init import answers as given
from rollout.commands.init import project, shipped
from rollout.commands.init.answers import Answers
from rollout.commands.project import files
from rollout.model.problem import BadInput, Problem


@click.command("init")
@click.option("--answers", "file", metavar="FILE", help="A file with the answers; no other flag then, but --wheel.")
@click.option("--unified", metavar="SERVICE", help="The new service, that traffic moves to.")
@click.option(
    "--domain", "domains", multiple=True, metavar="NAME=LEGACY", help="A domain and its old service; one each."
)
@click.option(
    "--ladder", "ladder", multiple=True, metavar="[NAME=]1-10-50-100", help="The rungs, of all or of one domain."
)
@click.option(
    "--soak", "soak", multiple=True, metavar="[NAME=]HOURS[-HOURS...]", help="Hours: for all rungs, or one a rung."
)
@click.option("--percent-flag", multiple=True, metavar="NAME=FLAG", help="Another name of a domain's flag.")
@click.option("--enable-flag", multiple=True, metavar="NAME=FLAG", help="A domain's on/off flag, where it has one.")
@click.option("--after", multiple=True, metavar="NAME=OTHER", help="NAME starts when OTHER is at 100 % for 48 hours.")
@click.option("--limit", "limits", multiple=True, metavar="METRIC=GOOD:BAD", help="Such as errors=0.1%:1%.")
@click.option("--per-day", default=str(given.PER_DAY), metavar="N", help="Requests a day of one domain: a guess.")
@click.option("--start", metavar="DATE", help="Day 1 of the plan (today).")
@click.option("--region", default="eu-west-1", metavar="REGION", help="The region of AWS for production.")
@click.option("--wheel", metavar="FILE", help="The package's wheel, where it isn't found by itself.")
def command(
    file: str | None, unified: str | None, domains: tuple[str, ...], ladder: tuple[str, ...], soak: tuple[str, ...],
    percent_flag: tuple[str, ...], enable_flag: tuple[str, ...], after: tuple[str, ...], limits: tuple[str, ...],
    per_day: str, start: str | None, region: str, wheel: str | None,
) -> None:  # fmt: skip
    """Make a project of your own in this folder.

    From flags, from a file, or from questions on a terminal. Exit code 2 and nothing written where an answer is wrong, or
    where a file of the project is there already.
    """
    today = datetime.now(UTC).date().isoformat()
    if file is not None:
        answers = given.from_file(files.read(Path(file)), file)
    elif unified is None and not domains and sys.stdin.isatty():
        answers = given.ask(lambda text, default: str(click.prompt(text, default=default or None)), today)
    else:
        per_domain = {
            "ladder": ladder, "soak": soak, "percent-flag": percent_flag, "enable-flag": enable_flag, "after": after,
        }  # fmt: skip
        answers = given.from_flags(unified or "", start or today, domains, per_domain, limits, per_day, region)
    _write(Path.cwd(), project.contents(answers, _wheel(wheel)))
    _said(answers)


def _wheel(named: str | None) -> Path:
    found = Path(named) if named is not None else shipped.wheel()
    if found is not None and found.is_file() and found.suffix == ".whl":
        return found
    what = "no such wheel" if named else "the wheel that this package comes from isn't found"
    allowed = "a file such as wa_rollout-0.1.0-py3-none-any.whl: the project keeps it, so that everybody has the same"
    do = "make wheel, in a checkout of rollout as code; then rollout init --wheel FILE"
    raise BadInput([Problem(what, "--wheel", allowed, named or "nothing", do)])


def _write(folder: Path, contents: dict[str, bytes]) -> None:
    """All of it, or nothing. Raises `BadInput` where a file is there."""
    there = [name for name in contents if (folder / name).exists() or (folder / name).is_symlink()]
    if there:
        do = "call it in an empty folder; a project that is there is changed by its own files"
        shown = ", ".join(there[:4]) + (f" and {len(there) - 4} more" if len(there) > 4 else "")
        raise BadInput([Problem("a file is there already, and is never written over", shown, do=do)])
    made: list[Path] = []
    try:
        for name, data in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as new:  # x: nor one that came meanwhile
                made.append(path)
                new.write(data)
    except OSError:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _said(answers: Answers) -> None:
    found = project.known(answers)
    click.echo(f"a project is made: traffic moves to {found.unified}")
    for name, domain in found.domains.items():
        click.echo(f"  {name}: {domain.ladder.show()} % away from {domain.legacy}, by {domain.percent_flag}")
    click.echo("next: git init && git add -A && git commit -qm 'a project of rollout as code'")
    click.echo("then: make up      the simulator, and the first rung;  make plan  the days")
