"""Brings down, at once, every domain whose stack file is below what is live. No approval, no queue, and first no engine.

Usage: python -m deploy.ci.lower now|record|settle STACK
`now` finds what is due and writes to the store; `record` repeats it once the engine is there, which moves nothing any
more, and brings stack state and history up to date. `settle` is both at once, after an `up` and on main as it is by then: a
revert that was merged while its raise was being applied comes down here. Output of `now`: `lower` (`jobs=5 ...`, or empty).
Each lowering is told once: `record` sends no second message about what `now` told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from . import actions

DUE: Final = Path("lowerings.json")
TRIES: Final = 3
#: Exit codes of `rollout rollback`.
DOWN, LEFT_TO_DO, NOT_DOWN = 0, 1, 3


def main(step: str, stack: str) -> int:
    """Exit code 0: all are down (`record`: and on record); else the worst of the rollbacks'."""
    if step != "record":
        _find(stack)
    found = json.loads(DUE.read_text())
    due: dict[str, int] = found["lower"]
    told: list[str] = found["told"]
    recording = step == "record"
    codes = {domain: _rollback(domain, percent, stack, told, recording) for domain, percent in due.items()}
    for _ in range(TRIES - 1):  # again only after every other domain had its turn
        for domain, code in codes.items():
            if code == NOT_DOWN:
                codes[domain] = _rollback(domain, due[domain], stack, told, recording)
    DUE.write_text(json.dumps({"lower": due, "told": told}))
    for domain, code in codes.items():
        _tell(step, domain, due[domain], stack, code)
    # Without the engine, what comes after the store is left to do: that is what `record` is for.
    return max((code for code in codes.values() if step != "now" or code != LEFT_TO_DO), default=DOWN)


def _find(stack: str) -> None:
    asked = ["python", "-m", "rollout", "review", "--lowerings", "--json", "--stack", stack]
    done = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=False)
    try:
        found: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
        due = dict(found["lower"])
    except (ValueError, KeyError, TypeError):
        actions.warn("Lowerings unknown", "what has to come down could not be found out: see above; "
                     f"by hand: make rollback DOMAIN=... TO=... STACK={stack}", level="error")  # fmt: skip
        raise SystemExit(done.returncode or 1) from None
    DUE.write_text(json.dumps({"lower": due, "told": []}))
    actions.output("lower", " ".join(f"{domain}={percent}" for domain, percent in due.items()))
    if not due:
        actions.summary(f"Nothing to lower on {stack}.")


def _rollback(domain: str, percent: int, stack: str, told: list[str], recording: bool) -> int:
    """One rollback; its exit code. Notes in `told` that a message about the domain was sent.

    `recording`: it is down already as far as is known, so the value is looked at before anything is written.
    """
    # --no-commit: main says so already. --wait 0: a runner has nothing to do with the traffic's five minutes.
    done = subprocess.run(
        ["python", "-m", "rollout", "rollback", domain, "--to", str(percent), "--no-commit", "--wait", "0",
         *(["--read-first"] if recording else []), *(["--no-news"] if domain in told else []), "--json",
         "--by", os.environ.get("GITHUB_ACTOR") or "deploy", "--stack", stack],
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    try:
        if json.loads(done.stdout or "{}").get("told"):
            told.append(domain)
    except (ValueError, AttributeError):
        pass  # its lines are on stderr; whether it told isn't known, and twice is better than never
    return done.returncode


def _tell(step: str, domain: str, percent: int, stack: str, code: int) -> None:
    if step != "now":
        said = "on record" if code == DOWN else "down, **not on record**: see the log"
    else:
        said = "down" if code in (DOWN, LEFT_TO_DO) else "**not known to be down**"
    actions.summary(f"- {domain} to {percent} % on {stack}: {said}")
    if code not in (DOWN, LEFT_TO_DO):
        actions.warn("Not known to be down", f"{domain} on {stack}: make rollback DOMAIN={domain} TO={percent} "
                     f"STACK={stack}", level="error")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
