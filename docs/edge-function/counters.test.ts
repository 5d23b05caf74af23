import assert from "node:assert/strict";
import { test } from "node:test";

import { digest } from "./aliases.ts";
import { formOf, textsOf } from "./aws.ts";
import {
  complaint,
  type Counts,
  countersOf,
  dataOf,
  type Datum,
  dueAt,
  feature,
  report,
  request,
  rounded,
  SEEN,
  sessionBegan,
  sessionBroke,
} from "./counters.ts";
import { DOMAINS } from "./flags.ts";
import { MemoryLedger, tableLedger } from "./ledger.ts";

const MINUTE = 60_000;
const START = Date.UTC(2026, 11, 1, 12, 0);

function values(data: readonly Datum[], domain: string): Record<string, number | undefined> {
  const own = data.filter((datum) => datum.Dimensions[1].Value === domain);
  return Object.fromEntries(own.map((datum) => [datum.MetricName, datum.Value]));
}

test("a silent minute is reported with zeros, each counter of each domain once, Service before Domain", async () => {
  let sent: readonly Datum[] = [];
  const ledger = new MemoryLedger(() => START);
  assert.ok(await report(ledger, (data) => ((sent = data), Promise.resolve()), START + 2 * MINUTE));
  for (const domain of DOMAINS) {
    const own = sent.filter((datum) => datum.Dimensions[1].Value === domain);
    assert.deepEqual(own.map((datum) => datum.MetricName), countersOf(domain));
    assert.ok(own.every((datum) => datum.Value === 0 && datum.Unit === "Count"));
  }
  assert.ok(sent.every((datum) => datum.Dimensions[0].Name === "Service" && datum.Dimensions[1].Name === "Domain"));
  assert.ok(sent.every((datum) => datum.Timestamp.getTime() === START));
});

test("both counters of a pair come from one call", () => {
  assert.deepEqual(feature("jobs", "posting", false), { FailedJobPosts: 0, JobPosts: 1 });
  assert.deepEqual(feature("property", "contacts", true), { FailedOwnerContacts: 1, OwnerContacts: 1 });
  assert.deepEqual(sessionBegan, { Sessions: 1, BrokenSessions: 0 });
  const slow = request(1201, true);
  assert.deepEqual([slow["Requests"], slow["Errors"], slow["SlowRequests"]], [1, 1, 1]);
  const quick = request(1200, false);
  assert.deepEqual([quick["Requests"], quick["Errors"], quick["SlowRequests"]], [1, 0, 0]);
  assert.throws(() => feature("jobs", "listings" as "posting", true), /jobs has no metric listings/);
});

test("a minute's sums are reported once, by whoever asks first, and when nothing more can come", async () => {
  let now = START;
  const ledger = new MemoryLedger(() => now);
  await ledger.add("jobs", request(100, false));
  await ledger.add("jobs", request(100, true));
  await ledger.add("jobs", complaint);
  now += MINUTE;
  await ledger.add("jobs", request(100, false));
  const sent: (readonly Datum[])[] = [];
  const send = (data: readonly Datum[]) => (sent.push(data), Promise.resolve());
  assert.equal(dueAt(START + 2 * MINUTE + 59_999), START);
  const runs = await Promise.all([1, 2].map(() => report(ledger, send, START + 2 * MINUTE)));
  assert.deepEqual(runs, [true, false]);
  assert.equal(sent.length, 1);
  const jobs = values(sent[0] ?? [], "jobs");
  assert.deepEqual([jobs["Requests"], jobs["Errors"], jobs["Complaints"]], [2, 1, 1]);
});

test("a session that breaks in a later minute than it began never makes a minute with more bad than all", async () => {
  let now = START;
  const ledger = new MemoryLedger(() => now);
  await ledger.add("jobs", sessionBroke);
  await ledger.add("jobs", sessionBroke);
  let broken = 0;
  for (let minute = 0; minute < 6; minute++) {
    let sent: readonly Datum[] = [];
    now = START + (minute + 2) * MINUTE;
    await ledger.add("jobs", sessionBegan);
    await report(ledger, (data) => ((sent = data), Promise.resolve()), now);
    const jobs = values(sent, "jobs");
    assert.ok((jobs["BrokenSessions"] ?? 9) <= (jobs["Sessions"] ?? -1), `minute ${minute}`);
    broken += jobs["BrokenSessions"] ?? 0;
  }
  assert.equal(broken, 2);
});

test("a message counts once for each counter, within a day, and by its first answer's time", async () => {
  let now = START;
  const ledger = new MemoryLedger(() => now);
  const tried = (ms: number, error: boolean, ...messages: string[]) => ledger.add("jobs", {}, { messages, each: request(ms, error) });
  await tried(100, true, "a");
  await tried(40, false, "a", "b", "b");
  await ledger.add("property", {}, { messages: ["a"], each: request(40, false) });
  const first = await ledger.take(START);
  assert.deepEqual(first?.get("jobs"), { Requests: 2, Errors: 1, SlowRequests: 0, "Latency/100": 1, "Latency/40": 1 });
  assert.equal(first?.get("property")?.["Requests"], 1);
  now += MINUTE;
  await tried(1300, true, "b"); // it went through, and then failed: bad, in a later minute
  assert.deepEqual(await ledger.take(now), new Map([
    ["jobs", { Requests: 0, Errors: 1, SlowRequests: 1, "Latency/1300": 0 }],
  ]));
  now += SEEN + MINUTE;
  await ledger.take(now);
  now += MINUTE;
  await tried(100, false, "a");
  assert.equal((await ledger.take(now))?.get("jobs")?.["Requests"], 1);
});

