"""Every figure of a finished migration's reports, traced to the record in memory; `tests/engine/test_report.py` does it on the engine's own."""

from __future__ import annotations

from dataclasses import replace

import yaml

from rollout.commands.report import command as report
from rollout.commands.report import web_page
from tests import boards, figures, record, traces
from tests.pure.cases import HOME
from tests.pure.plan.test_standing import PLAN
from tests.pure.stories import START


def test_every_figure_is_what_the_record_says() -> None:
    told = replace(boards.told(4, 60), given=None)
    catalogue = yaml.safe_load((HOME / "domains.yaml").read_text())
    common = catalogue["common"]["metrics"]
    raw = record.Raw(
        {name: list(moves) for name, moves in told.moves.items()},  # type: ignore[arg-type]
        {},
        boards.history_of(told)[::-1],
        dict(told.incidents),
        dict(told.drills),
        {number: {name: PLAN.percent(number, name) for name in told.known.domains} for number in PLAN.days},
        {name: {**common, **(entry.get("metrics") or {})} for name, entry in catalogue["domains"].items()},
        START,
    )
    page = web_page.render(told, report.tell(told))
    assert traces.check(raw, figures.figures(page)) > 500
