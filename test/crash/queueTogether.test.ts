// Several processes on one file: two workers, commands beside them, and the death of one of them.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { realClock } from "../../lib/io/clock.ts";
import { LONG } from "../long.ts";
import { until } from "../queue/world.ts";
import { ActorStage, LONG_LEASE_MS } from "./actorStage.ts";

const stage = new ActorStage();
const enqueue = stage.enqueue.bind(stage);
const state = stage.state.bind(stage);
const effects = stage.effects.bind(stage);
const show = (id: number) => stage.store.show(id);
const doneOf = (name: string): number =>
  stage.count(`SELECT count(*) FROM jobs WHERE name = '${name}' AND state = 'done'`);
const effectsTwice = (): number =>
  stage.count("SELECT count(*) FROM (SELECT 1 FROM crash_effects GROUP BY job_id, kind HAVING count(*) > 1)");

test("invariant 5: handlers that outlive timeout and lease, a backlog older than the lease, a second process: one alive", async () => {
  // The leases are renewed in time: a machine that stands still for longer than that would rightly lose them.
  const leaseMs = LONG ? 6_000 : 2_000;
  const hold = (ms: number) => ({ holdMs: ms, symbol: "BTC" });
  const outlives = enqueue("alone", "outlives", hold(leaseMs + 500));
  const first = await stage.start({ leaseMs });
  await until(() => state(outlives) === "running");
  const heads = [enqueue("aloneByKey", "0", hold(leaseMs / 2)), enqueue("aloneByKey", "1", hold(leaseMs / 2))];
  const backlog = Array.from({ length: 24 }, (_, i) => enqueue("alone", `waits-${i}`, hold(leaseMs / 6)));
  await until(() => doneOf("alone") >= 4);
  const second = await stage.start({ leaseMs });
  const ids = [outlives, ...heads, ...backlog];
  await until(() => ids.every((id) => state(id) === "done"), 60_000);
  const together = join(stage.dir, "together.log");
  expect(existsSync(together) ? readFileSync(together, "utf8") : "").toBe("");
  for (const id of ids) expect(show(id).attempts, `job ${id}`).toMatchObject([{ attempt: 1, outcome: "done" }]);
  expect(new Set(ids.map((id) => show(id).attempts[0]!.worker)).size).toBe(2);
  expect([first, second].map((child) => child.process.exitCode)).toEqual([null, null]);
});

test("invariant 15: two processes tick one schedule, one of them is killed: every tick once, none left out", async () => {
  const tickEveryMs = 20;
  const ticks = () => stage.count("SELECT count(*) FROM crash_effects");
  const [first] = await stage.startBoth({ tickEveryMs });
  await until(() => ticks() >= 30);
  await stage.kill(first);
  await until(() => ticks() >= 60);
  const both = [stage.children[1]!, await stage.start({ tickEveryMs })];
  await until(() => ticks() >= 90);
  for (const child of both) child.process.kill("SIGTERM");
  for (const child of both) expect(await child.ended).toEqual({ code: 0, signal: null });
  const jobs = stage.store.list({ name: "tick", limit: 100_000 }).toReversed();
  const times = jobs.map((job) => Number(job.key.split(":")[1])).sort((a, b) => a - b);
  expect(times).toEqual(times.map((_, i) => times[0]! + i * tickEveryMs));
  for (const job of jobs) expect(effects(job.id), job.key).toHaveLength(job.state === "done" ? 1 : 0);
});

test("invariant 17: 150 pushes of another process, the worker killed half-way: all run without a push of our own, once", async () => {
  const first = await stage.start();
  const pushing = stage.command(stage.peer(), { do: "push", count: 150 });
  await until(() => doneOf("plain") >= 50);
  await stage.kill(first);
  await stage.start();
  expect(await pushing).toBe("pushed");
  await until(() => stage.store.stats().due === 0 && doneOf("plain") === 150);
  expect(stage.count("SELECT count(*) FROM crash_effects")).toBe(150);
  expect(effectsTwice()).toBe(0);
});

test("invariant 18: a live process's job is left alone; a killed one's is recovered, and not by its lease", async () => {
  await stage.startBoth();
  const id = enqueue("hold");
  await until(() => state(id) === "running");
  const others = Array.from({ length: 20 }, (_, i) => enqueue("plain", String(i)));
  await until(() => others.every((each) => state(each) === "done"));
  expect(show(id).attempts).toHaveLength(1);
  const { leaseUntilMs } = show(id).job;
  await stage.kill(stage.holderOf(id));
  await until(() => state(id) === "done");
  expect(effects(id)).toEqual([{ fence: show(id).job.fence, kind: "end" }]);
  expect(show(id).attempts[1]!.startedMs).toBeLessThan(leaseUntilMs! - LONG_LEASE_MS / 2);
});

test("invariant 23: a halt during load: no execute is claimed after its commit, protection goes on, also after a kill", async () => {
  const push = (name: string, from: number, count: number) => {
    stage.db.transaction((tx) => {
      for (let i = from; i < from + count; i += 1)
        stage.store.enqueueIn(tx, { name, key: String(i), input: {}, priority: name === "execute" ? 5 : 0 });
    });
  };
  push("execute", 0, 400);
  push("protect", 0, 100);
  const claimed = () =>
    stage.count("SELECT count(*) FROM attempts a JOIN jobs j ON j.id = a.job_id WHERE j.name = 'execute'");
  const both = await stage.startBoth();
  await until(() => claimed() >= 20);
  const atHalt = stage.db.transaction((tx) => {
    tx.halts.raise({ kind: "stop", reason: "owner", atMs: realClock.nowMs() });
    return claimed();
  });
  expect(atHalt).toBeLessThan(400);
  await until(() => doneOf("protect") === 100);
  for (const child of both) await stage.kill(child);
  push("protect", 100, 100);
  push("execute", 400, 10);
  await stage.start();
  await until(() => doneOf("protect") === 200);
  // What a killed process had claimed before the halt comes back ready and stays so.
  await until(() => stage.count("SELECT count(*) FROM jobs WHERE state = 'running'") === 0);
  expect(claimed()).toBe(atHalt);
  expect(doneOf("execute")).toBeLessThanOrEqual(atHalt);
  stage.db.transaction((tx) => tx.halts.clear("stop", "owner", realClock.nowMs()));
  await until(() => doneOf("execute") === 410);
  expect(effectsTwice()).toBe(0);
});
