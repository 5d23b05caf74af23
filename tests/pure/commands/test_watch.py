"""The watch's command around its looks: how it ends, and with which exit code."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from rollout.commands.project import place
from rollout.commands.rollback.stop import EXIT_LEFT_TO_DO, EXIT_NOT_DOWN
from rollout.commands.watch import command as watch
from rollout.commands.watch.command import EXIT_BURNING, Row, Watch
from rollout.commands.watch.ending import Ended, Ending
from rollout.model.flag.moves import Live
from rollout.model.gate.fire import Fire
from rollout.model.gate.seen import Counts, Seen, Slot
from rollout.model.gate.verdict import Question, judge_domain
from rollout.provider.aws.alarms import LiveAlarm
from rollout.provider.judging import evidence
from rollout.provider.settings import POSTGRES, Settings
from rollout.provider.stores.store import Abilities, Entry
from tests.pure.samples import CATALOGUE

FIRE = Fire("jobs", "errors", "previous", "31 of 1,800", "jobs 25 %: errors 31/1,800")
CALM = Row("jobs", Live("25"), "no rollback")
BURNS = Row("jobs", Live("25"), "ROLLBACK", FIRE)
UNREAD = Row("jobs", None, "not read", judged=False)


class Recorder:
    """What the command asks of the real one."""

    made: list[Recorder]

    def __init__(self, *_: object) -> None:
        self.code, self.stopped, self.waited = 0, list[Any](), 0
        Recorder.made = [self]

    def stop(self, fires: Any) -> None:
        self.stopped += fires

    def wait(self) -> None:
        self.waited += 1

    def last(self) -> str:
        return ""

    def abandon(self) -> tuple[list[str], int]:
        return [], self.code


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The looks to come, each its rows, or what it raises."""
    coming: list[Any] = []

    class Watch:
        changes = ()
        source = POSTGRES  # whose watch tells no percents to CloudWatch

        def __init__(self, *_: Any, **__: Any) -> None:
            self.settings = self

        def now(self) -> datetime:
            return datetime(2026, 12, 9, tzinfo=UTC)

        def follow(self) -> list[str]:
            return []

        def look(self) -> Iterator[Row]:
            found = coming.pop(0)
            if isinstance(found, BaseException):
                raise found
            yield from found

    monkeypatch.setattr(watch, "Watch", Watch)
    monkeypatch.setattr(watch, "Recorder", Recorder)
    monkeypatch.setattr(place, "settings", lambda _: None)
    monkeypatch.setattr(place, "known", lambda: None)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(Ending, "install", lambda _: None)  # the test run keeps its own Ctrl-C
    return coming


def run(*arguments: str) -> Any:
    return CliRunner().invoke(watch.command, ["--stack", "local", *arguments])


@pytest.mark.parametrize(
    ("rows", "code"), [([CALM], 0), ([CALM, BURNS], EXIT_BURNING), ([UNREAD], EXIT_LEFT_TO_DO), ([UNREAD, BURNS], 4)]
)
def test_the_exit_code_of_a_single_look(looked: list[Any], rows: list[Row], code: int) -> None:
    looked.append(rows)
    assert run().exit_code == code
    assert Recorder.made[0].stopped == [(FIRE, 25) for row in rows if row.fire]


def test_a_look_that_breaks_down_leaves_the_record_of_what_is_down(looked: list[Any]) -> None:
    looked += [[BURNS], RuntimeError("a defect")]
    done = run("--every", "60")
    assert isinstance(done.exception, RuntimeError)
    assert Recorder.made[0].waited == 1


@pytest.mark.parametrize("code", [0, EXIT_LEFT_TO_DO, EXIT_NOT_DOWN])
def test_a_watch_that_stays_ends_with_what_is_left_of_its_stops(looked: list[Any], code: int) -> None:
    """Neither an old fire nor a look that failed: who ended it on purpose has nothing to do about these."""
    looked += [[BURNS], [UNREAD], Ended()]

    def stop(self: Recorder, fires: Any) -> None:
        self.code = code

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recorder, "stop", stop)
        assert run("--every", "60").exit_code == code


def test_a_dry_run_stops_nothing(looked: list[Any]) -> None:
    looked.append([BURNS])
    done = run("--dry-run")
    assert (done.exit_code, Recorder.made[0].stopped) == (EXIT_BURNING, [])
    assert "would bring jobs down to previous, because of errors" in done.output


