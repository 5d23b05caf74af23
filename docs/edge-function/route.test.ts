import assert from "node:assert/strict";
import { test } from "node:test";

import type { Where } from "./bucket.ts";
import { dueAt } from "./counters.ts";
import { type Answer, peopleOf, route } from "./example.ts";
import { Flags } from "./flags.ts";
import { MemoryLedger } from "./ledger.ts";

const LEGACY = {
  "ai-agents": "https://legacy.example/wa-webhook-ai-agents",
  jobs: "https://legacy.example/wa-webhook-jobs",
  marketplace: "https://legacy.example/wa-webhook-marketplace",
  property: "https://legacy.example/wa-webhook-property",
};

function message(...from: string[]): string {
  return JSON.stringify({ entry: [{ changes: [{ value: { messages: from.map((each) => ({ from: each })) } }] }] });
}

/** A router at `percent` whose session table, ledger and legacy can be looked at. */
function stage(percent: string, serve: () => Promise<Answer> = () => Promise.resolve({ response: new Response("new") })) {
  const table = new Map<string, Where>();
  const forwarded: { url: string; body: string }[] = [];
  const ledger = new MemoryLedger(() => 0);
  const parts = {
    flags: new Flags({
      stack: "prod",
      read: (names) => Promise.resolve(new Map(names.map((name) => [name, name.includes("ENABLE") ? "true" : percent]))),
    }),
    sessions: {
      find: (_: string, person: string) => Promise.resolve(table.get(person)),
      touch: (_: string, person: string, where: Where) => (table.set(person, where), Promise.resolve()),
    },
    ledger,
    serve,
    legacy: LEGACY,
    fetch: (url: string, init: RequestInit) => {
      forwarded.push({ url, body: new TextDecoder().decode(init.body as ArrayBuffer | undefined) });
      return Promise.resolve(new Response("old"));
    },
    warn: () => undefined,
  };
  const send = async (body: string): Promise<string> => {
    const request = new Request("https://unified.example/jobs?token=1", { method: "POST", body });
    return await (await route(parts, "jobs", request)).text();
  };
  const counts = async () => (await ledger.take(dueAt(120_000)))?.get("jobs") ?? {};
  return { table, forwarded, parts, send, counts };
}

test("at 0 % all goes to legacy as it came, and unified counts nothing", async () => {
  const { send, forwarded, counts } = stage("0");
  assert.equal(await send(message("250788123456")), "old");
  assert.deepEqual(forwarded, [{ url: `${LEGACY.jobs}?token=1`, body: message("250788123456") }]);
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
  const { send, table } = stage("100");
  table.set("250788123456", "legacy");
  assert.equal(await send(message("250788123456")), "old");
});

test("a rollback takes a session under way back at once, and it doesn't count as broken", async () => {
  const { send, table, counts } = stage("0");
  table.set("250788123456", "unified");
  assert.equal(await send(message("250788123456")), "old");
  assert.equal(table.get("250788123456"), "legacy");
  assert.deepEqual(await counts(), {});
});

test("a call for people of both sides goes to legacy whole", async () => {
  const { send, table } = stage("100");
  table.set("2", "legacy");
  assert.equal(await send(message("1", "2")), "old");
});

test("an exception of unified's own code is an error that counts, and an answer", async () => {
  const { send, counts } = stage("100", () => Promise.reject(new Error("no")));
  assert.equal(await send(message("1")), "error");
  const found = await counts();
  assert.deepEqual([found["Requests"], found["Errors"]], [1, 1]);
});

test("a table and a ledger that fail cost no answer", async () => {
  const { send, parts } = stage("100");
  parts.sessions.find = () => Promise.reject(new Error("no table"));
  parts.sessions.touch = () => Promise.reject(new Error("no table"));
  parts.ledger.add = () => Promise.reject(new Error("no ledger"));
  assert.equal(await send(message("1")), "new");
});

test("a broken session counts beside the one that begins", async () => {
  const { send, counts } = stage("100", () => Promise.resolve({ response: new Response("new"), broken: true }));
  await send(message("1"));
  assert.equal((await counts())["BrokenSessions"], 1);
});

test("people are those who wrote, and those whose message has a status; what can't be read names nobody", () => {
  const status = JSON.stringify({ entry: [{ changes: [{ value: { statuses: [{ recipient_id: "7" }] } }] }] });
  assert.deepEqual(peopleOf(message("1", "2", "+1")), ["1", "2"]);
  assert.deepEqual(peopleOf(status), ["7"]);
  for (const body of ["", "{", "[]", "null", '{"messages": [null, {"from": 7}]}', "[".repeat(20_000)]) {
    assert.deepEqual(peopleOf(body), []);
  }
});

test("what names no person goes to legacy: the subscription's check", async () => {
  const { parts, forwarded } = stage("100");
  const response = await route(parts, "jobs", new Request("https://unified.example/jobs?hub.challenge=9"));
  assert.equal(await response.text(), "old");
  assert.deepEqual(forwarded, [{ url: `${LEGACY.jobs}?hub.challenge=9`, body: "" }]);
});
