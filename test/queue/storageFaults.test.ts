// invariant 21: trouble with the file never means done and never ends the loop. Here by the database's own means; a
// full disk and I/O errors of real processes: test/crash/disk.test.ts.
import { afterEach, describe, expect, test } from "vitest";
import { streamLogger } from "../../lib/io/logger.ts";
import { SqliteError } from "../../lib/io/sqlite.ts";
import type { Worker } from "../../queue/worker.ts";
import { closeWorlds, done, gate, handler, job, until, type World, world } from "./world.ts";

const running: Worker[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.stop({ graceMs: 0 })));
  closeWorlds();
});
const allDone = (w: World) => w.store.stats().states.done === w.store.list({ limit: 1_000 }).length;

const started = (w: World) => {
  const lines: string[] = [];
  const log = streamLogger("error", { write: (line) => lines.push(line) });
  const worker = w.worker({ virtual: false, pollMs: 5, reserve: 0, log });
  running.push(worker);
  worker.start();
  return { worker, told: (what: string) => lines.some((line) => line.includes(what)) };
};
/** A worker whose one job waits for `hold`, then writes a megabyte and names a child. */
const holding = async () => {
  const hold = gate();
  const w = world([
    handler("a", () =>
      hold.opened.then(() => ({
        kind: "done",
        write: (tx) => tx.meta.set("effect", "x".repeat(1_000_000)),
        next: [job("b", "child")],
      })),
    ),
    handler("b", () => done),
  ]);
  const { id } = w.store.enqueue(job("a", "1"));
  const { worker, told } = started(w);
  await until(() => w.store.show(id).job.state === "running");
  expect(worker.health()).toEqual({ ok: true });
  return { w, hold, id, worker, told };
};

/** Each takes the file away for the worker's connection and returns what gives it back. */
const TROUBLES: Readonly<Record<string, { code: string; begin(w: World): () => void }>> = {
  "another writer holds the lock": {
    code: "SQLITE_BUSY",
    begin: (w) => {
      w.db.sql.pragma("busy_timeout = 1");
      const other = w.second().db.sql;
      other.exec("BEGIN IMMEDIATE");
      return () => other.exec("ROLLBACK");
    },
  },
  "the file is full": {
    code: "SQLITE_FULL",
    begin: (w) => {
      const { sql } = w.db;
      sql.pragma(`max_page_count = ${sql.pragma("page_count", { simple: true })}`);
      return () => sql.pragma("max_page_count = 4294967294");
    },
  },
  "the database refuses every change of a job": {
    code: "SQLITE_CONSTRAINT_TRIGGER",
    begin: (w) => {
      const { sql } = w.second().db;
      for (const [name, event] of Object.entries({ broken1: "INSERT ON jobs", broken2: "UPDATE ON jobs" }))
        sql.exec(`CREATE TRIGGER ${name} BEFORE ${event} BEGIN SELECT RAISE(ABORT, 'broken'); END`);
      return () => sql.exec("DROP TRIGGER broken1; DROP TRIGGER broken2");
    },
  },
};

describe.each(Object.entries(TROUBLES))("invariant 21: %s", (_, { code, begin }) => {
  test("enqueue rejects, the running job stays, health is red; everything continues when it is over", async () => {
    const { w, hold, id, worker, told } = await holding();
    const end = begin(w);
    const big = job("b", "2", { input: { text: "x".repeat(1_000_000) } });
    let refusal: unknown;
    try {
      w.store.enqueue(big);
    } catch (e) {
      refusal = e;
    }
    expect(refusal).toMatchObject({ code });
    expect(w.db.read.jobs.byKey("b", "2")).toBeUndefined();

    hold.open();
    await until(() => told("queue.recordFailed"));
    const red = worker.health();
    expect(red).toMatchObject({ ok: false, sinceMs: w.clock.realMs });
    expect(w.store.show(id)).toMatchObject({ job: { state: "running" }, children: [] });
    expect(w.db.read.meta.get("effect")).toBeUndefined();

    end();
    await until(() => allDone(w) && worker.health().ok);
    expect(w.store.show(id)).toMatchObject({
      attempts: [{ attempt: 1, outcome: "done" }],
      children: [{ key: "child" }],
    });
    expect(w.store.enqueue(big).created).toBe(true);
    await until(() => allDone(w));
  });

  test("an idle worker that cannot claim says so, stays, and claims when it is over", async () => {
    const w = world([handler("b", () => done)]);
    const { id } = w.store.enqueue(job("b", "1", { runAtMs: (w.clock.systemMs + 1_000) as never }));
    const { worker, told } = started(w);
    const end = begin(w);
    if (code === "SQLITE_FULL") fillUp(w);
    w.clock.pass(1_000);
    await until(() => !worker.health().ok);
    expect(told("queue.")).toBe(true);
    expect(w.store.show(id).job).toMatchObject({ state: "ready", attempts: 0, fence: 0 });
    end();
    await until(() => w.store.show(id).job.state === "done" && worker.health().ok);
  });
});

test("invariants 20, 21: a stop while the file is locked ends all the same; the next worker takes the job over", async () => {
  const { w, id, worker, told } = await holding();
  const end = TROUBLES["another writer holds the lock"]!.begin(w);
  await worker.stop({ graceMs: 0 });
  expect(told("queue.releaseFailed") && told("queue.stopFailed")).toBe(true);
  expect(w.store.show(id).job).toMatchObject({ state: "running", attempts: 1 });
  end();
  const next = w.second([handler("a", () => done), handler("b", () => done)]);
  expect(await next.worker().drain()).toBe(1);
  expect(w.store.show(id).attempts).toMatchObject([{ outcome: "lost" }, { outcome: "done" }]);
});

/** Uses up what room the pages still have, down to the last short row, until the claim's own rows no longer fit. */
const fillUp = (w: World): void => {
  const insert = w.db.sql.prepare(
    "INSERT INTO attempts (job_id, fence, attempt, worker, started_ms) VALUES (1, ?, 1, ?, 0)",
  );
  let fence = 1_000_000;
  for (const length of [1_000, 100, 10, 1])
    for (let full = false; !full; fence -= 1)
      try {
        insert.run(fence, "w".repeat(length));
      } catch (e) {
        expect(e).toMatchObject({ code: "SQLITE_FULL" });
        full = true;
      }
};

test("invariant 21: a passing I/O error while an outcome is recorded is not the job's failure", async () => {
  let writes = 0;
  const w = world([
    handler("a", () => ({
      kind: "done",
      write: () => {
        writes += 1;
        if (writes === 1) throw new SqliteError("disk I/O error", "SQLITE_IOERR_WRITE");
      },
    })),
  ]);
  const { id } = w.store.enqueue(job("a", "1"));
  started(w);
  await until(() => allDone(w));
  expect(w.store.show(id).attempts).toMatchObject([{ attempt: 1, outcome: "done" }]);
});
