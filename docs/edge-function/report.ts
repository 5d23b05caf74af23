// The scheduled function, once a minute: what the isolates counted goes to where the gate reads it, zeros too.
//
//   deno serve --allow-env=SUPABASE_URL,SUPABASE_SECRET_KEY --allow-net=<project>.supabase.co report.ts

import { report } from "./counters.ts";
import { dataApi, writeMinutes } from "./database.ts";
import { tableLedger } from "./ledger.ts";

export default {
  async fetch(): Promise<Response> {
    const { Deno: deno } = globalThis as { Deno?: { env: { get(name: string): string | undefined } } };
    const rpc = dataApi(deno?.env.get("SUPABASE_URL") ?? "", deno?.env.get("SUPABASE_SECRET_KEY") ?? "");
    return Response.json({ sent: await report(tableLedger(rpc), writeMinutes(rpc)) });
  },
};
