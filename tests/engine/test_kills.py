"""Engines killed by -9: the stack comes back by one documented command and one `up`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import kills
from tests.burning import Burning


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Burning]:
    """A deployed stack, to be killed again and again."""
    made = Burning(tmp_path_factory.mktemp("kills"))
    yield made
    assert not made.sandbox.close()


def test_kills_at_random_moments(stack: Burning) -> None:
    for found in kills.kill(stack, 5):
        print(found.line())
