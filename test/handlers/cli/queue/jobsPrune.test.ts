// trader jobs prune, and the schedule's handler that does the same.
import { dirname } from "node:path";
import { afterEach, expect, test } from "vitest";
import { pruneJobs } from "../../../../handlers/pruneJobs.ts";
import { DAY_MS, epochMs } from "../../../../lib/core/time.ts";
import { lockFolder } from "../../../../lib/io/lock.ts";
import { closeWorlds, done, handler, job, type World, world } from "../../../queue/world.ts";
import { stage } from "../../../sim/stage.ts";
import { commandsOn } from "../commands.ts";

afterEach(closeWorlds);

/** Two finished jobs, 40 and 10 days old, and one that waits. */
const aged = async (): Promise<World> => {
  const w = world([handler("works", () => done)]);
  w.store.enqueue(job("works", "old"));
  await w.worker().drain();
  w.clock.pass(30 * DAY_MS);
  w.store.enqueue(job("works", "young"));
  await w.worker().drain();
  w.clock.pass(10 * DAY_MS);
  w.store.enqueue(job("works", "waiting", { runAtMs: epochMs(w.clock.nowMs() + DAY_MS) }));
  return w;
};
const keys = (w: World): string[] => w.store.list().map((each) => each.key);

test("prune forgets what is older than the setting, says how many, and is audited", async () => {
  const w = await aged();
  const { trader } = commandsOn(w);
  expect(await trader("jobs", "prune", "--dry-run")).toMatch(
    /^1 jobs finished before 2026-11-12 09:00:00 JST would go, in /,
  );
  expect(keys(w)).toHaveLength(3);
  expect(await trader("jobs", "prune")).toMatch(/^1 jobs finished before .* JST are forgotten, with 1 attempts, in /);
  expect(keys(w)).toEqual(["waiting", "young"]);
  expect(w.db.read.audit.after(0, 10).map((event) => [event.kind, event.actor])).toEqual([["jobs.pruned", "cli"]]);
  expect(JSON.parse(await trader("jobs", "prune", "--older-than", "5", "--json"))).toMatchObject({
    jobs: 1,
    attempts: 1,
  });
  expect(keys(w)).toEqual(["waiting"]);
});

test("--vacuum gives space back, but not beside a runner", async () => {
  const w = await aged();
  const { trader } = commandsOn(w);
  const unlock = lockFolder(dirname(w.path));
  await expect(trader("jobs", "prune", "--vacuum")).rejects.toMatchObject({ code: "ALREADY_RUNNING" });
  expect(keys(w)).toHaveLength(3);
  unlock();
  const { bytes } = JSON.parse(await trader("jobs", "prune", "--vacuum", "--json"));
  expect(bytes.after).toBeLessThanOrEqual(bytes.before);
  expect(w.db.sql.pragma("integrity_check", { simple: true })).toBe("ok");
});

test.each([["0"], ["-1"], ["1.5"], ["soon"], ["999999"]])("--older-than %s is refused", async (days) => {
  const w = await aged();
  await expect(commandsOn(w).trader("jobs", "prune", `--older-than=${days}`)).rejects.toThrow(
    /expected whole days of at least 1, found/,
  );
  expect(keys(w)).toHaveLength(3);
});

test("the schedule's handler prunes by the setting", async () => {
  const nowMs = epochMs(Date.UTC(2026, 5, 1));
  const s = stage(nowMs, { JOBS_KEEP_DAYS: "8" });
  const insert = s.db.sql.prepare(
    `INSERT INTO jobs (name, key, input, state, risk, priority, run_at_ms, max_attempts, trace_id, created_ms, finished_ms)
     VALUES ('works', ?, '{}', 'done', 'neutral', 0, 0, 1, ?, 0, ?)`,
  );
  insert.run("old", "old", nowMs - 8 * DAY_MS - 1);
  insert.run("young", "young", nowMs - 8 * DAY_MS);
  await s.run(pruneJobs, {});
  expect(s.db.sql.prepare("SELECT key FROM jobs WHERE name = 'works'").pluck().all()).toEqual(["young"]);
});
