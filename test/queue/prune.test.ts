// Retention: what is finished is forgotten after its time, nothing else ever, and the file stays bounded.
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import type { JobState } from "../../db/tables/jobs.ts";
import { AppError } from "../../lib/core/errors.ts";
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import { prunableJobs, pruneJobs } from "../../queue/prune.ts";
import { LONG } from "../long.ts";
import { closeWorlds, done, handler, job, T0, type World, world } from "./world.ts";

afterEach(closeWorlds);

const HANDLERS = [
  handler("works", () => done),
  handler("fails", () => {
    throw new AppError("permanent", "NO", "never works");
  }),
  handler("parks", () => ({ kind: "park", deadlineMs: epochMs(T0 + 1e9) })),
  handler("snoozes", () => ({ kind: "snooze", untilMs: epochMs(T0 + 1e9), reason: "later" })),
  handler("parent", (input) => ({ kind: "done", next: [job(String(input["child"]), `of ${input["key"]}`)] })),
  handler("starter", () => ({ kind: "done", next: [job("parks", "started", { traceId: "its own" })] })),
];
const END: Readonly<Record<string, JobState>> = { works: "done", fails: "dead", parks: "parked", snoozes: "ready" };
const prune = (w: World, beforeMs: number) => pruneJobs(w.db, w.clock, { beforeMs: epochMs(beforeMs), pauseMs: 0 });
const rows = (w: World) =>
  w.db.sql.prepare("SELECT id, name, key, state, finished_ms, trace_id FROM jobs ORDER BY id").all() as {
    id: number;
    name: string;
    key: string;
    state: JobState;
    finished_ms: number | null;
    trace_id: string;
  }[];

