"""A small stand-in for the runner of GitHub Actions: runs a workflow's `run:` steps with bash, as the real one does.

It knows what our workflows use: `if`, `env`, `needs`, outputs, GITHUB_PATH and GITHUB_ENV, and the operators of their
expressions. Steps with `uses` are noted and succeed. Whatever it doesn't know is an error, not a guess.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = ROOT / ".github" / "workflows"
_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|&&|\|\||==|!=|!|\(|\)|[A-Za-z_][\w.-]*|\d+)")
_WHOLE = re.compile(r"\$\{\{(.*?)\}\}", re.S)


def load(name: str) -> dict[Any, Any]:
    """A workflow; its `on` is under the key True, since YAML 1.1 takes the word for a boolean."""
    found = yaml.safe_load((WORKFLOWS / name).read_text())
    assert isinstance(found, dict)
    return found


@dataclass
class Job:
    """One job that was run. `result` is success, failure or skipped; `ran` are the names of the steps that weren't skipped."""

    result: str
    outputs: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    summary: str = ""
    log: str = ""


class Run:
    """One run of a workflow in `folder`, with `env` for what isn't the workflow's own, and `github` and `vars` as contexts."""

    def __init__(self, name: str, folder: Path, env: Mapping[str, str], **contexts: Any) -> None:
        self.workflow = load(name)
        self.folder, self.env, self.contexts = folder, dict(env), contexts
        self.jobs: dict[str, Job] = {}
        for key, job in self.workflow["jobs"].items():
            matrices = [{}] if "strategy" not in job else _matrices(job["strategy"]["matrix"])
            for matrix in matrices:
                self.jobs[key] = self._job(job, matrix)

    def _job(self, job: Mapping[str, Any], matrix: Mapping[str, Any]) -> Job:
        needed = job.get("needs", [])
        needs = {key: self.jobs[key] for key in ([needed] if isinstance(needed, str) else needed)}
        context = {**self.contexts, "matrix": matrix, "steps": {},
                   "needs": {key: {"result": one.result, "outputs": one.outputs} for key, one in needs.items()}}  # fmt: skip
        if not condition(job.get("if"), context, good=all(one.result == "success" for one in needs.values())):
            return Job("skipped")
        done = Job("success")
        env = {**self.env, **_filled(job.get("env"), context)}
        for number, step in enumerate(job["steps"]):
            name = str(step.get("name") or step.get("uses", "").partition("@")[0])
            outcome, outputs = "skipped", dict[str, str]()
            if condition(step.get("if"), context, good=done.result == "success"):
                done.ran.append(name)
                outcome = "success"
                if "run" in step:
                    outcome, outputs = self._step(f"{number}", step, env, context, done)
            if outcome == "failure":
                done.result = "failure"
            context["steps"][step.get("id", f"#{number}")] = {"outcome": outcome, "outputs": outputs}
        done.outputs = _filled(job.get("outputs"), context)
        return done

    def _step(
        self, number: str, step: Mapping[str, Any], env: dict[str, str], context: Mapping[str, Any], job: Job
    ) -> tuple[str, dict[str, str]]:
        assert self.workflow["defaults"]["run"]["shell"] == "bash"
        assert "${{" not in step["run"], "what an outsider writes must not become a script: pass it by env"
        files = {key: self.folder / f".{key}-{number}" for key in ("OUTPUT", "STEP_SUMMARY", "PATH", "ENV")}
        for file in files.values():
            file.write_text("")
        own = {f"GITHUB_{key}": str(file) for key, file in files.items()}
        done = subprocess.run(  # what `shell: bash` is
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder, env={**env, **_filled(step.get("env"), context), **own}, capture_output=True, text=True,
            check=False, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        job.log += f"== {step.get('name')}\n{done.stdout}{done.stderr}"
        job.summary += files["STEP_SUMMARY"].read_text()
        for line in files["PATH"].read_text().splitlines():
            env["PATH"] = f"{line}:{env['PATH']}"
        env.update(_pairs(files["ENV"].read_text()))
        return ("failure" if done.returncode else "success"), _pairs(files["OUTPUT"].read_text())


def _matrices(matrix: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    ((key, values),) = matrix.items()
    return [{key: value} for value in values]


def _pairs(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def _filled(env: Mapping[str, Any] | None, context: Mapping[str, Any]) -> dict[str, str]:
    """`env` or `outputs` with its expressions resolved, as text."""
    return {key: _WHOLE.sub(lambda m: _text(Expression(m[1], context).value), str(v)) for key, v in (env or {}).items()}


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def condition(text: str | None, context: Mapping[str, Any], *, good: bool) -> bool:
    """Whether an `if` holds. Without a status function in it, what came before must have succeeded too."""
    if text is None:
        return good
    inner = _WHOLE.fullmatch(text.strip())
    found = Expression(inner[1] if inner else text, context)
    return bool(found.value) and (good or found.asks_status)


class Expression:
    """An expression of a workflow: names, texts, `== != ! && ||`, parentheses, `cancelled()`."""

    def __init__(self, text: str, context: Mapping[str, Any]) -> None:
        self._context, self.asks_status = context, False
        self._left = _TOKEN.findall(text)
        assert "".join(self._left) == re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", text), f"not understood: {text}"
        self.value = self._or()
        assert not self._left, f"not understood from {self._left} on: {text}"

    def _or(self) -> Any:
        value = self._and()
        while self._left[:1] == ["||"]:
            self._left.pop(0)
            other = self._and()
            value = value or other
        return value

    def _and(self) -> Any:
        value = self._compared()
        while self._left[:1] == ["&&"]:
            self._left.pop(0)
            other = self._compared()
            value = value and other
        return value

    def _compared(self) -> Any:
        value = self._one()
        if self._left[:1] in (["=="], ["!="]):
            same = self._left.pop(0) == "=="
            other = self._one()
            return (_text(value) == _text(other)) is same
        return value

    def _one(self) -> Any:
        token = self._left.pop(0)
        if token == "!":
            return not self._one()
        if token == "(":
            value = self._or()
            assert self._left.pop(0) == ")"
            return value
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token == "cancelled":
            assert [self._left.pop(0), self._left.pop(0)] == ["(", ")"]
            self.asks_status = True
            return False
        found: Any = self._context
        for part in token.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found
