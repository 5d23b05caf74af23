"""How a process that stays hears that it is to end."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import pytest

from rollout.commands.watch.ending import SIGNALS, Ended, Ending


@pytest.fixture
def ending() -> Iterator[Ending]:
    """In a process that hears each signal, also where the test run was started by `nohup`; its handlers are put back."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    yield Ending(lambda: "jobs is recorded", lambda: ([], 1), lambda: None)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_block_that_may_be_left_is_left_at_once_and_no_other(
    ending: Ending, number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    ending.install()
    with pytest.raises(Ended), ending.may_leave():
        signal.raise_signal(number)
    said = f"{number.name}: no more looks; first jobs is recorded. A second signal ends it at once\n"
    assert capfd.readouterr().err == said


def test_a_signal_in_between_is_heard_at_the_next_block(ending: Ending) -> None:
    ending.install()
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(Ended), ending.may_leave():
        raise AssertionError("it was entered")


def test_what_this_process_was_told_to_ignore_stays_ignored(ending: Ending) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
    ending.install()
    signal.raise_signal(signal.SIGHUP)
    assert not ending.asked


def test_after_an_exception_swallows_it_the_next_block_still_ends(ending: Ending) -> None:
    """Python drops what a handler raises inside a finaliser: the request must outlast that."""
    ending.install()
    with ending.may_leave(), contextlib.suppress(Ended):
        signal.raise_signal(signal.SIGTERM)
    with pytest.raises(Ended), ending.may_leave():
        pass
