"""Run by an environment that has gbstats: streams of hourly sums in, the hour at which its test says worse (or null) out."""

from __future__ import annotations

import json
import sys

from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
from gbstats.models.statistics import ProportionStatistic

CONFIG = SequentialConfig(difference_type="absolute")


def hour(looks: list[list[int]]) -> int | None:
    """The first look that is significant, with unified's rate over legacy's."""
    for index, (bad, total, legacy, legacy_total) in enumerate(looks):
        if legacy_total < 2 or total < 2:
            continue
        control, treatment = ProportionStatistic(n=legacy_total, sum=legacy), ProportionStatistic(n=total, sum=bad)
        found = SequentialTwoSidedTTest(control, treatment, CONFIG).compute_result()
        if not found.error_message and found.p_value < CONFIG.alpha and found.expected > 0:
            return index + 1
    return None


json.dump([hour(looks) for looks in json.load(sys.stdin)], sys.stdout)
