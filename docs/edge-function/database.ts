// The project's own PostgreSQL as flag store, ledger and counters, through the Data API (PostgREST): no AWS, no dependency.
// The functions called here are made by the migrations of the flag store (rollout_flags, rollout_add), by ledger.sql and people.sql.

import type { Counts, Send } from "./counters.ts";
import { SERVICE } from "./counters.ts";
import { PATIENCE, type Read } from "./flags.ts";
import type { Rpc } from "./ledger.ts";

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Calls database functions of the schema `public` with a secret key of the project (role `service_role`). `url` is the
 * project's, such as SUPABASE_URL. Rejects with the function's name, HTTP status and error code alone: a message may hold data.
 */
export function dataApi(url: string, key: string, fetching: Fetch = fetch): Rpc {
  const headers: Record<string, string> = { "Content-Type": "application/json", apikey: key };
  // A key of the old kind is a JWT, and the role stands in it. A new one (sb_secret_...) is none, and goes in `apikey` alone.
  if (key.split(".").length === 3) headers["Authorization"] = `Bearer ${key}`;
  const root = url.replace(/\/+$/, "");
  return async (name, args) => {
    const init = { method: "POST", headers, body: JSON.stringify(args), signal: AbortSignal.timeout(PATIENCE) };
    const response = await fetching(`${root}/rest/v1/rpc/${name}`, init);
    const text = await response.text();
    if (!response.ok) throw new DatabaseError(name, response.status, codeOf(text));
    return text === "" ? null : JSON.parse(text);
  };
}

/** A call that the database refused, or that didn't reach it. `code`: PostgreSQL's (42501) or PostgREST's (PGRST202). */
export class DatabaseError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(called: string, status: number, code: string) {
    super(`${called}: HTTP ${status}${code === "" ? "" : `, ${code}`}`);
    this.status = status;
    this.code = code;
  }
}

function codeOf(text: string): string {
  try {
    const code = (JSON.parse(text) as { code?: unknown } | null)?.code;
    return typeof code === "string" && /^[A-Z0-9]{5,8}$/.test(code) ? code : "";
  } catch {
    return ""; // a gateway's page
  }
}

/** `Read` by one call. The function fails where a name's stack isn't this database's: that must never look like an absent flag. */
export function readFlags(rpc: Rpc): Read {
  return async (names) => {
    const found = await rpc("rollout_flags", { names });
    if (typeof found !== "object" || found === null || Array.isArray(found)) throw new Error("rollout_flags: no object");
    const values = Object.entries(found as Record<string, unknown>);
    const odd = values.find(([, value]) => typeof value !== "string");
    if (odd !== undefined) throw new Error(`rollout_flags: ${odd[0]} is no text`);
    return new Map(values as [string, string][]);
  };
}

/** `Send` into the counters' table: a minute of one domain in one call, whole. The same minute again is refused (HTTP 409). */
export function writeMinutes(rpc: Rpc): Send {
  return async (data) => {
    const minutes = new Map<string, { at: string; domain: string; counts: Record<string, number> }>();
    for (const datum of data) {
      if (datum.Value === undefined) continue; // a distribution: only CloudWatch has an alarm that reads it
      const [at, domain] = [datum.Timestamp.toISOString(), datum.Dimensions[1].Value];
      const minute = minutes.get(`${at} ${domain}`) ?? { at, domain, counts: {} };
      minutes.set(`${at} ${domain}`, minute);
      minute.counts[datum.MetricName] = datum.Value;
    }
    const calls = [...minutes.values()].map(({ at, domain, counts }) => writeMinute(rpc, SERVICE, domain, at, counts));
    const failed = (await Promise.allSettled(calls)).find((call) => call.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  };
}

/** One minute of any service, legacy's too: `at` is when it began (ISO), `counts` has every counter, 0 where nothing happened. */
export async function writeMinute(rpc: Rpc, service: string, domain: string, at: string, counts: Counts): Promise<void> {
  await rpc("rollout_add", { at, of_service: service, of_domain: domain, counts });
}
