"""What evidence costs: a preview with the gate judged beside one without, and a breach until the watch has it down."""

from __future__ import annotations

import statistics
import textwrap
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from rollout.model.gate.window import HOUR, MINUTE
from rollout.simulator import env
from tests import days
from tests.bench.speed import RAW
from tests.bench.timing import in_turns
from tests.harness import Sandbox
from tests.pure.samples import CATALOGUE
from tests.reporter import Reporter

NOW, SINCE = 20.0, 18.0
AT = {"ai-agents": 100, "jobs": 25, "marketplace": 5, "property": 10}
#: So many breaches are put out, for a 99th percentile that is a measured one.
FIRES = 50
WATCH = ("python", "-m", "rollout", "watch", "--stack", "local", "--no-commit")


def report(box: Sandbox, domain: str, period: timedelta, since: float, **unified: float) -> None:
    """Counters of a domain from day `since` to NOW."""
    reporter = Reporter.on(box.url, CATALOGUE.domains[domain], period=period)
    reporter.healthy_days(since, NOW, AT[domain], **unified)


def previews(folder: Path, runs: int) -> Iterator[str]:
    """A preview of four domains above 0, with and without the gate; counters by the hour, and 3 hours by the minute."""
    for name, period, since in (("by the hour", HOUR, SINCE), ("by the minute", MINUTE, NOW - 3 / 24)):
        box = Sandbox(folder / name.replace(" ", "-"))
        try:
            days.begin(box, AT, day=NOW, since=since)
            box.env["ROLLOUT_COUNT_PERIOD"] = str(int(period.total_seconds()))
            for domain in AT:
                report(box, domain, period, since)
            off = box.read_config()
            on = off.replace('gate: "off"', "gate: required", 1)
            box.write_config(on)
            box.up()  # the state's inputs say `required`, too: a refresh judges by them

            def with_gate(box: Sandbox = box) -> None:
                box.preview()

            def without(box: Sandbox = box) -> None:
                box.preview(env={"ROLLOUT_ONLY_LOWER": "1"})

            calls = _calls(box, with_gate)
            found = in_turns(f"preview with the gate judged, {name} / without", with_gate, without, runs)
            more = statistics.median(first - second for first, second in zip(found.a, found.b, strict=True))
            yield f"{found.line()}; {more:+.2f} s (at most 0.6), {calls} GetMetricData for 4 domains"
        finally:
            box.close()


def _calls(box: Sandbox, preview: Callable[[], None]) -> int:
    box.api_calls(reset=True)
    preview()
    return box.api_calls(reads=True).get("cloudwatch.GetMetricData", 0)


def fires(folder: Path, say: Callable[[str], None]) -> None:
    """The watch's start to the value read back, with counters that burn, as a ratio to a raw write and read."""
    box = Sandbox(folder / "fires")
    try:
        days.begin(box, AT, day=NOW, since=SINCE)
        box.env["ROLLOUT_COUNT_PERIOD"] = str(int(HOUR.total_seconds()))
        for domain in AT:
            report(box, domain, HOUR, SINCE, **({"Errors": 50} if domain == "jobs" else {}))
        box.boto("secretsmanager").create_secret(Name="wa-webhook-unified/local/RAW", SecretString="1")
        script = Path(box.folder, ".local", "raw.py")
        script.write_text(textwrap.dedent(RAW))

        def down() -> float:
            started = time.perf_counter()
            with box.start(*WATCH) as command:
                assert command.stdout is not None
                for line in command.stdout:
                    if line.startswith("live 10 %"):
                        took = time.perf_counter() - started
                        command.stdout.read()
                        return took
            raise AssertionError("the watch let it burn")

        found = in_turns(
            "a breach: the watch's start to value read back / raw write and read",
            down, lambda: box.run(str(env.PROJECT / ".venv-dev" / "bin" / "python"), str(script)), FIRES,
            between=lambda: days.put(box, "jobs", "25", since=SINCE),
        )  # fmt: skip
        slow = sorted(found.a)[-1 - FIRES // 100]
        say(f"{found.line()}; n = {FIRES}, p50 {statistics.median(found.a):.2f} s, p99 {slow:.2f} s, 0 failures")
    finally:
        box.close()


def run(folder: Path, runs: int, say: Callable[[str], None]) -> None:
    """Both."""
    for line in previews(folder, runs):
        say(line)
    fires(folder, say)
