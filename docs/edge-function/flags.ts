// The live percent of each domain, read from the flag store and kept for a minute.

import { parsePercent } from "./bucket.ts";

/** A value is asked again after this, in ms. The gate counts from 2 minutes after a change on: never make it longer. */
export const KEEP = 60_000;
/**
 * How long the last value that was read is obeyed while reads fail, in ms from that read on; then 0 %, legacy. It is the
 * time in which a rollback promises that traffic is back: a service that can't read the store can't see a stop either.
 */
export const TRUST = 5 * 60_000;
/** After a failed read the store is left alone for this long, in ms: an outage must not slow every message down. */
export const PAUSE = 10_000;
/** A read that takes longer has failed, in ms. */
export const PATIENCE = 2_000;

/**
 * Reads flags by their full names, all in one call. A name that the answer lacks is absent from the store. Rejects where
 * the store can't be read: an answer that is not known must never look like an absent flag.
 */
export type Read = (names: readonly string[]) => Promise<ReadonlyMap<string, string>>;

/** The flags of one domain, as domains.yaml names them; `enable` where the domain has one. */
export interface FlagNames {
  readonly percent: string;
  readonly enable?: string;
}

export const FLAGS = {
  "ai-agents": { percent: "UNIFIED_ROLLOUT_PERCENT" },
  jobs: { percent: "JOBS_ROLLOUT_PERCENT", enable: "ENABLE_UNIFIED_JOBS" },
  marketplace: { percent: "MARKETPLACE_ROLLOUT_PERCENT", enable: "ENABLE_UNIFIED_MARKETPLACE" },
  property: { percent: "PROPERTY_ROLLOUT_PERCENT", enable: "ENABLE_UNIFIED_PROPERTY" },
} as const satisfies Record<string, FlagNames>;

export type Domain = keyof typeof FLAGS;
export const DOMAINS = Object.keys(FLAGS) as Domain[];

export interface FlagsOptions {
  readonly read: Read;
  /** The Pulumi stack: flags are `wa-webhook-unified/<stack>/<FLAG>`. */
  readonly stack: string;
  /** Told what is wrong, in one line, without the value: a flag may hold what was pasted by mistake. */
  readonly warn?: (text: string) => void;
  /** Milliseconds that never go back. */
  readonly now?: () => number;
}

/** All flags of a stack. One per isolate, made outside the request handler. */
export class Flags {
  readonly #options: FlagsOptions;
  readonly #warn: (text: string) => void;
  readonly #now: () => number;
  #percents = new Map<Domain, number>();
  #readAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(options: FlagsOptions) {
    this.#options = options;
    this.#warn = options.warn ?? ((text) => console.warn(text));
    this.#now = options.now ?? (() => performance.now());
  }

  /** The percent to obey now, 0..100. Never rejects: what can't be known is 0, legacy. */
  async percent(domain: Domain): Promise<number> {
    const now = this.#now();
    if (now - this.#readAt >= KEEP && now - this.#failedAt >= PAUSE) {
      // Messages that arrive during a read wait for the same one.
      this.#reading ??= this.#refresh().finally(() => (this.#reading = undefined));
      await this.#reading;
    }
    return this.#now() - this.#readAt < TRUST ? (this.#percents.get(domain) ?? 0) : 0;
  }

  async #refresh(): Promise<void> {
    // When it was asked, not when it was answered: the value may have changed meanwhile.
    const asked = this.#now();
    const prefix = `wa-webhook-unified/${this.#options.stack}/`;
    const names = DOMAINS.flatMap((domain) => flagsOf(domain)).map((flag) => prefix + flag);
    try {
      const found = await inTime(this.#options.read(names));
      const value = (flag: string) => found.get(prefix + flag);
      this.#percents = new Map(DOMAINS.map((domain) => [domain, effective(FLAGS[domain], value, this.#warn)]));
      this.#readAt = asked;
    } catch (error) {
      this.#failedAt = this.#now();
      const kept = this.#failedAt - this.#readAt < TRUST ? "the last values stay for now" : "all domains at 0 %";
      this.#warn(`flags not read (${error instanceof Error ? error.message : "unknown"}): ${kept}`);
    }
  }
}

/**
 * The percent that one domain's flags ask for: 0 where the percent is absent or no whole number 0..100, and where the
 * enable flag is anything but `true`. `value` answers a flag's text, undefined where it is absent.
 */
export function effective(
  flags: FlagNames,
  value: (flag: string) => string | undefined,
  warn: (text: string) => void,
): number {
  const text = value(flags.percent);
  if (text === undefined) return 0;
  const percent = parsePercent(text);
  if (percent === null) {
    warn(`${flags.percent} is no whole number from 0 to 100 (${text.length} characters): 0 %`);
    return 0;
  }
  if (flags.enable === undefined) return percent;
  const enabled = value(flags.enable);
  if (enabled !== undefined && enabled !== "true" && enabled !== "false") {
    warn(`${flags.enable} is neither true nor false (${enabled.length} characters): 0 %`);
  }
  return enabled === "true" ? percent : 0;
}

function flagsOf(domain: Domain): string[] {
  const names: FlagNames = FLAGS[domain];
  return names.enable === undefined ? [names.percent] : [names.percent, names.enable];
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${PATIENCE} ms`)), PATIENCE);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
