import assert from "node:assert/strict";
import { test } from "node:test";

import { bucketOf, BUCKETS, parsePercent, personKey, place, type Where } from "./bucket.ts";

const LADDER = [0, 5, 10, 25, 50, 100];
const KEYS = Array.from({ length: 2000 }, (_, number) => String(250_788_000_000 + number * 37));

test("a bucket is what it was when this was written: another one would deal everybody anew", () => {
  const buckets = ["250788123456", "250788123457", "", "José", "😀"].map((key) => bucketOf("jobs", key));
  assert.deepEqual(buckets, [6392, 8985, 3905, 9250, 503]);
  assert.equal(bucketOf("property", "250788123456"), 4382);
});

test("a raise only adds people, a rollback takes those who came last", () => {
  const served = (percent: number) => KEYS.filter((key) => place(bucketOf("jobs", key), percent) === "unified");
  for (const [index, low] of LADDER.entries()) {
    for (const high of LADDER.slice(index)) {
      const above = new Set(served(high));
      assert.ok(served(low).every((key) => above.has(key)), `${low} -> ${high}`);
    }
  }
  assert.equal(served(0).length, 0);
  assert.equal(served(100).length, KEYS.length);
});

test("the border, to the bucket", () => {
  assert.equal(place(499, 5), "unified");
  assert.equal(place(500, 5), "legacy");
  assert.equal(place(0, 0), "legacy");
  assert.equal(place(BUCKETS - 1, 100), "unified");
  assert.equal(place(3699, 37), "unified");
});

test("a session that began on legacy ends there; one on unified goes back with the border", () => {
  const cases: [number, Where | undefined, Where][] = [
    [100, "legacy", "legacy"],
    [100, "unified", "unified"],
    [100, undefined, "unified"],
    [0, "unified", "legacy"],
    [0, "legacy", "legacy"],
    [0, undefined, "legacy"],
  ];
  for (const [percent, session, expected] of cases) assert.equal(place(0, percent, session), expected);
});

test("one person has one key, however the number was typed", () => {
  for (const text of ["250788123456", "+250 788 123 456", "+250-788-123-456", " (250) 788.123456 "]) {
    assert.equal(personKey(text), "250788123456");
  }
  assert.equal(personKey(" RW.1349ab "), "RW.1349ab");
  for (const text of ["", " ", "-", "+", "(.)", "\u2014"]) assert.equal(personKey(text), "", JSON.stringify(text));
});

test("a percent is a whole number from 0 to 100, and nothing else is", () => {
  const good: [string, number][] = [["0", 0], ["5", 5], ["05", 5], [" 5\n", 5], ["37", 37], ["100", 100]];
  for (const [text, value] of good) assert.equal(parsePercent(text), value, JSON.stringify(text));
  for (const text of ["", " ", "5.0", "1e1", "٥", "101", "-0", "+5", "5 %", "0x5", "true", "\ufeff5", "5 5", "9".repeat(400)]) {
    assert.equal(parsePercent(text), null, JSON.stringify(text));
  }
});
