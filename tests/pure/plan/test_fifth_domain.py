"""A fifth domain is three files: the catalogue, the stack's config, and the day that first names it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rollout.commands.plan import command as plan_command
from rollout.commands.project import files
from rollout.commands.promote import command as promote
from rollout.model.catalogue.domain import Catalogue
from rollout.model.plan.days import Plan, check, left_out, table
from rollout.model.problem import BadInput
from rollout.model.stack_file.config import parse_day
from tests.pure.samples import CATALOGUE, DOMAINS, PROD, ROOT, read_catalogue

DAY_22 = """config:
  wa-rollout:day: 22
  wa-rollout:flags:
    ai-agents:
      percent: 100
    jobs:
      enabled: true
      percent: 100
    marketplace:
      enabled: true
      percent: 100
    property:
      enabled: true
      percent: 100
    vehicles:
      enabled: true
      percent: 5
"""


def five() -> bytes:
    """The catalogue with `vehicles`, which is property under other names."""
    own = DOMAINS[DOMAINS.index(b"\n  property:\n") + 1 :]
    return DOMAINS.rstrip(b"\n") + b"\n" + own.replace(b"property", b"vehicles").replace(b"PROPERTY", b"VEHICLES")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "stacks").mkdir()
    for day in (ROOT / "stacks").glob("day-*.yaml"):
        (tmp_path / "stacks" / day.name).write_bytes(day.read_bytes())
    flags = b"  wa-rollout:flags:\n"
    (tmp_path / "domains.yaml").write_bytes(five())
    (tmp_path / "Pulumi.prod.yaml").write_bytes(
        PROD.replace(flags, flags + b"    vehicles:\n      enabled: false\n      percent: 0\n")
    )
    (tmp_path / "stacks/day-22.yaml").write_text(DAY_22)
    monkeypatch.setattr(files, "ROOT", tmp_path)
    return tmp_path


def run(command: Callable[..., object], *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--stack", "prod"])  # type: ignore[arg-type]


def test_three_files_are_enough(project: Path) -> None:
    shown = run(plan_command.command)
    assert shown.exit_code == 0, shown.output
    rows = [line.split() for line in shown.output.splitlines() if re.match(r" *\d+  20\d\d-", line)]
    assert [row[-1] for row in rows] == ["0"] * 22 + ["5*"]
    written = run(promote, "22", "--domain", "vehicles")
    assert "vehicles    0 %  skipped, waits for ai-agents at 100 %" in written.output
    assert "day 6 doesn't name it" in run(promote, "6", "--domain", "vehicles").output
    assert project.joinpath("Pulumi.prod.yaml").read_bytes().count(b"percent: 0") == 5, "nothing was written"


def test_left_out_later_is_an_error_that_names_the_file(project: Path) -> None:
    later = project / "stacks/day-23.yaml"
    later.write_text(DAY_22.replace("day: 22", "day: 23")[: DAY_22.index("    vehicles")])
    early = project / "stacks/day-09.yaml"
    early.write_bytes(early.read_bytes().replace(b"    jobs:\n      enabled: true\n      percent: 5\n", b""))
    found = run(plan_command.command)
    assert isinstance(found.exception, BadInput)
    said = [(problem.what, problem.where) for problem in found.exception.problems]
    assert said == [
        ("jobs is left out, after stacks/day-00.yaml named it", "stacks/day-09.yaml wa-rollout:flags.jobs"),
        ("vehicles is left out, after stacks/day-22.yaml named it", "stacks/day-23.yaml wa-rollout:flags.vehicles"),
    ]


def test_a_domain_of_no_day_stays_at_0_and_the_plan_says_so() -> None:
    known: Catalogue = read_catalogue(five())
    days = [
        parse_day(path.read_bytes(), f"stacks/{path.name}", known) for path in sorted((ROOT / "stacks").glob("*.yaml"))
    ]
    plan = Plan.of(days)
    assert left_out(days) == []
    assert all(row.percents["vehicles"] == 0 for row in table(plan, None, known.domains))
    said = [finding.text for finding in check(plan, known) if "vehicles" in finding.text]
    assert said == ["vehicles stands in no day of the plan: it stays at 0 %"]
    assert not [one for one in check(plan, CATALOGUE) if "no day" in one.text]


def test_a_day_that_names_a_domain_first_may_come_in_any_order_of_files() -> None:
    day = parse_day(DAY_22.encode(), "stacks/day-22.yaml", read_catalogue(five()))
    without = replace(day, number=3, where="stacks/day-03.yaml", flags={"jobs": day.flags["jobs"]})
    assert left_out([day, without]) == []
    assert len(left_out([day, replace(without, number=30)])) == 4
