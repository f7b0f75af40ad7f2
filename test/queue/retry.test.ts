// Attempts, backoff and due times: rows, exact counts, bounded waits.
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { AppError, type Verdict } from "../../lib/core/errors.ts";
import { epochMs } from "../../lib/core/time.ts";
import { seededRandom } from "../../lib/io/random.ts";
import type { Failure } from "../../queue/attemptLedger.ts";
import { afterFailure, backoffMs } from "../../queue/retry.ts";
import { closeWorlds, done, handler, job, T0, until, world } from "./world.ts";

afterEach(closeWorlds);

describe("invariant 10: backoff is exponential with jitter and a cap", () => {
  test("every wait lies between half and the whole of min(cap, base * 2^(attempt-1))", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 1, max: 3_600_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, baseMs, capMs, random) => {
          const full = Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 1_000));
          const wait = backoffMs(attempt, { baseMs, capMs }, random);
          expect(Number.isSafeInteger(wait)).toBe(true);
          expect(wait).toBeGreaterThanOrEqual(Math.round(full / 2));
          expect(wait).toBeLessThanOrEqual(full);
        },
      ),
    );
  });

  test("jitter spreads: a thousand waits of one attempt differ", () => {
    const random = seededRandom(3);
    const waits = new Set(
      Array.from({ length: 1_000 }, () => backoffMs(5, { baseMs: 1_000, capMs: 60_000 }, random.next())),
    );
    expect(waits.size).toBeGreaterThan(800);
  });

  test.each<[Verdict, number, string]>([
    ["permanent", 1, "dead"],
    ["retry", 1, "retry"],
    ["retry", 4, "retry"],
    ["retry", 5, "dead"],
    ["alert", 4, "retry"],
    ["alert", 5, "dead"],
  ])("%s at attempt %i of 5: %s", (verdict, attempt, kind) => {
    expect(afterFailure({ verdict, attempt, maxAttempts: 5, backoff: undefined }, T0, 0.5).kind).toBe(kind);
  });

  test("total attempts are exact, whatever the handler throws and whenever it is looked at", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.constantFrom<Verdict>("retry", "alert"), { minLength: 6, maxLength: 6 }),
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 40, maxLength: 40 }),
        async (maxAttempts, verdicts, steps) => {
          let runs = 0;
          const ranAt: number[] = [];
          const w = world([
            handler(
              "a",
              () => {
                ranAt.push(w.clock.systemMs);
                throw new AppError(verdicts[runs++]!, "X", "no");
              },
              { maxAttempts, backoff: { baseMs: 1_000, capMs: 4_000 } },
            ),
          ]);
          const { id } = w.store.enqueue(job("a", "1"));
          const worker = w.worker();
          for (const step of steps) {
            const due = w.store.show(id).job;
            const ran = await worker.drain();
            expect(ran).toBe(due.state === "ready" && due.runAtMs <= w.clock.systemMs ? 1 : 0);
            w.clock.pass(step);
          }
          w.clock.pass(60_000);
          while ((await worker.drain()) > 0) w.clock.pass(60_000);
          expect(runs).toBe(maxAttempts);
          expect(w.store.show(id)).toMatchObject({ job: { state: "dead", attempts: maxAttempts } });
          expect(w.store.show(id).attempts).toHaveLength(maxAttempts);
          for (let i = 1; i < ranAt.length; i += 1)
            expect(ranAt[i]! - ranAt[i - 1]!).toBeGreaterThanOrEqual(Math.min(4_000, 1_000 * 2 ** (i - 1)) / 2);
          closeWorlds();
        },
      ),
      { numRuns: 15 },
    );
  });

  test("a lost attempt counts: a job whose worker always dies ends dead, with every loss kept", () => {
    const w = world([handler("a", () => done, { backoff: { baseMs: 1_000, capMs: 4_000 } })]);
    const { id } = w.store.enqueue(job("a", "1"));
    const deaths: number[] = [];
    for (let boot = 0; boot < 3; boot += 1) {
      const ledger = w.ledger(`dying-${boot}`);
      let attempt = ledger.claim({ busy: [], onlyReducing: false });
      if (!attempt) {
        w.clock.pass(4_000);
        attempt = ledger.claim({ busy: [], onlyReducing: false });
      }
      deaths.push(attempt!.attempts);
      for (const row of ledger.running()) ledger.recoverLost(row);
    }
    expect(deaths).toEqual([1, 2, 3]);
    expect(w.store.show(id)).toMatchObject({
      job: { state: "dead", error: { verdict: "alert", code: "WORKER_LOST" } },
      attempts: [{ outcome: "lost" }, { outcome: "lost" }, { outcome: "lost", error: { verdict: "alert" } }],
    });
  });

  test("the first lost attempt comes back at once, the next with backoff", () => {
    const w = world([handler("a", () => done, { backoff: { baseMs: 1_000, capMs: 4_000 } })]);
    w.store.enqueue(job("a", "1"));
    const ledger = w.ledger("dying");
    const anyJob = { busy: [], onlyReducing: false };
    ledger.claim(anyJob);
    for (const row of ledger.running()) ledger.recoverLost(row);
    expect(w.store.nextDueMs()).toBe(T0);
    ledger.claim(anyJob);
    for (const row of ledger.running()) ledger.recoverLost(row);
    expect(w.store.nextDueMs()).toBeGreaterThanOrEqual(T0 + 500);
  });
});

