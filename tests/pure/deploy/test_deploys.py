"""The deploy workflow, step by step as the runner does it: what is lowered, what is applied, and with which approval."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.deploys import COMMIT, REPO, Answer, Checkout, answer

pytestmark = pytest.mark.processes  # each step of a workflow is a shell

AFTER = "rollout notify after --run run 77.2 --stack prod"
STACK_FILE = "config:\n  wa-rollout:flags:\n    jobs:\n      percent: 5\n"
HEAD = "beef" * 10
APPROVAL = '{"approves": "what the review showed"}'
RUN = {"id": 41, "run_number": 7, "status": "completed", "head_sha": HEAD, "html_url": "https://git.example/run/41",
       "head_repository": {"full_name": REPO}}  # fmt: skip
PULL = {"number": 12, "merged_at": "2026-12-09T08:00:00Z", "merge_commit_sha": COMMIT,
        "base": {"ref": "main"}, "head": {"sha": HEAD}}  # fmt: skip
ROLLBACK = "rollout rollback jobs --to 5 --no-commit --wait 0 --json --by ana --stack prod"
RECORD = ROLLBACK.replace("--json", "--read-first --json")
TOLD = "rollout rollback jobs --to 5 --no-commit --wait 0 --read-first --no-news --json --by ana --stack prod"
COMPARED = f"gh api repos/acme/rollout/compare/{COMMIT}...main"
NOT_OVERTAKEN = answer(COMPARED, {"files": []})
NOT_QUEUED = answer(f"gh api repos/{REPO}/actions/workflows/review.yml/runs?event=merge_group&head_sha={COMMIT}",
                    {"workflow_runs": []})  # fmt: skip
NOTHING_LEFT = answer("rollout review --lowerings --json --stack prod", {"lower": {}, "rest": False})


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path, STACK_FILE)


def due(**lower: int) -> Answer:
    """What the first look finds to lower; there is nothing left at the look after the `up` (NOTHING_LEFT)."""
    return answer("rollout review --lowerings --json --stack prod", {"lower": lower, "rest": True}, times=1)


def reviewed(
    *, pull: dict[str, Any] = PULL, run: dict[str, Any] = RUN, names: tuple[str, ...] = ("review-prod-1",)
) -> list[Answer]:
    artifacts = [{"name": name, "expired": False} for name in names]
    return [
        NOTHING_LEFT,
        NOT_OVERTAKEN,
        NOT_QUEUED,
        answer(f"gh api repos/{REPO}/commits/{COMMIT}/pulls", [pull]),
        answer(f"gh api repos/{REPO}/actions/workflows/review.yml/runs?event=pull_request&head_sha={HEAD}",
               {"workflow_runs": [run]}),
        answer(f"gh api repos/{REPO}/actions/runs/41/artifacts", {"artifacts": artifacts}),
        Answer(f"gh run download 41 --repo {REPO} --name {names[-1]}", files={"approval.json": APPROVAL}),
    ]  # fmt: skip


def test_a_lowering_and_a_raise(checkout: Checkout) -> None:
    done = checkout.run("deploy.yml", [due(jobs=5), *reviewed()])
    lines = checkout.lines()
    assert lines[:3] == ["setup python run", "rollout review --lowerings --json --stack prod", ROLLBACK]
    assert lines.index(ROLLBACK) < lines.index("setup engine")  # at once: not behind the engine's download
    assert lines.count(ROLLBACK) == lines.count(RECORD) == 1  # the second time with the engine, for the record
    (up,) = checkout.calls("pulumi")
    assert up["line"].split()[:4] == ["pulumi", "--non-interactive", "--color", "never"]
    assert {"up", "--yes", "--skip-preview", "--diff", "--continue-on-error"} < {*up["line"].split()}
    assert "--stack prod" in up["line"]
    assert up["approved"] == APPROVAL
    assert up["PULUMI_BACKEND_URL"] == "s3://state"
    assert lines[-2:] == [AFTER, "rollout review --lowerings --json --stack prod"]
    assert "run 77.2" in up["line"]
    assert [job.result for job in done.jobs.values()] == ["success", "success"]
    assert "jobs to 5 % on prod: on record" in done.jobs["lower"].summary
    assert "pull request #12" in done.jobs["up"].summary


def test_a_lowering_waits_for_nobody_and_an_up_queues_behind_what_is_under_way(checkout: Checkout) -> None:
    """A revert may find nothing to lower yet, while its raise is still being applied: it must not be the end of it."""
    for first in (due(jobs=5), due()):
        done = checkout.run("deploy.yml", [first, *reviewed()])
        assert checkout.calls("pulumi")
        assert done.jobs["up"].result == "success"


def test_a_run_that_only_waits_is_green_with_a_notice_and_whatever_else_fails_is_red(checkout: Checkout) -> None:
    said = "    warning: HOLD jobs 5 % -> 10 %: soak at 5 % not over\n      do:      raise later\n    warning: resource is awaiting\n"
    waits = Answer("pulumi", out=said, code=10)
    fails = Answer("pulumi", out="error: HOLD jobs 5 % -> 10 %: soak at 5 % not over\n", code=1)
    done = checkout.run("deploy.yml", [due(), *reviewed(), waits])
    assert done.jobs["up"].result == "success"
    (notice,) = [line for line in done.jobs["up"].log.splitlines() if line.startswith("::notice title=Waits")]
    assert "HOLD jobs 5 %25 -> 10 %25: soak at 5 %25 not over%0A" in notice
    assert "the next deploy asks again" in notice
    assert AFTER in checkout.lines()
    again = checkout.run("deploy.yml", [due(), *reviewed(), fails])
    assert again.jobs["up"].result == "failure"


def test_what_main_lowers_while_an_up_runs_comes_down_after_it(checkout: Checkout) -> None:
    late = answer("rollout review --lowerings --json --stack prod", {"lower": {"jobs": 0}, "rest": True})
    done = checkout.run("deploy.yml", [due(), late, *reviewed()])
    lines = checkout.lines()
    rollback = ROLLBACK.replace("--to 5", "--to 0")
    assert lines[-1] == rollback
    assert lines.index(rollback) > next(at for at, line in enumerate(lines) if line.startswith("pulumi"))
    ran = done.jobs["up"].ran
    assert ran.index("Up") < ran.index("Main as it is by now") < ran.index("Bring down what main has lowered meanwhile")
    assert "jobs to 0 % on prod: on record" in done.jobs["up"].summary


@pytest.mark.parametrize("failing", ["pulumi", "rollout notify after"])
def test_it_comes_down_too_where_the_up_or_its_message_fails(checkout: Checkout, failing: str) -> None:
    late = answer("rollout review --lowerings --json --stack prod", {"lower": {"jobs": 0}, "rest": True})
    done = checkout.run("deploy.yml", [due(), late, Answer(failing, code=1), *reviewed()])
    assert checkout.lines()[-1] == ROLLBACK.replace("--to 5", "--to 0")
    assert done.jobs["up"].result == "failure"


def test_a_lowering_that_was_told_is_told_once(checkout: Checkout) -> None:
    tells = Answer(ROLLBACK, out='{"told": true, "code": 1}\n', code=1)
    checkout.run("deploy.yml", [due(jobs=5), tells, *reviewed()])
    assert checkout.lines("rollout rollback") == [ROLLBACK, TOLD]
    assert checkout.lines("rollout notify after") == [AFTER], "of the up alone: a rollback tells by itself"


@pytest.mark.parametrize("said", ['{"told": false}', "", "no JSON", "[]"])
def test_a_lowering_that_was_not_told_is_told_with_its_record(checkout: Checkout, said: str) -> None:
    checkout.run("deploy.yml", [due(jobs=5), Answer(ROLLBACK, out=said), *reviewed()])
    assert checkout.lines("rollout rollback") == [ROLLBACK, RECORD]


def test_nothing_to_lower_waits_for_no_engine(checkout: Checkout) -> None:
    done = checkout.run("deploy.yml", [due(), *reviewed()])
    assert not checkout.calls("rollout rollback")
    assert not {"Engine", "Record it in state and history"} & {*done.jobs["lower"].ran}
    assert checkout.lines("rollout notify") == ["rollout notify before --stack prod --approval approval.json", AFTER]
    assert checkout.calls("pulumi")[0]["approved"] == APPROVAL


def test_one_domain_that_fails_keeps_no_other_up(checkout: Checkout) -> None:
    jobs = Answer("rollout rollback jobs", code=3, times=1)  # tried again, and then down
    property_ = Answer("rollout rollback property", code=3)
    done = checkout.run("deploy.yml", [due(jobs=5, property=0), jobs, property_, *reviewed()])
    tried = [line.split()[2] for line in checkout.lines("rollout rollback")]
    assert tried == ["jobs", "property", "jobs", "property", "property", *["jobs", "property", "property", "property"]]
    assert done.jobs["lower"].result == "failure"
    assert "property to 0 % on prod: **not known to be down**" in done.jobs["lower"].summary
    assert "jobs to 5 % on prod: down" in done.jobs["lower"].summary
    assert done.jobs["up"].result == "success"  # the `up` tries to lower it too
    assert checkout.calls("pulumi")


def test_without_an_engine_the_flag_is_down_all_the_same(checkout: Checkout) -> None:
    left = Answer("rollout rollback jobs", code=1)  # down, and the record is left to do
    done = checkout.run("deploy.yml", [due(jobs=5), left, Answer("setup engine", code=1), NOTHING_LEFT])
    assert checkout.lines("rollout rollback") == [ROLLBACK, RECORD]
    assert "jobs to 5 % on prod: down\n" in done.jobs["lower"].summary
    assert "**not on record**" in done.jobs["lower"].summary
    assert done.jobs["lower"].result == "failure"  # loud


def test_what_the_engine_was_missing_for_is_caught_up(checkout: Checkout) -> None:
    left = Answer("rollout rollback jobs", code=1, times=1)
    done = checkout.run("deploy.yml", [due(jobs=5), left, *reviewed()])
    assert done.jobs["lower"].result == "success"
    assert "jobs to 5 % on prod: on record" in done.jobs["lower"].summary


def test_a_raise_waits_where_nobody_could_be_told(checkout: Checkout) -> None:
    done = checkout.run("deploy.yml", [due(), *reviewed(), Answer("rollout notify before", code=1)])
    (up,) = checkout.calls("pulumi")  # what else there is goes on
    assert json.loads(up["approved"]) == {}
    assert "::warning title=Raises wait" in done.jobs["up"].log


def test_lowerings_that_cannot_be_found_out_leave_it_to_the_up(checkout: Checkout) -> None:
    unknown = Answer("rollout review --lowerings", out="no store", code=1, times=1)
    done = checkout.run("deploy.yml", [unknown, *reviewed()])
    assert done.jobs["lower"].result == "failure"
    assert "::error title=Lowerings unknown" in done.jobs["lower"].log
    assert done.jobs["up"].result == "success"
    assert checkout.calls("pulumi")


FORK = {**RUN, "head_repository": {"full_name": "mallory/rollout"}}
NO_APPROVAL = {
    "a direct push": [NOTHING_LEFT, NOT_OVERTAKEN, NOT_QUEUED, answer(f"gh api repos/{REPO}/commits/{COMMIT}/pulls", [])],
    "a pull request that isn't merged": reviewed(pull={**PULL, "merged_at": None}),
    "one whose merge is another commit": reviewed(pull={**PULL, "merge_commit_sha": HEAD}),
    "one into another branch": reviewed(pull={**PULL, "base": {"ref": "next"}}),
    "a review of a fork": reviewed(run=FORK),
    "a review that still runs": reviewed(run={**RUN, "status": "in_progress"}),
    "a review of another commit": reviewed(run={**RUN, "head_sha": COMMIT}),
    "a review without a page": reviewed(names=("something-else",)),
    "a preview that couldn't be made": [
        Answer("gh run download", files={"review.md": "no preview"}), *reviewed(),
    ],
    "an API that fails": [NOTHING_LEFT, NOT_OVERTAKEN, Answer("gh api", code=1, err="HTTP 503")],
    "an API that answers no JSON": [NOTHING_LEFT, NOT_OVERTAKEN, Answer("gh api", "<html>")],
}  # fmt: skip


@pytest.mark.parametrize("case", NO_APPROVAL)
def test_no_approval_is_an_approval_of_nothing(checkout: Checkout, case: str) -> None:
    (checkout.folder / "approval.json").write_text(APPROVAL)  # one that lies about counts for nothing
    done = checkout.run("deploy.yml", [due(jobs=5), *NO_APPROVAL[case]])
    assert ROLLBACK in checkout.lines()
    (up,) = checkout.calls("pulumi")
    assert json.loads(up["approved"]) == {}
    assert "::warning title=Nothing approved" in done.jobs["up"].log
    assert done.jobs["up"].result == "success"


def test_the_newest_attempt_of_a_review_counts(checkout: Checkout) -> None:
    checkout.run("deploy.yml", [due(), *reviewed(names=("review-prod-9", "review-prod-10"))])
    assert [line.split()[7] for line in checkout.lines("gh run download")] == ["review-prod-10"]
    assert checkout.calls("pulumi")[0]["approved"] == APPROVAL


@pytest.mark.parametrize(
    "file", ["Pulumi.prod.yaml", "domains.yaml", "rollout/model/judge/rules.py", "stacks/day-06.yaml", "setup/a/b.mod"]
)
def test_a_run_that_was_overtaken_only_lowers(checkout: Checkout, file: str) -> None:
    """Whatever of it main has changed: a run that is run again would put back yesterday's limits, or judge by older rules."""
    newer = answer(COMPARED, {"files": [{"filename": "docs/review.md"}, {"filename": file}]})
    late = answer("rollout review --lowerings --json --stack prod", {"lower": {"jobs": 0}, "rest": True})
    done = checkout.run("deploy.yml", [due(), newer, late, *reviewed()])
    assert not checkout.calls("pulumi")
    assert not checkout.calls("rollout notify")
    assert done.jobs["up"].result == "success"
    assert "main has changed since" in done.jobs["up"].summary
    assert checkout.lines()[-1] == ROLLBACK.replace("--to 5", "--to 0")


