"""A copy of what the workflows run, with stand-ins for `gh`, `pulumi`, `make`, the set-up and the commands that need a cloud.

Each call of a stand-in is noted, and answered by the first of the test's answers that fits. What the commands themselves
do is tested on the real engine: tests/engine/test_review.py, test_notify.py, test_rollback.py.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.actions import ROOT, Run

#: Commands of `python -m rollout` that are answered by the test. Any other module is run.
STANDS_IN = ("review", "notify", "rollback", "audit", "board")
COPIED = ("deploy", "rollout", "setup")
REPO = "acme/rollout"
COMMIT = "c0ffee0" * 5 + "c0ffe"

_STUB = """#!{python}
import json, os, pathlib, sys
here = pathlib.Path({folder!r})
words = [pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]
if words[0] == "python" and not (words[1:3] == ["-m", "rollout"] and words[3] in {stands_in!r}):
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    os.execv({python!r}, words)
if words[0] == "python":
    words[:3] = ["rollout"]
line, note = " ".join(words), {{}}
for key in ("ROLLOUT_APPROVED", "GH_TOKEN", "PULUMI_BACKEND_URL", "AWS_REGION"):
    note[key] = os.environ.get(key)
if note["ROLLOUT_APPROVED"]:
    note["approved"] = pathlib.Path(note["ROLLOUT_APPROVED"]).read_text()
for word in words:
    if "=@" in word:
        note["body"] = pathlib.Path(word.partition("=@")[2]).read_text()
log = here / "calls.jsonl"
seen = [json.loads(text) for text in log.read_text().splitlines()] if log.exists() else []
for number, answer in enumerate(json.loads((here / "answers.json").read_text())):
    if line.startswith(answer["to"]) and answer["times"] != sum(call["answer"] == number for call in seen):
        break
else:
    number, answer = None, {{"out": "", "err": "", "code": 0, "files": {{}}}}
with log.open("a") as file:
    file.write(json.dumps({{"line": line, "answer": number, **note}}) + "\\n")
base = pathlib.Path(words[words.index("--dir") + 1]) if "--dir" in words else pathlib.Path.cwd()
for name, text in answer["files"].items():
    (base / name).write_text(text)
sys.stdout.write(answer["out"])
sys.stderr.write(answer["err"])
sys.exit(answer["code"])
"""


@dataclass(frozen=True)
class Answer:
    """What a stand-in does when its command line begins with `to`; `times`: so often, then the next that fits (-1: always)."""

    to: str
    out: str = ""
    code: int = 0
    err: str = ""
    files: dict[str, str] = field(default_factory=dict)
    times: int = -1


def answer(to: str, value: Any, **more: Any) -> Answer:
    """An answer in JSON."""
    return Answer(to, json.dumps(value), **more)


class Checkout:
    """What a runner has: the checkout of a commit, and stand-ins first on PATH."""

    def __init__(self, folder: Path, stack_file: str) -> None:
        self.folder = folder / "checkout"
        self._stubs = folder / "stubs"
        self._stubs.mkdir(parents=True)
        (self.folder / ".github" / "workflows").mkdir(parents=True)
        shutil.copy(ROOT / ".github" / "workflows" / "deploy.yml", self.folder / ".github" / "workflows")
        for name in COPIED:
            shutil.copytree(ROOT / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "domains.yaml", self.folder)
        self._git("init", "--quiet", "--initial-branch", "main")
        self.commit()
        (self.folder / "Pulumi.prod.yaml").write_text(stack_file)
        self.commit()
        stub = _STUB.format(python=sys.executable, folder=str(folder), stands_in=STANDS_IN)
        for path in (*(self._stubs / name for name in ("gh", "pulumi", "make", "setup", "python")),
                     self.folder / ".venv" / "bin" / "python"):  # fmt: skip
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(stub)
            path.chmod(0o755)
        for name in ("python", "engine"):
            (self.folder / "setup" / f"{name}.sh").write_text(f'exec setup {name} "$@"\n')
        self._log, self._answers = folder / "calls.jsonl", folder / "answers.json"

    def commit(self) -> str:
        """Commits what was changed; answers the commit."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "a change")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *words: str) -> str:
        who = {
            f"GIT_{role}_{what}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **who}
        return subprocess.run(
            ["git", *words], cwd=self.folder, env=env, check=True, capture_output=True, text=True
        ).stdout

    def run(self, workflow: str, answers: Sequence[Answer] = (), **github: Any) -> Run:
        """One run of a workflow."""
        self._answers.write_text(json.dumps([asdict(one) for one in answers]))
        self._log.unlink(missing_ok=True)
        env = {
            "PATH": f"{self._stubs}:{os.environ['PATH']}", "HOME": str(self.folder), "LANG": "C.UTF-8",
            "GITHUB_ACTOR": "ana", "GITHUB_SHA": COMMIT, "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "2",
            "GITHUB_SERVER_URL": "https://git.example",
        }  # fmt: skip
        context = {"repository": REPO, "sha": COMMIT, "run_id": "77", "run_attempt": "2", "token": "token-of-the-run",
                   "event": {}, **github}  # fmt: skip
        values = {"STATE_BACKEND": "s3://state", "AWS_REGION": "eu-west-1", "PLANNER_ROLE": "planner",
                  "APPLIER_ROLE": "applier", "LOWER_ROLE": "lower"}  # fmt: skip
        return Run(workflow, self.folder, env, github=context, vars=values)

    def calls(self, to: str = "") -> list[dict[str, Any]]:
        """The calls of the stand-ins, in order, whose command line begins with `to`."""
        if not self._log.exists():
            return []
        found: list[dict[str, Any]] = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [call for call in found if call["line"].startswith(to)]

    def lines(self, to: str = "") -> list[str]:
        """Their command lines alone."""
        return [call["line"] for call in self.calls(to)]
