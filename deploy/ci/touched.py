"""Whether a pull request touches what a deploy is about; a verdict must not stay on one that no longer does.

Usage: python -m deploy.ci.touched, with REPO, NUMBER (empty in a merge queue) and GH_TOKEN. Output `touched`: `false` only
where every changed file is known, and none matters.
"""

from __future__ import annotations

import os
import sys

from . import actions, main_now
from .actions import Unanswered


def main() -> int:
    """Always 0: where nobody can say, there is a review."""
    touched = _touched(os.environ["REPO"], os.environ.get("NUMBER", ""))
    actions.output("touched", str(touched).lower())
    if not touched:
        actions.summary("Nothing in this change can move a flag, or judges whether one may: no review.")
    return 0


def _touched(repo: str, number: str) -> bool:
    if not number:
        return True
    try:
        pages = actions.ask(f"repos/{repo}/pulls/{number}/files?per_page=100", "--paginate", "--slurp")
        files = [name for page in pages for one in page for name in (one["filename"], one.get("previous_filename"))]
    except (Unanswered, KeyError, TypeError):
        return True
    return main_now.matters(name for name in files if name)


if __name__ == "__main__":
    sys.exit(main())
