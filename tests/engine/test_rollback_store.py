"""Step 1 of `rollout rollback`: whatever else is broken the flag comes down, or it says that nobody knows it to be down.

The stack was never deployed here: these tests are about the store, the files and the words, and the engine has nothing to do.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests import burning, days
from tests.burning import Burning
from tests.harness import Sandbox

JOBS = days.secret("JOBS_ROLLOUT_PERCENT")


@pytest.fixture(scope="module")
def _once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burning]:
    made = Burning(tmp_path_factory.mktemp("store"), deployed=False)
    yield made
    assert not made.sandbox.close()


@pytest.fixture
def sandbox(_once: Burning) -> Sandbox:
    """Flags, file and commit at burning.START; an engine that knows of nothing."""
    return _once.again()


def rollback(
    sandbox: Sandbox, *args: str, code: int = 0, env: dict[str, str] | None = None, stack: str = "local"
) -> str:
    """Runs it; asserts the exit code; answers what was printed, stdout first."""
    named = ("--stack", stack) if stack else ()
    done = sandbox.rollout("rollback", *args, *named, "--wait", "0", check=False, env=env)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said
    return said


def fail(sandbox: Sandbox, *faults: dict[str, Any], latency: float = 0) -> None:
    """Faults of the store."""
    sandbox.simulator.call("PUT", "/faults", {"latency": latency, "fail": list(faults)})


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ("jobs", "--to", "15"),
            ["no target of a rollback", "allowed: previous, zero, 0, 5, 10, 25, 50, 100", "given:   15"],
        ),
        (("jobs", "--to", "down"), ["no target of a rollback", "given:   down"]),
        (("job",), ["unknown domain", "allowed: ai-agents, jobs, marketplace, property", "given:   job"]),
        (("wa-webhook-mobility",), ["unknown domain"]),
        (("jobs", "--because", "rain"), ["unknown metric", "errors", "given:   rain"]),
        ((), ["Missing argument 'DOMAIN'"]),
    ],
)
def test_a_wrong_order_is_refused_in_full_and_nothing_is_done(
    sandbox: Sandbox, args: tuple[str, ...], said: list[str]
) -> None:
    found = rollback(sandbox, *args, code=2)
    assert all(text in found for text in said), found
    assert not sandbox.api_calls()
    assert not sandbox.git("status", "--porcelain").stdout


@pytest.mark.parametrize("how", ["option", "long option", "PULUMI_STACK", "selected"])
def test_the_stack(sandbox: Sandbox, how: str) -> None:
    stack = {"option": "local", "long option": "organization/wa-rollout/local"}.get(how, "")
    if how != "PULUMI_STACK":
        del sandbox.env["PULUMI_STACK"]
    assert rollback(sandbox, "jobs", stack=stack).startswith("live 10 %, ")
    assert burning.live(sandbox, "jobs") == "10"


def test_no_stack_at_all(sandbox: Sandbox) -> None:
    del sandbox.env["PULUMI_STACK"]
    sandbox.env["PULUMI_HOME"] = str(sandbox.folder / "elsewhere")
    assert "no stack is chosen" in rollback(sandbox, "jobs", stack="", code=2)


@pytest.mark.parametrize(("region", "broken"), [("us-east-2", False), ("us-west-2", True)])
def test_the_region_is_the_files_one_line_and_the_shells_goes_before_it(
    sandbox: Sandbox, region: str, broken: bool
) -> None:
    there = sandbox.boto("secretsmanager").meta.config.region_name
    text = sandbox.read_config().replace(f"region: {there}", f"region: {region}")
    sandbox.write_config(text + ("\n : [\n" if broken else ""))
    for key in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        del sandbox.env[key]
    said = rollback(sandbox, "jobs", code=1)
    assert f"there was no {JOBS} in {region} at {sandbox.url}: it was made, with 0 %" in said
    assert burning.live(sandbox, "jobs") == "25"
    said = rollback(sandbox, "jobs", env={"AWS_REGION": there}, code=1 if broken else 0)
    assert f"in {there}, by AWS_REGION; the stack file says {region}: was that meant?" in said
    assert burning.live(sandbox, "jobs") == "10"


def test_no_stack_file(sandbox: Sandbox) -> None:
    (sandbox.folder / "Pulumi.local.yaml").unlink()
    said = rollback(sandbox, "jobs", code=1)
    assert said.startswith("live 10 %, ")
    assert "  file     FAILED: the file isn't there\n           where:   Pulumi.local.yaml\n" in said
    assert "do:      set percent: 10 for jobs in the stack file" in said
    assert burning.live(sandbox, "jobs") == "10"


def test_a_stack_file_that_is_no_yaml_gets_the_percent_and_nothing_else(sandbox: Sandbox) -> None:
    broken = sandbox.read_config() + "\t- [ nobody's yaml\n"
    sandbox.write_config(broken)
    said = rollback(sandbox, "jobs", "--because", "errors", code=1)
    assert said.startswith("live 10 %, ")
    assert "percent 10 is in it, the breach isn't" in said
    assert sandbox.read_config() == broken.replace("      percent: 25\n", "      percent: 10\n")
    assert (
        "# breach: jobs\n    jobs:" in sandbox.git("show", "HEAD:Pulumi.local.yaml").stdout
    )  # as committed it was sound


def test_bytes_that_are_no_text_stay(sandbox: Sandbox) -> None:
    path = sandbox.folder / "Pulumi.local.yaml"
    broken = path.read_bytes() + b"# \xff\xfe\n"
    path.write_bytes(broken)
    assert rollback(sandbox, "jobs", code=1).startswith("live 10 %, ")
    assert path.read_bytes() == broken.replace(b"      percent: 25\n", b"      percent: 10\n")


def test_the_attempt_of_a_breach_is_found_in_a_broken_file_too(sandbox: Sandbox) -> None:
    days.set_entry(sandbox, "attempt", "jobs:\n  number: 3\n  why: mended\n  by: Ana K.")
    sandbox.write_config(sandbox.read_config() + "\t- [ nobody's yaml\n")
    rollback(sandbox, "jobs", "--because", "errors", code=1)
    assert burning.tags(sandbox, "jobs")["breach"].startswith("3@")


def test_a_broken_catalogue_gives_way_to_the_committed_one(sandbox: Sandbox) -> None:
    (sandbox.folder / "domains.yaml").write_text("domains: [\n")
    assert rollback(sandbox, "jobs", "--because", "sessions").startswith("live 0 %, ")


@pytest.mark.parametrize("why", ["committed broken", "no git"])
def test_of_a_catalogue_that_is_broken_everywhere_one_line_is_enough(sandbox: Sandbox, why: str) -> None:
    path = sandbox.folder / "domains.yaml"
    path.write_text(path.read_text() + "\t- [ nobody's yaml\n")
    if why == "committed broken":
        sandbox.commit("broken")
        env = {}
    else:
        env = {"PATH": _without_git(sandbox)}
    said = rollback(sandbox, "jobs", "--because", "errors", code=1, env=env)
    assert "domains.yaml can't be read: JOBS_ROLLOUT_PERCENT found in it by text" in said
    assert burning.live(sandbox, "jobs") == "0"  # no row says how far down: 0 is far enough
    assert "breach" in burning.tags(sandbox, "jobs")


def _without_git(sandbox: Sandbox) -> str:
    """A PATH with the project's Python, and nothing of the system's."""
    folder = sandbox.folder / ".local" / "bin"
    folder.mkdir(exist_ok=True)
    return os.pathsep.join([str(sandbox.folder / ".venv" / "bin"), str(folder)])


def test_the_store_is_gone_and_nothing_is_claimed(sandbox: Sandbox) -> None:
    sandbox.simulator.stop()
    for to in ("previous", "zero"):
        said = rollback(sandbox, "jobs", "--to", to, code=3)
        assert f"NOT KNOWN TO BE DOWN: jobs on local: the simulator at {sandbox.url} doesn't answer" in said
        assert "live " not in said
        assert (
            f"by hand: aws secretsmanager put-secret-value --region eu-west-1 --endpoint-url {sandbox.url} --secret-id {JOBS}"
            in said
        )
    assert not sandbox.git("status", "--porcelain").stdout


def test_a_value_that_nobody_can_read(sandbox: Sandbox) -> None:
    unread = [{"target": f"secretsmanager.{call}", "status": 500} for call in ("GetSecretValue", "BatchGetSecretValue")]
    fail(sandbox, *unread)
    said = rollback(sandbox, "jobs", "--to", "previous", code=3)  # put, and not read back
    assert "NOT KNOWN TO BE DOWN" in said
    fail(sandbox)
    assert burning.live(sandbox, "jobs") == "10"  # by the stack file's 25 %: there is no state
    fail(sandbox, *unread)
    assert "NOT KNOWN TO BE DOWN" in rollback(sandbox, "jobs", "--to", "zero", code=3)
    fail(sandbox)
    assert burning.live(sandbox, "jobs") == "0"  # written all the same


@pytest.mark.parametrize("call", ["GetSecretValue", "BatchGetSecretValue"])
@pytest.mark.parametrize("to", ["previous", "zero", "5"])
def test_one_bad_answer_or_one_way_that_fails_ends_nothing(sandbox: Sandbox, to: str, call: str) -> None:
    fail(sandbox, {"target": f"secretsmanager.{call}", "status": 500})
    assert rollback(sandbox, "jobs", "--store-only", "--to", to).startswith("live ")
    fail(sandbox)
    assert burning.live(sandbox, "jobs") == {"previous": "10", "zero": "0", "5": "5"}[to]


@pytest.mark.parametrize("virtual", [True, False])
@pytest.mark.parametrize(
    "calls", [("TagResource",), ("GetSecretValue",), ("GetSecretValue", "TagResource", "DescribeSecret")]
)
@pytest.mark.parametrize("to", ["zero", "previous", "10"])
def test_a_call_that_hangs_keeps_no_value_up(sandbox: Sandbox, to: str, calls: tuple[str, ...], virtual: bool) -> None:
    """The put is sent before anything that hangs has answered: seconds, where it waited for half a minute and more."""
    if not virtual:
        del sandbox.env["ROLLOUT_NOW"]
    fail(sandbox, *({"target": f"secretsmanager.{call}", "latency": 60} for call in calls))
    began = time.monotonic()
    running = sandbox.start(
        "python", "-m", "rollout", "rollback", "jobs", "--stack", "local", "--store-only", "--to", to
    )
    while not sandbox.api_calls().get("secretsmanager.PutSecretValue"):
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < began + 25, "it waits for what hangs"
        time.sleep(0.02)
    said = next(line for line in running.stdout or () if not line.startswith("still trying"))
    assert said.startswith("live 0 %, " if to == "zero" else "live 10 %, "), said
    running.kill()
    running.communicate()


def test_an_absurd_attempt_number_comes_after_the_put(sandbox: Sandbox) -> None:
    days.set_entry(sandbox, "attempt", f"jobs:\n  number: {'9' * 5000}\n  why: a slip\n  by: Ana K.")
    said = rollback(sandbox, "jobs", "--because", "errors", "--store-only")
    assert said.startswith("live 10 %, ")
    assert burning.tags(sandbox, "jobs")["breach"].startswith("1@")


def test_a_lock_that_is_held_lets_an_unmarked_stop_look_until_it_is_free(sandbox: Sandbox) -> None:
    """Its tag can't be written, and somebody's `up` is under way: what that writes is lowered again."""
    fail(sandbox, {"target": "secretsmanager.TagResource", "status": 400, "code": "AccessDeniedException"})
    held = sandbox.state / ".pulumi/locks/organization/wa-rollout/local/someone.json"
    held.parent.mkdir(parents=True, exist_ok=True)
    held.write_text("{}")
    running = sandbox.start("python", "-m", "rollout", "rollback", "jobs", "--stack", "local", "--store-only")
    said = [next(line for line in running.stdout or () if not line.startswith("still trying"))]
    days.put(sandbox, "jobs", "50")
    for line in running.stdout or ():
        said.append(line)
        if "lowered again" in line:
            held.unlink(missing_ok=True)
    assert running.wait(60) == 0, said
    assert any("a raise in flight wrote 50 %: lowered again to 10 %" in line for line in said), said
    assert burning.live(sandbox, "jobs") == "10"


@pytest.mark.parametrize("target", ["TagResource", "DescribeSecret"])
def test_tags_that_fail_stop_nothing(sandbox: Sandbox, target: str) -> None:
    fail(sandbox, {"target": f"secretsmanager.{target}", "status": 400, "code": "AccessDeniedException"})
    assert rollback(sandbox, "jobs", "--because", "errors").startswith("live 10 %, ")
    fail(sandbox)
    assert burning.live(sandbox, "jobs") == "10"


@pytest.mark.parametrize("after", [False, True])
def test_a_write_that_fails_is_written_again(sandbox: Sandbox, after: bool) -> None:
    fail(sandbox, {"target": "secretsmanager.PutSecretValue", "status": 500, "times": 4, "after": after})
    assert rollback(sandbox, "jobs").startswith("live 10 %, ")
    assert burning.live(sandbox, "jobs") == "10"


def test_a_store_that_answers_slowly(sandbox: Sandbox) -> None:
    fail(sandbox, latency=2)
    said = rollback(sandbox, "jobs")
    assert re.search(
        r"still trying, \d+ s: the store answers slowly or not at all; jobs is not known to be down yet", said
    )
    assert said.startswith("live 10 %, ")
    fail(sandbox)
    assert burning.live(sandbox, "jobs") == "10"


def test_an_absent_secret_is_made_and_asked_about(sandbox: Sandbox) -> None:
    sandbox.boto("secretsmanager").delete_secret(SecretId=JOBS, ForceDeleteWithoutRecovery=True)
    said = rollback(sandbox, "jobs", code=1)
    assert re.match(r"live 0 %, \S+ s: jobs on local, was 0 % \(secret absent\) already\n", said)
    assert (
        f"there was no {JOBS} in eu-west-1 at {sandbox.url}: it was made, with 0 %. Is it the right stack and region?"
        in said
    )
    assert burning.live(sandbox, "jobs") == "0"


@pytest.mark.parametrize("to", ["zero", "previous", "5"])
def test_a_secret_scheduled_for_deletion_is_down_and_nothing_is_restored(sandbox: Sandbox, to: str) -> None:
    sandbox.boto("secretsmanager").delete_secret(SecretId=JOBS, RecoveryWindowInDays=7)
    said = rollback(sandbox, "jobs", "--to", to)
    assert "was 0 % (secret scheduled for deletion) already" in said
    assert "not protected against a raise in flight" in said  # it takes no tag
    assert "  guard    no `up` can be under way any more" in said
    assert burning.live(sandbox, "jobs") is None
    assert "secretsmanager.RestoreSecret" not in sandbox.api_calls()
    assert sandbox.boto("secretsmanager").describe_secret(SecretId=JOBS)["DeletedDate"]


@pytest.mark.parametrize(
    ("value", "to", "live", "says"),
    [
        ("5", "10", "5", "was 5 % already, lower than the 10 % asked for"),
        ("10", "10", "10", "was 10 % already"),
        ("0", "previous", "0", "was 0 % already"),
        ("7", "10", "5", "was 7 %"),  # no rung: the one under it
        ("abc", "previous", "0", "was 'abc' (no percent)"),
        ("abc", "5", "5", "was 'abc' (no percent)"),
    ],
)
def test_whatever_is_live_it_never_goes_up(sandbox: Sandbox, value: str, to: str, live: str, says: str) -> None:
    days.put(sandbox, "jobs", value)
    assert says in rollback(sandbox, "jobs", "--to", to)
    assert burning.live(sandbox, "jobs") == live
    assert f"percent: {live}\n" in sandbox.read_config()


def test_somebody_raises_it_again_and_the_store_takes_no_more_writes(sandbox: Sandbox) -> None:
    running = sandbox.start("python", "-m", "rollout", "rollback", "jobs", "--stack", "local", "--wait", "8")
    first = next(line for line in running.stdout or () if not line.startswith("still trying"))
    assert first.startswith("live 10 %, ")
    days.put(sandbox, "jobs", "50")
    fail(sandbox, {"target": "secretsmanager.PutSecretValue", "status": 400, "code": "AccessDeniedException"})
    said, _ = running.communicate(timeout=120)
    assert running.returncode == 3, said
    assert "  traffic  FAILED: NOT KNOWN TO BE DOWN: jobs on local: " in said
    assert said.endswith("jobs WAS LOWERED, AND IS NOT KNOWN TO BE DOWN ANY MORE: run it again\n")
