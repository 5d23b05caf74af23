// Two ledgers: a table that all isolates share, and memory for one process that stays.

import type { Counts, Ledger } from "./counters.ts";
import { type Domain, DOMAINS } from "./flags.ts";

const MINUTE = 60_000;

/** Calls one of the database functions of ledger.sql with named arguments; rejects where it fails. */
export type Rpc = (name: string, args: Readonly<Record<string, unknown>>) => Promise<unknown>;

/**
 * The ledger in a Postgres table. With supabase-js, `rpc` is
 * `async (name, args) => { const { data, error } = await client.rpc(name, args); if (error) throw error; return data; }`.
 */
export function tableLedger(rpc: Rpc): Ledger {
  return {
    async add(domain, counts) {
      await rpc("rollout_add", { of_domain: domain, counts });
    },
    async take(start) {
      const found = await rpc("rollout_take", { at: new Date(start).toISOString() });
      if (found === null) return null;
      const taken = found as Readonly<Record<string, Counts>>;
      return new Map(DOMAINS.map((domain) => [domain, taken[domain] ?? {}] as const));
    },
  };
}

/** A ledger in memory. In many isolates each would report its own part: only where one process serves everybody. */
export class MemoryLedger implements Ledger {
  readonly #now: () => number;
  readonly #minutes = new Map<number, Map<Domain, Record<string, number>>>();
  #taken = Number.NEGATIVE_INFINITY;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  add(domain: Domain, counts: Counts): Promise<void> {
    const start = Math.floor(this.#now() / MINUTE) * MINUTE;
    const minute = this.#minutes.get(start) ?? new Map<Domain, Record<string, number>>();
    this.#minutes.set(start, minute);
    const sums = minute.get(domain) ?? {};
    minute.set(domain, sums);
    for (const [name, more] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + more;
    return Promise.resolve();
  }

  take(start: number): Promise<ReadonlyMap<Domain, Counts> | null> {
    if (start <= this.#taken) return Promise.resolve(null);
    const found = this.#minutes.get(start) ?? new Map<Domain, Counts>();
    this.#taken = start;
    for (const minute of this.#minutes.keys()) if (minute <= start) this.#minutes.delete(minute);
    return Promise.resolve(found);
  }
}
