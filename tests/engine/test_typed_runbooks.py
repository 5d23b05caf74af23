"""Every command line of the runbooks, typed as it stands there, on a stack that is in the state that its page is about.

`tests/typed.py` says how a line is typed and which lines aren't. Two stacks: `local`, where the page's line names none, and
`prod` with secrets under a key, both at burning.START. On a database: tests/engine/test_typed_guides.py.
"""

from __future__ import annotations

import os
import shutil
import signal
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout.provider import notes
from tests import burning, days, races, typed
from tests.burning import Burning
from tests.harness import Sandbox
from tests.pure.docs.pages import ROOT
from tests.pure.docs.pages import page as read
from tests.pure.samples import CATALOGUE
from tests.reporter import Reporter
from tests.typed import Page

STATE = ".pulumi/stacks/wa-rollout/prod.json"


@pytest.fixture(scope="module")
def _local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burning]:
    made = Burning(tmp_path_factory.mktemp("pages"))
    yield made
    assert not made.sandbox.close()


@pytest.fixture(scope="module")
def _prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burning]:
    made = Burning(tmp_path_factory.mktemp("pages"), kind=typed.Production)
    yield made
    assert not made.sandbox.close()


@pytest.fixture
def local(_local: Burning) -> Sandbox:
    return typed.shell(_local.again())


@pytest.fixture
def prod(_prod: Burning) -> Sandbox:
    return typed.shell(_prod.again())


def runbook(name: str) -> Page:
    return Page(f"docs/runbooks/{name}.md")


def entry(name: str, key: str) -> str:
    """The body of the `wa-rollout:` entry that a page's block shows."""
    texts = [
        text for text in read(ROOT / f"docs/runbooks/{name}.md").code if text.lstrip().startswith(f"wa-rollout:{key}:")
    ]
    return textwrap.dedent(texts[0].partition("\n")[2])


def attest(shell: Sandbox, name: str) -> None:
    """Writes what a page's block attests beside what the file has of that domain."""
    domain, line = entry(name, "checked").splitlines()
    head, key, rest = shell.read_config().partition("  wa-rollout:checked:\n")
    shell.write_config(head + key + rest.replace(f"    {domain}\n", f"    {domain}\n    {line}\n", 1))


def origin(shell: Sandbox, folder: Path) -> None:
    """An empty repository to push to."""
    shell.git("init", "--quiet", "--bare", str(folder / "origin"))
    shell.git("remote", "remove", "origin", check=False)  # another page's
    shell.git("remote", "add", "origin", str(folder / "origin"))


def tree(shell: Sandbox) -> str:
    """What isn't committed."""
    return shell.git("status", "--short").stdout


def test_alarms(prod: Sandbox) -> None:
    page, watched = runbook("alarms"), "wa-webhook-unified-prod-jobs-errors"
    said = page.type(
        "make rollback DOMAIN=... TO=previous STACK=...",
        prod,
        fill={"DOMAIN=...": "DOMAIN=jobs", "STACK=...": "STACK=prod"},
    )
    assert said.startswith("live 10 %, ")
    burning.recorded(prod, "jobs", 10)

    cloudwatch = prod.boto("cloudwatch")
    (found,) = cloudwatch.describe_alarms(AlarmNames=[watched])["MetricAlarms"]
    cloudwatch.delete_alarms(AlarmNames=[watched])
    said = page.type("pulumi preview --diff", prod)
    assert "AlertPolicy::jobs-alerts" in said
    assert "jobs-errors: made" in said
    page.type("pulumi up", prod)
    (again,) = cloudwatch.describe_alarms(AlarmNames=[watched])["MetricAlarms"]
    assert again["Threshold"] == found["Threshold"]
    assert "told" in page.type("rollout notify after", prod)
    page.done()


