#!/bin/sh
# Supabase's JavaScript client drops a condition that is undefined from `match`: `update({percent: 0}).match({domain})` with a domain that
# wasn't set is sent without any condition, an update of every row, and so is a delete. Expected: as `eq("domain", undefined)`, which sends
# `domain=eq.undefined` and so changes no row, or an error. (Since supabase/supabase-js 2169, made for optional filters of reads. Supabase's own
# hosts refuse a change without a condition by pg-safeupdate for their API's role; a PostgREST of one's own does not.)
# Seen with @supabase/postgrest-js 2.109.0 (in supabase-js 2.109.0). Needs node 20 or newer and npm.
# Exit code 0: as seen; 1: it changed; 2: it could not be tried.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @supabase/postgrest-js@2.109.0 || exit 2
cat >sent.mjs <<'EOP'
import { PostgrestClient } from "@supabase/postgrest-js";
const sent = async (url, { method, body }) => {
  console.log(`${method} ${new URL(url).pathname}${new URL(url).search} ${body ?? ""}`.trim());
  return new Response("[]", { status: 200 });
};
const client = new PostgrestClient("http://localhost", { fetch: sent });
const flags = {};
await client.from("flags").update({ percent: 0 }).match({ domain: "claims" });
await client.from("flags").update({ percent: 0 }).match({ domain: flags.domain });
await client.from("flags").delete().match({ domain: flags.domain });
await client.from("flags").update({ percent: 0 }).eq("domain", flags.domain);
EOP
echo "@supabase/postgrest-js 2.109.0; sent:"
node sent.mjs | tee seen.txt
cat >expected.txt <<'EOP'
PATCH /flags?domain=eq.claims {"percent":0}
PATCH /flags {"percent":0}
DELETE /flags
PATCH /flags?domain=eq.undefined {"percent":0}
EOP
diff expected.txt seen.txt