test("invariant 25: exactly what finished before the horizon goes, never what is unfinished or dead, nor the rest of its trace", async () => {
  const kind = fc.constantFrom("works", "fails", "parks", "snoozes");
  const step = fc.record({
    name: fc.oneof(kind, fc.constant("parent" as const), fc.constant("expires" as const), fc.constant("cancelled")),
    child: kind,
    passMs: fc.integer({ min: 0, max: 500 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.integer({ min: 0, max: 8_000 }),
      async (steps, at) => {
        const w = world(HANDLERS);
        const worker = w.worker();
        for (const [i, { name, child, passMs }] of steps.entries()) {
          const key = String(i);
          if (name === "expires") w.store.enqueue(job("works", key, { expiresAtMs: w.clock.nowMs() }));
          else if (name === "cancelled") w.store.cancel(w.store.enqueue(job("snoozes", key)).id, "test");
          else w.store.enqueue(job(name, key, { input: { child, key } }));
          await worker.drain();
          w.clock.pass(passMs);
        }
        const before = rows(w);
        const beforeMs = T0 + at;
        const open = ["ready", "running", "parked", "dead"];
        const openTraces = new Set(before.filter((r) => open.includes(r.state)).map((r) => r.trace_id));
        const goes = (r: (typeof before)[number]): boolean =>
          r.finished_ms !== null && r.finished_ms < beforeMs && !openTraces.has(r.trace_id);
        expect(prunableJobs(w.db, epochMs(beforeMs))).toBe(before.filter(goes).length);
        const pruned = await prune(w, beforeMs);
        const after = rows(w);
        expect(after).toEqual(before.filter((r) => !goes(r)));
        expect(pruned.jobs).toBe(before.length - after.length);
        expect(
          w.db.sql.prepare("SELECT count(*) FROM attempts WHERE job_id NOT IN (SELECT id FROM jobs)").pluck().get(),
        ).toBe(0);
        expect(w.db.sql.pragma("foreign_key_check")).toEqual([]);
        // Keys: what stayed is still known, what went may come again.
        for (const r of before) {
          const known = END[r.name] !== undefined || r.name === "parent";
          if (known)
            expect(w.store.enqueue(job(r.name, r.key, { input: { child: "works", key: r.key } })).created).toBe(
              goes(r),
            );
        }
      },
    ),
    { numRuns: LONG ? 500 : 40 },
  );
});

test("invariant 12: a key outlives its job's completion until the horizon, not longer", async () => {
  const w = world(HANDLERS);
  w.store.enqueue(job("works", "k"));
  await w.worker().drain();
  const finishedMs = w.clock.nowMs();
  await prune(w, finishedMs);
  expect(w.store.enqueue(job("works", "k")).created).toBe(false);
  await prune(w, finishedMs + 1);
  expect(w.store.enqueue(job("works", "k"))).toMatchObject({ created: true });
});

test("a job of another trace that stays loses only its link to a parent that goes", async () => {
  const w = world(HANDLERS);
  w.store.enqueue(job("starter", "p"));
  await w.worker().drain();
  await prune(w, w.clock.nowMs() + 1);
  expect(w.store.list()).toMatchObject([{ name: "parks", state: "parked", parentId: undefined, traceId: "its own" }]);
});

test("workers long gone are deleted; one that holds a job, or has a recent heartbeat, is not", async () => {
  const w = world(HANDLERS);
  w.ledger("gone").stopWorker();
  w.ledger("idle"); // Its process lives: a machine that slept, a clock that jumped.
  const holder = w.ledger("holder");
  w.store.enqueue(job("works", "held"));
  expect(holder.claim({ busy: [], onlyReducing: false })).toBeDefined();
  w.clock.pass(10_000);
  w.ledger("fresh");
  expect(await prune(w, w.clock.nowMs() - 5_000)).toMatchObject({ workers: 1 });
  expect(w.db.sql.prepare("SELECT boot_id FROM workers ORDER BY 1").pluck().all()).toEqual(["fresh", "holder", "idle"]);
});

test("stopped in the middle it leaves whole jobs only, and goes on the next time", async () => {
  const w = world(HANDLERS);
  w.db.transaction(() => {
    for (let i = 0; i < 2_000; i += 1) w.store.enqueue(job("works", String(i), { expiresAtMs: w.clock.nowMs() }));
  });
  await w.worker().drain();
  const stop = new AbortController();
  const running = pruneJobs(w.db, w.clock, { beforeMs: (w.clock.nowMs() + 1) as EpochMs, signal: stop.signal });
  stop.abort(new Error("stopped"));
  await expect(running).rejects.toThrow("stopped");
  const left = rows(w).length;
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(2_000);
  expect(await prune(w, w.clock.nowMs() + 1)).toMatchObject({ jobs: left });
});

const GONE_THROUGH = LONG ? 1_000_000 : 20_000;
test(
  `invariant 25: the file is bounded: ${GONE_THROUGH} jobs gone through, a tenth of them at a time`,
  async () => {
    const w = world([handler("works", () => done)]);
    const rounds = 10;
    const each = GONE_THROUGH / rounds;
    const keptMs = 1_000;
    const pages: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      w.db.transaction(() => {
        for (let i = 0; i < each; i += 1) w.store.enqueue(job("works", `${round}.${i}`));
      });
      // The rows and attempts that a worker's claims and finishes leave behind, in one transaction a round.
      const ledger = w.ledger(`worker ${round}`);
      w.db.transaction(() => {
        for (;;) {
          const claimed = ledger.claim({ busy: [], onlyReducing: false });
          if (!claimed) break;
          ledger.finish(claimed, done, undefined);
        }
      });
      w.clock.pass(keptMs);
      await prune(w, w.clock.nowMs() - keptMs + 1);
      pages.push(w.db.sql.pragma("page_count", { simple: true }) as number);
    }
    expect(rows(w)).toHaveLength(0);
    // The first round makes the file as large as one round needs; the others use the same pages again.
    expect(Math.max(...pages)).toBeLessThanOrEqual((pages[0] ?? 0) * 1.2);
  },
  LONG ? 1_800_000 : 60_000,
);