@pytest.mark.parametrize(
    "files",
    [[], [{"filename": "docs/review.md"}], [{"filename": "README.md"}], [{"filename": "tests/rollout/x.py"}],
     [{"filename": "sub/Pulumi.prod.yaml"}]],
)  # fmt: skip
def test_what_is_not_deployed_overtakes_nothing(checkout: Checkout, files: list[dict[str, str]]) -> None:
    checkout.run("deploy.yml", [due(), answer(COMPARED, {"files": files}), *reviewed()])
    assert checkout.calls("pulumi")


def test_a_file_that_was_moved_away_and_a_list_that_was_cut_overtake(checkout: Checkout) -> None:
    moved = [{"filename": "docs/old.yaml", "previous_filename": "domains.yaml"}]
    for files in (moved, [{"filename": f"docs/{number}.md"} for number in range(300)]):
        checkout.run("deploy.yml", [due(), answer(COMPARED, {"files": files}), *reviewed()])
        assert not checkout.calls("pulumi")


def test_main_is_asked_again_once_the_lock_is_had(checkout: Checkout) -> None:
    first = answer(COMPARED, {"files": []}, times=2)
    newer = answer(COMPARED, {"files": [{"filename": "Pulumi.prod.yaml"}]})
    locked = "error: the stack is currently locked by 1 lock(s).\n  s3://state/x.json: created by a@b (pid 1) at 2026-12-09T08:00:00Z\n"
    held = Answer("pulumi", code=255, err=locked, times=1)
    done = checkout.run("deploy.yml", [due(), first, newer, held, *reviewed()])
    assert len(checkout.calls("pulumi")) == 1, "the try behind the lock found main changed"
    assert done.jobs["up"].result == "success"
    assert "title=Overtaken" in done.jobs["up"].log


