#!/bin/sh
# A control without a single bad event has no result in gbstats: 300 errors of 10,000 beside 0 of 10,000 get p = 1 and the message
# ZERO_NEGATIVE_BASELINE_VARIATION, by the fixed and by the sequential test, for relative and for absolute differences. Expected:
# a p-value far under 0.05, as 300 beside 1 have for the absolute difference. A guardrail on a rare error that legacy happens
# not to have had is silent just then. And by its default, the relative difference, 30 of 10,000 beside 3 of 10,000 are p = 1 in the sequential test.
# Seen with gbstats 0.8.0. Installs gbstats 0.8.0 from the package index; needs python3 (3.8 to 3.11) with its venv module.
# Exit code 0: as seen; 1: it changed; 2: it could not be tried.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check gbstats==0.8.0 || exit 2
"$folder/venv/bin/python" - <<'EOF'
import sys
from importlib.metadata import version
from gbstats.frequentist.tests import FrequentistConfig, SequentialConfig, SequentialTwoSidedTTest, TwoSidedTTest
from gbstats.models.statistics import ProportionStatistic

def ask(test, config, kind, control, treatment):
    sides = [ProportionStatistic(n=10_000, sum=bad) for bad in (control, treatment)]
    found = test(*sides, config(difference_type=kind)).compute_result()
    print(f"{test.__name__}, {kind}: {control} and {treatment} of 10,000: p = {found.p_value:.2g} {found.error_message or ''}")
    return found.p_value

print("gbstats", version("gbstats"))
sequential, fixed = (SequentialTwoSidedTTest, SequentialConfig), (TwoSidedTTest, FrequentistConfig)
silent = [ask(*one, kind, 0, 300) for one in (sequential, fixed) for kind in ("relative", "absolute")]
told = [ask(*one, "absolute", 1, 300) for one in (sequential, fixed)]
relative = ask(*sequential, "relative", 3, 30)
sys.exit(0 if all(p == 1 for p in silent) and all(p < 0.001 for p in told) and relative == 1 else 1)
EOF