describe("a clock that is set back an hour", () => {
  test("does not put to sleep who waits a moment, nor who is about to try again; what has its own time keeps it", async () => {
    const ran: string[] = [];
    const w = world([
      handler("looks", (_, ctx) => {
        ran.push("looks");
        return { kind: "snooze", untilMs: epochMs(ctx.clock.nowMs() + 1_000), reason: "again" };
      }),
      handler("tries", () => {
        ran.push("tries");
        throw new AppError("retry", "NOT_YET", "not yet");
      }),
      handler("appointed", () => {
        ran.push("appointed");
        return done;
      }),
    ]);
    w.store.enqueue(job("looks", "1"));
    w.store.enqueue(job("tries", "1"));
    w.store.enqueue(job("appointed", "1", { runAtMs: epochMs(T0 + 60_000) }));
    const worker = w.worker({ virtual: false, pollMs: 5 });
    worker.start();
    try {
      await until(() => ran.length === 2 && w.store.list({ state: "running" }).length === 0);
      w.clock.systemMs -= 3_600_000;
      await until(() => ran.length >= 4);
      expect(ran.slice(2).toSorted()).toEqual(["looks", "tries"]);
    } finally {
      await worker.stop({ graceMs: 1_000 });
    }
  });
});

describe("invariant 9: attempts, backoff and due times are rows, not timers", () => {
  test("a restart inside the retry delay: the job runs once, not before its time, with the right attempt", async () => {
    const runs: { at: number; attempt: number }[] = [];
    const flaky = handler(
      "a",
      (_, ctx) => {
        runs.push({ at: ctx.clock.nowMs(), attempt: ctx.job.attempt });
        if (ctx.job.attempt === 1) throw new AppError("retry", "X", "no");
        return done;
      },
      { backoff: { baseMs: 5_000, capMs: 5_000 } },
    );
    const w = world([flaky]);
    const { id } = w.store.enqueue(job("a", "1"));
    await w.worker().drain();
    const dueMs = w.store.show(id).job.runAtMs;
    expect(dueMs).toBeGreaterThanOrEqual(T0 + 2_500);

    const restarted = w.second();
    w.clock.systemMs = dueMs - 1;
    expect(await restarted.worker().drain()).toBe(0);
    w.clock.systemMs = dueMs;
    expect(await restarted.worker().drain()).toBe(1);
    expect(await restarted.worker().drain()).toBe(0);
    expect(runs).toEqual([
      { at: T0, attempt: 1 },
      { at: dueMs, attempt: 2 },
    ]);
  });

  test("a job for later and a snooze are rows too, and a snooze uses up no attempt", async () => {
    const attempts: number[] = [];
    const w = world([
      handler("a", (_, ctx) => {
        attempts.push(ctx.job.attempt);
        if (attempts.length === 8) return done;
        return { kind: "snooze", untilMs: epochMs(ctx.clock.nowMs() + 1_000), reason: "later" };
      }),
    ]);
    w.store.enqueue(job("a", "1", { runAtMs: epochMs(T0 + 5_000) }));
    while (attempts.length < 8) {
      const due = w.store.nextDueMs()!;
      w.clock.systemMs = due;
      expect(await w.second().worker().drain()).toBe(1);
    }
    expect(w.clock.systemMs).toBe(T0 + 12_000);
    expect(attempts).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(w.store.nextDueMs()).toBeUndefined();
  });

  test("failures in a row count, a snooze between them starts the count again", async () => {
    let runs = 0;
    const w = world([
      handler("a", (_, ctx) => {
        runs += 1;
        if (runs > 20) return done;
        if (runs % 3 !== 0) throw new AppError("retry", "X", "no");
        return { kind: "snooze", untilMs: ctx.clock.nowMs(), reason: "fine" };
      }),
    ]);
    const { id } = w.store.enqueue(job("a", "1"));
    const worker = w.worker();
    for (let i = 0; i < 40; i += 1) {
      await worker.drain();
      w.clock.pass(10_000);
    }
    expect(w.store.show(id).job.state).toBe("done");
    expect(w.store.show(id).attempts.filter((a) => a.outcome === "retry")).toHaveLength(14);
  });
});

