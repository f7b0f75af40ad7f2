// The worker's loop with real timers beside other workers: their rows, jobs of live and of dead workers, cancelling.
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "../../lib/core/errors.ts";
import { realClock } from "../../lib/io/clock.ts";
import { ownIdentity } from "../../lib/io/process.ts";
import { StaleAttemptError } from "../../queue/types.ts";
import { allDone, start, stopWorkers } from "./startWorker.ts";
import { done, gate, handler, job, until, world } from "./world.ts";

afterEach(stopWorkers);

describe("invariant 17: rows from another process are seen, none stranded", () => {
  test("150 pushes from another connection are all run without a push of our own", async () => {
    const w = world([handler("a", () => done)]);
    start(w, { concurrency: 4, pollMs: 25 });
    const other = w.second();
    for (let i = 0; i < 150; i += 1) other.store.enqueue(job("a", String(i)));
    await until(() => w.store.stats().states.done === 150);
  });

  test("a job for later, a retry and a parked deadline come without any push", async () => {
    const late = () => realClock.nowMs();
    const w = world(
      [
        handler("later", () => done),
        handler(
          "flaky",
          (_, ctx) => {
            if (ctx.job.attempt === 1) throw new AppError("retry", "X", "no");
            return done;
          },
          { backoff: { baseMs: 20, capMs: 20 } },
        ),
        handler("ask", (_, ctx) => {
          if (ctx.job.deadlinePassed) return done;
          return { kind: "park", deadlineMs: (late() + 30) as never };
        }),
      ],
      realClock,
    );
    w.store.enqueue(job("later", "1", { runAtMs: (late() + 50) as never }));
    w.store.enqueue(job("flaky", "1"));
    w.store.enqueue(job("ask", "1"));
    start(w);
    await until(allDone(w));
  });
});

describe("invariant 18: a live process's jobs are not stolen, a dead one's are recovered", () => {
  test("a dead process's jobs are recovered at the next look, long before their lease ends", async () => {
    const w = world([handler("a", () => done)]);
    const { id } = w.store.enqueue(job("a", "1"));
    const gone = w.ledger("gone", 3_600_000);
    // No such pid: far beyond the kernel's limit.
    gone.registerWorker({ ...ownIdentity(), pid: 2 ** 22 + 1 });
    gone.claim({ busy: [], onlyReducing: false });
    await w.second().worker().drain();
    expect(w.store.show(id).attempts).toMatchObject([{ worker: "gone", outcome: "lost" }, { outcome: "done" }]);
  });

  test("also when its pid is ours now", async () => {
    const w = world([handler("a", () => done)]);
    const { id } = w.store.enqueue(job("a", "1"));
    const gone = w.ledger("earlier", 3_600_000);
    gone.registerWorker({ pid: process.pid, host: "another boot||1" });
    gone.claim({ busy: [], onlyReducing: false });
    expect(await w.worker().drain()).toBe(1);
    expect(w.store.show(id).job.state).toBe("done");
  });

  test("a worker that lives is left alone until its lease ends", async () => {
    const hold = gate();
    let runs = 0;
    const w = world([
      handler("a", async () => {
        runs += 1;
        if (runs === 1) await hold.opened;
        return done;
      }),
    ]);
    const { id } = w.store.enqueue(job("a", "1"));
    start(w, { leaseMs: 600_000 });
    await until(() => runs === 1);
    const other = w.second();
    expect(await other.worker().drain()).toBe(0);
    w.clock.realMs += 600_000;
    expect(await other.worker().drain()).toBe(1);
    hold.open();
    await until(() => w.store.show(id).attempts.length === 2);
    expect(w.store.show(id).attempts).toMatchObject([{ outcome: "lost" }, { outcome: "done" }]);
  });
});

test("a job cancelled from another process is aborted at once", async () => {
  let reason: unknown;
  const w = world([
    handler("a", async (_, ctx) => {
      await new Promise<void>((resolve) => ctx.signal.addEventListener("abort", () => resolve()));
      reason = ctx.signal.reason;
      return { kind: "done", next: [job("a", "child")] };
    }),
  ]);
  const { id } = w.store.enqueue(job("a", "1"));
  start(w, {
    failpoint: (point) => point === "beforeHandler" && setImmediate(() => w.second().store.cancel(id, "owner")),
  });
  await until(() => reason !== undefined);
  expect(reason).toBeInstanceOf(StaleAttemptError);
  expect(w.store.show(id)).toMatchObject({ job: { state: "cancelled" }, children: [] });
});
