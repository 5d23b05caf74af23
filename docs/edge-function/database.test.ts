import assert from "node:assert/strict";
import { test } from "node:test";

import { countersOf, dataOf } from "./counters.ts";
import { dataApi, readFlags, writeMinutes } from "./database.ts";
import { DOMAINS } from "./flags.ts";

const START = Date.UTC(2026, 11, 1, 12, 0);

test("a call names its function, and puts a new key in apikey alone", async () => {
  const seen: [string, Headers, unknown][] = [];
  const answers = [new Response('{"a": "5"}'), new Response(null, { status: 204 })];
  const fetching = (url: string, init: RequestInit) => {
    seen.push([url, new Headers(init.headers), init.body]);
    return Promise.resolve(answers.shift() ?? new Response());
  };
  assert.deepEqual(await dataApi("https://x.example/", "sb_secret_1", fetching)("rollout_flags", { names: ["a"] }), { a: "5" });
  assert.equal(await dataApi("https://x.example", "a.b.c", fetching)("rollout_touch", {}), null);
  assert.deepEqual(seen.map(([url]) => url), ["flags", "touch"].map((name) => `https://x.example/rest/v1/rpc/rollout_${name}`));
  assert.deepEqual(seen.map(([, headers]) => headers.get("apikey")), ["sb_secret_1", "a.b.c"]);
  assert.deepEqual(seen.map(([, headers]) => headers.get("authorization")), [null, "Bearer a.b.c"]);
  assert.equal(seen[0]?.[2], '{"names":["a"]}');
});

test("a refusal is told by its code, and never with what the database said", async () => {
  const refuse = (status: number, body: string) => dataApi("https://x.example", "k", () => Promise.resolve(new Response(body, { status })));
  const said = '{"code":"42501","message":"permission denied for 250788123456","details":null,"hint":null}';
  await assert.rejects(refuse(403, said)("rollout_flags", {}), /^DatabaseError|Error: rollout_flags: HTTP 403, 42501$/);
  for (const body of ["<html>", "", "null", '{"code":5}', '{"code":"a b"}']) {
    await assert.rejects(refuse(502, body)("rollout_flags", {}), /rollout_flags: HTTP 502$/);
  }
});

test("flags are texts by name; anything else is not known, never absent", async () => {
  const read = (answer: unknown) => readFlags(() => Promise.resolve(answer))(["a", "b"]);
  assert.deepEqual([...(await read({ a: "5" }))], [["a", "5"]]);
  for (const answer of [null, [], "5", 5, undefined]) await assert.rejects(read(answer), /no object/);
  for (const answer of [{ a: 5 }, { a: null }]) await assert.rejects(read(answer), /a is no text/);
});

test("a minute is written whole, each domain in one call, and one that is there already is an error", async () => {
  const calls: Record<string, unknown>[] = [];
  const data = DOMAINS.flatMap((domain) => dataOf(domain, START, { Requests: 2, "Latency/20": 2 }));
  await writeMinutes((name, args) => (calls.push({ name, ...args }), Promise.resolve(null)))(data);
  assert.deepEqual(calls.map((call) => call["of_domain"]), DOMAINS);
  for (const [index, domain] of DOMAINS.entries()) {
    const { counts, name, at, of_service } = calls[index] as Record<string, unknown>;
    assert.deepEqual([name, at, of_service], ["rollout_add", "2026-12-01T12:00:00.000Z", "wa-webhook-unified"]);
    assert.deepEqual(Object.keys(counts as object), countersOf(domain));
  }
  let asked = 0;
  const refused = (_: string, args: Readonly<Record<string, unknown>>) => {
    asked++;
    return args["of_domain"] === "jobs" ? Promise.reject(new Error("HTTP 409, 23505")) : Promise.resolve(null);
  };
  await assert.rejects(writeMinutes(refused)(data), /23505/);
  assert.equal(asked, DOMAINS.length);
});