def test_contingency(local: Sandbox) -> None:
    page = runbook("contingency")
    days.set_percents(local, {"ai-agents": 100})  # what a start of jobs asks for
    local.up()
    local.commit("ai-agents 50 -> 100")
    page.type("make rollback DOMAIN=jobs BECAUSE=errors", local)
    burning.recorded(local, "jobs", 10)
    page.type("make rollback DOMAIN=jobs TO=zero", local)
    burning.recorded(local, "jobs", 0)
    days.turn_clock(local, burning.DAY + 1.2)
    days.set_percents(local, {"jobs": 5})
    days.set_entry(local, "attempt", entry("contingency", "attempt"))
    local.commit("jobs: a new start")

    days.set_entry(local, "held", entry("contingency", "held"))
    assert "held: INC-9" in days.refused(local)
    local.git("checkout", "--quiet", "--", local.stack_file.name)
    local.up()
    burning.recorded(local, "jobs", 5)

    page.type("make rollback DOMAIN=jobs BECAUSE=data", local)
    burning.recorded(local, "jobs", 0)
    days.set_percents(local, {"marketplace": 10})
    assert "frozen" in days.refused(local)
    local.git("checkout", "--quiet", "--", local.stack_file.name)
    local.rollout("unfreeze", "--stack", "local")
    local.commit("lift")
    days.set_percents(local, {"marketplace": 10})
    assert "data-audit" in days.refused(local)
    attest(local, "contingency")
    assert "audit" not in days.refused(local), "what is left is what marketplace waits for"
    page.done()


def test_daily(prod: Sandbox, tmp_path: Path) -> None:
    page = runbook("daily")
    origin(prod, tmp_path)
    status = page.type("rollout status --stack prod", prod)
    assert "next: python -m rollout promote 17 --domain ai-agents --stack prod: promote to 100 %" in " ".join(
        status.split()
    )
    page.type("rollout promote 9 --stack prod", prod)
    assert "      percent: 100\n" in prod.read_config()
    page.type('git switch -c day-9 && git commit -am "day 9: jobs 0 -> 5" && git push -u origin day-9', prod)
    assert "day-9" in prod.git("ls-remote", "origin").stdout
    assert "50 -> 100" in page.type("rollout review --stack prod", prod)
    page.type('pulumi up --stack prod --message "day 9: jobs 0 -> 5"', prod)
    burning.recorded(prod, "ai-agents", 100)
    assert "told wa-webhook-unified-prod-changes" in page.type("rollout notify after --stack prod", prod)

    before = prod.read_config()
    assert "2026-12-" in page.type("rollout plan --from 2026-12-12", prod, fill={"2026-12-12": "2026-12-18"})
    assert prod.read_config() == before, "it writes nothing"
    assert page.type("make rollback DOMAIN=jobs STACK=prod", prod).startswith("live 10 %, ")
    assert "raise 50 -> 100 %" in " ".join(page.type("rollout log", prod).split())
    page.done()


def test_deploy(prod: Sandbox) -> None:
    page = runbook("deploy")
    assert page.type("make rollback DOMAIN=jobs TO=previous STACK=prod", prod).startswith("live 10 %, ")
    assert "breach" not in burning.tags(prod, "jobs")
    assert prod.git("log", "-1", "--format=%s").stdout == "rollback: jobs 25 -> 10 on prod\n", "it commits the number"

    days.set_percents(prod, {"ai-agents": 25})
    prod.commit("25")
    page.type("make day DAY=6 STACK=prod", prod)
    assert "+      percent: 50" in page.type("git diff", prod)
    raised = prod.commit("day 6: ai-agents 25 -> 50")
    page.type("git revert COMMIT", prod, fill={"COMMIT": raised})
    assert "      percent: 25\n" in prod.read_config()
    assert tree(prod) == ""
    prod.up()  # what the deploy does with it
    burning.recorded(prod, "ai-agents", 25)

    page.type("make rollback ... BECAUSE=metric", prod, fill={"...": "DOMAIN=jobs STACK=prod", "metric": "errors"})
    assert "errors" in burning.tags(prod, "jobs")["breach"], "that one latches"
    page.done()


def test_drill(prod: Sandbox) -> None:
    page, before = runbook("drill"), days.live(prod)
    said = page.type("rollout drill jobs --stack prod", prod)
    assert "drill of jobs: passed" in said
    assert days.live(prod) == before, "nothing that is live is touched"
    page.type("rollout rollback ... --to zero", prod, fill={"...": "jobs --wait 0"})
    burning.recorded(prod, "jobs", 0)
    page.done()


