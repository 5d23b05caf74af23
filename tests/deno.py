"""A real Deno for the edge function's code: pinned by tests/edge_deno/package-lock.json (version and hash), from npm, in .tools/deno.

Beside it stands the Data API's own client, @supabase/postgrest-js. Nothing here may read or write a user's own Deno cache.
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rollout.simulator.env import PROJECT
from tests import edge

WANTED = PROJECT / "tests/edge_deno"
TOOLS = PROJECT / ".tools/deno"


def found() -> Path:
    """Deno's executable. Skips where npm or Deno can't be had (in CI that is a failure)."""
    there = _found()
    return there if isinstance(there, Path) else edge.without(there)


@functools.cache
def _found() -> Path | str:
    try:
        return _installed()
    except edge.Missing as missing:
        return str(missing)


def _installed() -> Path:
    edge.node_is_there()
    TOOLS.mkdir(parents=True, exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        packages = edge.installed(WANTED, TOOLS, "the pinned Deno")
    made = [path for path in packages.glob("@deno/*/deno*") if path.name in ("deno", "deno.exe")]
    if not made:
        raise edge.Missing("npm has no Deno for this machine")
    done = subprocess.run([made[0], "--version"], capture_output=True, text=True, check=False, env=_env())
    if done.returncode:
        raise edge.Missing(f"Deno does not start here: {done.stderr.strip()[:100]}")
    return made[0]


def run(
    *arguments: str, env: Mapping[str, str] | None = None, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    """`deno <arguments>` in the folder of the code."""
    return subprocess.run(
        [found(), *arguments], cwd=edge.CODE, env=_env(env), input=given, capture_output=True, text=True,
        timeout=edge.PATIENCE, check=False,
    )  # fmt: skip


def ask(body: str, given: Any = None, *, allow: Sequence[str] = (), modules: Sequence[str] = ("bucket",)) -> Any:
    """What `body` returns in Deno, an async function's body with the exports of `modules` as `it`, and `given`."""
    imports = "".join(
        f"import * as m{n} from {json.dumps((edge.CODE / f'{m}.ts').as_uri())};" for n, m in enumerate(modules)
    )
    script = (
        f"{imports}const it = {{ {', '.join(f'...m{n}' for n in range(len(modules)))} }};"
        "const given = JSON.parse(await new Response(Deno.stdin.readable).text());"
        f"console.log(JSON.stringify(await (async () => {{ {body} }})()));"
    )
    with tempfile.NamedTemporaryFile(
        "w", suffix=".ts", delete=False
    ) as file:  # not in TOOLS, which may be made anew meanwhile
        file.write(script)
    path = Path(file.name)
    try:
        done = run("run", "--quiet", "--no-check", *allow, str(path), given=json.dumps(given))
    finally:
        path.unlink()
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def serving(script: str, env: Mapping[str, str], net: Sequence[str]) -> Iterator[str]:
    """The address of `deno serve <script>`, with no other permission than the names in `env` and the hosts in `net`."""
    process = subprocess.Popen(
        [found(), "serve", "--no-prompt", "--no-check", "--host", "127.0.0.1", "--port", "0",
         f"--allow-env={','.join(env)}", f"--allow-net={','.join(net)}", script],
        cwd=edge.CODE, env=_env(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    said: list[str] = []
    assert process.stdout is not None
    lines = process.stdout
    reader = threading.Thread(target=lambda: said.extend(iter(lines.readline, "")), daemon=True)
    reader.start()
    try:
        until = time.monotonic() + 30
        while not (at := re.search(r"http://127\.0\.0\.1:\d+", "".join(said))):
            assert process.poll() is None, "".join(said)
            assert time.monotonic() < until, "".join(said)
            time.sleep(0.02)
        yield at[0]
    finally:
        process.kill()
        process.wait()
        reader.join(5)
        lines.close()


def _env(more: Mapping[str, str] | None = None) -> dict[str, str]:
    own = {
        "DENO_DIR": str(TOOLS / "cache"),
        "DENO_NO_UPDATE_CHECK": "1",
        "NO_COLOR": "1",
        "NO_PROXY": "127.0.0.1,localhost",
    }
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(TOOLS), **own, **(more or {})}


#: Sums over all ids, so that a million of them needn't be printed: a digest of the buckets, and how many each percent serves.
DEALT = """
const sums = {};
for (const domain of given.domains) {
  let digest = 0n;
  const served = given.percents.map(() => 0);
  for (let number = 0; number < given.people; number++) {
    // Numbers and user ids in turn.
    const bucket = it.bucketOf(domain, it.personKey(number % 2 ? `+${250788000000 + number}` : `RW.${number * 7919}a`));
    if (number % 64 === 0) digest &= (1n << 256n) - 1n;
    digest = digest * 10007n + BigInt(bucket);
    given.percents.forEach((percent, at) => { if (it.place(bucket, percent) === "unified") served[at]++; });
  }
  sums[domain] = [String(digest & ((1n << 256n) - 1n)), served];
}
return sums;
"""


def agreement(domains: Sequence[str], people: int, percents: Sequence[int]) -> dict[str, int]:
    """How many of the domains are dealt otherwise in Deno than in Node, and at how many percents another share is served."""
    given = {"domains": list(domains), "people": people, "percents": list(percents)}
    here, there = ask(DEALT, given), edge.ask("bucket", DEALT, given)
    return {
        "people": people, "domains": len(here),
        "buckets differ": sum(here[domain][0] != there[domain][0] for domain in domains),
        "places differ": sum(here[domain][1] != there[domain][1] for domain in domains),
    }  # fmt: skip


if __name__ == "__main__":
    print(agreement(["ai-agents", "jobs", "marketplace", "property"], 1_000_000, [0, 5, 10, 25, 50, 100]))
