// Our queue, through its public interface only. openDatabase asserts FULL; NORMAL is set afterwards on the measured
// connection, to tell what the durability costs. The product never runs so.
import { z } from "zod";
import { openDatabase } from "../../../db/open.ts";
import { realClock } from "../../../lib/io/clock.ts";
import { silentLogger } from "../../../lib/io/logger.ts";
import { entropyHex, seededRandom } from "../../../lib/io/random.ts";
import { registryOf } from "../../../queue/registry.ts";
import { JobStore } from "../../../queue/store.ts";
import type { AnyHandler, NewJob } from "../../../queue/types.ts";
import { createWorker } from "../../../queue/worker.ts";
import {
  type BenchJob,
  type Driver,
  EFFECTS_TABLE,
  INSERT_EFFECT,
  type OpenOptions,
  type OpenQueue,
} from "./subject.ts";

const Input = z.object({
  kind: z.enum(["work", "chain", "start", "flaky", "mortal"]),
  n: z.number(),
  sentNs: z.string().optional(),
});
const jobOf = (job: BenchJob): NewJob => ({ name: "bench", key: `${job.kind}:${job.n}`, input: job });

const open = async (options: OpenOptions): Promise<OpenQueue> => {
  const db = openDatabase(options.path);
  if (options.level !== "FULL") db.sql.pragma(`synchronous = ${options.level}`);
  db.sql.exec(EFFECTS_TABLE);
  const effect = db.sql.prepare(INSERT_EFFECT);
  const left = db.sql.prepare<[], number>("SELECT count(*) FROM jobs WHERE state IN ('ready', 'running')").pluck();
  const effects = db.sql.prepare<[], number>("SELECT n FROM bench_effects").pluck();
  const handler: AnyHandler = {
    name: "bench",
    input: Input,
    maxAttempts: 3,
    timeoutMs: 60_000,
    risk: "neutral",
    backoff: { baseMs: options.retryDelayMs, capMs: options.retryDelayMs },
    run: async (job: BenchJob) => {
      options.started(job);
      return {
        kind: "done",
        next: job.kind === "chain" && job.n > 0 ? [jobOf({ kind: "chain", n: job.n - 1 })] : [],
        write: () => {
          effect.run(job.n);
          options.beforeAck(job);
        },
      };
    },
  };
  const registry = registryOf([handler]);
  const store = new JobStore(db, registry, realClock);
  const worker = createWorker({
    db,
    store,
    registry,
    clock: realClock,
    log: silentLogger(),
    services: {},
    bootId: entropyHex(),
    concurrency: options.concurrency,
    random: seededRandom(1),
    pollMs: options.pollMs,
  });
  let started = false;
  return {
    enqueue: (job) => store.enqueue(jobOf(job)),
    start: () => {
      started = true;
      worker.start();
    },
    left: () => left.get() ?? 0,
    effects: () => effects.all(),
    stop: async () => {
      if (started) await worker.stop({ graceMs: 1_000 });
      db.close();
    },
  };
};

export const ours: Driver = {
  name: "ours",
  shippedLevel: "FULL",
  levels: ["FULL", "NORMAL"],
  fencedAck: { kept: true, source: "proved by test/queue/attempts.test.ts and the crash runs" },
  notes: [
    "NORMAL is measured only to tell what durability costs: the product asserts FULL on every connection",
    "each job also has a unique key and a row per attempt, which the rivals do not write",
  ],
  open,
};
