"""Review pages by name, as values: what the tests render, and what the documentation shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from rollout.model.flag.moves import Kind
from rollout.model.judge import approval
from rollout.model.judge.approval import Raise
from rollout.model.judge.rules import Refusal
from rollout.model.review.decision import Beside, Page, Row
from tests.pure.cases import CATALOGUE, NOW

LINES: Final = (
    "PASS errors 0/1,966: 0 %, limit 0.1 %; odds over 10^12 to 1 against 10 %",
    "PASS share 619/11,541: 5.36 %, planned 5 %",
    "counted 2026-12-07 09:02 UTC to 2026-12-09 08:55 UTC",
)
GIST: Final = "9 of 9 metrics pass; least room: errors 0/1,966, at most 0.234 %, where 10 % must be ruled out"
RAISE: Final = Row("jobs", "5 %", 5, 10, Kind.RAISE, 10, 0, "over", "PASS", GIST, LINES)
STAYS: Final = tuple(Row(name, "0 %", 0, 0, Kind.STAY, 0) for name in ("marketplace", "property"))
AGENTS: Final = Row("ai-agents", "100 %", 100, 100, Kind.STAY, 100)
SOAK: Final = Refusal("soak", "soak at 5 % not over: 3 min of 48 h", "raise from 2026-12-11 07:00 UTC (2 h slack)")
GIVEN: Final = approval.make("prod", "c" * 40, "t" * 40, NOW, [Raise("jobs", 5, 10, "5", "d")])
QUIET: Final = Page(
    "prod", NOW, 9, (AGENTS, replace(RAISE, new=5, kind=Kind.STAY, lines=()), *STAYS), on_call="Ana K., #wa-oncall",
    protected=CATALOGUE.protected, compared=53, approval=approval.make("prod", "c" * 40, "t" * 40, NOW, []),
)  # fmt: skip
NORMAL: Final = replace(QUIET, rows=(AGENTS, RAISE, *STAYS), approval=GIVEN)
REFUSED: Final = replace(NORMAL, rows=(AGENTS, replace(RAISE, verdict="HOLD", refusals=(SOAK,), soak="45 h 58 min left"), *STAYS), refused="Preview failed", seen=True)  # fmt: skip
ROLLBACK: Final = replace(QUIET, rows=(AGENTS, Row("jobs", "25 %", 25, 10, Kind.LOWER, 50, 2), *STAYS))
TWO: Final = replace(
    QUIET, rows=(AGENTS, replace(RAISE, domain="marketplace", planned=10), replace(RAISE, domain="property"))
)
BOTH: Final = replace(REFUSED, rows=(*REFUSED.rows, Row("property", "50 %", 50, 25, Kind.LOWER, 50)))
LIMIT: Final = replace(
    QUIET,
    beside=(
        Beside("limit of jobs metrics.errors.bad_level: 0.01 -> 0.02", first=True, plain=True),
        Beside("jobs: waivers jobs-10 set: tested by hand; accepts too-little-data", first=True),
        Beside("on-call changed: who Ben; reach @ben", first=False),
    ),
)
DRIFT: Final = replace(QUIET, drift=("alarm jobs-errors threshold: 0.5 -> 0.01", "alarm jobs-search name: - -> wa-x"))
BURNING: Final = replace(QUIET, rows=(AGENTS, replace(QUIET.rows[1], fire="jobs 5 %: errors 31/1,800: 1.72 %"), *STAYS))
FORTY: Final = replace(
    QUIET,
    rows=tuple(
        replace(RAISE, domain=f"domain-{n:02}", lines=LINES * 40)
        if n % 2
        else Row(f"domain-{n:02}", "5 %", 5, 5, Kind.STAY, 5)
        for n in range(40)
    ),
    beside=tuple(Beside(f"alarm domain-{n:03} threshold: 0.1 -> 0.2", True, True) for n in range(400)),
    approval=approval.make(
        "prod", "c" * 40, "t" * 40, NOW, [Raise(f"domain-{n:02}", 5, 10, "5", "d") for n in range(1, 40, 2)]
    ),
)
NONE: Final = replace(QUIET, rows=(), failure="error: could not load plugin\n```\n<b>@everyone</b>", seen=False)

PAGES: Final = {
    "normal raise": NORMAL, "refused raise": REFUSED, "rollback": ROLLBACK, "two domains": TWO, "refused beside a rollback": BOTH,
    "changed limit": LIMIT, "drift": DRIFT, "nothing to do": QUIET, "burning": BURNING, "40 domains": FORTY, "no preview": NONE,
}  # fmt: skip
