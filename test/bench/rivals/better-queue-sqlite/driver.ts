// better-queue 3.8.12 with better-queue-sqlite 1.0.7. The store sets synchronous=OFF and journal_mode=MEMORY; for the
// other levels they are set again on its connection, with WAL. The effect is an insert on that same connection, so that
// one SQLite engine has the file.
import { createRequire } from "node:module";
import {
  type BenchJob,
  type Driver,
  EFFECTS_TABLE,
  INSERT_EFFECT,
  type OpenOptions,
  type OpenQueue,
} from "../../queue/subject.ts";

type Done = (error: Error | null, value?: unknown) => void;
interface Connection {
  exec(sql: string, done: Done): void;
  run(sql: string, parameters: readonly unknown[], done: Done): void;
  all(sql: string, done: (error: Error | null, rows: readonly Record<string, number>[]) => void): void;
  close(done: Done): void;
}
interface Store {
  readonly _db: Connection;
  connect(done: Done): void;
}
interface Ticket {
  on(event: "queued" | "failed", listener: (reason?: unknown) => void): Ticket;
}
interface BetterQueue {
  push(job: BenchJob): Ticket;
  pause(): void;
  resume(): void;
}
const require = createRequire(import.meta.url);

const open = async (options: OpenOptions): Promise<OpenQueue> => {
  const SqliteStore = require("better-queue-sqlite") as new (options: { path: string }) => Store;
  const Queue = require("better-queue") as new (
    run: (job: BenchJob, done: Done) => void,
    options: Record<string, unknown>,
  ) => BetterQueue;

  const store = new SqliteStore({ path: options.path });
  const connect = store.connect.bind(store);
  const pragmas = options.level === "OFF" ? "" : `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${options.level};`;
  const select = (sql: string): Promise<readonly Record<string, number>[]> =>
    new Promise((resolve, reject) => {
      store._db.all(sql, (error, rows) => (error ? reject(error) : resolve(rows)));
    });
  const push = (job: BenchJob): Promise<void> =>
    new Promise((resolve, reject) => {
      queue
        .push(job)
        .on("queued", () => resolve())
        .on("failed", (reason) => reject(new Error(`better-queue refused the job: ${String(reason)}`)));
    });
  const run = (job: BenchJob, done: Done): void => {
    options.started(job); // Its throw is the job's failure.
    store._db.run(INSERT_EFFECT, [job.n], (error) => {
      const next = job.kind === "chain" && job.n > 0 ? push({ kind: "chain", n: job.n - 1 }) : Promise.resolve();
      void next.then(() => {
        options.beforeAck(job);
        done(error);
      }, done);
    });
  };
  let queue!: BetterQueue;
  await new Promise<void>((resolve, reject) => {
    store.connect = (done) =>
      connect((error, length) => {
        if (error) return reject(error);
        store._db.exec(`${pragmas} ${EFFECTS_TABLE};`, (failed) => {
          if (failed) return reject(failed);
          done(null, length);
          resolve();
        });
      });
    queue = new Queue(run, {
      store,
      concurrent: options.concurrency,
      maxRetries: 3,
      retryDelay: options.retryDelayMs,
      autoResume: options.recover,
    });
    if (!options.recover) queue.pause();
  });
  return {
    enqueue: push,
    start: () => queue.resume(),
    left: async () => (await select("SELECT count(*) AS count FROM task"))[0]?.["count"] ?? 0,
    effects: async () => (await select("SELECT n FROM bench_effects")).map((row) => row["n"]!),
    stop: () =>
      new Promise((resolve) => {
        queue.pause();
        store._db.close(() => resolve());
      }),
  };
};

export const betterQueueSqlite: Driver = {
  name: "better-queue-sqlite",
  shippedLevel: "OFF",
  levels: ["FULL", "NORMAL", "OFF"],
  fencedAck: {
    kept: false,
    source: "read in index.js: releaseLock deletes by lock, and a takeover keeps the old lock",
  },
  notes: [
    "acknowledges before it writes (putTask calls back while the insert waits for its turn)",
    "its release deletes the row of a failed job; the retry lives in a timer",
    "brings sqlite3, a second SQLite engine; nothing polls the file",
  ],
  open,
};
