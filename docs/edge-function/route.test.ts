import assert from "node:assert/strict";
import { test } from "node:test";

import { MemoryPeople } from "./aliases.ts";
import { bucketOf } from "./bucket.ts";
import { dueAt } from "./counters.ts";
import { Flags } from "./flags.ts";
import { endToEnd } from "./forward.ts";
import { MemoryLedger } from "./ledger.ts";
import { type Answer, route } from "./route.ts";

const LEGACY = {
  "ai-agents": "https://legacy.example/wa-webhook-ai-agents",
  jobs: "https://legacy.example/wa-webhook-jobs",
  marketplace: "https://legacy.example/wa-webhook-marketplace",
  property: "https://legacy.example/wa-webhook-property",
};

let written = 0;

/** A call with a message of each of these, each message with an id of its own. */
function message(...from: string[]): string {
  return call({ messages: from.map((each) => ({ from: each, id: `wamid.${written++}` })) });
}

function call(value: unknown): string {
  return JSON.stringify({ entry: [{ changes: [{ value, field: "messages" }] }] });
}

/** A router at `percent` whose people, ledger and legacy can be looked at. */
function stage(percent: string, serve: () => Promise<Answer> = () => Promise.resolve({ response: new Response("new") })) {
  const people = new MemoryPeople(() => 0);
  const forwarded: { url: string; body: string; headers: Headers }[] = [];
  const warnings: string[] = [];
  const ledger = new MemoryLedger(() => 0);
  const parts = {
    flags: new Flags({
      stack: "prod",
      read: (names) => Promise.resolve(new Map(names.map((name) => [name, name.includes("ENABLE") ? "true" : percent]))),
    }),
    people,
    ledger,
    serve,
    legacy: LEGACY,
    fetch: (url: string, init: RequestInit) => {
      const body = new TextDecoder().decode(init.body as ArrayBuffer | undefined);
      forwarded.push({ url, body, headers: new Headers(init.headers) });
      return Promise.resolve(new Response("old"));
    },
    warn: (text: string) => void warnings.push(text),
  };
  const send = async (body: string): Promise<string> => {
    const request = new Request("https://unified.example/jobs?token=1", { method: "POST", body });
    return await (await route(parts, "jobs", request)).text();
  };
  const session = async (...ids: string[]) => (await people.know("jobs", [ids]))[0]?.session;
  const counts = async () => (await ledger.take(dueAt(120_000)))?.get("jobs") ?? {};
  return { people, session, forwarded, warnings, parts, send, counts };
}

test("at 0 % all goes to legacy as it came, and unified counts nothing", async () => {
  const { send, forwarded, counts } = stage("0");
  const body = message("250788123456");
  assert.equal(await send(body), "old");
  assert.equal(forwarded[0]?.body, body);
  assert.deepEqual(forwarded.map(({ url }) => url), [`${LEGACY.jobs}?token=1`]);
  assert.deepEqual(await counts(), {});
});

test("at 100 % unified answers; the first message begins a session, the second doesn't", async () => {
  const { send, forwarded, counts } = stage("100");
  assert.equal(await send(message("250788123456")), "new");
  assert.equal(await send(message("+250 788 123 456")), "new");
  assert.equal(forwarded.length, 0);
  const found = await counts();
  assert.deepEqual([found["Requests"], found["Errors"], found["Sessions"], found["BrokenSessions"]], [2, 0, 1, 0]);
});

test("legacy's answer is passed on, and a body that fetch has unpacked isn't called packed", async () => {
  const { send, parts } = stage("0");
  const headers = { "content-encoding": "gzip", "content-length": "3", "x-kept": "1" };
  parts.fetch = () => Promise.resolve(new Response("unpacked", { status: 403, headers }));
  assert.equal(await send(message("1")), "unpacked");
  const response = await route(parts, "jobs", new Request("https://unified.example/jobs", { method: "POST", body: message("1") }));
  assert.equal(response.status, 403);
  assert.deepEqual([...response.headers.keys()].filter((name) => name !== "content-type"), ["x-kept"]);
});

test("a session that began on legacy stays there at 100 %", async () => {
  const { send, people } = stage("100");
  await people.know("jobs", [["250788123456"]]);
  await people.touch("jobs", ["250788123456"], "legacy");
  assert.equal(await send(message("250788123456")), "old");
});

test("a rollback takes a session under way back at once, and it doesn't count as broken", async () => {
  const { send, people, session, counts } = stage("0");
  await people.know("jobs", [["250788123456"]]);
  await people.touch("jobs", ["250788123456"], "unified");
  assert.equal(await send(message("250788123456")), "old");
  assert.equal(await session("250788123456"), "legacy");
  assert.deepEqual(await counts(), {});
});

test("a call for people of both sides goes to legacy whole", async () => {
  const { send, people } = stage("100");
  await people.know("jobs", [["2"]]);
  await people.touch("jobs", ["2"], "legacy");
  assert.equal(await send(message("1", "2")), "old");
});

test("a message that is delivered three times is one request, and bad if it failed once", async () => {
  const answers = [500, 200, 200, 200];
  const { send, counts } = stage("100", () => Promise.resolve({ response: new Response("", { status: answers.shift() ?? 0 }) }));
  const body = message("1");
  for (let number = 0; number < 3; number++) await send(body);
  await send(message("1"));
  const found = await counts();
  assert.deepEqual([found["Requests"], found["Errors"], found["Sessions"]], [2, 1, 1]);
});

