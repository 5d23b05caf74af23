#!/bin/sh
# A percentage split of 0 in Flagsmith isn't nobody: about one identity in 10,000 is in the segment (7 of 50,000 here), the same ones each
# time, so a rollout that is taken back to 0 keeps serving them. Expected: nobody. (The guide to the operator names 1 to 100; 0 is taken without
# a word.) The hash is a number from 0 to 100, 0 among its values, and who is at most the share is in: the same people in both clients.
# Seen with flagsmith 6.3.0 (PyPI, engine flagsmith-flag-engine 11.1.1) and flagsmith-nodejs 8.1.2 (npm), offline, by an environment document.
# Needs python3 (3.10 or newer) with its venv module, node 20 or newer and npm. Exit code 0: as seen; 1: it changed; 2: it could not be tried.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check flagsmith==6.3.0 flagsmith-flag-engine==11.1.1 || exit 2
cd "$folder"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts flagsmith-nodejs@8.1.2 || exit 2
python3 - <<'EOP'
import json
def state(enabled, ident, **more):
    uuid = f"00000000-0000-4000-8000-00000000000{ident}"
    return {"feature": {"id": 1, "name": "unified", "type": "STANDARD"}, "enabled": enabled, "feature_state_value": None,
            "django_id": ident, "featurestate_uuid": uuid, "multivariate_feature_state_values": [], **more}
split = {"operator": "PERCENTAGE_SPLIT", "property_": "", "value": "0"}
segment = {"id": 7, "name": "share", "feature_states": [state(True, 2, feature_segment={"priority": 1})],
           "rules": [{"type": "ALL", "conditions": [], "rules": [{"type": "ANY", "rules": [], "conditions": [split]}]}]}
company = {"id": 1, "name": "o", "feature_analytics": False, "stop_serving_flags": False, "persist_trait_data": True}
project = {"id": 1, "name": "p", "hide_disabled_flags": False, "organisation": company, "segments": [segment]}
json.dump({"id": 1, "name": "e", "api_key": "e", "project": project, "feature_states": [state(False, 1, feature_segment=None)],
           "identity_overrides": [], "use_identity_composite_key_for_hashing": True}, open("environment.json", "w"))
EOP
cat >served.py <<'EOP'
from flagsmith import Flagsmith
from flagsmith.offline_handlers import LocalFileHandler
client = Flagsmith(offline_mode=True, offline_handler=LocalFileHandler("environment.json"))
print([i for i in range(50_000) if client.get_identity_flags(f"person-{i}").is_feature_enabled("unified")])
EOP
cat >served.mjs <<'EOP'
import { Flagsmith, LocalFileHandler } from "flagsmith-nodejs";
const client = new Flagsmith({ offlineMode: true, offlineHandler: new LocalFileHandler("environment.json") });
const on = [];
for (let i = 0; i < 50000; i++) {
  if ((await client.getIdentityFlags(`person-${i}`)).isFeatureEnabled("unified")) on.push(i);
}
console.log(`[${on.join(", ")}]`);
EOP
python=$(venv/bin/python served.py)
node=$(node served.mjs)
echo "flagsmith 6.3.0, flagsmith-nodejs 8.1.2; of 50,000 people at 0 %:"
echo "Python serves $python"
echo "Node serves   $node"
[ "$python" != "[]" ] && [ "$python" = "$node" ]
