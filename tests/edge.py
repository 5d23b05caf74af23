"""The edge function's code, checked and built for the tests: TypeScript by a pinned compiler, run by the Node that is there.

The compiler comes from npm by tests/edge_function/package-lock.json (version and hash, no address), into .tools/edge.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import pytest

from rollout.simulator.env import PROJECT

CODE = PROJECT / "docs/edge-function"
BUILD = PROJECT / "tests/edge_function"
TOOLS = PROJECT / ".tools/edge"
OLDEST_NODE = 20
#: Seconds for npm, the compiler and each run of Node; they take 1 to 3.
PATIENCE = 120


def without(reason: str) -> NoReturn:
    """Skips, since a user needs no Node for anything else; CI has it, and there a test that isn't run is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"edge function not checked: {reason}")
    pytest.skip(f"edge function not checked: {reason}")


class Missing(Exception):
    """What the tests need isn't on this machine, and can't be had."""


def built() -> Path:
    """The folder of the compiled code and tests. Skips where Node or the compiler can't be had; fails on a type error."""
    found = _built()
    return found if isinstance(found, Path) else without(found)


@functools.cache
def _built() -> Path | str:
    """The folder, or why there is none: without a network that is found out once, not by every test."""
    try:
        node_is_there()
        sources = sorted([*CODE.glob("*.ts"), *BUILD.iterdir()])
        digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()[:16]
        out = TOOLS / f"out-{digest}"
        TOOLS.mkdir(parents=True, exist_ok=True)
        with (TOOLS / "lock").open("w") as lock:  # the tests' workers come at the same time
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not out.exists():
                compile_into(out, install())
    except Missing as missing:
        return str(missing)
    return out


def node_is_there() -> None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Missing("node and npm aren't both on PATH")
    version = run("node", "--version").stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        raise Missing(f"node {version} is older than {OLDEST_NODE}")


def install() -> Path:
    """The compiler's file, installed unless it is there as pinned."""
    return installed(BUILD, TOOLS, "the pinned compiler") / "typescript/bin/tsc"


def installed(wanted: Path, tools: Path, what: str) -> Path:
    """The folder of the packages that the lock file in `wanted` pins, installed into `tools` unless it is there as pinned."""
    pinned, copy, packages = wanted / "package-lock.json", tools / "installed.json", tools / "node_modules"
    if packages.exists() and copy.exists() and copy.read_bytes() == pinned.read_bytes():
        return packages
    for path in (wanted / "package.json", pinned):
        shutil.copy(path, tools)
    flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retry-mintimeout=1000")
    done = run("npm", "ci", *flags, "--cache", str(PROJECT / ".tools/cache/npm"), folder=tools)
    if done.returncode:
        code = re.search(r"\bE[A-Z]{4,}\b", done.stderr)
        raise Missing(f"npm could not install {what} ({code[0] if code else f'exit {done.returncode}'})")
    shutil.copy(pinned, copy)  # last: half-installed never counts
    return packages


def compile_into(out: Path, compiler: Path) -> None:
    half = out.with_name("out-half")
    shutil.rmtree(half, ignore_errors=True)
    done = run("node", str(compiler), "-p", str(BUILD / "tsconfig.json"), "--outDir", str(half))
    assert done.returncode == 0, done.stdout
    (half / "package.json").write_text('{"type": "module"}\n')
    for old in TOOLS.glob("out-*"):
        if old != half:
            shutil.rmtree(old)
    half.rename(out)


def run(*command: str, folder: Path | None = None, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, input=given, capture_output=True, text=True, timeout=PATIENCE, check=False
    )  # fmt: skip


def ask(module: str, body: str, given: Any = None) -> Any:
    """What `body` returns, an async function's body in JavaScript with the exports of `module` as `it`, and `given`."""
    folder = built()
    script = (
        f"import * as it from {json.dumps((folder / f'{module}.js').as_uri())};"
        'import { readFileSync } from "node:fs";'
        'const given = JSON.parse(readFileSync(0, "utf8"));'
        f"process.stdout.write(JSON.stringify(await (async () => {{ {body} }})()));"
    )
    done = run("node", "--input-type=module", "-e", script, folder=folder, given=json.dumps(given))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
