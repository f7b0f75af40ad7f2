// Which running jobs are lost: every reason by itself, at its edge.
import { afterEach, describe, expect, test } from "vitest";
import type { RunningRow } from "../../db/tables/jobWrites.ts";
import { AppError } from "../../lib/core/errors.ts";
import { ownIdentity } from "../../lib/io/process.ts";
import { findLost, markAlive, markStopped } from "../../queue/rescue.ts";
import { closeWorlds, done, handler, job, T0, type World, world } from "./world.ts";

afterEach(closeWorlds);
const NOW = 1_000_000;
const OWN = ownIdentity();
/** No such pid: far beyond the kernel's limit. */
const NO_PID = 2 ** 22 + 1;
const OTHER_HOST = `${OWN.host.split("|")[0]}|another namespace|1`;
const row = (change: Partial<RunningRow> = {}): RunningRow => ({
  id: 1,
  fence: 1,
  attempts: 1,
  lease_until_ms: NOW + 1,
  worker: "rescue-other",
  pid: 1,
  host: OTHER_HOST,
  ...change,
});
const isLost = (one: RunningRow, own: readonly number[] = []): boolean =>
  findLost([one], { bootId: "rescue-own", ownJobs: new Set(own), realNowMs: NOW }).length === 1;

describe("truth 22: a running job is", () => {
  test.each<[string, boolean, RunningRow]>([
    [
      "lost at the end of its lease, though nobody can say whether its process lives",
      true,
      row({ lease_until_ms: NOW }),
    ],
    ["kept a millisecond before", false, row()],
    ["lost when its worker's process is gone", true, row({ pid: NO_PID, host: OWN.host })],
    ["lost when its worker is not known", true, row({ pid: null, host: null })],
    ["lost when its worker has no process", true, row({ pid: null })],
    ["lost when its worker has no host", true, row({ host: null })],
    ["lost when its worker had our pid, and is none of ours", true, row({ pid: OWN.pid, host: OWN.host })],
  ])("%s", (_, lost, one) => {
    expect(isLost(one)).toBe(lost);
  });

  test("kept while a worker of this process runs it, and lost once that has stopped", () => {
    const one = row({ worker: "rescue-here", pid: OWN.pid, host: OWN.host });
    markAlive("rescue-here");
    expect(isLost(one)).toBe(false);
    expect(isLost({ ...one, lease_until_ms: NOW })).toBe(true);
    markStopped("rescue-here");
    expect(isLost(one)).toBe(true);
  });

  test("our own kept while we run it, however late our heartbeat; lost when we do not", () => {
    const late = row({ worker: "rescue-own", lease_until_ms: 0, pid: OWN.pid, host: OWN.host });
    expect(isLost(late, [1])).toBe(false);
    expect(isLost(late, [2])).toBe(true);
    expect(isLost({ ...late, lease_until_ms: NOW + 9_999 })).toBe(true);
  });
});

describe("truth 22: a job taken from a lost attempt", () => {
  const claimed = (maxAttempts = 3): World & { readonly id: number; readonly lose: (at?: number) => void } => {
    const w = world([handler("a", () => done, { maxAttempts })]);
    const { id } = w.store.enqueue(job("a", "1"));
    const lose = (n = 1): void => {
      for (let i = 0; i < n; i += 1) {
        w.clock.pass(3_600_000);
        const ledger = w.ledger(`lost-${i}`);
        if (ledger.claim({ busy: [], onlyReducing: false }) === undefined) throw new Error("expected a job to claim");
        for (const one of ledger.running()) ledger.recoverLost(one);
      }
    };
    return Object.assign(w, { id, lose });
  };

  test("keeps its due time after the first loss, and waits after the second", () => {
    const w = claimed();
    w.lose();
    expect(w.store.show(w.id).job).toMatchObject({ state: "ready", runAtMs: T0, attempts: 1 });
    w.lose();
    const { job: later } = w.store.show(w.id);
    expect(later).toMatchObject({ state: "ready", attempts: 2 });
    expect(later.runAtMs).toBeGreaterThan(w.clock.systemMs);
  });

  test("is dead after its last attempt, with an alert", () => {
    const w = claimed(2);
    w.lose(2);
    expect(w.store.show(w.id)).toMatchObject({
      job: { state: "dead", attempts: 2 },
      attempts: [{ outcome: "lost" }, { outcome: "lost" }],
    });
    const { error } = w.store.show(w.id).job;
    expect(error).toMatchObject({ code: "WORKER_LOST", verdict: "alert" });
  });

  test("that was taken by somebody else meanwhile is left alone", () => {
    const w = claimed();
    const first = w.ledger("first");
    first.claim({ busy: [], onlyReducing: false });
    const [stale] = first.running();
    first.recoverLost(stale!);
    const second = w.ledger("second");
    const again = second.claim({ busy: [], onlyReducing: false })!;
    first.recoverLost(stale!);
    expect(w.store.show(w.id).job).toMatchObject({ state: "running", fence: again.fence });
    second.finish(again, done, undefined);
    first.recoverLost(stale!);
    expect(w.store.show(w.id).job).toMatchObject({ state: "done" });
  });

  test("released at a shutdown has used up no attempt, and its old attempt can write nothing", () => {
    const w = claimed();
    const ledger = w.ledger("first");
    const attempt = ledger.claim({ busy: [], onlyReducing: false })!;
    ledger.release(attempt);
    expect(w.store.show(w.id).job).toMatchObject({ state: "ready", attempts: 0, runAtMs: T0 });
    expect(w.store.show(w.id).job.fence).toBeGreaterThan(attempt.fence);
    expect(() => ledger.finish(attempt, done, undefined)).toThrow(/no longer owns/);
    expect(() => ledger.fail(attempt, new AppError("retry", "X", "x"))).toThrow(/no longer owns/);
    expect(() => ledger.step(attempt, () => undefined)).toThrow(/no longer owns/);
  });
});

describe("truth 22: halts and claims", () => {
  const halted = (untilMs: number | undefined) => {
    const w = world([
      handler("add", () => done, { risk: "adding" }),
      handler("reduce", () => done, { risk: "reducing" }),
      handler("other", () => done),
    ]);
    w.db.transaction((tx) =>
      tx.halts.raise({
        kind: "stop",
        reason: "test",
        atMs: T0,
        ...(untilMs === undefined ? {} : { untilMs: untilMs as never }),
      }),
    );
    for (const name of ["add", "reduce", "other"]) w.store.enqueue(job(name, "1"));
    return w;
  };
  const states = (w: World) =>
    w.store
      .list()
      .map((one) => `${one.name} ${one.state}`)
      .toSorted();

  test("a halt without end stops only what adds risk", async () => {
    const w = halted(undefined);
    await w.worker().drain();
    expect(states(w)).toEqual(["add ready", "other done", "reduce done"]);
  });
  test("a halt with an end stops it until that millisecond, and not in it", async () => {
    const w = halted(T0 + 5_000);
    await w.worker().drain();
    w.clock.pass(4_999);
    await w.worker().drain();
    expect(states(w)).toEqual(["add ready", "other done", "reduce done"]);
    expect(w.db.read.halts.active(w.clock.nowMs())).toHaveLength(1);
    w.clock.pass(1);
    expect(w.db.read.halts.active(w.clock.nowMs())).toEqual([]);
    await w.worker().drain();
    expect(states(w)).toEqual(["add done", "other done", "reduce done"]);
  });
});
