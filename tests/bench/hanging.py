"""A rollback while one call of its store hangs: from the command to the put, beside one that nothing disturbs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.bench.timing import in_turns
from tests.burning import Burning

#: Every call that a rollback by the store alone makes beside the put; the last two by one that reads tags under a virtual clock.
CALLS: Final = ("TagResource", "GetSecretValue", "BatchGetSecretValue", "DescribeSecret")
TARGETS: Final = ("zero", "previous", "10")
#: A rollback to zero asks nothing before its put: this many times an undisturbed one. The others need the live value and wait
#: so many seconds more for it.
TIMES: Final = 1.5
MORE: Final = 3.0
HANGS: Final = 60


def run(folder: Path, runs: int, say: Callable[[str], None]) -> None:
    """A row for each target and call. AssertionError where one is over its limit."""
    stack = Burning(folder / "hanging", deployed=False)
    over = []
    try:
        for target in TARGETS:
            for call in CALLS:
                found = in_turns(
                    f"rollback --to {target}, {call} hangs / nothing does",
                    lambda target=target, call=call: _down(stack, target, call), lambda target=target: _down(stack, target), runs,
                )  # fmt: skip
                alone = statistics.median(found.b)
                limit = TIMES * alone + (0 if target == "zero" else MORE)
                late = statistics.median(found.a) > limit
                say(f"{found.line()}  (at most {limit:.2f} s: {'over the limit' if late else 'within the limit'})")
                over += [f"{target}, {call}"] if late else []
    finally:
        stack.sandbox.close()
    assert not over, f"over the limit: {'; '.join(over)}"


def _down(stack: Burning, target: str, call: str = "") -> float:
    """Seconds from the command to the put."""
    box = stack.again()
    box.simulator.call(
        "PUT", "/faults", {"fail": [{"target": f"secretsmanager.{call}", "latency": HANGS}] if call else []}
    )
    box.api_calls(reset=True)
    began = time.perf_counter()
    running = box.start(
        "python", "-m", "rollout", "rollback", "jobs", "--stack", "local", "--store-only", "--to", target
    )
    try:
        while not box.api_calls().get("secretsmanager.PutSecretValue"):
            assert running.poll() is None, running.communicate()
            time.sleep(0.01)
        return time.perf_counter() - began
    finally:
        running.kill()
        running.communicate()
