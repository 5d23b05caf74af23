// How the pieces go together: a webhook that serves a person on unified, or hands the message on to legacy as it came.

import { bucketOf, personKey, place, type Where } from "./bucket.ts";
import { type Counts, type Ledger, request as counted, sessionBegan, sessionBroke } from "./counters.ts";
import type { Domain, Flags } from "./flags.ts";

/** Where the session under way of a person began. A table in production: an isolate's memory is short. */
export interface Sessions {
  /** Undefined where none is under way, e.g. since the last message is over 30 minutes old. */
  find(domain: Domain, person: string): Promise<Where | undefined>;
  /** Remembers the place, with the time: called for every message. */
  touch(domain: Domain, person: string, where: Where): Promise<void>;
}

/** What unified's own code answers. `broken`: the session lost its thread (its state was not found, say). */
export interface Answer {
  readonly response: Response;
  readonly broken?: boolean;
}

export interface Parts {
  readonly flags: Flags;
  readonly sessions: Sessions;
  readonly ledger: Ledger;
  /** Unified's own code for the domain; `body` is what was received. */
  readonly serve: (domain: Domain, body: string) => Promise<Answer>;
  /** The base URL of each domain's legacy webhook. */
  readonly legacy: Readonly<Record<Domain, string>>;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly warn?: (text: string) => void;
}

/** Handles one webhook call of `domain`. What names no person (the subscription's check, say) goes to legacy. */
export async function route(parts: Parts, domain: Domain, request: Request): Promise<Response> {
  const began = performance.now();
  const warn = parts.warn ?? ((text: string) => console.warn(text));
  // The bytes as they came: legacy checks a signature over them. So a call for several people can't be split either.
  const raw = await request.arrayBuffer();
  const body = new TextDecoder().decode(raw);
  const people = peopleOf(body);
  const percent = await parts.flags.percent(domain);
  // Where the table can't be read, the bucket decides, and no session counts as begun.
  const find = (person: string) => parts.sessions.find(domain, person).catch((): Where => "unified");
  const sessions = await Promise.all(people.map(find));
  const places = people.map((person, index) => place(bucketOf(domain, person), percent, sessions[index]));
  const where: Where = people.length > 0 && places.every((each) => each === "unified") ? "unified" : "legacy";
  // Neither a session nor a count that can't be written may cost an answer.
  const quietly = (what: string, work: Promise<void>) =>
    work.catch((error: unknown) => warn(`${what} of ${domain} not written: ${String(error)}`));
  const touched = people.map((person) => quietly("session", parts.sessions.touch(domain, person, where)));
  if (where === "legacy") {
    const [response] = await Promise.all([forward(parts, domain, request, raw), ...touched]);
    return response; // legacy counts its own
  }
  const starts = sessions.filter((session) => session === undefined).length;
  let answer: Answer;
  try {
    answer = await parts.serve(domain, body);
  } catch (error) {
    warn(`${domain}: ${error instanceof Error ? error.name : "unknown error"}`);
    answer = { response: new Response("error", { status: 500 }) };
  }
  const counts: Counts[] = [counted(performance.now() - began, answer.response.status >= 500)];
  for (let number = 0; number < starts; number++) counts.push(sessionBegan);
  if (answer.broken) counts.push(sessionBroke);
  await Promise.all([quietly("counts", parts.ledger.add(domain, sum(counts))), ...touched]);
  return answer.response;
}

/** The stable keys of all people in a WhatsApp webhook's body: senders of messages, receivers of what has a status. */
export function peopleOf(body: string): string[] {
  const found = new Set<string>();
  const visit = (value: unknown, key: string): void => {
    if (Array.isArray(value)) value.forEach((each) => visit(each, key));
    else if (typeof value === "object" && value !== null) {
      const fields = value as Record<string, unknown>;
      const person = key === "messages" ? fields.from : key === "statuses" ? fields.recipient_id : undefined;
      if (typeof person === "string" && person !== "") found.add(personKey(person));
      else Object.entries(fields).forEach(([name, each]) => visit(each, name));
    }
  };
  try {
    visit(JSON.parse(body), "");
  } catch {
    return []; // not ours to judge: legacy answers what can't be read
  }
  return [...found];
}

async function forward(parts: Parts, domain: Domain, request: Request, raw: ArrayBuffer): Promise<Response> {
  const { search } = new URL(request.url);
  const headers = new Headers(request.headers);
  for (const name of ["host", "content-length", "connection"]) headers.delete(name);
  const init: RequestInit = { method: request.method, headers, redirect: "manual" };
  if (raw.byteLength > 0) init.body = raw;
  const response = await (parts.fetch ?? fetch)(parts.legacy[domain] + search, init);
  // fetch has unpacked the body: what the headers say of the packed one is no longer true.
  const kept = new Headers(response.headers);
  for (const name of ["content-encoding", "content-length"]) kept.delete(name);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers: kept });
}

function sum(all: readonly Counts[]): Counts {
  const sums: Record<string, number> = {};
  for (const counts of all) for (const [name, more] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + more;
  return sums;
}
