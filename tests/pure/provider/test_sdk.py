"""Times out of AWS answers: the same moments as botocore's own reading, whatever form they come in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.utils import parse_timestamp

from rollout.provider.aws import sdk


@pytest.mark.parametrize(
    "value",
    [0, 1796112000, 1796112000.25, -1, "1796112000", "2026-12-01T08:00:00Z", "2026-12-01T10:00:00.5+02:00", 1e11],
)
def test_a_time_is_the_moment_that_botocore_reads(value: object) -> None:
    found = sdk._timestamp(value)
    assert found.tzinfo is not None
    assert found == parse_timestamp(value)


def test_a_time_as_a_number_is_read_in_utc_without_asking_for_the_local_zone() -> None:
    assert sdk._timestamp(1796112000.0) == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert sdk._timestamp(1796112000.0).tzinfo is UTC


def test_what_is_no_time_is_refused_as_botocore_refuses_it() -> None:
    for value in ("soon", None):
        with pytest.raises((ValueError, TypeError, RuntimeError)):
            sdk._timestamp(value)


def test_a_session_reads_its_times_so() -> None:
    made = sdk._session()
    defaults = made.get_component("response_parser_factory")._defaults
    assert defaults == {"timestamp_parser": sdk._timestamp}
