#!/bin/sh
# Two clients of WhatsApp's Cloud API agree on the fields of 2026 (user names, business-scoped user ids), and hand on another
# person for the same webhook: whatsapp-api-js 6.3.0 the number, else the parent id, else the user id; pywa 4.5.0 the user id
# always. Who keys people by either, and changes clients, or whose people hide their number, deals everybody anew.
# Needs node, npm, and python3 with its venv module; about 20 s. Exit code 0: each client hands on whom the end of this
# file says; 1: it changed; 2: it could not be tried.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >payloads.py <<'END'
import json

PHONE, ID, PARENT = "250788123456", "RW.13491208655302741918", "RW.ENT.11815799212886844830"


def call(value):
    value = {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "1", "phone_number_id": "1"}, **value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]}


def given(**fields):
    return {name: value for name, value in fields.items() if value}


def contact(phone, user, parent):
    return {"profile": {"name": "A"}, **given(wa_id=phone, user_id=user, parent_user_id=parent)}


def message(*ids):
    phone, user, parent = ids
    own = given(from_user_id=user, from_parent_user_id=parent) | ({"from": phone} if phone else {})
    rest = {"id": "wamid.1", "timestamp": "1", "type": "text", "text": {"body": "a"}}
    return call({"contacts": [contact(*ids)], "messages": [own | rest]})


def receipt(*ids):
    phone, user, parent = ids
    own = given(recipient_id=phone, recipient_user_id=user, recipient_parent_user_id=parent)
    return call({"contacts": [contact(*ids)], "statuses": [own | {"id": "wamid.1", "timestamp": "1", "status": "read"}]})


print(json.dumps({
    "message, all three": message(PHONE, ID, PARENT),
    "message, number and user id": message(PHONE, ID, None),
    "message, both ids": message(None, ID, PARENT),
    "message, user id": message(None, ID, None),
    "receipt, all three": receipt(PHONE, ID, PARENT),
    "receipt, both ids": receipt(None, ID, PARENT),
}))
END
cat >client.mjs <<'END'
import { readFileSync } from "node:fs";
import { WhatsAppAPI } from "whatsapp-api-js";

const api = new WhatsAppAPI({ token: "x", secure: false, v: "v25.0" });
for (const [name, payload] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  api.on.message = ({ from }) => console.log(`whatsapp-api-js ${name}: ${from}`);
  api.on.status = ({ phone }) => console.log(`whatsapp-api-js ${name}: ${phone}`);
  await api.post(payload);
}
END
cat >client.py <<'END'
import json, sys, warnings

warnings.simplefilter("ignore")
from pywa import WhatsApp, types

client = WhatsApp(phone_id="1", token="x")
for name, payload in json.load(sys.stdin).items():
    kind = types.Message if name.startswith("message") else types.MessageStatus
    print(f"pywa {name}: {kind.from_update(client, payload).from_user.preferred_id}")
END

echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts whatsapp-api-js@6.3.0 || exit 2
python3 -m venv env || exit 2
env/bin/pip install --quiet --disable-pip-version-check pywa==4.5.0 || exit 2
node -p '"whatsapp-api-js " + JSON.parse(require("fs").readFileSync("node_modules/whatsapp-api-js/package.json")).version'
env/bin/python -c 'from importlib.metadata import version; print("pywa", version("pywa"))'

python3 payloads.py >payloads.json
{ node client.mjs <payloads.json; env/bin/python client.py <payloads.json; } | tee seen.txt
cat >expected.txt <<'END'
whatsapp-api-js message, all three: 250788123456
whatsapp-api-js message, number and user id: 250788123456
whatsapp-api-js message, both ids: RW.ENT.11815799212886844830
whatsapp-api-js message, user id: RW.13491208655302741918
whatsapp-api-js receipt, all three: 250788123456
whatsapp-api-js receipt, both ids: RW.ENT.11815799212886844830
pywa message, all three: RW.13491208655302741918
pywa message, number and user id: RW.13491208655302741918
pywa message, both ids: RW.13491208655302741918
pywa message, user id: RW.13491208655302741918
pywa receipt, all three: RW.13491208655302741918
pywa receipt, both ids: RW.13491208655302741918
END
diff expected.txt seen.txt
