// liteque 0.8.0 with a better-sqlite3 of its own: it gives an async function to a transaction, which better-sqlite3
// refuses from 11.10 on. Its effect is an insert on the same connection, a commit of its own: the queue offers no
// transaction with the ack.
import type { Database } from "better-sqlite3";
import {
  type BenchJob,
  type Driver,
  EFFECTS_TABLE,
  INSERT_EFFECT,
  type OpenOptions,
  type OpenQueue,
} from "../../queue/subject.ts";

interface Client {
  readonly session: { readonly client: Database };
}
interface LiteQueue {
  enqueue(payload: BenchJob): Promise<unknown>;
  stats(): Promise<{ pending: number; pending_retry: number; running: number }>;
}
interface LiteRunner {
  run(): Promise<void>;
  stop(): void;
}
interface Liteque {
  buildDBClient(path: string, options: { runMigrations: boolean }): Client;
  SqliteQueue: new (name: string, db: Client, options: Record<string, unknown>) => LiteQueue;
  Runner: new (
    queue: LiteQueue,
    functions: { run(job: { data: BenchJob }): Promise<void> },
    options: { concurrency: number; pollIntervalMs: number; timeoutSecs: number },
  ) => LiteRunner;
  RetryAfterError: new (delayMs: number) => Error;
}

const open = async (options: OpenOptions): Promise<OpenQueue> => {
  const name: string = "liteque"; // A variable: the compiler must not look for what may not be installed.
  const { buildDBClient, SqliteQueue, Runner, RetryAfterError } = (await import(name)) as Liteque;
  const client = buildDBClient(options.path, { runMigrations: true });
  const db = client.session.client;
  db.pragma(`synchronous = ${options.level}`); // It has just set NORMAL.
  db.exec(EFFECTS_TABLE);
  const effect = db.prepare(INSERT_EFFECT);
  const effects = db.prepare<[], number>("SELECT n FROM bench_effects").pluck();
  const queue = new SqliteQueue("bench", client, { defaultJobArgs: { numRetries: 2 }, keepFailedJobs: true });
  const run = async ({ data: job }: { data: BenchJob }): Promise<void> => {
    try {
      options.started(job);
    } catch {
      throw new RetryAfterError(options.retryDelayMs); // Its only retry with a delay.
    }
    effect.run(job.n);
    if (job.kind === "chain" && job.n > 0) await queue.enqueue({ kind: "chain", n: job.n - 1 });
    options.beforeAck(job);
  };
  const runner = new Runner(
    queue,
    { run },
    {
      concurrency: options.concurrency,
      pollIntervalMs: options.pollMs,
      timeoutSecs: options.takeoverMs / 1_000,
    },
  );
  let loop: Promise<void> | undefined;
  return {
    enqueue: (job) => queue.enqueue(job),
    start: () => {
      loop = runner.run();
    },
    left: async () => {
      const { pending, pending_retry: retrying, running } = await queue.stats();
      return pending + retrying + running;
    },
    effects: () => effects.all(),
    stop: async () => {
      runner.stop();
      await loop;
      db.close();
    },
  };
};

export const liteque: Driver = {
  name: "liteque",
  shippedLevel: "NORMAL",
  levels: ["FULL", "NORMAL"],
  fencedAck: { kept: true, source: "read in dist/index.js: finalize is … WHERE id = ? AND allocationId = ?" },
  notes: [
    "runs no job on better-sqlite3 11.10 or newer (an async function given to a transaction); measured with 11.9.1",
    "retries at once, or after RetryAfterError, which uses up no attempt; no growing backoff",
    "takeover by the job's timeout alone",
    "finished jobs are deleted; polls, default example every 1,000 ms; here as often as our queue",
  ],
  open,
};