def test_failed_up(prod: Sandbox) -> None:
    page = runbook("failed-up")
    fault = {
        "target": "secretsmanager.PutSecretValue",
        "match": days.secret("UNIFIED_ROLLOUT_PERCENT", "prod"),
        "status": 500,
    }
    days.set_percents(prod, {"ai-agents": 100, "jobs": 10})
    prod.simulator.call("PUT", "/faults", {"fail": [fault]})
    said = page.type("pulumi up --continue-on-error", prod, 1)
    assert "put_secret_value failed" in said, said
    burning.recorded(prod, "jobs", 10)
    assert burning.live(prod, "ai-agents") == "50"
    prod.simulator.call("DELETE", "/faults")
    page.type("pulumi up", prod)
    burning.recorded(prod, "ai-agents", 100)
    page.done()


def test_freeze(prod: Sandbox) -> None:
    page, live = runbook("freeze"), days.live(prod)
    page.type('rollout freeze --why "INC-7: duplicate applications" --stack prod', prod)
    page.type('rollout freeze --why "INC-9: p95 1,900 ms" --domain jobs --stack prod', prod)
    assert days.live(prod) == live, "traffic stays where it is"
    prod.commit("frozen")
    prod.up()  # the next deploy
    days.set_percents(prod, {"ai-agents": 100})
    assert "frozen: INC-7" in days.refused(prod)
    prod.git("checkout", "--quiet", "--", prod.stack_file.name)
    page.type("rollout unfreeze --stack prod", prod)
    shown = page.type('git commit -am "lift INC-7: ..." ; rollout review --stack prod', prod)
    assert "freeze" in shown
    assert "INC-7" not in prod.read_config()
    assert "INC-9" in prod.read_config(), "the other one stays"
    page.type("rollout rollback jobs --because data", prod, fill={"data": "data --wait 0"})
    burning.recorded(prod, "jobs", 0)
    days.set_percents(prod, {"ai-agents": 100})
    assert "frozen" in days.refused(prod), "it freezes by itself"
    prod.git("checkout", "--quiet", "--", prod.stack_file.name)
    prod.rollout("unfreeze", "--stack", "prod")
    days.set_percents(prod, {"ai-agents": 100})
    assert "data" in days.refused(prod)
    attest(prod, "freeze")
    prod.preview()
    page.done()


def test_lost_state(prod: Sandbox, tmp_path: Path) -> None:
    page = runbook("lost-state")
    shutil.copy(prod.state / STATE, tmp_path / "older")
    days.set_percents(prod, {"ai-agents": 100, "jobs": 10})
    prod.up()
    prod.commit("newer")
    live = days.live(prod)

    shutil.copy(tmp_path / "older", prod.state / STATE)
    page.type("pulumi preview --diff", prod)
    prod.up()
    assert days.live(prod) == live
    assert burning.moves(prod, "ai-agents")[-1][2] == "outside"

    shutil.rmtree(prod.state)
    prod.state.mkdir()
    page.type("pulumi stack init prod --secrets-provider 'awskms://alias/wa-rollout?region=eu-west-1'", prod)
    assert "100 %" in page.type("rollout live --stack prod", prod)
    prod.api_calls(reset=True)
    page.type("pulumi up --stack prod", prod)
    assert "secretsmanager.PutSecretValue" not in prod.api_calls(), "an equal value isn't written again"
    assert days.live(prod) == live
    burning.recorded(prod, "ai-agents", 100)
    days.set_percents(prod, {"jobs": 25})
    assert burning.live(prod, "jobs") == "10"
    page.done()


def test_resume(prod: Sandbox) -> None:
    page = runbook("resume")
    raised = prod.git("rev-parse", "HEAD").stdout.strip()
    prod.rollout("rollback", "jobs", "--to", "10", "--wait", "0")
    page.type("rollout status", prod)
    assert "STOP" in page.type("rollout log --domain jobs", prod)
    days.turn_clock(prod, burning.DAY + 3)
    prod.git("switch", "--quiet", "--create", "older", raised)
    assert "nothing younger asks for 25 %" in days.refused(prod)
    page.type("rollout rollback jobs --to zero --wait 0", prod)
    burning.recorded(prod, "jobs", 0)
    page.type("rollout promote --domain jobs", prod)
    prod.commit("jobs: on again")
    assert "2026-12" in page.type("rollout plan --from DATE", prod, fill={"DATE": "2026-12-20"})
    page.done()


