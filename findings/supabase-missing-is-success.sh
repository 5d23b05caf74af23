#!/bin/sh
# Supabase's JavaScript client turns "not found" into success. An HTTP 404 without a body, as a gateway on the wrong path answers and as PostgREST
# itself does to HEAD for a table that isn't there, comes back as `error: null, success: true, status: 204`: a write that nobody
# took and a count (null) of no table. A 404 with `[]` is `status: 200` with no rows. Expected: an error, as its Python sibling
# raises for all of these. The Python client in turn hands on an HTML page with HTTP 200 as `data`, a text, where JavaScript has an error.
# Seen with @supabase/postgrest-js 2.109.0 (in supabase-js 2.109.0) and postgrest 2.34.1 (PyPI) against a server that answers just that.
# Needs python3 (3.10 or newer) with its venv module, node 20 or newer and npm. Exit code 0: as seen; 1: it changed; 2: it could not be tried.
# Our edge function asks by `fetch` and looks at `response.ok`.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check postgrest==2.34.1 || exit 2
cd "$folder"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @supabase/postgrest-js@2.109.0 || exit 2
cat >client.mjs <<'EOP'
import { PostgrestClient } from "@supabase/postgrest-js";
const client = new PostgrestClient(process.argv[2]);
const say = (name, { error, success, status, data, count }) =>
  console.log(`JavaScript, ${name}: error ${error ? "yes" : "none"}, success ${success}, status ${status}, data ${JSON.stringify(data)}, count ${count}`);
say("write, empty 404", await client.from("empty").insert({ percent: 0 }));
say("call, empty 404", await client.rpc("empty"));
say("count, 404", await client.from("empty").select("*", { count: "exact", head: true }));
say("write, 404 with []", await client.from("list").update({ percent: 0 }).eq("domain", "a"));
say("read, HTML with 200", await client.from("page").select());
EOP
cat >run.py <<'EOP'
import http.server, subprocess, sys, threading
from postgrest import APIError, CountMethod, SyncPostgrestClient

class Gateway(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        status, body = (200, b"<html>") if "page" in self.path else (404, b"[]" if "list" in self.path else b"")
        self.send_response(status)
        self.send_header("content-type", "text/html" if status == 200 else "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
    do_GET = do_HEAD = do_POST = do_PATCH = answer
    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"
subprocess.run(["node", "client.mjs", address], check=True)
client = SyncPostgrestClient(address)
asked = {
    "write, empty 404": client.from_("empty").insert({"percent": 0}),
    "call, empty 404": client.rpc("empty", {}),
    "count, 404": client.from_("empty").select("*", count=CountMethod.exact, head=True),
    "write, 404 with []": client.from_("list").update({"percent": 0}).eq("domain", "a"),
    "read, HTML with 200": client.from_("page").select("*"),
}
for name, request in asked.items():
    try:
        end = f"data {request.execute().data!r}"
    except APIError as error:
        end = f"error {error.code}"
    print(f"Python, {name}: {end}")
server.shutdown()
EOP
venv/bin/python run.py >seen.txt || exit 2
cat seen.txt
cat >expected.txt <<'EOP'
JavaScript, write, empty 404: error none, success true, status 204, data null, count null
JavaScript, call, empty 404: error none, success true, status 204, data null, count null
JavaScript, count, 404: error none, success true, status 204, data null, count null
JavaScript, write, 404 with []: error none, success true, status 200, data [], count null
JavaScript, read, HTML with 200: error yes, success false, status 200, data null, count null
Python, write, empty 404: error 404
Python, call, empty 404: error 404
Python, count, 404: error 404
Python, write, 404 with []: error 404
Python, read, HTML with 200: data '<html>'
EOP
diff expected.txt seen.txt
