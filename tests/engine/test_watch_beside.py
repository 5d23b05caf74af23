"""The watch beside what people do: an `up` in flight, a branch of their own, a merge. The flag is down; nothing is lost."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from rollout.commands.engine.pulumi import EXIT_WAITS
from tests import burning, days, postgres, races, watching
from tests.burning import Burning
from tests.engine.test_races import wait_for
from tests.harness import Sandbox
from tests.watching import LOOP, Held

ONCE = LOOP[:-2]
FILE = "Pulumi.local.yaml"


@pytest.fixture(scope="module")
def _deployed(tmp_path_factory: pytest.TempPathFactory, flag_store: str) -> Iterator[Burning]:
    made = watching.begin(postgres.entered(tmp_path_factory.mktemp("beside")), store=flag_store)
    yield made
    assert not made.sandbox.close()


@pytest.fixture(scope="module")
def _files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burning]:
    made = watching.begin(tmp_path_factory.mktemp("beside-git"), deployed=False)
    yield made
    assert not made.sandbox.close()


@pytest.fixture
def sandbox(_deployed: Burning) -> Sandbox:
    """A deployed stack at burning.START; jobs burns."""
    return _deployed.again()


@pytest.fixture
def ai_burns(tmp_path: Path, flag_store: str) -> Iterator[Sandbox]:
    """The same, and it is ai-agents that burns: the one domain that could rise."""
    made = watching.begin(postgres.entered(tmp_path), burns="ai-agents", store=flag_store)
    yield made.again()
    assert not made.sandbox.close()


@pytest.fixture
def tree(_files: Burning) -> Sandbox:
    """The same without an engine that knows of it: for what is about git alone."""
    return _files.again()


@contextlib.contextmanager
def stopped(sandbox: Sandbox) -> Iterator[None]:
    """Every process that runs in the sandbox now stands still meanwhile, wherever it is."""
    pids = list(sandbox.processes())
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def raised(sandbox: Sandbox, burns: str, down: int) -> tuple[int, str]:
    """A person's raise of ai-agents, 50 -> 100, stands still between judging and writing; meanwhile the watch stops `burns`.

    Answers how the raise ended, and what it said.
    """
    days.set_percents(sandbox, {"ai-agents": 100})
    sandbox.commit("raise")
    races.slow(sandbox, 1.0, "ai-agents")
    up = sandbox.start(*races.UP)
    wait_for(lambda: sandbox.api_calls(reads=True).get("secretsmanager.GetSecretValue", 0) >= 3)  # the put is next
    with stopped(sandbox):
        time.sleep(1.5)  # what it has asked is answered by then, of before the stop
        races.slow(sandbox, 0)
        watch = watching.start(sandbox, *ONCE)
        watch.until_said(f"live {down} %")
        assert burning.live(sandbox, burns) == str(down)
    said = races.ended(up)
    assert watch.ended() == 4, watch.said + said
    assert f"{burns} is down at {down} %, and all of it is on record" in watch.said
    return up.returncode, said


def test_a_persons_raise_in_flight_of_another_domain_goes_through(sandbox: Sandbox) -> None:
    code, said = raised(sandbox, "jobs", 10)
    assert code == 0, said
    watching.recorded(sandbox)
    burning.recorded(sandbox, "ai-agents", 100)
    sandbox.pulumi("preview", "--expect-no-changes")


def test_a_persons_raise_in_flight_of_the_burning_domain_gives_way(ai_burns: Sandbox) -> None:
    code, said = raised(ai_burns, "ai-agents", 25)
    assert code == EXIT_WAITS, said
    assert "warning: stopped meanwhile: the stop's value 25 % was written and read back" in said
    watching.recorded(ai_burns, "ai-agents", 50, 25)
    ai_burns.pulumi("preview", "--expect-no-changes")


def test_an_up_from_a_checkout_that_knows_of_no_stop_raises_nothing(sandbox: Sandbox) -> None:
    """Between the stop and the watch's own `up`: state and that file both still say what was."""
    stale = sandbox.folder / ".local" / FILE
    shutil.copy(sandbox.folder / FILE, stale)
    clean = dict(sandbox.env)
    tool_held = Held(sandbox, "pulumi", '" up "')
    watch = watching.start(sandbox, *ONCE)
    watch.until(tool_held.reached)
    done = subprocess.run(
        [*races.UP, "--config-file", str(stale)], cwd=sandbox.folder, env=clean | {"ROLLOUT_CONFIG_FILE": str(stale)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode != 0, done.stdout
    assert "live 10 %, stack 25 %" in done.stdout + done.stderr
    assert burning.live(sandbox, "jobs") == "10"
    tool_held.let_go()
    assert watch.ended() == 4, watch.said
    watching.recorded(sandbox)


def committed(tree: Sandbox, commit: str = "HEAD") -> None:
    """Asserts that this commit's stack file has jobs at 10 and latched, and an incident beside it."""
    config = yaml.safe_load(tree.git("show", f"{commit}:{FILE}").stdout)["config"]
    assert config["wa-rollout:flags"]["jobs"]["percent"] == 10
    assert config["wa-rollout:breach"]["jobs"]["by"] == "watch"
    assert tree.git("ls-tree", "--name-only", f"{commit}:records/incidents").stdout.endswith("-jobs-errors.yaml\n")


def look(tree: Sandbox, code: int) -> str:
    """One look of the watch, which brings jobs down whatever the tree is like; answers what it said."""
    done = tree.run(*ONCE, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said
    assert burning.live(tree, "jobs") == "10"
    return said


def test_on_a_branch_that_has_diverged_it_says_how_to_push(tree: Sandbox) -> None:
    theirs = tree.folder.parent / "theirs.git"
    tree.git("clone", "--quiet", "--bare", ".", str(theirs))
    tree.git("remote", "add", "origin", str(theirs))
    days.set_percents(tree, {"marketplace": 10})
    tree.commit("theirs")
    tree.git("push", "--quiet", "--set-upstream", "origin", "main")
    tree.git("reset", "--quiet", "--hard", "HEAD~1")
    (tree.folder / "mine.txt").write_text("a commit that was never pushed\n")
    tree.commit("mine")
    said = look(tree, 4)
    assert "on main: its upstream has 1 more: git pull --rebase, then push it\n" in said
    committed(tree)
    tree.git("pull", "--quiet", "--rebase")
    tree.git("push", "--quiet")
    committed(tree, "origin/main")
    tree.git("remote", "remove", "origin")


def test_on_no_branch_it_says_how_to_keep_the_commits(tree: Sandbox) -> None:
    tree.git("checkout", "--quiet", "--detach")
    (tree.folder / "README.md").write_text("not for review\n")
    said = look(tree, 4)
    told = re.findall(r"on no branch \(detached HEAD\): (git branch \S+ [0-9a-f]+), then push that", said)
    assert len(told) == 2, said
    assert tree.git("status", "--porcelain").stdout == " M README.md\n", "nobody's edit is committed with it"
    tree.git("checkout", "--quiet", "--force", "main")
    tree.run(*told[-1].split())
    committed(tree, told[-1].split()[2])


@pytest.mark.parametrize("way_out", ["merge --abort", "commit"])
def test_in_the_middle_of_a_merge_the_commit_is_made_and_what_is_left_is_said(tree: Sandbox, way_out: str) -> None:
    days.set_percents(tree, {"jobs": 50})
    tree.git("checkout", "--quiet", "-B", "other")
    tree.commit("other")
    tree.git("checkout", "--quiet", "main")
    tree.write_config(tree.read_config().replace("      percent: 25\n", "      percent: 25 # here\n"))
    tree.commit("mine")
    assert tree.git("merge", "other", check=False).returncode != 0
    said = look(tree, 1)
    assert "Left to do by hand: file, commit" in said
    assert f"{FILE} is in the middle of a merge: keep the lower percent in it" in said
    committed(tree)
    if way_out == "commit":  # as somebody would who did what he was told
        tree.git("checkout", "HEAD", "--", FILE)
    tree.git(*way_out.split(), *(["--quiet", "--message", "merged"] if way_out == "commit" else []))
    committed(tree)
    assert tree.git("status", "--porcelain").stdout == ""
    assert "<<<<" not in tree.read_config()
