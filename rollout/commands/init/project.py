"""Every file of a new project, as path and bytes. Nothing is written here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from rollout.commands.init import catalogue, shipped
from rollout.commands.init.answers import Answers
from rollout.model.catalogue import reading
from rollout.model.catalogue.domain import Catalogue
from rollout.model.plan import written
from rollout.model.problem import BadInput, Problem
from rollout.model.stack_file import config

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
#: How the catalogue is called while it is only thought of.
THOUGHT: Final = "domains.yaml (not written)"
#: Guards the stacks that play, with the passphrase "simulator": no secret, they hold none.
SALT: Final = "v1:U+7LvD+Uy1I=:v1:e398jNhD+ydnHISW:cCqemIWkUpevmNuK1Nk/gKoB/UbjJA=="

PROGRAM: Final = '''\
"""The stack: what `Pulumi.<stack>.yaml` says, for every domain of domains.yaml. The program is the installed package's."""

from pathlib import Path

from rollout.components import program

program.run(Path(__file__).resolve().parent)
'''

PULUMI: Final = """\
name: wa-rollout
description: Moves live traffic to {unified}, a few percent at a time
runtime:
  name: python
  options:
    virtualenv: .venv
options:
  refresh: always # a preview against yesterday's state lies
plugins:
  providers:
    - name: rollout
      path: .venv/rollout-provider # a link that `rollout setup` makes
    - name: command # the door to pulumi-command's plug-in, for wa-rollout:commands
      path: .venv/rollout-provider/script
# What every stack must have; the program reads the stack file's text itself and checks every key.
config:
  wa-rollout:start:
    type: string
    description: The date of day 1 of the plan, quoted, such as "2026-12-01"
  wa-rollout:gate:
    type: string
    description: Evidence before a raise; "required", or "off" on a simulator
    default: required
  wa-rollout:drill:
    type: string
    description: A drilled rollback before a domain's first raise of a week; "required", or "off" on a simulator
    default: required
  wa-rollout:flags:
    type: object
    description: "Per domain: percent ({rungs}) and, where it has an enable flag, enabled (true or false)"
"""

IGNORED: Final = """\
# Everything that set-up and runs leave behind; all of it can be removed at any time.
/.venv
/.venv-dev
/.tools
/.local
/reports/local
/reports/postgres
__pycache__/
*.pyc
# what the deploy's steps leave in a checkout
/review.md
/approval.json
/lowerings.json
# a simulator's drills are worth nothing to anybody else
/records/drills/*-local-*.yaml
/records/drills/*-postgres-*.yaml
"""


def known(answers: Answers) -> Catalogue:
    """The catalogue that the answers make. Raises `BadInput` with everything that its reader finds wrong."""
    return reading.parse(catalogue.text(answers).encode(), THOUGHT)


def contents(answers: Answers, wheel: Path) -> dict[str, bytes]:
    """Path in the project -> what is in it. Raises `BadInput` where the answers make no project."""
    found = known(answers)
    days = written.days(found)
    package = wheel.read_bytes()
    texts = {
        "domains.yaml": catalogue.text(answers),
        "Pulumi.yaml": PULUMI.format(unified=found.unified, rungs=_rungs(found)),
        "Pulumi.local.yaml": "\n".join(_stack(answers, found, days[1], "local")),
        "Pulumi.postgres.yaml": "\n".join(_stack(answers, found, days[1], "postgres")),
        "Pulumi.prod.yaml": "\n".join(_stack(answers, found, days[0], "prod")),
        "__main__.py": PROGRAM,
        "Makefile": (TEMPLATES / "Makefile").read_text(encoding="utf-8"),
        ".gitignore": IGNORED,
        "requirements.txt": _requirements(wheel.name, package),
        ".github/tools.sh": (TEMPLATES / "tools.sh").read_text(encoding="utf-8"),
        **{
            f".github/workflows/{name}": _workflow(name, wheel.name)
            for name in ("review.yml", "deploy.yml", "drift.yml")
        },
        **{f"stacks/day-{number:02d}.yaml": written.text(number, at, found) for number, at in days.items()},
    }
    for name in texts:  # what is written can be read, without a warning: a start that is no date shows here
        if name.startswith("Pulumi.") and name != "Pulumi.yaml":
            read = config.parse(texts[name].encode(), f"{name} (not written)", found)
            if read.warnings or read.start is None:
                what = "; ".join(read.warnings) or "start is no date"
                raise BadInput(
                    [Problem(what, "--start, or start in the file", "a date such as 2026-12-01", answers.start)]
                )
    return {**{name: text.encode() for name, text in texts.items()}, f"wheels/{wheel.name}": package}


def _rungs(found: Catalogue) -> str:
    ladders = {domain.ladder.show(): name for name, domain in reversed(found.domains.items())}
    if len(ladders) == 1:
        return next(iter(ladders))
    return "; ".join(f"{name}: {domain.ladder.show()}" for name, domain in found.domains.items())


def _stack(answers: Answers, found: Catalogue, percents: Mapping[str, int], stack: str) -> Iterator[str]:
    plays = stack != "prod"
    if plays:
        what = (
            "the embedded default: a simulator on loopback, not AWS"
            if stack == "local"
            else "a real PostgreSQL server on loopback"
        )
        yield '# Guarded by the passphrase "simulator", which is no secret: this stack holds none.'
        yield f"encryptionsalt: {SALT}"
        yield f"# A stack that plays, on {what}. It starts on day 1 of the plan."
    else:
        yield "# What production runs. A change of these numbers is a reviewed diff: `pulumi preview --diff`, then `pulumi up`."
        yield "# Write the next step with `python -m rollout promote --stack prod`; undo one with `git revert`."
    yield "config:"
    if stack == "postgres":
        yield "  rollout:store: postgres"
        yield "  rollout:source: postgres"
    else:
        yield f"  rollout:region: {answers.region if stack == 'prod' else 'eu-west-1'}"
    yield f'  wa-rollout:start: "{answers.start}" # the date of day 1; quoted, or Pulumi rewrites it'
    yield "  wa-rollout:gate: required # off: simulators only"
    yield "  wa-rollout:drill: required # off: simulators only"
    yield "  wa-rollout:on-call:"
    yield f"    who: {'you' if plays else 'NAME THEM'}"
    yield f"    reach: {'this terminal' if plays else 'WHERE THEY ARE REACHED'}"
    yield "    hours: always" if plays else '    hours: "08:00-18:00 UTC" # raises only; a rollback has no hours'
    yield "  wa-rollout:flags:"
    yield from written.flags(percents, found)
    if plays:
        yield "  # What no counter sees is attested here for the simulator; in production a person answers for each line."
        yield "  wa-rollout:checked:"
        for name, domain in found.domains.items():
            yield f"    {name}:"
            for item in domain.checklist:
                if item.kind == "attested":
                    yield f'      {item.name}: "simulator, {answers.start}"'
    yield ""


def _requirements(name: str, package: bytes) -> str:
    hashed = hashlib.sha256(package).hexdigest()
    head = "# The package and all that it needs at each preview, pinned by hash. A newer wheel changes its line here.\n"
    return f"{head}./wheels/{name} --hash=sha256:{hashed}\n{shipped.text('requirements.txt')}"


def _workflow(name: str, wheel: str) -> str:
    """One of the package's own, on this project's files: what moves a flag here is the wheel and not a folder of code."""
    text = shipped.workflow(name)
    text = text.replace("sh deploy/ci/tools.sh", "sh .github/tools.sh").replace(
        "-m deploy.ci.", "-m rollout.deploy.ci."
    )
    for folder in ("components", "setup", "deploy/ci"):
        text = text.replace(f"      - {folder}/**\n", "")
    text = text.replace("      - rollout/**\n", "      - wheels/**\n      - Makefile\n")
    # The job that writes to the pull request installs nothing: its module is read from the wheel itself.
    step = "        run: python -m rollout.deploy.ci.comment prod"
    return text.replace(step, f"          PYTHONPATH: wheels/{wheel}\n{step}")
