#!/bin/sh
# LaunchDarkly's rollout by a kind of context ("org") that the evaluated context hasn't (a "user" alone) always serves the first variation, not
# a share of it: 2,000 of 2,000 at 5 %. In the Python SDK at 0 %, too: weight 0 for "on", 100 % for "off", and every such context gets "on", where
# the Node SDK gives "off". Expected: nobody at 0 %, in both: a rollback to 0 % by the weights doesn't reach those people in a Python service
# (turning the flag off does), unless "off" stands first.
# Of the right kind but without the attribute that is bucketed by, both serve everybody at 5 % and nobody at 0 %.
# Seen with launchdarkly-server-sdk 9.20.0 (PyPI) and @launchdarkly/node-server-sdk 9.13.7 (npm), flags from a file, no network.
# Needs python3 (3.10 or newer) with its venv module, node 18 or newer and npm. Exit code 0: as seen; 1: it changed; 2: it could not be tried.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check launchdarkly-server-sdk==9.20.0 || exit 2
cd "$folder"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @launchdarkly/node-server-sdk@9.13.7 || exit 2
python3 - <<'EOP'
import json
def flag(key, percent, **by):
    weights = [{"variation": 0, "weight": percent * 1000}, {"variation": 1, "weight": (100 - percent) * 1000}]
    return {"key": key, "version": 1, "on": True, "variations": [True, False], "offVariation": 1, "salt": "salt",
            "fallthrough": {"rollout": {"variations": weights, **by}}}
made = {}
for percent in (0, 5):
    made[f"kind-{percent}"] = flag(f"kind-{percent}", percent, contextKind="org")
    made[f"attribute-{percent}"] = flag(f"attribute-{percent}", percent, contextKind="user", bucketBy="company")
json.dump({"flags": made}, open("flags.json", "w"))
EOP
cat >served.py <<'EOP'
from ldclient import Config, Context
from ldclient.client import LDClient
from ldclient.integrations import Files
source = Files.new_data_source(paths=["flags.json"])
client = LDClient(Config("sdk-none", update_processor_class=source, send_events=False, diagnostic_opt_out=True))
for flag in ("kind-0", "kind-5", "attribute-0", "attribute-5"):
    people = [Context.create(f"person-{i}") for i in range(2000)]
    print(f"Python {flag}: {sum(client.variation(flag, one, None) for one in people)} of 2000")
orgs = [Context.create(f"org-{i}", "org") for i in range(2000)]
print(f"Python kind-0, contexts of that kind: {sum(client.variation('kind-0', one, None) for one in orgs)} of 2000")
client.close()
EOP
cat >served.mjs <<'EOP'
import { basicLogger, init } from "@launchdarkly/node-server-sdk";
import { FileDataSourceFactory } from "@launchdarkly/node-server-sdk/integrations";
const updateProcessor = new FileDataSourceFactory({ paths: ["flags.json"] }).getFactory();
const client = init("sdk-none", { updateProcessor, sendEvents: false, diagnosticOptOut: true, logger: basicLogger({ level: "error" }) });
await client.waitForInitialization({ timeout: 10 });
for (const flag of ["kind-0", "kind-5", "attribute-0", "attribute-5"]) {
  let on = 0;
  for (let i = 0; i < 2000; i++) on += await client.variation(flag, { kind: "user", key: `person-${i}` }, null);
  console.log(`Node ${flag}: ${on} of 2000`);
}
client.close();
EOP
echo "launchdarkly-server-sdk 9.20.0, @launchdarkly/node-server-sdk 9.13.7; contexts of kind \"user\""
{ venv/bin/python served.py; node served.mjs; } | tee seen.txt
cat >expected.txt <<'EOP'
Python kind-0: 2000 of 2000
Python kind-5: 2000 of 2000
Python attribute-0: 0 of 2000
Python attribute-5: 2000 of 2000
Python kind-0, contexts of that kind: 0 of 2000
Node kind-0: 0 of 2000
Node kind-5: 2000 of 2000
Node attribute-0: 0 of 2000
Node attribute-5: 2000 of 2000
EOP
diff expected.txt seen.txt
