"""Several ways at the same moment: whose answer counts, and what is begun when."""

from __future__ import annotations

import threading

import pytest

from rollout.provider.errors import StoreError
from rollout.provider.stores import at_once


def fails() -> str:
    raise StoreError("no")


def test_a_way_that_failed_makes_room_for_the_next_one() -> None:
    assert at_once.first([fails, lambda: "second"], budget=5, apart=5, again=0) == "second"


def test_a_spare_is_for_what_hangs_and_not_for_what_failed() -> None:
    """A store that refuses is asked again by whoever asked for the lowering: three puts for each would only slow its no."""
    begun = list[str]()

    def counted() -> str:
        begun.append("put")
        return fails()

    with pytest.raises(StoreError, match="no"):
        at_once.first([counted] * 3, budget=5, apart=5, again=0, spare=True)
    assert begun == ["put"]
    hangs = threading.Event()
    try:
        assert (
            at_once.first([lambda: str(hangs.wait(20)), lambda: "spare"], budget=10, apart=0.1, spare=True) == "spare"
        )
    finally:
        hangs.set()
