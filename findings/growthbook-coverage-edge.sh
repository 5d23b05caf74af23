#!/bin/sh
# GrowthBook's SDKs disagree at the edge of a rollout: a person whose bucket is the share itself is served by JavaScript (bucket <= coverage)
# and not by Python (bucket < coverage). By hash version 1, what a rule has that names none, there are 1,000 buckets, so JavaScript serves
# nearly twice the people at 0.1 % (219 of 100,000, Python 127) and a tenth more at 1 % (1,152 and 1,050). Expected: the same people in both.
# Seen with growthbook 4.0.0 (PyPI) and @growthbook/growthbook 1.8.0 (npm).
# Needs python3 with its venv module, node 18 or newer and npm. Exit code 0: as seen; 1: it changed; 2: it could not be tried.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check growthbook==4.0.0 || exit 2
cd "$folder"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @growthbook/growthbook@1.8.0 || exit 2
cat >served.py <<'EOP'
import json, sys
from growthbook import GrowthBook
rule = {"force": True, "coverage": float(sys.argv[1]), "hashAttribute": "id", "hashVersion": int(sys.argv[2])}
flags = GrowthBook(features={"unified": {"defaultValue": False, "rules": [rule]}})
on = []
for i in range(100_000):
    flags.set_attributes({"id": f"person-{i}"})
    if flags.is_on("unified"):
        on.append(i)
print(json.dumps(on))
EOP
cat >served.mjs <<'EOP'
import { GrowthBook } from "@growthbook/growthbook";
const [coverage, hashVersion] = process.argv.slice(2).map(Number);
const rules = [{ force: true, coverage, hashAttribute: "id", hashVersion }];
const flags = new GrowthBook({ features: { unified: { defaultValue: false, rules } } });
const on = [];
for (let i = 0; i < 100000; i++) {
  flags.setAttributes({ id: `person-${i}` });
  if (flags.isOn("unified")) on.push(i);
}
console.log(JSON.stringify(on));
EOP
for asked in 0.001-1 0.01-1 0.001-2; do
    venv/bin/python served.py "${asked%-*}" "${asked#*-}" >python-$asked
    node served.mjs "${asked%-*}" "${asked#*-}" >node-$asked
done
python3 - <<'EOP'
import json, sys
print("growthbook 4.0.0, @growthbook/growthbook 1.8.0; 100,000 people")
seen = {}
for asked in ("0.001-1", "0.01-1", "0.001-2"):
    python, node = (set(json.load(open(f"{name}-{asked}"))) for name in ("python", "node"))
    share, version = asked.split("-")
    print(f"coverage {share}, hash version {version}: Python {len(python)}, JavaScript {len(node)}, by JavaScript alone {len(node - python)}")
    seen[asked] = (len(python), len(node), python < node)
tenth, whole, fine = seen.values()
sys.exit(0 if all(one[2] for one in seen.values()) and tenth[1] > 1.6 * tenth[0] and whole[1] > 1.05 * whole[0] and fine[1] < 1.3 * fine[0] else 1)
EOP
