"""The review, drift and test workflows, step by step as the runner does them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.deploys import REPO, Answer, Checkout, answer

pytestmark = pytest.mark.processes  # each step of a workflow is a shell

MARKER = "<!-- rollout-review prod -->"
PAGE = f"{MARKER}\n# prod\n\njobs 5 % -> 10 %: PASS\n"
REVIEW = "rollout review --stack prod --out review.md --approval approval.json"
COMMENTS = f"gh api repos/{REPO}/issues/12/comments?per_page=100 --paginate --slurp"
BOT = {"login": "github-actions[bot]"}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path, "config: {}\n")


def pull_request(repo: str | None = REPO) -> dict[str, Any]:
    head = {"sha": "beef" * 10, "repo": None if repo is None else {"full_name": repo}}
    return {
        "event_name": "pull_request",
        "event": {"pull_request": {"number": 12, "head": head}},
        "ref": "refs/pull/12/merge",
    }


def reviewed(code: int = 0, page: str = PAGE, comments: tuple[dict[str, Any], ...] = ()) -> list[Answer]:
    files = {"review.md": page, "approval.json": "{}"} if page else {}
    return [
        Answer(REVIEW, code=code, files=files),
        Answer(f"gh run download 77 --repo {REPO} --name review-prod-2", files={"review.md": page}),
        answer(COMMENTS, [[], list(comments)]),
    ]


def test_a_review_is_a_new_comment(checkout: Checkout) -> None:
    done = checkout.run("review.yml", reviewed(), **pull_request())
    assert checkout.lines()[1:4] == ["setup python run", "setup engine", REVIEW]
    (posted,) = checkout.calls("gh api --method")
    assert posted["line"].startswith(f"gh api --method POST repos/{REPO}/issues/12/comments")
    assert posted["body"] == PAGE
    assert done.jobs["review"].result == "success"
    assert done.jobs["review"].summary == PAGE
    assert "Keep page and approval" in done.jobs["review"].ran
    assert done.jobs["fork"].result == "skipped"


def test_the_next_review_updates_that_comment(checkout: Checkout) -> None:
    quoted = {"id": 1, "user": {"login": "ana"}, "body": PAGE}
    other = {"id": 2, "user": BOT, "body": "<!-- rollout-review staging -->"}
    ours = {"id": 3, "user": BOT, "body": f"{MARKER}\nold"}
    checkout.run("review.yml", reviewed(comments=(quoted, other, ours)), **pull_request())
    (patched,) = checkout.calls("gh api --method")
    assert patched["line"].startswith(f"gh api --method PATCH repos/{REPO}/issues/comments/3 ")
    assert patched["body"] == PAGE


@pytest.mark.parametrize(("code", "said"), [(3, "title=Refused"), (1, "title=No review"), (2, "title=No review")])
def test_what_may_not_be_applied_is_red_and_commented(checkout: Checkout, code: int, said: str) -> None:
    done = checkout.run("review.yml", reviewed(code), **pull_request())
    assert done.jobs["review"].result == "failure"
    assert f"::error {said}" in done.jobs["review"].log
    assert checkout.calls("gh api --method")[0]["body"] == PAGE
    assert "Keep page and approval" in done.jobs["review"].ran
    # a preview that couldn't be made approves nothing, whatever the command left behind
    assert (checkout.folder / "approval.json").exists() is (code == 3)


@pytest.mark.parametrize("failing", [REVIEW, "setup engine", "gh run download"])
def test_no_older_verdict_is_left_standing(checkout: Checkout, failing: str) -> None:
    old = {"id": 3, "user": BOT, "body": PAGE}
    answers = [Answer(failing, code=1), *reviewed(comments=(old,))]
    checkout.run("review.yml", answers, **pull_request())
    (patched,) = checkout.calls("gh api --method")
    assert patched["body"].startswith(f"{MARKER}\n**No review of beefbee for prod**")
    assert f"https://git.example/{REPO}/actions/runs/77" in patched["body"]


def test_a_page_that_is_too_long_is_cut(checkout: Checkout) -> None:
    checkout.run("review.yml", reviewed(page=PAGE + "x" * 70_000), **pull_request())
    assert 60_000 < len(checkout.calls("gh api --method")[0]["body"]) < 60_200


def test_a_comment_that_is_refused_is_loud(checkout: Checkout) -> None:
    answers = [Answer("gh api --method", code=1, err="HTTP 403"), *reviewed()]
    done = checkout.run("review.yml", answers, **pull_request())
    assert done.jobs["comment"].result == "failure"
    assert "::error title=No comment::gh api --method: HTTP 403" in done.jobs["comment"].log


@pytest.mark.parametrize("repo", ["mallory/rollout", None])  # None: the fork was deleted meanwhile
def test_a_fork_is_not_reviewed(checkout: Checkout, repo: str | None) -> None:
    done = checkout.run("review.yml", reviewed(), **pull_request(repo))
    assert {key: job.result for key, job in done.jobs.items()} == {
        "fork": "success", "touched": "skipped", "review": "skipped", "comment": "skipped",
    }  # fmt: skip
    assert "no credentials" in done.jobs["fork"].summary
    assert not checkout.calls()


def test_no_token_reaches_the_code_under_review(checkout: Checkout) -> None:
    checkout.run("review.yml", reviewed(), **pull_request())
    assert {call["GH_TOKEN"] for call in checkout.calls("rollout")} == {None}
    assert {call["GH_TOKEN"] for call in checkout.calls("gh")} == {"token-of-the-run"}


FILES = f"gh api repos/{REPO}/pulls/12/files?per_page=100 --paginate --slurp"
OLD = {"id": 3, "user": BOT, "body": PAGE}


@pytest.mark.parametrize("comments", [(OLD,), ()])
def test_no_verdict_stays_where_nothing_is_touched_any_more(
    checkout: Checkout, comments: tuple[dict[str, Any], ...]
) -> None:
    untouched = answer(FILES, [[{"filename": "README.md"}, {"filename": "docs/review.md"}]])
    done = checkout.run("review.yml", [untouched, *reviewed(comments=comments)], **pull_request())
    assert not checkout.lines("rollout review")
    assert done.jobs["review"].result == "skipped"
    bodies = [call["body"] for call in checkout.calls("gh api --method")]
    assert len(bodies) == len(comments)
    assert all(body.startswith(f"{MARKER}\n**Nothing to review at beefbee**") for body in bodies)


@pytest.mark.parametrize(
    "files",
    [Answer(FILES, code=1), Answer(FILES, "<html>"), answer(FILES, [[{"filename": "docs/review.md"}], [{"filename": "domains.yaml"}]]),
     answer(FILES, [[{"filename": "docs/a.yaml", "previous_filename": "stacks/day-06.yaml"}]])],
)  # fmt: skip
def test_where_something_is_touched_or_nobody_can_say_there_is_a_review(checkout: Checkout, files: Answer) -> None:
    done = checkout.run("review.yml", [files, *reviewed()], **pull_request())
    assert done.jobs["review"].result == "success"
    assert checkout.calls("gh api --method")[0]["body"] == PAGE


def test_a_merge_queue_has_its_own_review_and_no_comment(checkout: Checkout) -> None:
    done = checkout.run("review.yml", reviewed(), event_name="merge_group", event={"merge_group": {}})
    assert done.jobs["review"].result == "success"
    assert "Keep page and approval" in done.jobs["review"].ran
    assert {done.jobs[key].result for key in ("fork", "comment")} == {"skipped"}
    assert not checkout.calls("gh api")


def test_drift_looks_at_flags_and_at_everything(checkout: Checkout) -> None:
    done = checkout.run("drift.yml", [Answer("rollout audit", "flag live file state\n")])
    assert checkout.lines()[2:4] == [
        "rollout audit --stack prod",
        "pulumi preview --expect-no-changes --diff --non-interactive --color never --stack prod",
    ]
    assert done.jobs["drift"].result == "success"
    assert "    flag live file state\n" in done.jobs["drift"].summary


@pytest.mark.parametrize("differs", ["rollout audit", "pulumi preview"])
def test_drift_is_red_and_both_are_looked_at(checkout: Checkout, differs: str) -> None:
    done = checkout.run("drift.yml", [Answer(differs, code=1, err="5 => 50\n")])
    assert done.jobs["drift"].result == "failure"
    assert len(checkout.calls("rollout audit")) == len(checkout.calls("pulumi preview")) == 1
    assert "    5 => 50\n" in done.jobs["drift"].summary


@pytest.mark.parametrize("code", [0, 2])
def test_tests_are_the_projects_own(checkout: Checkout, code: int) -> None:
    done = checkout.run("test.yml", [Answer("make", code=code)], ref="refs/heads/main")
    assert checkout.lines() == ["make test", "make lint"]
    assert done.jobs["test"].result == ("failure" if code else "success")