test("a message that fails in a later minute than it counted in waits for requests to be a part of", async () => {
  let now = START;
  const ledger = new MemoryLedger(() => now);
  let [bad, all] = [0, 0];
  await ledger.add("jobs", {}, { messages: ["a"], each: request(1, false) });
  for (let minute = 1; minute < 5; minute++) {
    now = START + minute * MINUTE;
    if (minute === 1) await ledger.add("jobs", {}, { messages: ["a"], each: request(9000, true) });
    if (minute === 3) await ledger.add("jobs", {}, { messages: ["b"], each: request(1, false) });
    let sent: readonly Datum[] = [];
    await report(ledger, (data) => ((sent = data), Promise.resolve()), START + (minute + 1) * MINUTE);
    const jobs = values(sent, "jobs");
    assert.ok((jobs["Errors"] ?? 9) <= (jobs["Requests"] ?? -1), `minute ${minute}`);
    assert.ok((jobs["SlowRequests"] ?? 9) <= (jobs["Requests"] ?? -1), `minute ${minute}`);
    [bad, all] = [bad + (jobs["Errors"] ?? 0), all + (jobs["Requests"] ?? 0)];
  }
  assert.deepEqual([bad, all], [1, 2]);
});

test("the table's ledger passes minutes and counts on, and null means that another run has the minute", async () => {
  const calls: [string, Readonly<Record<string, unknown>>][] = [];
  const answers: unknown[] = [undefined, undefined, { jobs: { Requests: 2 } }, null];
  const ledger = tableLedger((name, args) => (calls.push([name, args]), Promise.resolve(answers.shift())));
  await ledger.add("jobs", complaint);
  await ledger.add("jobs", {}, { messages: ["wamid.1"], each: { Requests: 1 } });
  const taken = await ledger.take(START);
  assert.deepEqual([taken?.get("jobs"), taken?.get("property")], [{ Requests: 2 }, {}]);
  assert.equal(await ledger.take(START), null);
  assert.deepEqual(calls, [
    ["rollout_count", { of_domain: "jobs", counts: { Complaints: 1 } }],
    ["rollout_count", { of_domain: "jobs", counts: {}, messages: [await digest("wamid.1")], once: { Requests: 1 } }],
    ["rollout_take", { at: "2026-12-01T12:00:00.000Z" }],
    ["rollout_take", { at: "2026-12-01T12:00:00.000Z" }],
  ]);
});

test("what is no whole number from 0 on is refused, not sent", () => {
  for (const value of [0.5, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => dataOf("jobs", START, { Requests: value }), /Requests of jobs: .* is no count/);
  }
});

test("latency: at most 150 values, rounded up, and never over the alarm's 2,000 ms by rounding", () => {
  const all = new Set(Array.from({ length: 200_000 }, (_, ms) => rounded(ms)));
  assert.ok(all.size <= 150, `${all.size}`);
  assert.deepEqual([rounded(0), rounded(20), rounded(21), rounded(2000)], [20, 20, 40, 2000]);
  assert.ok(rounded(2000.1) > 2000);
  const counts: Counts = { ...request(30, false), "Latency/60": 3 };
  const latency = dataOf("jobs", START, counts).at(-1);
  assert.deepEqual([latency?.MetricName, latency?.Unit], ["Latency", "Milliseconds"]);
  assert.deepEqual([latency?.Values, latency?.Counts], [[40, 60], [1, 3]]);
});

test("the form of PutMetricData", () => {
  const form = formOf(dataOf("jobs", START, request(30, false)).slice(-1));
  assert.equal(form.get("Namespace"), "WaWebhook");
  assert.equal(form.get("MetricData.member.1.Dimensions.member.1.Value"), "wa-webhook-unified");
  assert.equal(form.get("MetricData.member.1.Timestamp"), "2026-12-01T12:00:00.000Z");
  assert.equal(form.get("MetricData.member.1.Counts.member.1"), "1");
});

test("a secret that the answer leaves open is not an absent one", () => {
  const value = { Name: "a", VersionId: "1", SecretString: "5" };
  const missing = { SecretId: "b", ErrorCode: "ResourceNotFoundException" };
  assert.deepEqual([...textsOf(["a", "b"], { SecretValues: [value], Errors: [missing] })], [["a", "5"]]);
  assert.throws(() => textsOf(["a", "b"], { SecretValues: [value] }), /left out b/);
  assert.throws(() => textsOf(["a"], {}), /left out a/);
  assert.throws(() => textsOf(["b"], { Errors: [{ SecretId: "b", ErrorCode: "AccessDenied" }] }), /b: AccessDenied/);
});
