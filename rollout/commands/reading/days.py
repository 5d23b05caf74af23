"""Reads the plan: the files of its days."""

from __future__ import annotations

from rollout.commands.project import files
from rollout.model.catalogue.domain import Catalogue
from rollout.model.plan.days import Plan, left_out
from rollout.model.problem import BadInput, Problem
from rollout.model.stack_file import config


def read_plan(catalogue: Catalogue) -> Plan:
    """Every `stacks/day-*.yaml`. Raises BadInput with the problems of all of them, then with what one leaves out."""
    days: list[config.Day] = []
    problems: list[Problem] = []
    paths = sorted((files.ROOT / "stacks").glob("day-*.yaml"))
    for path in paths:
        try:
            days.append(config.parse_day(files.read(path), files.name(path), catalogue))
        except BadInput as error:
            problems += error.problems
    problems = problems or left_out(days)
    if not paths:
        problems.append(Problem("there is no day of a plan", "stacks/", "day-00.yaml, day-01.yaml, ..."))
    if problems:
        raise BadInput(problems)
    return Plan.of(days)
