// People who are known by more than one name: a phone number today, a WhatsApp user id tomorrow. The first name that was
// seen deals the bucket, and every other one leads to it, so that nobody changes service because their name did.

import { bucketOf, type Where } from "./bucket.ts";
import type { Domain } from "./flags.ts";
import type { Rpc } from "./ledger.ts";
import type { Ids } from "./people.ts";

export interface Person {
  /** The person's key in the tables: never a number or an id. */
  readonly key: string;
  /** 0 to 9,999, dealt by the first name that was known of this person in this domain. */
  readonly bucket: number;
  /** Where the session under way began; undefined where there is none. */
  readonly session?: Where | undefined;
}

/** Who is who, and where they are served. A table in production: an isolate's memory is short. */
export interface People {
  /** One person for each list of names, in order; joins names that stand beside each other. Rejects where it can't know. */
  know(domain: Domain, people: readonly Ids[]): Promise<readonly Person[]>;
  /** Remembers the place, with the time: called for whoever writes, at every message. */
  touch(domain: Domain, keys: readonly string[], where: Where): Promise<void>;
}

/** A session ends when its person was silent for this long, in ms. The plan gives no number; people.sql has the same. */
export const SILENCE = 30 * 60_000;

/**
 * Hides names: HMAC-SHA-256 in hex. A number alone would be found again by trying all of them, so it needs a secret of 32
 * or more characters from the function's environment. Never change it while a rollout is under way: everybody is new then.
 */
export function hidden(secret: string): (name: string) => Promise<string> {
  if (secret.length < 32) throw new RangeError(`the people's secret has ${secret.length} characters, at least 32 are needed`);
  const bytes = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = crypto.subtle.importKey("raw", bytes.encode(secret), algorithm, false, ["sign"]);
  return async (name) => hex(await crypto.subtle.sign("HMAC", await key, bytes.encode(name)));
}

/** SHA-256 in hex, enough for what can't be guessed, such as a message's id (which holds its sender's number, readable). */
export async function digest(text: string): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

function hex(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The tables of people.sql: one call to know, one to touch. `secret`: see `hidden`. */
export function tablePeople(rpc: Rpc, secret: string): People {
  const hide = hidden(secret);
  return {
    async know(domain, people) {
      if (people.length === 0) return [];
      const asked = await Promise.all(people.map(async (ids) => {
        return { ids: await Promise.all(ids.map(hide)), bucket: bucketOf(domain, ids[0] ?? "") };
      }));
      const found = (await rpc("rollout_know", { of_domain: domain, people: asked })) as readonly Row[];
      if (!Array.isArray(found) || found.length !== people.length) throw new Error("rollout_know left somebody out");
      return found.map(({ person, bucket, session }) => ({ key: person, bucket, session: session ?? undefined }));
    },
    async touch(domain, keys, where) {
      if (keys.length > 0) await rpc("rollout_touch", { of_domain: domain, people: keys, place: where });
    },
  };
}

interface Row {
  readonly person: string;
  readonly bucket: number;
  readonly session: Where | null;
}

/** The same in memory: for one process that serves everybody, and only as long as it lives. */
export class MemoryPeople implements People {
  readonly #now: () => number;
  readonly #names = new Map<string, string>(); // name -> first name
  readonly #order: string[] = []; // first names, the oldest first
  readonly #buckets = new Map<string, number>();
  readonly #sessions = new Map<string, { where: Where; at: number }>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  know(domain: Domain, people: readonly Ids[]): Promise<readonly Person[]> {
    return Promise.resolve(people.map((ids) => this.#one(domain, ids)));
  }

  #one(domain: Domain, ids: Ids): Person {
    const known = new Set(ids.map((id) => this.#names.get(id)).filter((first) => first !== undefined));
    const key = this.#order.find((first) => known.has(first)) ?? ids[0] ?? "";
    if (known.size === 0) this.#order.push(key);
    for (const [name, first] of this.#names) if (known.has(first)) this.#names.set(name, key);
    for (const id of ids) this.#names.set(id, key);
    known.delete(key);
    for (const table of [this.#buckets, this.#sessions] as Map<string, unknown>[]) {
      for (const [at, value] of [...table]) {
        const [of, first] = at.split("\n");
        if (first === undefined || !known.has(first)) continue;
        table.delete(at);
        if (!table.has(`${of}\n${key}`)) table.set(`${of}\n${key}`, value);
      }
    }
    const at = `${domain}\n${key}`;
    const bucket = this.#buckets.get(at) ?? bucketOf(domain, ids[0] ?? "");
    this.#buckets.set(at, bucket);
    const session = this.#sessions.get(at);
    return { key, bucket, session: session && this.#now() - session.at < SILENCE ? session.where : undefined };
  }

  touch(domain: Domain, keys: readonly string[], where: Where): Promise<void> {
    for (const key of keys) this.#sessions.set(`${domain}\n${key}`, { where, at: this.#now() });
    return Promise.resolve();
  }
}