def test_rollback(local: Sandbox, prod: Sandbox) -> None:
    page = runbook("rollback")
    said = page.type("make rollback DOMAIN=jobs TO=previous", local)
    for words in (
        "live 10 %, ",
        "  file     Pulumi.local.yaml: percent 10 written",
        "  pulumi   up: recorded in state and history",
        "  commit   ",
        "  traffic  flag read again: live 10 %; ",
    ):
        assert words in said
    burning.recorded(local, "jobs", 10)
    assert page.type("make rollback DOMAIN=jobs BECAUSE=errors", local).startswith("live 5 %, ")
    assert "breach" in burning.tags(local, "jobs")
    assert page.type("make rollback DOMAIN=jobs TO=zero STACK=prod", prod).startswith("live 0 %, ")
    burning.recorded(prod, "jobs", 0)
    assert "jobs" in page.type("rollout live", prod)
    assert page.type("python -m rollout rollback jobs --stack prod", prod, fill={"prod": "prod --wait 0"}).startswith(
        "live 0 %, "
    )
    page.done()


def test_stuck_lock(local: Sandbox, prod: Sandbox) -> None:
    page = runbook("stuck-lock")
    del local.env["ROLLOUT_NOW"]  # else `make up` would have the traffic of weeks counted
    for shell in (local, prod):
        days.set_percents(shell, {"ai-agents": 25})
        shell.commit("lower")
        races.slow(shell, 2.0)
        up = shell.start("pulumi", "up", "--skip-preview", "--stack", shell.name)
        while not list(notes.folder(shell.env).glob(f"{up.pid}-*.note")):
            assert up.poll() is None
            time.sleep(0.05)
        races.killed(up, group=True)
        shell.heal()
    try:
        assert "lock of a run that is dead removed" in page.type("make unlock", local)
        page.type("make up", local)
        burning.recorded(local, "ai-agents", 25)
    finally:  # what `make up` began
        local.simulator.call("DELETE", "/traffic")
        (local.folder / ".local" / "up").unlink(missing_ok=True)
        local.rollout("board", "--stop")
    assert "next: " in page.type("python -m rollout unlock --stack prod --force", prod)
    page.type("pulumi refresh --clear-pending-creates", prod)
    page.type("pulumi up", prod)
    burning.recorded(prod, "ai-agents", 25)
    page.type("ps -p 4711", prod, 0, 1)  # by chance there is one
    page.done()


def test_watch(local: Sandbox, prod: Sandbox, tmp_path: Path) -> None:
    page = runbook("watch")
    for shell in (local, prod):
        shell.env["ROLLOUT_COUNT_PERIOD"] = "3600"
        for domain, percent in burning.START.items():
            bad = {"Errors": 50} if domain == "jobs" else {}
            if percent:
                Reporter.on(shell.url, CATALOGUE.domains[domain]).healthy_days(
                    burning.DAY - 2, burning.DAY, percent, **bad
                )
    said = page.type("make watch", local, 2)  # 4 of the command's own
    assert "Error 4" in said
    burning.recorded(local, "jobs", 10)

    origin(prod, tmp_path)
    prod.git("push", "--quiet", "--set-upstream", "origin", "main")
    running = prod.start(*page.take("python -m rollout watch --stack prod --every 60", {}).split())
    until = time.monotonic() + 90
    while (
        "incident" not in prod.git("log", "-1", "--format=%s").stdout
        and running.poll() is None
        and time.monotonic() < until
    ):
        time.sleep(0.2)
    os.kill(running.pid, signal.SIGTERM)
    told = running.communicate(timeout=60)[0]
    assert running.returncode == 0, told
    assert "SIGTERM: no more looks" in told
    burning.recorded(prod, "jobs", 10)
    page.type("git -C /opt/wa-rollout push", prod, fill={"/opt/wa-rollout": f"'{prod.folder}'"})
    assert prod.git("rev-parse", "HEAD").stdout.strip() in prod.git("ls-remote", "origin").stdout
    page.done()
