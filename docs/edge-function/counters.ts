// The counters of the metrics contract: counted as things happen, reported once a minute, zeros too.
//
// Edge functions run in many short-lived isolates, and the gate refuses a minute that was reported twice. So isolates only
// add to a ledger that they share (a table), and one scheduled reporter sends a minute's sums.

import { type Domain, DOMAINS } from "./flags.ts";

export const NAMESPACE = "WaWebhook";
export const SERVICE = "wa-webhook-unified";
/** A request that took longer, in ms, is slow. */
export const SLOW = 1200;

/** Bad events, and all events of which they are a part. Always counted and reported together. */
export type Pair = readonly [bad: string, total: string];

export const ERRORS: Pair = ["Errors", "Requests"];
export const LATENCY: Pair = ["SlowRequests", "Requests"];
export const SESSIONS: Pair = ["BrokenSessions", "Sessions"];
export const COMPLAINTS = "Complaints";

/** Each domain's own pairs, under the names that its metrics have in domains.yaml. */
export const FEATURES = {
  "ai-agents": {},
  jobs: {
    posting: ["FailedJobPosts", "JobPosts"],
    search: ["SlowJobSearches", "JobSearches"], // slower than 500 ms
    applications: ["UndeliveredApplications", "Applications"],
    notifications: ["UnsentNotifications", "Notifications"],
  },
  marketplace: {
    listings: ["FailedListings", "Listings"],
    media: ["FailedMediaUploads", "MediaUploads"],
    search: ["FailedSearches", "Searches"],
    transactions: ["FailedTransactions", "Transactions"],
    payments: ["FailedPayments", "Payments"],
  },
  property: {
    listings: ["FailedListings", "Listings"],
    rentals: ["FailedRentalApplications", "RentalApplications"],
    search: ["FailedSearches", "Searches"],
    contacts: ["FailedOwnerContacts", "OwnerContacts"],
    viewings: ["FailedViewings", "Viewings"],
  },
} as const satisfies Record<Domain, Record<string, Pair>>;

export type Feature<D extends Domain> = keyof (typeof FEATURES)[D] & string;

/** Counter -> how often: whole numbers from 0 on. `Latency/<ms>` is how many requests took that long. */
export type Counts = Readonly<Record<string, number>>;

/** One request that unified answered in `ms`: a message (see `Tried`), or a call where nothing in it has an id. */
export function request(ms: number, error: boolean): Counts {
  return { Requests: 1, Errors: Number(error), SlowRequests: Number(ms > SLOW), [`Latency/${rounded(ms)}`]: 1 };
}

/** A session that began on unified, in the same breath as its first request. */
export const sessionBegan: Counts = { Sessions: 1, BrokenSessions: 0 };
/** A session that began on unified and lost its thread there. One that a rollback moved away is not broken. */
export const sessionBroke: Counts = { Sessions: 0, BrokenSessions: 1 };
/** A complaint by a person whom unified serves. */
export const complaint: Counts = { [COMPLAINTS]: 1 };

/** One event of a domain's own metric, such as `feature("jobs", "posting", failed)`. */
export function feature<D extends Domain>(domain: D, metric: Feature<D>, bad: boolean): Counts {
  const pairs: Readonly<Record<string, Pair>> = FEATURES[domain];
  const pair = pairs[metric];
  if (pair === undefined) throw new RangeError(`${domain} has no metric ${metric}`);
  return { [pair[0]]: Number(bad), [pair[1]]: 1 };
}

/** Every counter that unified reports for `domain`, each once. */
export function countersOf(domain: Domain): string[] {
  const pairs: Pair[] = [ERRORS, LATENCY, SESSIONS, ...Object.values<Pair>(FEATURES[domain])];
  return [...new Set([...pairs.flat(), COMPLAINTS])];
}

/** A message counts once for each counter within this time, in ms, however often it is delivered. ledger.sql has the same. */
export const SEEN = 24 * 60 * 60_000;

/**
 * One delivery of messages. WhatsApp tries a call that failed again, for days: if each try counted, one fault would be many
 * errors, in bunches. So each message counts once for each counter: one that failed, and then went through, is one
 * request, and bad.
 */
