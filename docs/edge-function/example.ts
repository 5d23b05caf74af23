// A webhook of one domain, as `deno serve` and Supabase take it (the default export): all pieces over the project's own
// PostgreSQL. Copy it, put your own code into `serve`, and deploy it once per domain.
//
//   deno serve --allow-env=SUPABASE_URL,SUPABASE_SECRET_KEY,ROLLOUT_STACK,ROLLOUT_DOMAIN,ROLLOUT_LEGACY_URL,ROLLOUT_PEOPLE_SECRET \
//     --allow-net=<project>.supabase.co,<legacy's host> example.ts

import { tablePeople } from "./aliases.ts";
import { dataApi, readFlags } from "./database.ts";
import { type Domain, DOMAINS, Flags } from "./flags.ts";
import { tableLedger } from "./ledger.ts";
import { type Answer, type Parts, route } from "./route.ts";

/** Unified's own code. This one answers the subscription's check, and takes every message. */
function serve(_domain: Domain, _body: string, call: Request): Promise<Answer> {
  const { searchParams } = new URL(call.url);
  return Promise.resolve({ response: new Response(searchParams.get("hub.challenge") ?? "served by unified") });
}

/** Builds the parts from the environment. Throws, naming what is missing and never what is there. */
export function partsFrom(env: (name: string) => string | undefined): Parts & { readonly domain: Domain } {
  const needed = (name: string) => {
    const value = env(name);
    if (value === undefined || value === "") throw new Error(`the environment has no ${name}`);
    return value;
  };
  const domain = DOMAINS.find((each) => each === needed("ROLLOUT_DOMAIN"));
  if (domain === undefined) throw new Error(`ROLLOUT_DOMAIN is none of ${DOMAINS.join(", ")}`);
  const rpc = dataApi(needed("SUPABASE_URL"), needed("SUPABASE_SECRET_KEY"));
  const base = needed("ROLLOUT_LEGACY_URL");
  const legacy = Object.fromEntries(DOMAINS.map((each) => [each, base])) as Record<Domain, string>;
  return {
    domain,
    flags: new Flags({ stack: needed("ROLLOUT_STACK"), read: readFlags(rpc) }),
    people: tablePeople(rpc, needed("ROLLOUT_PEOPLE_SECRET")),
    ledger: tableLedger(rpc),
    serve,
    legacy,
  };
}

// One for the isolate, made at the first call: an import asks for no permission, and flags stay in memory between calls.
let parts: ReturnType<typeof partsFrom> | undefined;

export default {
  fetch(request: Request): Promise<Response> {
    const { Deno: deno } = globalThis as { Deno?: { env: { get(name: string): string | undefined } } };
    parts ??= partsFrom((name) => deno?.env.get(name));
    return route(parts, parts.domain, request);
  },
};
