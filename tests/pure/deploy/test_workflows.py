"""The workflows as files: what each job may do, what it runs, and who gets credentials."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.ci import main_now
from rollout.commands.cli import COMMANDS
from tests.actions import ROOT, WORKFLOWS, load

NAMES = sorted(path.name for path in WORKFLOWS.iterdir())
#: Job -> its permissions: the whole of what the hosting's token may do.
PERMISSIONS = {
    "review.yml/fork": {},
    "review.yml/touched": {"contents": "read", "pull-requests": "read"},
    "review.yml/review": {"contents": "read", "id-token": "write"},
    "review.yml/comment": {"contents": "read", "actions": "read", "pull-requests": "write"},
    "deploy.yml/lower": {"contents": "read", "id-token": "write"},
    "deploy.yml/up": {"contents": "read", "id-token": "write", "actions": "read", "pull-requests": "read"},
    "drift.yml/drift": {"contents": "read", "id-token": "write"},
    "test.yml/test": {"contents": "read"},
    "newest.yml/newest": {"contents": "read"},
}
#: Job -> the role it takes.
ROLES = {
    "review.yml/review": "PLANNER_ROLE",
    "deploy.yml/lower": "LOWER_ROLE",
    "deploy.yml/up": "APPLIER_ROLE",
    "drift.yml/drift": "PLANNER_ROLE",
}
JOBS = {f"{name}/{key}": job for name in NAMES for key, job in load(name)["jobs"].items()}
STEPS = [(where, step) for where, job in JOBS.items() for step in job["steps"]]
NOT_A_FORK = "github.event.pull_request.head.repo.full_name == github.repository"


def texts(node: Any) -> Iterator[str]:
    """Every text in a YAML tree."""
    if isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


def test_every_action_is_pinned_by_commit() -> None:
    text = "".join((WORKFLOWS / name).read_text() for name in NAMES)
    used = re.findall(r"uses: (.*)", text)
    assert len(used) == len([step for _, step in STEPS if "uses" in step])
    for line in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
    assert len({line.partition("@")[0] for line in used}) == len(set(used)), "one action, two versions"


def test_each_job_may_do_what_it_needs_and_no_more() -> None:
    assert {where: job["permissions"] for where, job in JOBS.items()} == PERMISSIONS
    assert [load(name)["permissions"] for name in NAMES] == [{}] * len(NAMES)


def test_credentials_are_short_lived_and_by_role() -> None:
    found = {where: step["with"]["role-to-assume"] for where, step in STEPS if "configure-aws" in step.get("uses", "")}
    assert found == {where: f"${{{{ vars.{role} }}}}" for where, role in ROLES.items()}
    assert {where for where, job in JOBS.items() if "id-token" in job["permissions"]} == {*ROLES}


def test_secrets_are_those_of_a_stack_without_aws_and_a_deployers_only_the_environments() -> None:
    """A job that runs a branch's code has the address of one who raises nothing, and of the state a reader's."""
    common = {"ROLLOUT_NEWS_URL", "PULUMI_CONFIG_PASSPHRASE"}
    reads, lowers = {"WATCHER_DATABASE_URL", "STATE_READER"}, {"WATCHER_DATABASE_URL", "STATE_BACKEND"}
    wanted = {job: set[str]() for job in JOBS}
    wanted |= {"review.yml/review": common | reads, "drift.yml/drift": common | reads}
    wanted |= {"deploy.yml/lower": common | lowers, "deploy.yml/up": common | {"ROLLOUT_DATABASE_URL", "STATE_BACKEND"}}
    assert {where: {*re.findall(r"secrets\.(\w+)", " ".join(texts(job)))} for where, job in JOBS.items()} == wanted
    for where, step in STEPS:
        if "configure-aws" in step.get("uses", ""):
            assert step["if"] == "vars.AWS_REGION != ''", where


def test_forks_and_pull_requests_reach_no_credentials() -> None:
    on = {name: load(name)[True] for name in NAMES}
    ours = f"github.event_name == 'merge_group' || {NOT_A_FORK}"  # a queue holds no fork's branch
    assert not [name for name in NAMES if "pull_request_target" in on[name] or "workflow_run" in on[name]]
    for name in [name for name in NAMES if "pull_request" in on[name]]:
        for key, job in load(name)["jobs"].items():
            if "id-token" in job["permissions"] or "write" in job["permissions"].values():
                assert "touched" in job["needs"], f"{name}/{key}"
    assert JOBS["review.yml/touched"]["if"] == ours
    assert JOBS["review.yml/fork"]["if"] == f"github.event_name == 'pull_request' && {NOT_A_FORK.replace('==', '!=')}"
    assert JOBS["review.yml/review"]["if"] == "${{ needs.touched.outputs.touched == 'true' }}"
    assert "needs.touched.result == 'success'" in JOBS["review.yml/comment"]["if"]


def test_no_credentials_stay_in_a_checkout() -> None:
    found = [step["with"] for _, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert found
    assert all(options["persist-credentials"] is False for options in found)


def test_nothing_from_outside_becomes_a_script() -> None:
    for where, step in STEPS:
        assert "${{" not in step.get("run", ""), f"{where}: {step['name']}: pass it by env"
    # nor by env: titles, branch names and bodies are an outsider's; numbers and hashes are not
    allowed = {"number", "head.sha", "head.repo.full_name"}
    found = re.findall(r"github\.event\.pull_request\.([\w.]+)", " ".join(t for n in NAMES for t in texts(load(n))))
    assert {*found} <= allowed
    assert "github.head_ref" not in "".join((WORKFLOWS / name).read_text() for name in NAMES)


def test_every_job_ends_and_every_script_stops_at_an_error() -> None:
    assert [where for where, job in JOBS.items() if not 0 < job.get("timeout-minutes", 0) <= 90] == []
    assert [load(name)["defaults"]["run"]["shell"] for name in NAMES] == ["bash"] * len(NAMES)
    assert {job["runs-on"] for job in JOBS.values()} == {"ubuntu-24.04"}


def test_an_up_waits_for_its_turn_and_a_lowering_for_nothing() -> None:
    up, lower = JOBS["deploy.yml/up"], JOBS["deploy.yml/lower"]
    assert up["environment"] == "prod"
    assert up["concurrency"] == {"group": "up-prod", "cancel-in-progress": False}
    assert not {"environment", "concurrency", "needs", "if"} & {*lower}
    assert up["if"] == "${{ !cancelled() }}", "whatever is under way, a push queues behind it"
    assert "concurrency" not in load("deploy.yml")
    assert {where for where, job in JOBS.items() if "environment" in job} == {"deploy.yml/up"}


def test_what_is_deployed_was_reviewed() -> None:
    reviewed, deployed = load("review.yml")[True], load("deploy.yml")[True]["push"]
    assert reviewed == {"pull_request": {"branches": ["main"]}, "merge_group": None}
    assert main_now.patterns() == tuple(deployed["paths"])
    assert deployed["branches"] == ["main"]
    # whatever stands in the project and is imported by a run is on the list
    listed = {path.removesuffix("/**") for path in deployed["paths"]}
    assert {"components", "rollout", "stacks", "setup", "deploy/ci"} <= listed
    assert {"Pulumi.yaml", "Pulumi.*.yaml", "domains.yaml", "__main__.py", "requirements.txt"} <= listed
    assert [path for path in listed if "*" not in path and not (ROOT / path).exists()] == []


def test_drift_is_looked_for_every_hour() -> None:
    (entry,) = load("drift.yml")[True]["schedule"]
    assert re.fullmatch(r"[1-5]?\d \* \* \* \*", entry["cron"])


def test_only_the_up_runs_one_and_never_without_an_approval() -> None:
    ups = [(where, step["run"]) for where, step in STEPS if re.search(r"pulumi up|deploy\.ci\.up", step.get("run", ""))]
    assert ups == [("deploy.yml/up", "python -m deploy.ci.up prod")]
    assert '"ROLLOUT_APPROVED"' in (ROOT / "deploy" / "ci" / "up.py").read_text()


def _asked() -> Iterator[list[str]]:
    """The words of each `python -m rollout ...` in the workflows and of `lower.py`, where they are a list."""
    for _, step in STEPS:
        for found in re.findall(r"python -m rollout ([^|\n&{]*)", step.get("run", "")):
            yield shlex.split(found.partition("2>")[0].strip().rstrip("\\"))
    yield ["review", "--lowerings", "--json", "--stack", "prod"]
    yield ["rollback", "jobs", "--to", "5", "--no-commit", "--wait", "0", "--json", "--by", "ana", "--stack", "prod"]
    yield ["rollback", "jobs", "--to", "5", "--no-news", "--stack", "prod"]


@pytest.mark.parametrize("words", [*_asked()], ids=" ".join)
def test_the_commands_have_these_options(words: list[str]) -> None:
    if words[0] not in COMMANDS:
        pytest.skip(f"`rollout {words[0]}` isn't there yet: the workflows are written against what was agreed")
    command = importlib.import_module(COMMANDS[words[0]][0]).command
    if words[0] == "notify" and getattr(command, "commands", None):
        command, words = command.commands[words[1]], words[1:]
    command.make_context(words[0], list(words[1:]), resilient_parsing=False)


def _actionlint() -> str | None:
    """On PATH or in .tools; built where Go is there. None: with the reason already printed."""
    own = ROOT / ".tools" / "actionlint" / "actionlint"
    if not own.exists() and not shutil.which("actionlint"):
        subprocess.run(["sh", "setup/actionlint.sh"], cwd=ROOT, check=False)
    return str(own) if own.exists() else shutil.which("actionlint")


@pytest.mark.processes
def test_actionlint_has_nothing_to_say(tmp_path: Path) -> None:
    tool = _actionlint()
    if tool is None:
        pytest.skip("no actionlint: neither on PATH nor to be built here (setup/actionlint.sh says why)")
    done = subprocess.run(
        [tool, "-no-color", *(str(WORKFLOWS / name) for name in NAMES)],
        cwd=ROOT, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
