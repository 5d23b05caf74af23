"""`rollout rollback` on the real engine: six steps, what each prints, and what is true afterwards."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
import yaml

from tests import burning, days, postgres
from tests.burning import Burning
from tests.harness import Sandbox

SOON = ("--stack", "local", "--wait", "0")


@pytest.fixture(scope="module")
def _once(tmp_path_factory: pytest.TempPathFactory, flag_store: str) -> Iterator[Burning]:
    made = Burning(postgres.entered(tmp_path_factory.mktemp("rollback")), store=flag_store)
    yield made
    assert not made.sandbox.close()


@pytest.fixture
def sandbox(_once: Burning) -> Sandbox:
    """A deployed stack at burning.START."""
    return _once.again()


def rollback(sandbox: Sandbox, *args: str, code: int = 0, env: dict[str, str] | None = None) -> str:
    """Runs it; asserts the exit code; answers what was printed, stdout first."""
    done = sandbox.rollout("rollback", *args, *SOON, check=False, env=env)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said
    return said


def test_every_step_is_done_and_says_so_in_one_line(sandbox: Sandbox) -> None:
    said = rollback(sandbox, "jobs", "--by", "Ana K.").splitlines()
    made = sandbox.git("rev-parse", "--short", "HEAD").stdout.strip()
    assert re.fullmatch(r"live 10 %, \d+\.\d s: jobs on local, was 25 %", said[0])
    no_channel = "nobody: no channel for news: set ROLLOUT_NEWS_URL to the HTTPS address of a webhook"
    told = "wa-webhook-unified-local-changes" if sandbox.database is None else no_channel
    assert said[1:] == [
        "  file     Pulumi.local.yaml: percent 10 written",
        "  pulumi   up: recorded in state and history",
        f"  commit   {made} on main: push it",
        f"  told     {told}",
        "  traffic  flag read again: live 10 %; unverified: no sessions were counted since; look at legacy's dashboard",
        "jobs is down at 10 %, and all of it is on record",
    ]
    burning.recorded(sandbox, "jobs", 10)
    assert burning.moves(sandbox, "jobs")[-1] == (25, 10, "stop")
    assert {domain: live for domain, live in burning.lives(sandbox).items() if domain != "jobs"} == burning.OTHERS
    log = sandbox.git("log", "-1", "--format=%B%an").stdout
    assert log.startswith("rollback: jobs 25 -> 10 on local\n\nBy Ana K.")
    assert sandbox.git("show", "--format=", "--unified=0").stdout.splitlines()[-2:] == [
        "-      percent: 25",
        "+      percent: 10",
    ]
    assert "rollback: jobs 25 -> 10 on local" in sandbox.pulumi("stack", "history").stdout
    sandbox.pulumi("preview", "--expect-no-changes")


def test_because_of_a_metric_latches_and_a_revert_of_the_commit_unlatches_nothing(sandbox: Sandbox) -> None:
    said = rollback(sandbox, "jobs", "--because", "errors")
    assert "  file     Pulumi.local.yaml: percent 10 and the breach of errors written\n" in said
    assert "  latch    no raise before 2026-12-18 08:00 UTC, nor without wa-rollout:attempt jobs number: 2\n" in said
    _on_record(sandbox, said)
    burning.recorded(sandbox, "jobs", 10)
    assert burning.tags(sandbox, "jobs")["breach"] == "1@2026-12-17T08:00:00Z:errors"
    committed = sandbox.git("show", "HEAD:Pulumi.local.yaml").stdout
    assert "    # breach: jobs\n    jobs:\n      attempt: 1\n" in committed

    days.turn_clock(sandbox, burning.DAY + 8)
    days.set_percents(sandbox, {"jobs": 25})
    assert "latched by the breach of errors" in days.refused(sandbox)
    sandbox.git("checkout", "--", "Pulumi.local.yaml")
    sandbox.git("revert", "--no-edit", "HEAD~1")  # the incident's own commit came after it
    assert "jobs" not in yaml.safe_load(sandbox.read_config())["config"].get("wa-rollout:breach", {})
    assert "latched by the breach of errors" in days.refused(sandbox)
    assert burning.live(sandbox, "jobs") == "10"


def _on_record(sandbox: Sandbox, said: str) -> None:
    """The incident, as the watch would have written it: its own commit, and what was done step by step."""
    (path,) = (sandbox.folder / "records/incidents").glob("*-jobs-errors.yaml")
    assert f"  incident {path.relative_to(sandbox.folder)} committed, " in said
    assert sandbox.git("show", "--format=%s", "--name-only").stdout.split() == [
        "incident:", path.stem, str(path.relative_to(sandbox.folder))
    ]  # fmt: skip
    record = yaml.safe_load(path.read_text())
    kept = {key: record[key] for key in ("domain", "stack", "severity", "metric", "seen", "from", "to", "done")}
    assert kept == {"domain": "jobs", "stack": "local", "severity": "major", "metric": "errors", "seen": "reported by hand",
                    "from": "25 %", "to": "10 %", "done": "all of it"}  # fmt: skip
    assert record["reason"] == "jobs at 25 %: brought down by hand because of errors, reported by hand"
    assert any("up: recorded in state and history" in step for step in record["steps"])
    assert "incidents" not in sandbox.git("status", "--short").stdout


@pytest.mark.parametrize(
    ("args", "percent"),
    [
        (("--to", "zero"), 0),
        (("--to", "5"), 5),
        (("--because", "sessions"), 0),  # the catalogue's row: rollback-zero
        (("--because", "sessions", "--to", "5"), 5),
    ],
)
def test_where_it_goes(sandbox: Sandbox, args: tuple[str, ...], percent: int) -> None:
    assert rollback(sandbox, "jobs", *args).startswith(f"live {percent} %, ")
    burning.recorded(sandbox, "jobs", percent)


def test_somebodys_unreviewed_raise_in_the_working_tree_is_not_applied_and_not_lost(sandbox: Sandbox) -> None:
    days.turn_clock(sandbox, burning.DAY + 8)
    days.set_percents(sandbox, {"marketplace": 10})
    rollback(sandbox, "jobs")
    burning.recorded(sandbox, "jobs", 10)
    burning.recorded(sandbox, "marketplace", 5)
    assert sandbox.git("diff", "--unified=0").stdout.splitlines()[-2:] == ["-      percent: 5", "+      percent: 10"]
    assert "marketplace" not in sandbox.git("show", "--format=", "HEAD").stdout.partition("@@")[2].replace(
        " marketplace:", ""
    )


def test_the_newest_run_had_a_config_that_nobody_can_read(sandbox: Sandbox) -> None:
    before = sandbox.read_config()
    sandbox.write_config(
        before.replace("    marketplace:\n      enabled: true\n      percent: 5", "    marketplace: 5")
    )
    assert sandbox.up(check=False).returncode != 0
    sandbox.write_config(before)
    rollback(sandbox, "jobs")
    burning.recorded(sandbox, "jobs", 10)
    burning.recorded(sandbox, "marketplace", 5)


def test_another_domains_flags_are_malformed_in_the_file(sandbox: Sandbox) -> None:
    sandbox.write_config(sandbox.read_config().replace("      percent: 5\n", "      percent: lots\n"))
    said = rollback(sandbox, "jobs", code=1)
    assert said.startswith("live 10 %, ")
    assert "the next `pulumi up` will refuse Pulumi.local.yaml:" in said
    assert "marketplace.percent" in said
    assert said.endswith("jobs is down at 10 %. Left to do by hand: file\n")
    burning.recorded(sandbox, "jobs", 10)
    assert "percent: 10" in sandbox.read_config()


def test_no_pulumi_to_be_found(sandbox: Sandbox) -> None:
    path = ":".join(f for f in sandbox.env["PATH"].split(":") if not f.endswith("/.tools/pulumi/bin"))
    said = rollback(sandbox, "jobs", code=1, env={"PATH": path})
    assert (
        "  pulumi   FAILED: pulumi can't be started (No such file or directory)\n           do:      make up\n" in said
    )
    assert "on main: push it" in said
    assert burning.live(sandbox, "jobs") == "10"
    sandbox.up()
    burning.recorded(sandbox, "jobs", 10)


def test_the_engine_refuses_and_its_own_words_are_shown(sandbox: Sandbox) -> None:
    said = rollback(sandbox, "jobs", code=1, env={"PULUMI_CONFIG_PASSPHRASE": "wrong"})
    assert "  pulumi   FAILED: " in said
    assert "passphrase" in said
    assert said.endswith("jobs is down at 10 %. Left to do by hand: pulumi\n")


@pytest.mark.parametrize("value", ["10", "0", "junk"])
def test_another_domain_that_was_changed_outside_is_left_as_it_is_for_the_next_review(
    sandbox: Sandbox, value: str
) -> None:
    days.put(sandbox, "marketplace", value)
    rollback(sandbox, "jobs")
    burning.recorded(sandbox, "jobs", 10)
    assert burning.live(sandbox, "marketplace") == value
    assert burning.row(sandbox, "marketplace")["inputs"]["percent"] == 5


def test_make_rollback(sandbox: Sandbox) -> None:
    done = sandbox.run("make", "rollback", "DOMAIN=jobs", "TO=zero", "BECAUSE=sessions", "WAIT=0")
    assert done.stdout.startswith("live 0 %, ")
    burning.recorded(sandbox, "jobs", 0)
    assert "breach" in burning.tags(sandbox, "jobs")


def test_a_terminal_that_is_gone_stops_no_step(sandbox: Sandbox) -> None:
    command = f"python -m rollout rollback jobs {' '.join(SOON)} 2>&1 | true"
    sandbox.run("bash", "-c", f"set -o pipefail; {command}", check=False)
    burning.recorded(sandbox, "jobs", 10)
    assert sandbox.git("log", "-1", "--format=%s").stdout == "rollback: jobs 25 -> 10 on local\n"


def test_the_wait_watches_the_flag_and_ctrl_c_ends_the_watch_alone(sandbox: Sandbox) -> None:
    running = sandbox.start("python", "-m", "rollout", "rollback", "jobs", "--stack", "local", "--wait", "100")
    until = time.monotonic() + 90
    while burning.moves(sandbox, "jobs")[-1][2] != "stop" and time.monotonic() < until:
        time.sleep(0.5)
    days.put(sandbox, "jobs", "50")
    while burning.live(sandbox, "jobs") != "10" and time.monotonic() < until:
        time.sleep(0.2)
    time.sleep(1)
    running.send_signal(signal.SIGINT)
    said = _ended(running)
    assert running.returncode == 0, said
    assert "  traffic  somebody wrote 50 % meanwhile: lowered again to 10 %\n" in said
    assert "  traffic  not watched any longer, as asked\n" in said
    assert burning.live(sandbox, "jobs") == "10"


def _ended(running: subprocess.Popen[str]) -> str:
    said, _ = running.communicate(timeout=60)
    return said


def test_the_stack_file_is_gone_and_the_engine_records_it_all_the_same(sandbox: Sandbox) -> None:
    (sandbox.folder / "Pulumi.local.yaml").unlink()
    said = rollback(sandbox, "jobs", code=1)
    assert said.endswith("jobs is down at 10 %. Left to do by hand: file\n")
    assert "  pulumi   up: recorded in state and history\n" in said
    sandbox.git("checkout", "--", "Pulumi.local.yaml")
    burning.recorded(sandbox, "jobs", 10)
    sandbox.pulumi("preview", "--expect-no-changes")
