// plainjob 0.0.14 on the project's better-sqlite3. A worker runs one job at a time, so concurrency is a number of
// workers. Its effect is an insert on the same connection, a commit of its own: the queue offers no transaction with
// the ack.
import Database from "better-sqlite3";
import {
  type BenchJob,
  type Driver,
  EFFECTS_TABLE,
  INSERT_EFFECT,
  type OpenOptions,
  type OpenQueue,
} from "../../queue/subject.ts";

interface PlainQueue {
  add(type: string, data: unknown): unknown;
  countJobs(filter: { status: number }): number;
  close(): void;
}
interface PlainWorker {
  start(): Promise<void>;
  stop(): Promise<void>;
}
interface Plainjob {
  better(db: Database.Database): unknown;
  defineQueue(options: Record<string, unknown>): PlainQueue;
  defineWorker(
    type: string,
    run: (job: { data: string }) => Promise<void>,
    options: Record<string, unknown>,
  ): PlainWorker;
}
const PENDING = 0;
const PROCESSING = 1;
const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

const open = async (options: OpenOptions): Promise<OpenQueue> => {
  const name: string = "plainjob"; // A variable: the compiler must not look for what may not be installed.
  const { better, defineQueue, defineWorker } = (await import(name)) as Plainjob;
  const db = new Database(options.path);
  const queue = defineQueue({
    connection: better(db),
    logger: quiet,
    timeout: options.takeoverMs,
    maintenanceInterval: Math.max(100, options.takeoverMs / 5),
  });
  db.pragma(`synchronous = ${options.level}`); // It has just set NORMAL.
  db.exec(EFFECTS_TABLE);
  const effect = db.prepare(INSERT_EFFECT);
  const effects = db.prepare<[], number>("SELECT n FROM bench_effects").pluck();
  const run = async ({ data }: { data: string }): Promise<void> => {
    const job = JSON.parse(data) as BenchJob;
    options.started(job);
    effect.run(job.n);
    if (job.kind === "chain" && job.n > 0) queue.add("bench", { kind: "chain", n: job.n - 1 });
    options.beforeAck(job);
  };
  const workers = Array.from({ length: options.concurrency }, () =>
    defineWorker("bench", run, { queue, logger: quiet, pollIntervall: options.pollMs }),
  );
  let loops: Promise<void>[] = [];
  return {
    enqueue: (job) => queue.add("bench", job),
    start: () => {
      loops = workers.map((worker) => worker.start());
    },
    left: () => queue.countJobs({ status: PENDING }) + queue.countJobs({ status: PROCESSING }),
    effects: () => effects.all(),
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
      await Promise.all(loops);
      queue.close();
    },
  };
};

export const plainjob: Driver = {
  name: "plainjob",
  shippedLevel: "NORMAL",
  levels: ["FULL", "NORMAL"],
  fencedAck: { kept: false, source: "read in src/queue.ts: done and failed are UPDATE … WHERE id = ?, whoever asks" },
  notes: [
    "no retries: a job that throws is failed for good (src/worker.ts)",
    "takeover by age alone, default 30 minutes, of jobs that still run too (requeueTimedOutJobs)",
    "polls, default every 1,000 ms; here as often as our queue",
  ],
  open,
};
