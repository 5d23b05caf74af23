import assert from "node:assert/strict";
import { test } from "node:test";

import { effective, FLAGS, Flags, KEEP, PAUSE, TRUST } from "./flags.ts";

const MINUTE = 60_000;

/** A store that can be changed, broken and made silent, with a clock that is moved by hand. */
class Stage {
  now = 0;
  reads = 0;
  broken = false;
  values: Record<string, string> = { JOBS_ROLLOUT_PERCENT: "25", ENABLE_UNIFIED_JOBS: "true" };
  warnings: string[] = [];
  names: readonly string[] = [];
  flags = new Flags({
    stack: "prod",
    now: () => this.now,
    warn: (text) => this.warnings.push(text),
    read: (names) => {
      this.reads += 1;
      this.names = names;
      if (this.broken) return Promise.reject(new Error("HTTP 500"));
      const found = Object.entries(this.values).map(([flag, text]) => [`wa-webhook-unified/prod/${flag}`, text] as const);
      return Promise.resolve(new Map(found));
    },
  });

  async at(now: number): Promise<number> {
    this.now = now;
    return await this.flags.percent("jobs");
  }
}

test("a change is seen within two minutes of it, and the store is asked once a minute, for all flags", async () => {
  const stage = new Stage();
  assert.equal(await stage.at(0), 25);
  stage.values["JOBS_ROLLOUT_PERCENT"] = "0";
  assert.equal(await stage.at(KEEP - 1), 25);
  assert.equal(stage.reads, 1);
  assert.equal(await stage.at(2 * MINUTE), 0);
  assert.equal(stage.reads, 2);
  assert.ok(KEEP <= 2 * MINUTE);
  assert.equal(stage.names.length, 7);
  assert.ok(stage.names.includes("wa-webhook-unified/prod/UNIFIED_ROLLOUT_PERCENT"));
});

test("messages that arrive together wait for one read", async () => {
  const stage = new Stage();
  const percents = await Promise.all([1, 2, 3].map(() => stage.flags.percent("jobs")));
  assert.deepEqual(percents, [25, 25, 25]);
  assert.equal(stage.reads, 1);
});

test("while reads fail the last value stays, for TRUST from when it was read, and then it is 0", async () => {
  const stage = new Stage();
  await stage.at(0);
  stage.broken = true;
  assert.equal(await stage.at(TRUST - 1), 25);
  assert.equal(await stage.at(TRUST), 0);
  assert.equal(await stage.at(TRUST + PAUSE), 0);
  assert.ok(stage.warnings.some((text) => text.includes("the last values stay")));
  assert.ok(stage.warnings.some((text) => text.includes("all domains at 0 %")));
  stage.broken = false;
  assert.equal(await stage.at(TRUST + 3 * PAUSE), 25);
});

test("a failed read isn't tried again at every message", async () => {
  const stage = new Stage();
  stage.broken = true;
  assert.equal(await stage.at(0), 0);
  assert.equal(await stage.at(PAUSE - 1), 0);
  assert.equal(stage.reads, 1);
  await stage.at(PAUSE);
  assert.equal(stage.reads, 2);
});

test("a store that never answers costs one message's patience, and is legacy", async () => {
  const flags = new Flags({ stack: "prod", read: () => new Promise(() => undefined), warn: () => undefined });
  const before = performance.now();
  assert.equal(await flags.percent("jobs"), 0);
  assert.equal(await flags.percent("jobs"), 0);
  assert.ok(performance.now() - before < 4000);
});

test("absent, odd and disabled are 0; what is odd is said, and never shown", () => {
  const cases: [string | undefined, string | undefined, number, number][] = [
    ["25", "true", 25, 0],
    ["25", "false", 0, 0],
    ["25", undefined, 0, 0],
    ["25", "TRUE", 0, 1],
    ["0", "true", 0, 0],
    [undefined, "true", 0, 0],
    ["hunter2", "true", 0, 1],
    ["101", "true", 0, 1],
    ["37", "true", 37, 0],
  ];
  for (const [percent, enabled, expected, warned] of cases) {
    const warnings: string[] = [];
    const value = (flag: string) => (flag === FLAGS.jobs.percent ? percent : enabled);
    assert.equal(effective(FLAGS.jobs, value, (text) => warnings.push(text)), expected, `${percent} ${enabled}`);
    assert.equal(warnings.length, warned, `${percent} ${enabled}`);
    assert.ok(!warnings.join().includes("hunter2"));
  }
  assert.equal(effective(FLAGS["ai-agents"], () => "10", () => undefined), 10);
});
