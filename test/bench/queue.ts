// The queue at synchronous=FULL beside what the disk itself costs: a chain step needs at least one fdatasync.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { openDatabase } from "../../db/open.ts";
import { epochMs } from "../../lib/core/time.ts";
import { realClock } from "../../lib/io/clock.ts";
import { silentLogger } from "../../lib/io/logger.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { registryOf } from "../../queue/registry.ts";
import { JobStore } from "../../queue/store.ts";
import type { AnyHandler } from "../../queue/types.ts";
import { createWorker } from "../../queue/worker.ts";

const STEPS = 1_000;
const STARTS = 300;
const IDLE_MS = 3_000;

const quantiles = (values: number[]): { p50Ms: number; p99Ms: number } => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number) =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(3));
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
};

const fdatasyncProbe = (dir: string): number[] => {
  const file = openSync(join(dir, "probe"), "w");
  const page = Buffer.alloc(4_096, 1);
  const times: number[] = [];
  for (let i = 0; i < STEPS; i += 1) {
    const start = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    times.push(performance.now() - start);
  }
  closeSync(file);
  return times;
};

const waitFor = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
};

export const benchQueue = async (): Promise<Record<string, unknown>> => {
  const dir = mkdtempSync(join(tmpdir(), "bench-queue-"));
  const db = openDatabase(join(dir, "bench.db"));
  const other = openDatabase(join(dir, "bench.db"));
  try {
    const starts: number[] = [];
    const handler = (name: string, run: AnyHandler["run"]): AnyHandler => ({
      name,
      input: z.object({ n: z.number() }),
      maxAttempts: 1,
      timeoutMs: 60_000,
      risk: "neutral",
      run,
    });
    const registry = registryOf([
      handler("step", async ({ n }: { n: number }, ctx) => {
        starts.push(performance.now());
        const next = n === 0 ? [] : [{ name: "step", key: `${ctx.job.traceId}.${n - 1}`, input: { n: n - 1 } }];
        return { kind: "done", next, write: (tx) => tx.meta.set("bench", String(n)) };
      }),
      handler("one", async () => {
        starts.push(performance.now());
        return { kind: "done" };
      }),
    ]);
    const store = new JobStore(db, registry, realClock);
    const otherStore = new JobStore(other, registry, realClock);
    const base = { db, store, registry, clock: realClock, log: silentLogger(), services: {}, random: seededRandom(1) };

    // Replay's way: in order, without timers.
    const drained = createWorker({ ...base, bootId: "drain", concurrency: 1, virtual: true });
    store.enqueue({ name: "step", key: "drained", input: { n: STEPS } });
    await drained.drain();
    const drainSteps = starts
      .splice(0)
      .map((at, i, all) => at - (all[i - 1] ?? at))
      .slice(1);

    // The real-time loop.
    const worker = createWorker({ ...base, bootId: "loop", concurrency: 4 });
    worker.start();
    // Idle first: one job waits for later, no garbage of the other measurements is left to collect.
    store.enqueue({ name: "one", key: "later", input: { n: 0 }, runAtMs: epochMs(realClock.nowMs() + 3_600_000) });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const cpu = process.cpuUsage();
    const idleFrom = performance.now();
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const used = process.cpuUsage(cpu);
    const idleCpuPercent = Number(
      (((used.user + used.system) / 1_000 / (performance.now() - idleFrom)) * 100).toFixed(2),
    );
    store.enqueue({ name: "step", key: "chained", input: { n: STEPS } });
    await waitFor(() => starts.length === STEPS + 1);
    const loopSteps = starts
      .splice(0)
      .map((at, i, all) => at - (all[i - 1] ?? at))
      .slice(1);
    const startAfter = async (from: JobStore, key: string): Promise<number> => {
      starts.length = 0;
      const before = performance.now();
      from.enqueue({ name: "one", key, input: { n: 0 } });
      await waitFor(() => starts.length === 1);
      return starts[0]! - before;
    };
    const ownStarts: number[] = [];
    for (let i = 0; i < STARTS; i += 1) ownStarts.push(await startAfter(store, `own-${i}`));
    const foreignStarts: number[] = [];
    for (let i = 0; i < STARTS; i += 1) foreignStarts.push(await startAfter(otherStore, `foreign-${i}`));

    await worker.stop({ graceMs: 1_000 });

    const probe = quantiles(fdatasyncProbe(dir));
    const step = quantiles(loopSteps);
    return {
      synchronous: "FULL",
      fdatasync: probe,
      chainStep: { ...step, timesFdatasync: Number((step.p50Ms / probe.p50Ms).toFixed(1)) },
      chainStepInReplay: quantiles(drainSteps),
      enqueueToStartOwnProcess: quantiles(ownStarts),
      enqueueToStartOtherConnection: quantiles(foreignStarts),
      idleCpuPercent,
    };
  } finally {
    db.close();
    other.close();
    rmSync(dir, { recursive: true, force: true });
  }
};
