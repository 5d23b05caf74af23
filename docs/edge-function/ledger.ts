// Two ledgers: a table that all isolates share, and memory for one process that stays.

import { digest } from "./aliases.ts";
import { type Counts, type Ledger, SEEN, type Tried } from "./counters.ts";
import { type Domain, DOMAINS } from "./flags.ts";

const MINUTE = 60_000;

/** Calls a database function with named arguments; rejects where it fails. `dataApi` of database.ts is one. */
export type Rpc = (name: string, args: Readonly<Record<string, unknown>>) => Promise<unknown>;

/**
 * The ledger in the tables of ledger.sql. With supabase-js, `rpc` is
 * `async (name, args) => { const { data, error } = await client.rpc(name, args); if (error) throw error; return data; }`.
 */
export function tableLedger(rpc: Rpc): Ledger {
  return {
    async add(domain, counts, tried) {
      const args = { of_domain: domain, counts };
      if (tried === undefined) await rpc("rollout_count", args);
      else await rpc("rollout_count", { ...args, messages: await Promise.all(tried.messages.map(digest)), once: tried.each });
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
  readonly #counted = new Map<string, number>();
  #taken = Number.NEGATIVE_INFINITY;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  add(domain: Domain, counts: Counts, tried?: Tried): Promise<void> {
    const now = this.#now();
    const start = Math.floor(now / MINUTE) * MINUTE;
    const minute = this.#minutes.get(start) ?? new Map<Domain, Record<string, number>>();
    this.#minutes.set(start, minute);
    const sums = minute.get(domain) ?? {};
    minute.set(domain, sums);
    const count = (name: string, more: number) => (sums[name] = (sums[name] ?? 0) + more);
    for (const [name, more] of Object.entries(counts)) count(name, more);
    for (const [name, more] of Object.entries(tried?.each ?? {})) {
      count(name, 0);
      if (more === 0) continue;
      for (const message of new Set(tried?.messages)) {
        // A message's first answer is the one that is timed: all of its latencies are one counter.
        const counted = [domain, message, name.split("/", 1)[0]].join("\n");
        if (!this.#counted.has(counted)) count(name, more);
        if (!this.#counted.has(counted)) this.#counted.set(counted, now);
      }
    }
    return Promise.resolve();
  }

  take(start: number): Promise<ReadonlyMap<Domain, Counts> | null> {
    if (start <= this.#taken) return Promise.resolve(null);
    const found = this.#minutes.get(start) ?? new Map<Domain, Counts>();
    this.#taken = start;
    for (const minute of this.#minutes.keys()) if (minute <= start) this.#minutes.delete(minute);
    for (const [counted, at] of this.#counted) if (at < start - SEEN) this.#counted.delete(counted);
    return Promise.resolve(found);
  }
}
