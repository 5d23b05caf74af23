// Who a webhook call is from and about: WhatsApp's names for a person, and the names of what was sent.
// Pure, without dependencies. Field names as the Cloud API has them since April 2026; README.md says which may be absent.

import { personKey } from "./bucket.ts";

/** One person's known names, none empty, the phone number first where there is one. */
export type Ids = readonly string[];

/** What one webhook call brings. */
export interface Updates {
  /** Who wrote. Their sessions begin, and go on. */
  readonly senders: readonly Ids[];
  /** Who got what we sent, where nothing else is said of them: a receipt (`statuses`) begins no session. */
  readonly receivers: readonly Ids[];
  /** One text per message or receipt, the same when it is delivered again. Empty where nothing has an id. */
  readonly messages: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads a webhook's body. What can't be read, and what names nobody, leaves all three empty. */
export function updatesOf(body: string): Updates {
  const senders: string[][] = [];
  const receivers: string[][] = [];
  const messages = new Set<string>();
  for (const value of valuesOf(body)) {
    const contacts = objects(value["contacts"]);
    for (const message of objects(value["messages"])) {
      add(senders, withContact(senderOf(message), contacts));
      if (isText(message["id"])) messages.add(message["id"]);
    }
    for (const status of objects(value["statuses"])) {
      add(receivers, withContact(receiverOf(status), contacts));
      // A message has up to four receipts (sent, delivered, read, failed), all of them under its own id.
      if (isText(status["id"])) messages.add(`${status["id"]} ${String(status["status"])}`);
    }
  }
  const wrote = new Set(senders.flat());
  return { senders, receivers: receivers.filter((ids) => !ids.some((id) => wrote.has(id))), messages: [...messages] };
}

/** Whether a name is a phone number: what everybody was dealt by before 2026. */
export function isNumber(id: string): boolean {
  return /^[0-9]+$/.test(id);
}

function valuesOf(body: string): Fields[] {
  try {
    const entries = objects((JSON.parse(body) as Fields | null)?.["entry"]);
    return entries.flatMap((entry) => objects(entry["changes"])).flatMap((change) => objects([change["value"]]));
  } catch {
    return []; // not ours to judge: whoever serves what names nobody answers it
  }
}

function senderOf(message: Fields): string[] {
  const [system = {}] = objects([message["system"]]);
  return idsOf(
    // A change of number or id names the old and the new of one person; the old ones are those we know.
    [message["from"], system["customer"], system["wa_id"], system["new_wa_id"]],
    [message["from_user_id"], system["previous_user_id"], system["user_id"]],
    [message["from_parent_user_id"], system["previous_parent_user_id"], system["parent_user_id"]],
  );
}

function receiverOf(status: Fields): string[] {
  // Of a group's receipt `recipient_id` names the group: nobody's number.
  const number = status["recipient_type"] === "group" ? status["recipient_participant_id"] : status["recipient_id"];
  return idsOf(
    [number],
    [status["recipient_user_id"], status["recipient_participant_user_id"]],
    [status["recipient_parent_user_id"], status["recipient_participant_parent_user_id"]],
  );
}

/** `contacts` stands beside messages and receipts, one for each person; a single one without a shared name is theirs too. */
function withContact(ids: string[], contacts: readonly Fields[]): string[] {
  const all = contacts.map((each) => idsOf([each["wa_id"]], [each["user_id"]], [each["parent_user_id"]]));
  const own = all.find((each) => each.some((id) => ids.includes(id))) ?? (all.length === 1 ? all[0] : undefined);
  const joined = [...new Set([...ids, ...(own ?? [])])];
  return [...joined.filter(isNumber), ...joined.filter((id) => !isNumber(id))];
}

function idsOf(...kinds: readonly (readonly unknown[])[]): string[] {
  // An id such as "-" or a blank has an empty key: it names nobody, and everybody with it would share one bucket.
  const keys = kinds.flat().map((id) => (Number.isSafeInteger(id) ? String(id) : id)).filter(isText).map(personKey);
  return [...new Set(keys.filter((key) => key !== ""))];
}

/** Adds a person, once: whoever shares a name with one who is there is the same. */
function add(people: string[][], ids: readonly string[]): void {
  if (ids.length === 0) return;
  const same = people.find((each) => each.some((id) => ids.includes(id)));
  if (same === undefined) people.push([...ids]);
  else same.push(...ids.filter((id) => !same.includes(id)));
}

function objects(value: unknown): Fields[] {
  if (!Array.isArray(value)) return [];
  return value.filter((each): each is Fields => typeof each === "object" && each !== null && !Array.isArray(each));
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