test("a call counts for each of its messages; what has no id counts by try", async () => {
  const { send, counts } = stage("100");
  await send(message("1", "2"));
  await send(call({ messages: [{ from: "3" }] }));
  await send(call({ messages: [{ from: "3" }] }));
  assert.equal((await counts())["Requests"], 4);
});

test("a receipt follows the person, and begins no session", async () => {
  const { send, session, counts } = stage("100");
  for (const status of ["sent", "delivered", "delivered"]) {
    assert.equal(await send(call({ statuses: [{ id: "wamid.x", status, recipient_id: "7" }] })), "new");
  }
  assert.equal(await session("7"), undefined);
  const found = await counts();
  assert.deepEqual([found["Requests"], found["Sessions"]], [2, undefined]);
  const low = stage("5");
  const outside = Array.from({ length: 99 }, (_, number) => String(number)).find((id) => bucketOf("jobs", id) >= 500) ?? "";
  assert.equal(await low.send(call({ statuses: [{ id: "wamid.y", status: "read", recipient_id: outside }] })), "old");
});

test("what names nobody follows the percent at 100: an id such as a blank is no name", async () => {
  for (const from of ["", " ", "-", "+()"]) {
    assert.equal(await stage("100").send(message(from)), "new", JSON.stringify(from));
    assert.equal(await stage("50").send(message(from)), "old", JSON.stringify(from));
  }
  assert.equal(await stage("100").send("{"), "new");
});

test("who turns from a number to an id, and back, keeps service", async () => {
  for (let number = 0; number < 300; number++) {
    const { send } = stage("50");
    const [phone, id] = [`2507880${number}`, `RW.${number}x${number}`];
    const first = await send(message(phone));
    await send(call({ messages: [{ from: phone, from_user_id: id, id: "a" }] }));
    assert.equal(await send(call({ messages: [{ from_user_id: id, id: "b" }] })), first);
    assert.equal(await send(message(phone)), first);
  }
});

test("an exception of unified's own code is an error that counts, and an answer", async () => {
  const { send, counts } = stage("100", () => Promise.reject(new Error("no")));
  assert.equal(await send(message("1")), "error");
  const found = await counts();
  assert.deepEqual([found["Requests"], found["Errors"]], [1, 1]);
});

test("tables and a ledger that fail cost no answer, and no name is written down", async () => {
  const { send, parts, warnings } = stage("100");
  const keys: string[] = [];
  parts.people.know = () => Promise.reject(new Error("no table"));
  parts.people.touch = (_, of) => (keys.push(...of), Promise.resolve());
  parts.ledger.add = () => Promise.reject(new Error("no ledger"));
  assert.equal(await send(message("250788123456")), "new");
  assert.deepEqual(keys, []);
  assert.ok(!warnings.join().includes("250788123456"));
  // Who has only an id may have been dealt by a number.
  const half = stage("99");
  half.parts.people.know = () => Promise.reject(new Error("no table"));
  assert.equal(await half.send(call({ messages: [{ from_user_id: "RW.1", id: "a" }] })), "old");
});

test("a broken session counts beside the one that begins", async () => {
  const { send, counts } = stage("100", () => Promise.resolve({ response: new Response("new"), broken: true }));
  await send(message("1"));
  assert.equal((await counts())["BrokenSessions"], 1);
});

test("what belongs to one connection isn't handed on, in either direction", async () => {
  const { parts, forwarded } = stage("0");
  const hops = ["keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "proxy-authorization", "x-private"];
  const headers = new Headers({ connection: "close, X-Private, ", "x-hub-signature-256": "sha256=1", "accept-encoding": "br" });
  for (const name of hops) headers.set(name, "1");
  const request = { method: "POST", url: "https://unified.example/jobs", headers, arrayBuffer: () => new ArrayBuffer(0) };
  parts.fetch = (url, init) => {
    forwarded.push({ url, body: "", headers: new Headers(init.headers) });
    return Promise.resolve(new Response("old", { headers: { connection: "keep-alive", "keep-alive": "timeout=5", "x-kept": "1" } }));
  };
  const response = await route(parts, "jobs", request as unknown as Request);
  assert.deepEqual([...(forwarded[0]?.headers.keys() ?? [])], ["x-hub-signature-256"]);
  assert.deepEqual([...response.headers.keys()].filter((name) => name !== "content-type"), ["x-kept"]);
  assert.deepEqual([...endToEnd(new Headers({ connection: "a b,,\"x\"", "x-y": "1" })).keys()], ["x-y"]);
});

test("the subscription's check names nobody: legacy's until 100 %, then unified's", async () => {
  const ask = () => new Request("https://unified.example/jobs?hub.challenge=9");
  const { parts, forwarded } = stage("50");
  assert.equal(await (await route(parts, "jobs", ask())).text(), "old");
  assert.equal(forwarded[0]?.url, `${LEGACY.jobs}?hub.challenge=9`);
  assert.equal(await (await route(stage("100").parts, "jobs", ask())).text(), "new");
});
