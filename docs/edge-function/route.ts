// How the pieces go together: a webhook that serves a person on unified, or hands the message on to legacy as it came.

import type { People, Person } from "./aliases.ts";
import { bucketOf, place, type Where } from "./bucket.ts";
import { type Counts, type Ledger, request as counted, sessionBegan, sessionBroke } from "./counters.ts";
import type { Domain, Flags } from "./flags.ts";
import { forward } from "./forward.ts";
import { type Ids, isNumber, updatesOf } from "./people.ts";

/** What unified's own code answers. `broken`: the session lost its thread (its state was not found, say). */
export interface Answer {
  readonly response: Response;
  readonly broken?: boolean;
}

export interface Parts {
  readonly flags: Flags;
  readonly people: People;
  readonly ledger: Ledger;
  /** Unified's own code for the domain; `body` is what was received (`call`'s own is read already). */
  readonly serve: (domain: Domain, body: string, call: Request) => Promise<Answer>;
  /** The base URL of each domain's legacy webhook. */
  readonly legacy: Readonly<Record<Domain, string>>;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly warn?: (text: string) => void;
}

/** Handles one webhook call of `domain`. What names no person (the subscription's check, say) is unified's at 100 %. */
export async function route(parts: Parts, domain: Domain, request: Request): Promise<Response> {
  const began = performance.now();
  const warn = parts.warn ?? ((text: string) => console.warn(text));
  // Neither a session nor a count that can't be written may cost an answer.
  const quietly = (what: string, work: Promise<void>) =>
    work.catch((error: unknown) => warn(`${what} of ${domain} not written: ${told(error)}`));
  // The bytes as they came: legacy checks a signature over them. So a call for several people can't be split either.
  const raw = await request.arrayBuffer();
  const body = new TextDecoder().decode(raw);
  const { senders, receivers, messages } = updatesOf(body);
  const all = [...senders, ...receivers];
  const known = parts.people.know(domain, all).catch((error: unknown) => {
    warn(`people of ${domain} not known: ${told(error)}`);
    return all.map((ids) => unknown(domain, ids));
  });
  const [percent, people] = await Promise.all([parts.flags.percent(domain), known]);
  const places = people.map((person) => person ? place(person.bucket, percent, person.session) : nobody(percent));
  const where = (places.length > 0 ? places.every((each) => each === "unified") : nobody(percent) === "unified")
    ? "unified"
    : "legacy";
  const wrote = people.slice(0, senders.length).filter((person) => person !== undefined);
  const keys = [...new Set(wrote.map((person) => person.key).filter((key) => key !== ""))];
  const touched = quietly("sessions", parts.people.touch(domain, keys, where));
  if (where === "legacy") {
    const [response] = await Promise.all([forward(parts.legacy[domain], request, raw, parts.fetch), touched]);
    return response; // legacy counts its own
  }
  let answer: Answer;
  try {
    answer = await parts.serve(domain, body, request);
  } catch (error) {
    warn(`${domain}: ${error instanceof Error ? error.name : "unknown error"}`);
    answer = { response: new Response("error", { status: 500 }) };
  }
  const each = counted(performance.now() - began, answer.response.status >= 500);
  const counts: Counts[] = wrote.filter((person) => person.session === undefined).map(() => sessionBegan);
  if (answer.broken) counts.push(sessionBroke);
  if (messages.length === 0) counts.push(each); // nothing has an id: by try
  const written = parts.ledger.add(domain, sum(counts), messages.length > 0 ? { messages, each } : undefined);
  await Promise.all([quietly("counts", written), touched]);
  return answer.response;
}

/** Who names nobody is served by legacy as long as anybody is. */
function nobody(percent: number): Where {
  return percent >= 100 ? "unified" : "legacy";
}

/**
 * A person while the tables can't be read: by the number, which nearly everybody was first known by, and with no session
 * begun and none remembered (a key is hidden, a number isn't). Who has only an id may have been dealt by a number: as if nobody were named.
 */
function unknown(domain: Domain, [first = ""]: Ids): Person | undefined {
  return isNumber(first) ? { key: "", bucket: bucketOf(domain, first), session: "unified" } : undefined;
}

function told(error: unknown): string {
  return error instanceof Error ? error.message : "unknown error";
}

function sum(all: readonly Counts[]): Counts {
  const sums: Record<string, number> = {};
  for (const counts of all) for (const [name, more] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + more;
  return sums;
}
