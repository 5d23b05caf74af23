"""Puts the review's page on the pull request: into its own earlier comment where there is one, so that one stands, not ten.

Usage: python -m deploy.ci.comment STACK, with REPO, NUMBER, COMMIT, ARTIFACT, GITHUB_RUN_ID and GH_TOKEN. Where the review
left no page, the comment says that: an older verdict must not stand under a newer commit. With WITHDRAWN=true, where the
change no longer touches what is deployed, an earlier comment says so, and where there is none nothing is written.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from . import actions
from .actions import Unanswered

LIMIT = 60_000  # characters; the hosting refuses a comment of more than 65,536
AUTHOR = "github-actions[bot]"  # whoever else quotes the marker keeps his comment


def main(stack: str) -> int:
    """0, or 1 where the API refused the comment."""
    marker = f"<!-- rollout-review {stack} -->"
    withdrawn = os.environ.get("WITHDRAWN") == "true"
    text = _nothing() if withdrawn else _page(stack)
    if not text.startswith(marker):
        text = f"{marker}\n{text}"
    if len(text) > LIMIT:
        text = f"{text[:LIMIT]}\n\n(cut: the whole page is in the run's summary)"
    try:
        _write(os.environ["REPO"], os.environ["NUMBER"], marker, text, only_update=withdrawn)
    except Unanswered as error:
        actions.warn("No comment", str(error), level="error")
        return 1
    return 0


def _nothing() -> str:
    return (
        f"**Nothing to review at {os.environ['COMMIT'][:7]}**: this change no longer touches anything that can move a flag, "
        "or that judges whether one may. An earlier verdict is void.\n"
    )


def _page(stack: str) -> str:
    """The page of this run's review, or what to say where it made none."""
    repo, run = os.environ["REPO"], os.environ["GITHUB_RUN_ID"]
    try:
        return _download(repo, run, os.environ.get("ARTIFACT", ""))
    except Unanswered as error:
        server = os.environ.get("GITHUB_SERVER_URL", "")
        return (
            f"**No review of {os.environ['COMMIT'][:7]} for {stack}**: {error}. Nothing in it is approved.\n\n"
            f"What went wrong: {server}/{repo}/actions/runs/{run}\n"
        )


def _download(repo: str, run: str, name: str) -> str:
    if not name:
        raise Unanswered("it left no page")
    with tempfile.TemporaryDirectory(prefix="review-") as folder:
        actions.gh("run", "download", run, "--repo", repo, "--name", name, "--dir", folder)
        try:
            return Path(folder, "review.md").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise Unanswered("its page can't be read") from None


def _write(repo: str, number: str, marker: str, text: str, *, only_update: bool) -> None:
    # --slurp: one JSON list of pages, however many there are
    pages = actions.ask(f"repos/{repo}/issues/{number}/comments?per_page=100", "--paginate", "--slurp")
    ours = [
        comment["id"]
        for page in pages
        for comment in page
        if comment["user"]["login"] == AUTHOR and comment["body"].startswith(marker)
    ]
    if only_update and not ours:
        return
    with tempfile.TemporaryDirectory(prefix="comment-") as folder:
        body = Path(folder, "body.md")
        body.write_text(text, encoding="utf-8")
        if ours:
            arguments = ("--method", "PATCH", f"repos/{repo}/issues/comments/{ours[0]}")
        else:
            arguments = ("--method", "POST", f"repos/{repo}/issues/{number}/comments")
        actions.gh("api", *arguments, "--field", f"body=@{body}")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
