"""The deploy's lowering with the real rollback: down before there is an engine, on record once it is there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.harness import Sandbox

#: Answers `rollout review --lowerings`, and passes everything else on: goes, once that command can be run here.
_PYTHON = '#!/bin/sh\nexec {python} "$@"\n'


def test_a_merged_lowering_is_live_before_the_engine_is_there(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.up()  # Pulumi.local.yaml: ai-agents at 5
    before = sandbox.git("rev-parse", "HEAD").stdout.strip()
    sandbox.write_config(sandbox.read_config().replace("percent: 5", "percent: 0"))
    sandbox.commit("revert: ai-agents 5 -> 0")
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    (stubs / "python").write_text(_PYTHON.format(python=sys.executable))
    (stubs / "python").chmod(0o755)
    path = f"{stubs}:{sandbox.env['PATH']}"
    files = {f"GITHUB_{key}": str(tmp_path / key) for key in ("OUTPUT", "STEP_SUMMARY")}
    env = {**files, "PATH": path, "BEFORE": before, "GITHUB_ACTOR": "ana"}
    engineless = ":".join(folder for folder in path.split(":") if not Path(folder, "pulumi").exists())

    sandbox.api_calls(reset=True)
    done = sandbox.run("python", "-m", "deploy.ci.lower", "now", "local", env={**env, "PATH": engineless})
    assert sandbox.api_calls()["secretsmanager.PutSecretValue"] == 1
    assert "live 0 %" in done.stderr  # stdout is one JSON object, which the step reads
    assert "pulumi can't be started" in done.stderr
    assert (tmp_path / "OUTPUT").read_text() == "lower=ai-agents=0\n"

    sandbox.api_calls(reset=True)
    done = sandbox.run("python", "-m", "deploy.ci.lower", "record", "local", env=env)
    assert "secretsmanager.PutSecretValue" not in sandbox.api_calls()  # it is down already
    assert "recorded in state and history" in done.stderr
    history = json.loads(sandbox.pulumi("stack", "history", "--json").stdout)
    assert history[0]["message"].startswith("rollback: ai-agents stays at 0 on local")
    assert "ai-agents to 0 % on local: on record" in (tmp_path / "STEP_SUMMARY").read_text()
    assert sandbox.git("status", "--porcelain", "--", "Pulumi.local.yaml").stdout == ""  # main says so already
    sandbox.preview("--expect-no-changes")
