"""A rollback while one call of its store hangs: from the command to the put, beside one that nothing disturbs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench.timing import in_turns
from tests.burning import Burning

#: Every call that a rollback by the store alone makes beside the put, and both ways to read a value at once.
CALLS: Final = (
    ("TagResource",), ("GetSecretValue",), ("BatchGetSecretValue",), ("DescribeSecret",), ("GetSecretValue", "BatchGetSecretValue"),
)  # fmt: skip
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
            for calls in CALLS:
                name = f"rollback --to {target}, {' and '.join(calls)} hanging / nothing"
                found = in_turns(name, partial(_down, stack, target, calls), partial(_down, stack, target), runs)
                alone = statistics.median(found.b)
                limit = TIMES * alone + (0 if target == "zero" else MORE)
                late = statistics.median(found.a) > limit
                say(f"{found.line()}  (at most {limit:.2f} s: {'over the limit' if late else 'within the limit'})")
                over += [name] if late else []
    finally:
        stack.sandbox.close()
    assert not over, f"over the limit: {'; '.join(over)}"


def _down(stack: Burning, target: str, calls: tuple[str, ...] = ()) -> float:
    """Seconds from the command to the put."""
    box = stack.again()
    hangs = [{"target": f"secretsmanager.{call}", "latency": HANGS} for call in calls]
    box.simulator.call("PUT", "/faults", {"fail": hangs})
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
