import assert from "node:assert/strict";
import { test } from "node:test";

import { digest, hidden, MemoryPeople, SILENCE, tablePeople } from "./aliases.ts";
import { bucketOf } from "./bucket.ts";

const SECRET = "0123456789abcdef0123456789abcdef";

test("the first known name deals the bucket, whatever comes later", async () => {
  const people = new MemoryPeople();
  const know = async (...ids: string[]) => (await people.know("jobs", [ids]))[0];
  assert.equal((await know("250788"))?.bucket, bucketOf("jobs", "250788"));
  assert.equal((await know("250788", "RW.1"))?.bucket, bucketOf("jobs", "250788"));
  assert.deepEqual(await know("RW.1"), await know("250788"));
  assert.equal((await know("RW.1", "RW.ENT.1"))?.key, "250788");
  assert.equal((await know("RW.ENT.1"))?.key, "250788");
  assert.equal((await know("RW.2"))?.key, "RW.2");
});

test("two who turn out to be one are who was known first, and keep the session", async () => {
  const people = new MemoryPeople();
  await people.know("jobs", [["RW.1"], ["250788"]]);
  await people.touch("jobs", ["250788"], "unified");
  const [joined] = await people.know("jobs", [["250788", "RW.1"]]);
  assert.deepEqual(joined, { key: "RW.1", bucket: bucketOf("jobs", "RW.1"), session: "unified" });
  assert.deepEqual(await people.know("jobs", [["250788"]]), [joined]);
});

test("a session ends after half an hour of silence, and is one domain's", async () => {
  let now = 0;
  const people = new MemoryPeople(() => now);
  await people.touch("jobs", ["1"], "legacy");
  const session = async (domain: "jobs" | "property") => (await people.know(domain, [["1"]]))[0]?.session;
  now = SILENCE - 1;
  assert.deepEqual([await session("jobs"), await session("property")], ["legacy", undefined]);
  now = SILENCE;
  assert.equal(await session("jobs"), undefined);
});

test("no number and no id leaves the function", async () => {
  const calls: [string, unknown][] = [];
  const rpc = (name: string, args: unknown) => {
    calls.push([name, args]);
    return Promise.resolve([{ person: "a", bucket: 7, session: null }, { person: "b", bucket: 8, session: "legacy" }]);
  };
  const found = await tablePeople(rpc, SECRET).know("jobs", [["250788123456", "RW.1349"], ["RW.7"]]);
  assert.deepEqual(found, [{ key: "a", bucket: 7, session: undefined }, { key: "b", bucket: 8, session: "legacy" }]);
  assert.ok(!/250788|RW\./.test(JSON.stringify(calls)));
  assert.ok(JSON.stringify(calls).includes(`"bucket":${bucketOf("jobs", "250788123456")}`));
  assert.match(await hidden(SECRET)("250788123456"), /^[0-9a-f]{64}$/);
  assert.ok((await hidden(SECRET)("1")) !== (await hidden(`${SECRET}x`)("1")));
  assert.equal(await digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.throws(() => hidden("short"), /has 5 characters, at least 32/);
});

test("an answer that leaves somebody out is none", async () => {
  for (const answer of [null, [], {}, "x"]) {
    await assert.rejects(tablePeople(() => Promise.resolve(answer), SECRET).know("jobs", [["1"]]), /left somebody out/);
  }
  assert.deepEqual(await tablePeople(() => Promise.reject(new Error("asked")), SECRET).know("jobs", []), []);
});
