#!/bin/sh
# A webhook call of WhatsApp's Cloud API can carry several messages, changes and entries. whatsapp-api-js 6.3.0 and pywa 4.5.0 hand on the first
# alone: of two messages, of two changes, of two entries, of two receipts, and of a message with a receipt behind it. The rest is neither
# handed on nor said, and the call ends well (pywa: 200), so WhatsApp doesn't send it again. Expected: each of them. (Open as david-lev/pywa 229.)
# Counters of requests or errors that are fed by such a client are short by whatever came in bunches, which is when it is busy.
# Needs python3 (3.10 or newer) with its venv module, node 20 or newer and npm. Exit code 0: as seen; 1: it changed; 2: it could not be tried.
# Our edge function reads every entry, change, message and receipt of a call itself.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pywa==4.5.0 || exit 2
cd "$folder"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts whatsapp-api-js@6.3.0 || exit 2
python3 - >calls.json <<'EOP'
import json

def value(**more):
    ours = {"display_phone_number": "1", "phone_number_id": "1"}
    return {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": ours, **more}}

def contact(n):
    return {"profile": {"name": "A"}, "wa_id": f"25078812345{n}", "user_id": f"RW.{n}"}

def messages(*numbers):
    own = [{"from": f"25078812345{n}", "from_user_id": f"RW.{n}", "id": f"message {n}", "timestamp": "1", "type": "text", "text": {"body": "a"}} for n in numbers]
    return value(contacts=[contact(n) for n in numbers], messages=own)

def receipts(*numbers):
    own = [{"recipient_id": f"25078812345{n}", "recipient_user_id": f"RW.{n}", "id": f"receipt {n}", "timestamp": "1", "status": "read"} for n in numbers]
    return value(contacts=[contact(n) for n in numbers], statuses=own)

def call(*entries):
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": list(one)} for one in entries]}

print(json.dumps({
    "one message": call([messages(1)]),
    "two messages": call([messages(1, 2)]),
    "two changes": call([messages(1), messages(2)]),
    "two entries": call([messages(1)], [messages(2)]),
    "two receipts": call([receipts(1, 2)]),
    "a message and a receipt": call([messages(1), receipts(2)]),
}))
EOP
cat >client.mjs <<'EOP'
import { readFileSync } from "node:fs";
import { WhatsAppAPI } from "whatsapp-api-js";
const api = new WhatsAppAPI({ token: "x", secure: false, v: "v25.0" });
for (const [name, call] of Object.entries(JSON.parse(readFileSync("calls.json", "utf8")))) {
  const seen = [];
  api.on.message = ({ message }) => void seen.push(message.id);
  api.on.status = ({ id }) => void seen.push(id);
  await api.post(call);
  console.log(`whatsapp-api-js, ${name}: ${seen.join(", ")}`);
}
EOP
cat >client.py <<'EOP'
import json, warnings
warnings.simplefilter("ignore")
from pywa import WhatsApp
client, seen = WhatsApp(phone_id="1", token="x", server=None), []
client.on_message(lambda _, one: seen.append(one.id))
client.on_message_status(lambda _, one: seen.append(one.id))
for name, call in json.load(open("calls.json")).items():
    seen.clear()
    _, status = client.webhook_update_handler(json.dumps(call).encode())
    print(f"pywa, {name}: {', '.join(seen)} (HTTP {status})")
EOP
{ node client.mjs && venv/bin/python client.py; } >seen.txt || exit 2
cat seen.txt
cat >expected.txt <<'EOP'
whatsapp-api-js, one message: message 1
whatsapp-api-js, two messages: message 1
whatsapp-api-js, two changes: message 1
whatsapp-api-js, two entries: message 1
whatsapp-api-js, two receipts: receipt 1
whatsapp-api-js, a message and a receipt: message 1
pywa, one message: message 1 (HTTP 200)
pywa, two messages: message 1 (HTTP 200)
pywa, two changes: message 1 (HTTP 200)
pywa, two entries: message 1 (HTTP 200)
pywa, two receipts: receipt 1 (HTTP 200)
pywa, a message and a receipt: message 1 (HTTP 200)
EOP
diff expected.txt seen.txt