export interface Tried {
  /** Their ids. */
  readonly messages: readonly string[];
  /** What each of them counts for, such as `request(...)` or `feature(...)`. */
  readonly each: Counts;
}

/** Where the isolates' counts meet. A minute is the ledger's own, when `add` reached it: two clocks would differ. */
export interface Ledger {
  /** Adds to the minute that runs now: `counts`, and what messages count for that didn't yet. All of it or nothing. */
  add(domain: Domain, counts: Counts, tried?: Tried): Promise<void>;
  /** The sums of the minute that began at `start` (epoch ms), for the first who asks; null for everybody after. */
  take(start: number): Promise<ReadonlyMap<Domain, Counts> | null>;
}

/** One datum of PutMetricData. A distribution has `Values` and how often each (`Counts`), everything else a `Value`. */
export interface Datum {
  readonly MetricName: string;
  readonly Dimensions: readonly [{ Name: "Service"; Value: string }, { Name: "Domain"; Value: Domain }];
  readonly Timestamp: Date;
  readonly Unit: "Count" | "Milliseconds";
  readonly Value?: number;
  readonly Values?: readonly number[];
  readonly Counts?: readonly number[];
}

/** Sends data in one call, once. PutMetricData isn't idempotent: what is sent again counts twice. */
export type Send = (data: readonly Datum[]) => Promise<void>;

const MINUTE = 60_000;

/** The start (epoch ms) of the minute to report at `now`: over for a minute at least, so that no `add` is on its way. */
export function dueAt(now: number): number {
  return Math.floor(now / MINUTE) * MINUTE - 2 * MINUTE;
}

/**
 * Reports the minute that is due, for every domain: the scheduled function calls it once a minute, from before day 1.
 * Answers whether it was sent; false where another run has it already. Rejects where the ledger or the sender does, and
 * the minute then stays a gap: that is seen as missing, and a repeated one as wrong.
 */
export async function report(ledger: Ledger, send: Send, now: number = Date.now()): Promise<boolean> {
  const start = dueAt(now);
  const taken = await ledger.take(start);
  if (taken === null) return false;
  const data: Datum[] = [];
  for (const domain of DOMAINS) {
    const counts: Record<string, number> = { ...taken.get(domain) };
    // A session may break in a later minute than it began, and a message fail in a later one than it was counted in. A
    // minute with more bad than all is refused as impossible: what is over waits for others to be a part of.
    for (const [bad, total] of [ERRORS, LATENCY, SESSIONS, ...Object.values<Pair>(FEATURES[domain])]) {
      const over = (counts[bad] ?? 0) - (counts[total] ?? 0);
      if (over <= 0) continue;
      await ledger.add(domain, { [bad]: over, [total]: 0 });
      counts[bad] = counts[total] ?? 0;
    }
    data.push(...dataOf(domain, start, counts));
  }
  await send(data);
  return true;
}

/** One minute of one domain as data: every counter of the contract, 0 where nothing was counted, and `Latency`. */
export function dataOf(domain: Domain, start: number, counts: Counts): Datum[] {
  const common = {
    // Service first: alarms and dashboards ask in this order.
    Dimensions: [{ Name: "Service", Value: SERVICE }, { Name: "Domain", Value: domain }],
    Timestamp: new Date(start),
  } as const;
  const data: Datum[] = countersOf(domain).map((name) => {
    const value = counts[name] ?? 0;
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} of ${domain}: ${value} is no count`);
    return { MetricName: name, ...common, Unit: "Count", Value: value };
  });
  const times = Object.entries(counts).filter(([name]) => name.startsWith("Latency/"));
  if (times.length > 0) { // a minute without a request has no latency
    const values = times.map(([name]) => Number(name.slice("Latency/".length)));
    data.push({
      MetricName: "Latency", ...common, Unit: "Milliseconds", Values: values, Counts: times.map(([, often]) => often),
    });
  }
  return data;
}

/** `ms` rounded up to one of 149 values, since a datum holds 150: steps of 20 to 2,000, where the alarm is, then 7 %. */
export function rounded(ms: number): number {
  if (ms <= 2000) return Math.max(20, Math.ceil(ms / 20) * 20);
  const step = Math.min(49, Math.ceil(Math.log(ms / 2000) / Math.log(1.07)));
  return Math.round(2000 * 1.07 ** step);
}