describe("onFailure runs in the transaction that records the failure", () => {
  const failing = (verdict: Verdict) =>
    handler("a", () => {
      throw new AppError(verdict, "X", "no");
    });

  test("it gets the verdict and whether the job is dead, may raise a halt and enqueue jobs", async () => {
    const heard: Pick<Failure, "verdict" | "dead">[] = [];
    const w = world([failing("alert"), handler("reconcile", () => done)]);
    const { id } = w.store.enqueue(job("a", "1"));
    const worker = w.worker({
      onFailure: (tx, { job: failed, verdict, dead }) => {
        heard.push({ verdict, dead });
        tx.halts.raise({ kind: "doubt", reason: failed.name, atMs: w.clock.nowMs() });
        return [job("reconcile", `after:${failed.id}:${failed.fence}`)];
      },
    });
    for (let i = 0; i < 4; i += 1) {
      await worker.drain();
      w.clock.pass(60_000);
    }
    expect(heard).toEqual([
      { verdict: "alert", dead: false },
      { verdict: "alert", dead: false },
      { verdict: "alert", dead: true },
    ]);
    expect(w.db.read.halts.active(w.clock.nowMs())).toMatchObject([{ kind: "doubt" }]);
    expect(w.store.list({ name: "reconcile" })).toMatchObject([{ parentId: id }, { parentId: id }, { parentId: id }]);
  });

  test("when it throws, the failure is recorded all the same and entries stop", async () => {
    const w = world([failing("retry")]);
    const { id } = w.store.enqueue(job("a", "1"));
    const onFailure = () => {
      throw new Error("broken reaction");
    };
    await w.worker({ onFailure }).drain();
    expect(w.store.show(id)).toMatchObject({ job: { state: "ready" }, attempts: [{ outcome: "retry" }] });
    expect(w.db.read.halts.active(T0)).toMatchObject([{ kind: "failureHandling" }]);
    expect(w.db.read.audit.last()).toMatchObject({ kind: "halt.raised", actor: "queue" });
  });

  test("when it throws again under that halt, the audit log names the second job, too", async () => {
    const w = world([failing("permanent")]);
    const ids = ["1", "2"].map((key) => w.store.enqueue(job("a", key)).id);
    const onFailure = () => {
      throw new Error("broken reaction");
    };
    await w.worker({ onFailure }).drain();
    const events = w.db.read.audit.after(0, 10).map(({ kind, data }) => [kind, data["jobId"]]);
    expect(events).toEqual([
      ["halt.raised", ids[0]],
      ["failure.notHandled", ids[1]],
    ]);
  });
});
