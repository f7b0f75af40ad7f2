// A queue in a temp folder with a clock that the test moves: real SQLite, real worker, no sleeps.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type Database, openDatabase } from "../../db/open.ts";
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import type { Clock } from "../../lib/io/clock.ts";
import { silentLogger } from "../../lib/io/logger.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { Ledger } from "../../queue/attemptLedger.ts";
import { type Registry, registryOf } from "../../queue/registry.ts";
import { Scheduler } from "../../queue/schedule.ts";
import { JobStore } from "../../queue/store.ts";
import type { AnyHandler, Ctx, Handler, NewJob, Outcome } from "../../queue/types.ts";
import { createWorker, type Worker, type WorkerOptions } from "../../queue/worker.ts";
import { makeDatabase } from "../sim/emptyDatabase.ts";

export const T0 = epochMs(Date.UTC(2026, 10, 2));

/** Both clocks stand still until the test moves them, forwards or backwards. */
export class TestClock implements Clock {
  systemMs: number = T0;
  realMs: number = T0;
  nowMs = (): EpochMs => epochMs(this.systemMs);
  realNowMs = (): EpochMs => epochMs(this.realMs);
  monotonicMs = (): number => performance.now();
  pass(ms: number): void {
    this.systemMs += ms;
    this.realMs += ms;
  }
}

export const anyInput = z.record(z.string(), z.unknown());
export type AnyInput = z.infer<typeof anyInput>;
/** A neutral handler with three attempts, changed as the test needs. */
export const handler = (
  name: string,
  run: (input: AnyInput, ctx: Ctx) => Promise<Outcome> | Outcome,
  changes: Partial<Omit<Handler<AnyInput>, "name" | "run">> = {},
): AnyHandler => ({
  name,
  input: anyInput,
  maxAttempts: 3,
  timeoutMs: 60_000,
  risk: "neutral",
  ...changes,
  run: async (input, ctx) => run(input, ctx),
});
export const done: Outcome = { kind: "done" };
export const job = (name: string, key: string, more: Partial<NewJob> = {}): NewJob => ({
  name,
  key,
  input: {},
  ...more,
});

/** A promise and its handle: handlers in tests wait on these instead of on time. */
export const gate = (): { readonly opened: Promise<void>; open(): void } => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
};

/** Waits for what real timers and real processes bring about; fails after `limitMs`. */
export const until = async (condition: () => boolean, limitMs = 20_000): Promise<void> => {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > limitMs) throw new Error(`not within ${limitMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

export interface World {
  readonly dir: string;
  readonly path: string;
  readonly db: Database;
  readonly clock: TestClock;
  readonly registry: Registry;
  readonly store: JobStore;
  readonly scheduler: Scheduler;
  /** The attempts of a worker that the test drives by hand. */
  ledger(bootId: string, leaseMs?: number): Ledger;
  worker(changes?: Partial<WorkerOptions<object>>): Worker;
  /** Another connection to the same file with its own store, as a second process has. */
  second(handlers?: readonly AnyHandler[]): World;
  close(): void;
}

let boots = 0;
const worldAt = (
  dir: string,
  testClock: TestClock,
  handlers: readonly AnyHandler[],
  seconds: World[],
  clock: Clock,
): World => {
  const path = join(dir, "test.db");
  makeDatabase(path);
  const db = openDatabase(path);
  const registry = registryOf(handlers);
  const store = new JobStore(db, registry, clock);
  return {
    dir,
    path,
    db,
    clock: testClock,
    registry,
    store,
    scheduler: new Scheduler(db, store, clock),
    ledger(bootId, leaseMs = 1_000) {
      const ledger = new Ledger({ db, store, registry, clock, bootId, leaseMs, random: seededRandom(1) });
      ledger.registerWorker();
      return ledger;
    },
    worker: (changes = {}) =>
      createWorker<object>({
        db,
        store,
        registry,
        clock,
        log: silentLogger(),
        services: {},
        bootId: `boot-${boots++}`,
        concurrency: 1,
        random: seededRandom(1),
        virtual: true,
        ...changes,
      }),
    second(others = handlers) {
      const world = worldAt(dir, testClock, others, seconds, clock);
      seconds.push(world);
      return world;
    },
    close: () => db.close(),
  };
};

const open: { dir: string; worlds: World[] }[] = [];
/** `clock`: the real one where real timers matter; else the test's own. */
export const world = (handlers: readonly AnyHandler[], clock?: Clock): World => {
  const dir = mkdtempSync(join(tmpdir(), "queue-"));
  const worlds: World[] = [];
  const testClock = new TestClock();
  const made = worldAt(dir, testClock, handlers, worlds, clock ?? testClock);
  worlds.push(made);
  open.push({ dir, worlds });
  return made;
};
/** For afterEach. */
export const closeWorlds = (): void => {
  for (const { dir, worlds } of open.splice(0)) {
    for (const each of worlds) each.close();
    rmSync(dir, { recursive: true, force: true });
  }
};
