#!/bin/sh
# flagd's own cores for Python and for JavaScript, both the newest, deal the same people differently for the same flag file: at 5 % of "on" 1,000 and
# 974 of 20,000, but only 49 of them by both, as chance has it. Expected: the same people (flagd tests its providers for that: open-feature/flagd 1872, 1909).
# The Python core from 2.0 on hashes the CBOR form of [flag, targeting key], the JavaScript core the two as one text. Each keeps
# its own when a share is raised (5 -> 10 %: nobody leaves); but a front in one language and a worker in the other are two rollouts.
# Seen with openfeature-flagd-core 2.0.0 (the engine of openfeature-provider-flagd 0.6.1) and @openfeature/flagd-core 4.0.1.
# Needs python3 (3.10 or newer) with its venv module, node 20 or newer and npm. Exit code 0: as seen; 1: it changed; 2: it could not be tried.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check openfeature-flagd-core==2.0.0 openfeature-sdk==0.10.0 || exit 2
cd "$folder"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @openfeature/flagd-core@4.0.1 @openfeature/core@1.12.0 || exit 2
cat >served.py <<'EOP'
import json, sys
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
share, people = sys.argv[1], 20_000
core = FlagdCore()
core.set_flags(open(f"flags{share}.json").read())
on = [i for i in range(people) if core.resolve_boolean_value("unified", False, EvaluationContext(f"person-{i}")).value]
print(json.dumps(on))
EOP
cat >served.mjs <<'EOP'
import { readFileSync } from "node:fs";
import { FlagdCore } from "@openfeature/flagd-core";
const core = new FlagdCore();
core.setConfigurations(readFileSync(`flags${process.argv[2]}.json`, "utf8"));
const served = (i) => core.resolveBooleanEvaluation("unified", false, { targetingKey: `person-${i}` }).value;
console.log(JSON.stringify([...Array(20000).keys()].filter(served)));
EOP
for share in 5 10; do
    cat >flags$share.json <<EOP
{"flags": {"unified": {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off",
 "targeting": {"fractional": [["on", $share], ["off", $((100 - share))]]}}}}
EOP
    venv/bin/python served.py $share >python$share.json
    node served.mjs $share >node$share.json
done
python3 - <<'EOP'
import json, sys
read = lambda name: set(json.load(open(f"{name}.json")))
print("openfeature-flagd-core 2.0.0, @openfeature/flagd-core 4.0.1; 20,000 people")
python, node = read("python5"), read("node5")
print(f"at 5 %: Python serves {len(python)}, JavaScript {len(node)}, both {len(python & node)}")
left = [len(read(f"{name}5") - read(f"{name}10")) for name in ("python", "node")]
print(f"left by a raise to 10 %: Python {left[0]}, JavaScript {left[1]}")
near = all(900 <= len(side) <= 1100 for side in (python, node))
sys.exit(0 if near and len(python & node) < 100 and left == [0, 0] else 1)
EOP