def test_a_merge_queues_own_review_goes_first(checkout: Checkout) -> None:
    queued = {**RUN, "id": 50, "head_sha": COMMIT, "html_url": "https://git.example/run/50"}
    answers = [
        due(), NOTHING_LEFT, NOT_OVERTAKEN, answer(NOT_QUEUED.to, {"workflow_runs": [queued]}),
        answer(f"gh api repos/{REPO}/actions/runs/50/artifacts", {"artifacts": [{"name": "review-prod-1"}]}),
        Answer(f"gh run download 50 --repo {REPO} --name review-prod-1", files={"approval.json": APPROVAL}),
    ]  # fmt: skip
    done = checkout.run("deploy.yml", answers)
    assert checkout.calls("pulumi")[0]["approved"] == APPROVAL
    assert "the merge queue's commit" in done.jobs["up"].summary


def test_a_refused_raise_is_loud_and_told(checkout: Checkout) -> None:
    refused = Answer("pulumi", code=255, out="Diagnostics:\n  jobs-percent:\n    error: not approved: jobs 5 -> 10\n")
    done = checkout.run("deploy.yml", [due(), *reviewed(), refused])
    assert done.jobs["up"].result == "failure"
    assert AFTER in checkout.lines()  # something else may have moved
    assert "::error title=Not all of it was applied::error: not approved: jobs 5 -> 10" in done.jobs["up"].log
    assert "    error: not approved: jobs 5 -> 10" in done.jobs["up"].summary


def test_another_runs_lock_is_waited_for(checkout: Checkout) -> None:
    text = "error: the stack is currently locked by 1 lock(s).\n  s3://state/x.json: created by a@b (pid 1) at 2026-12-09T08:00:00Z\n"
    done = checkout.run("deploy.yml", [due(), *reviewed(), Answer("pulumi", code=255, err=text, times=1)])
    assert len(checkout.calls("pulumi")) == 2
    assert done.jobs["up"].result == "success"
