// Who is served by unified: a person's bucket, and the percent as the flag store holds it.
// Pure, without dependencies: Deno, Node and browsers run it alike.

/** A person has one of 10,000 buckets per domain, numbered from 0; a percent p serves those under 100 p. */
export const BUCKETS = 10_000;

export type Where = "unified" | "legacy";

/**
 * A person's stable key: the digits of a phone number however it was typed ("+250 788-1", "2507881"), else the trimmed
 * text. Empty where there is neither letter nor digit: that names nobody. The key decides for weeks where somebody is
 * served, so it must never hold a session, a message or a time.
 */
export function personKey(from: string): string {
  const text = from.trim();
  if (!/[\p{L}\p{N}]/u.test(text)) return "";
  return /^\+?[0-9 ().-]+$/.test(text) ? text.replace(/[^0-9]/g, "") : text;
}

/**
 * The bucket of `key` in `domain`, a whole number from 0 to 9,999: always the same, on every machine. Salted by the
 * domain, so that the first 5 % of one domain aren't the first 5 % of all four.
 *
 * Never change it while a rollout is under way: everybody would be dealt anew.
 */
export function bucketOf(domain: string, key: string): number {
  // FNV-1a over the UTF-8 bytes, then MurmurHash3's finalizer: FNV alone leaves its low bits too regular.
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${domain}\n${key}`)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % BUCKETS;
}

/**
 * Where a person is served at `percent`. A raise only adds people, and a rollback removes those added last, since the
 * bucket stays and only the border moves.
 *
 * `session` is where the person's session under way began, undefined where there is none. One that began on legacy
 * ends there: a raise breaks no session. One on unified moves back with the border: a rollback must not wait.
 */
export function place(bucket: number, percent: number, session?: Where): Where {
  const inside = bucket < percent * (BUCKETS / 100);
  return inside && session !== "legacy" ? "unified" : "legacy";
}

// What Python's str.strip() removes. trim() isn't the same: it takes a byte order mark too, and leaves 0x1c-0x1f, 0x85.
const BLANK = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*";
const WHOLE = new RegExp(`^${BLANK}([0-9]{1,20})${BLANK}$`);

/**
 * The whole number 0..100 that a stored flag holds, or null where it holds anything else. The same as `parse_percent`
 * in rollout/model/ladder.py, which the plan is judged by: a number off the ladder, such as 37, is somebody's will and obeyed.
 */
export function parsePercent(text: string): number | null {
  const digits = WHOLE.exec(text)?.[1];
  const value = digits === undefined ? Number.NaN : Number(digits);
  return value <= 100 ? value : null;
}
