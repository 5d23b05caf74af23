"""Fetches what the review of the merged pull request approved, into approval.json. Without one, nothing is approved.

Usage: python -m deploy.ci.approval STACK, with REPO, COMMIT and GH_TOKEN. Output `overtaken`: `true` where main
differs from this run's commit in anything that is deployed: the newer run carries the raises, if its own review shows them.
Nothing here fails the deploy: what is lowered needs no approval, and a raise without one is refused by the provider.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import actions, main_now
from .actions import Unanswered

WORKFLOW = "review.yml"


def main(stack: str) -> int:
    """Always 0: see above."""
    repo, commit = os.environ["REPO"], os.environ["COMMIT"]
    actions.APPROVAL.write_text(actions.NOTHING)
    overtaken = main_now.overtaken(repo, commit)
    actions.output("overtaken", str(overtaken).lower())
    if overtaken:
        text = f"main has changed since {commit[:7]}: the newer run applies it, this one only lowers to what main says."
        actions.warn("Overtaken", text, level="notice")
        actions.summary(text)
        return 0
    try:
        run, origin = _reviewed(repo, commit)
        actions.APPROVAL.write_text(_download(repo, run, stack))
    except Unanswered as error:
        text = f"No raise is approved: {error}. What is lowered goes all the same."
        actions.warn("Nothing approved", text)
        actions.summary(text)
        return 0
    actions.summary(f"Approved: what [the review]({run['html_url']}) of {origin} shows, and no other raise.")
    return 0


def _reviewed(repo: str, commit: str) -> tuple[dict[str, Any], str]:
    """The review that answers for `commit`, and of what it is: a merge queue's own, of this very commit, goes first."""
    if queued := _runs(repo, commit, "merge_group"):
        return max(queued, key=lambda run: int(run["run_number"])), "the merge queue's commit"
    number, head = _pull_request(repo, commit)
    return _review(repo, head), f"pull request #{number}"


def _pull_request(repo: str, commit: str) -> tuple[int, str]:
    """Number and last commit of the pull request whose merge made `commit`."""
    for pull in actions.ask(f"repos/{repo}/commits/{commit}/pulls"):
        merged = pull.get("merged_at") and pull.get("merge_commit_sha") == commit
        if merged and pull["base"]["ref"] == "main":
            return int(pull["number"]), str(pull["head"]["sha"])
    raise Unanswered(f"{commit[:7]} comes from no merged pull request")


def _review(repo: str, head: str) -> dict[str, Any]:
    """The newest finished review of that commit. A fork's run of the same commit counts for nothing."""
    runs = _runs(repo, head, "pull_request")
    if not runs:
        raise Unanswered(f"{head[:7]} has no finished review")
    return max(runs, key=lambda run: int(run["run_number"]))


def _runs(repo: str, head: str, event: str) -> list[dict[str, Any]]:
    found = actions.ask(f"repos/{repo}/actions/workflows/{WORKFLOW}/runs?event={event}&head_sha={head}")
    return [
        run
        for run in found["workflow_runs"]
        if run["status"] == "completed"
        and run["head_sha"] == head
        and (run.get("head_repository") or {}).get("full_name") == repo
    ]


def _download(repo: str, run: dict[str, Any], stack: str) -> str:
    """The approval of the run's newest attempt."""
    found = actions.ask(f"repos/{repo}/actions/runs/{run['id']}/artifacts?per_page=100")
    prefix = f"review-{stack}-"
    attempts = {
        int(artifact["name"].removeprefix(prefix)): artifact
        for artifact in found["artifacts"]
        if artifact["name"].startswith(prefix) and artifact["name"].removeprefix(prefix).isdigit()
    }
    if not attempts:
        raise Unanswered(f"its review left no page: {run['html_url']}")
    newest = attempts[max(attempts)]
    if newest.get("expired"):
        raise Unanswered(f"its review is too old, the approval has expired: {run['html_url']}")
    with tempfile.TemporaryDirectory(prefix="approval-") as folder:
        actions.gh("run", "download", str(run["id"]), "--repo", repo, "--name", newest["name"], "--dir", folder)
        try:
            return Path(folder, actions.APPROVAL.name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise Unanswered(f"its review could not be made: {run['html_url']}") from None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
