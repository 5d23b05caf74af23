"""A hundred domains: a generated catalogue of about 1,000 resources, its times, and the API calls of each run.

The metrics, alarms and checklist that all domains share are the project's own (`domains.yaml`, `common`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path

from rollout.model.alarms import alarm, topics
from rollout.model.catalogue import reading as catalogue
from rollout.model.catalogue.domain import Catalogue
from rollout.model.stack_file import edit
from rollout.provider.aws.alarms import PAGE as ALARMS_A_PAGE
from rollout.provider.stores.secrets_manager import PAGE as SECRETS_A_PAGE
from tests.bench.speed import NOW, Empty
from tests.bench.timing import Compared, in_turns
from tests.harness import Sandbox

DOMAINS = 100
PATIENCE = 1200.0  # seconds for one command
REFRESHING = ("preview", "--diff")
LIMITS = "good: 2%\n        bad-level: 4%\n        action: rollback-previous\n        needs: presence"

#: A run of many resources refreshes before the program and not within: within, the engine lays out the whole state again
#: for each resource that it has read, at preview too, which with 100 domains is five sixths of the run.
UP = {**NOW, "PULUMI_RUN_PROGRAM": "false"}

Calls = dict[str, int]


def domain_name(number: int) -> str:
    """Names of one length: a longer name is a longer read."""
    return f"domain-{number:03}"


def catalogue_text(project: str, domains: int) -> str:
    """A `domains.yaml` of so many domains: all before `domains:` of the project's own, and three metrics more each."""
    common, _, _ = project.partition("\ndomains:\n")
    return common + "\ndomains:\n" + "".join(_domain(number) for number in range(1, domains + 1))


def _domain(number: int) -> str:
    name = domain_name(number)
    flag = name.upper().replace("-", "_")
    soak = "".join(f"      {rung}: 24\n" for rung in (5, 10, 25, 50, 100))
    own = "".join(
        f"      {metric}:\n        bad: Failed{metric.title()}\n        total: {metric.title()}\n        {LIMITS}\n"
        for metric in ("listings", "searches", "contacts")
    )
    return (
        f"  {name}:\n    legacy: wa-webhook-{name}\n"
        f"    percent-flag: {flag}_ROLLOUT_PERCENT\n    enable-flag: ENABLE_UNIFIED_{flag}\n"
        f"    soak-hours:\n{soak}    metrics:\n{own}    expected-per-day:\n      errors: 20000\n"
    )


def stack_text(project: str, domains: int) -> str:
    """A `Pulumi.local.yaml` for them: all before the flags of the project's own; every switch on, every percent 5, as attested."""
    before, _, _ = project.partition("  wa-rollout:flags:\n")
    flags = "".join(f"    {domain_name(n)}:\n      enabled: true\n      percent: 5\n" for n in range(1, domains + 1))
    checked = "".join(
        f'    {domain_name(n)}:\n      support-staff: "simulator, 2026-12-01"\n' for n in range(1, domains + 1)
    )
    return f"{before}  wa-rollout:flags:\n{flags}  wa-rollout:checked:\n{checked}"


def sandbox(folder: Path, domains: int = DOMAINS) -> Sandbox:
    """A sandbox with the generated catalogue, nothing created yet."""
    box = Sandbox(folder, stack=False)
    rules = box.folder / "domains.yaml"
    rules.write_text(catalogue_text(rules.read_text(), domains))
    box.write_config(stack_text(box.read_config(), domains))
    box.commit("domains")
    box.pulumi("stack", "select", "--create", "local")
    return box


def read_catalogue(box: Sandbox) -> Catalogue:
    return catalogue.parse((box.folder / "domains.yaml").read_bytes(), "domains.yaml")


def up(box: Sandbox, env: dict[str, str] = UP) -> None:
    box.up(env=env, timeout=PATIENCE)


def preview(box: Sandbox, *more: str, env: dict[str, str] = UP) -> None:
    box.pulumi(*REFRESHING, *more, env=env, timeout=PATIENCE)


def turn(box: Sandbox, domain: str) -> Callable[[], None]:
    """Writes another percent of one flag into the stack file at each call: 0, 5, 0, ... What is committed is 0: see `speed.asked_by_edits`."""
    box.write_config(edit.set_flag(box.read_config(), domain, 0))
    box.commit("0")
    percents = cycle((0, 5))
    return lambda: box.write_config(edit.set_flag(box.read_config(), domain, next(percents)))


def calls(box: Sandbox, action: Callable[[], object]) -> Calls:
    """The API calls that `action` makes, by action, as the endpoint counts them."""
    box.api_calls(reset=True)
    action()
    return box.api_calls(reads=True)


def said(counted: Calls) -> str:
    """One line of calls: the sum, then by action."""
    by_action = ", ".join(f"{name.partition('.')[2]} {number}" for name, number in sorted(counted.items()))
    return f"{sum(counted.values())} API calls ({by_action})" if counted else "no API call"


def pages(known: Catalogue) -> int:
    """The calls that a refresh can't do without: a page of flags, of alarms, of dashboards, and each topic."""
    flags = sum(len(domain.flags) for domain in known.domains.values())
    return (
        math.ceil(flags / SECRETS_A_PAGE) + math.ceil(len(alarm.names(known, "local")) / ALARMS_A_PAGE)
        + math.ceil(len(known.domains) / 1000) + len(topics.TOPICS)
    )  # fmt: skip


def run(folder: Path, runs: int, say: Callable[[str], None]) -> None:
    """Prints times, ratios and calls. AssertionError where the calls of a run grow with the resources."""
    box = sandbox(folder / "scale")
    try:
        known = read_catalogue(box)
        box.api_calls(reset=True)
        started = time.perf_counter()
        up(box)
        took = time.perf_counter() - started
        made = box.api_calls(reads=True)
        rows = [row for row in box.export_state()["resources"] if row["type"].startswith("rollout:")]
        say(f"{len(known.domains)} domains, {len(rows)} resources; n = {runs} pairs, the first create once")
        say(f"create all (first up): {took:.1f} s, {len(rows) / took:.0f} resources a second; {said(made)}")
        allowed = pages(known)
        say(f"a refresh in pages: {allowed} calls")
        empty = Empty(box)
        for compared, counted, most in _compared(box, empty, runs, allowed):
            say(compared.line())
            say(f"    {said(counted)}")
            assert sum(counted.values()) <= most, f"{compared.name}: more than {most} calls: they grow with resources"
    finally:
        box.close()


def _compared(box: Sandbox, empty: Empty, runs: int, allowed: int) -> Iterator[tuple[Compared, Calls, int]]:
    """Each comparison with the calls of one more run, and the most they may be."""
    one_flag = pages(read_catalogue(box)) + 15  # a second look by pages; the one flag's reads, tags, write, read back
    names = "preview with refresh / empty program", "preview --refresh=false / empty program"
    for name, more in zip(names, ((), ("--refresh=false",)), strict=True):
        look = partial(preview, box, *more)
        compared = in_turns(name, look, lambda: empty.run("preview", "--diff"), runs)
        yield compared, calls(box, look), allowed
    change = turn(box, domain_name(1))
    compared = in_turns(
        "one-flag up --skip-preview / empty program's up",
        lambda: up(box), lambda: empty.run("up", "--yes", "--skip-preview"), runs,
        between=change,
    )  # fmt: skip
    change()
    yield compared, calls(box, lambda: up(box)), allowed + one_flag
