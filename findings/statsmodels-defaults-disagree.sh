#!/bin/sh
# statsmodels' default test and default interval for the difference of two proportions say opposite things about the same counts: 5 bad of 1,000
# beside 0 of 1,000 have p = 0.058 (no difference at 5 %) and a 95 % interval of 0.0002 to 0.0117 (a difference). Expected: two sides of one
# method. Each has a default of its own, "agresti-caffo" and "newcomb", and `method="score"` named in both agrees (p = 0.025).
# A gate that looks at the one and a report that prints the other contradict each other just where errors are rare: of all pairs of 0 to 12 bad
# of 1,000 each, three have it so, all with p over 0.05 and an interval without 0.
# Seen with statsmodels 0.15.0, scipy 1.17.1, numpy 2.4.6. Needs python3 (3.11 or newer) with its venv module.
# Exit code 0: as seen; 1: it changed; 2: it could not be tried.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check statsmodels==0.15.0 scipy==1.17.1 numpy==2.4.6 || exit 2
"$folder/venv/bin/python" - <<'EOP'
import sys, warnings
from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep

warnings.simplefilter("ignore")
print("statsmodels 0.15.0")
apart = []
for bad in range(13):
    for other in range(bad):
        p = test_proportions_2indep(bad, 1000, other, 1000).pvalue
        low, high = confint_proportions_2indep(bad, 1000, other, 1000)
        if (p < 0.05) != (low > 0 or high < 0):
            apart.append((bad, other))
            print(f"{bad} and {other} of 1,000: default test p = {p:.3f}, default interval {low:.4f} to {high:.4f}")
p = test_proportions_2indep(5, 1000, 0, 1000, method="score").pvalue
low, high = confint_proportions_2indep(5, 1000, 0, 1000, method="score")
print(f"5 and 0 by 'score' in both: p = {p:.3f}, {low:.4f} to {high:.4f}")
sys.exit(0 if (5, 0) in apart and p < 0.05 and low > 0 else 1)
EOP