@pytest.mark.parametrize(
    ("asked", "every"),
    [([], None), (["--every"], 60), (["--every", "--dry-run"], 60), (["--every", "5"], 5), (["--every=5"], 5)],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_every_without_a_number_is_every_minute(asked: list[str], every: float | None) -> None:
    assert watch.command.make_context("watch", asked).params["every"] == every


class Shelf:
    """One flag at 25 % since yesterday, or since `ago`; the other domains are at 0."""

    def __init__(self, ago: timedelta = timedelta(days=1)) -> None:
        self._ago = ago

    can = Abilities()

    def get_many(self, names: Any) -> dict[str, Entry | None]:
        yesterday = datetime.now(UTC) - self._ago
        return {
            name: Entry(name, "25", "v1", yesterday) if "UNIFIED_ROLLOUT" in name else Entry(name, "0", "v1", yesterday)
            for name in names
        }


def one_look(
    monkeypatch: pytest.MonkeyPatch,
    alarms: dict[str, LiveAlarm],
    burning: dict[str, Seen],
    ago: timedelta = timedelta(days=1),
) -> Row:
    """A single look of a new process at ai-agents, over counts in which `burning` burns and legacy is calm."""
    domain = CATALOGUE.domains["ai-agents"]
    calm = (Slot(0, 10, Counts(0, 90)),) * 60
    metrics = {metric.name: burning.get(metric.name, Seen(0, 600, series=calm)) for metric in domain.metrics}
    answer = judge_domain(Question(domain, 25, None, metrics))
    seen = SimpleNamespace(answer=answer, metrics=metrics, over=SimpleNamespace(starts=lambda: True))
    monkeypatch.setattr(evidence, "look", lambda *_, **__: seen)
    looking = Watch("local", Settings.read({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "eu-west-1"), CATALOGUE)
    monkeypatch.setattr(looking, "_store", Shelf(ago))
    asked = SimpleNamespace(get_many=lambda names: {name: alarms.get(name.rsplit("-", 1)[-1]) for name in names})
    monkeypatch.setattr(looking, "_alarms", asked)
    return next(row for row in looking.look() if row.domain == "ai-agents")


def in_alarm(seconds: float) -> LiveAlarm:
    return LiveAlarm({}, "arn", "ALARM", since=datetime.now(UTC) - timedelta(seconds=seconds))


def test_of_two_alarms_that_stay_the_lowest_target_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    row = one_look(monkeypatch, {"errors": in_alarm(300), "sessions": in_alarm(300)}, {})
    assert row.fire is not None
    assert (row.fire.metric, row.fire.to) == ("sessions", "zero")


def test_an_alarm_may_ask_for_less_than_the_counts_do(monkeypatch: pytest.MonkeyPatch) -> None:
    burns = {"errors": Seen(60, 1800, Counts(1, 5000))}
    row = one_look(monkeypatch, {"sessions": in_alarm(300)}, burns)
    assert row.fire is not None
    assert (row.fire.metric, row.fire.to) == ("sessions", "zero")
    alone = one_look(monkeypatch, {}, burns)
    assert alone.fire is not None
    assert (alone.fire.metric, alone.fire.to) == ("errors", "previous")


@pytest.mark.parametrize(("seconds", "acts"), [(300, True), (61, True), (30, False), (-60, False)])
def test_a_single_look_acts_on_an_alarm_by_its_own_history(
    monkeypatch: pytest.MonkeyPatch, seconds: float, acts: bool
) -> None:
    row = one_look(monkeypatch, {"errors": in_alarm(seconds)}, {})
    assert (row.fire is not None) is acts


def test_an_alarm_whose_history_nobody_tells_waits_for_a_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    assert one_look(monkeypatch, {"errors": LiveAlarm({}, "arn", "ALARM")}, {}).fire is None


def test_a_value_from_ahead_of_the_clock_is_not_called_just_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its window would never begin: nothing would be judged, and the look would end with 0."""
    row = one_look(monkeypatch, {}, {}, ago=-timedelta(hours=3))
    assert not row.judged
    assert "ahead of this clock" in row.text
    assert one_look(monkeypatch, {}, {}, ago=-timedelta(minutes=1)).judged, "clocks differ by moments"
    burns = {"errors": Seen(60, 1800, Counts(1, 5000))}
    assert one_look(monkeypatch, {}, burns, ago=-timedelta(hours=3)).fire is not None, (
        "what burns is brought down all the same"
    )
