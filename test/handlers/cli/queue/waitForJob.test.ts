// `trader enqueue --wait`: the command ends with the job and prints how it ended. Sleeping is the test's own: it moves
// the clock and lets a worker run, so nothing here waits for real time.
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "../../../../lib/core/errors.ts";
import { epochMs, HOUR_MS } from "../../../../lib/core/time.ts";
import { lockFolder } from "../../../../lib/io/lock.ts";
import type { Outcome } from "../../../../queue/types.ts";
import { lastJson, tempFolder, traderHere } from "../../../e2e/trader.ts";
import { closeWorlds, done, handler, T0, type World, world } from "../../../queue/world.ts";
import { commandsOn } from "../commands.ts";

afterEach(closeWorlds);
const interrupts = process.listenerCount("SIGINT");

/** `rounds[i]` happens in the i-th sleep, afterwards nothing; the clock moves by the time asked for. */
const waiting = (w: World, rounds: readonly (() => unknown)[] = [], abortInRound?: number) => {
  const controller = new AbortController();
  let round = 0;
  let released = 0;
  const release = (): void => {
    released += 1;
  };
  const commands = commandsOn(w, {
    sleep: async (ms) => {
      w.clock.pass(ms);
      if (round === abortInRound) controller.abort();
      await rounds[round]?.();
      round += 1;
      if (round > 10_000) throw new Error("the command waits for ever");
    },
    interruption: () => ({ signal: controller.signal, release }),
  });
  return { ...commands, released: () => released };
};
const drained = (w: World) => () => w.worker().drain();
const NO_WORKER = /note: no worker runs for .*still waiting/;

describe("trader enqueue --wait", () => {
  test("done: the end is printed, exit 0; that no worker runs was said at once", async () => {
    const w = world([handler("fetch", () => done)]);
    const { trader, err, released } = waiting(w, [drained(w)]);
    expect(await trader("enqueue", "fetch", "{}", "--key", "k", "--wait")).toBe("job 1 fetch k: done after 100 ms");
    expect(err).toEqual([`job 1 fetch k: ready, in ${w.dir} (no mode yet)`, expect.stringMatching(NO_WORKER)]);
    expect(released()).toBe(1);
  });

  test("a worker that holds the folder is not missed", async () => {
    const w = world([handler("fetch", () => done)]);
    const unlock = lockFolder(w.dir);
    const { trader, err } = waiting(w, [drained(w)]);
    await trader("enqueue", "fetch", "{}", "--wait");
    unlock();
    expect(err.join("\n")).not.toMatch(NO_WORKER);
  });

  test("stopped on purpose is done too, with its reason; --json is one object", async () => {
    const w = world([handler("fetch", (): Outcome => ({ kind: "stop", reason: "the venue sleeps" }))]);
    const { trader } = waiting(w, [drained(w), drained(w)]);
    expect(JSON.parse(await trader("enqueue", "fetch", "{}", "--wait", "60", "--json"))).toEqual({
      id: 1,
      created: true,
      state: "done",
      ended: true,
      attempts: 1,
      reason: "the venue sleeps",
      error: null,
      waitedMs: 100,
    });
    expect(await trader("enqueue", "fetch", "{}", "--wait", "60")).toMatch(/done after .*: the venue sleeps$/);
  });

  test("dead: exit 1 with the error and what to do; failed attempts were reported meanwhile", async () => {
    const w = world([
      handler("broken", () => {
        throw new AppError("retry", "HTTP_503", "the venue is busy");
      }),
    ]);
    const later = () => {
      w.clock.pass(HOUR_MS);
      return w.worker().drain();
    };
    const { trader, err, out } = waiting(w, [drained(w), later, later]);
    await expect(trader("enqueue", "broken", "{}", "--key", "k", "--wait", "--json")).rejects.toMatchObject({
      code: "JOB_DEAD",
      message: expect.stringMatching(
        /^job 1 broken k: dead after 3 of 3 attempts: HTTP_503: the venue is busy; see trader jobs show 1, .* trader jobs retry 1$/,
      ),
    });
    expect(JSON.parse(out.at(-1)!)).toMatchObject({ state: "dead", ended: true, error: { code: "HTTP_503" } });
    expect(err.filter((line) => line.includes("failed attempt"))).toEqual([
      expect.stringMatching(
        /^job 1 failed attempt 1 of 3 \(HTTP_503: the venue is busy\); the next at 2026-11-02 09:00:0/,
      ),
      expect.stringMatching(/^job 1 failed attempt 2 of 3/),
    ]);
  });

  test.each([
    ["cancelled", "JOB_CANCELLED", (w: World) => w.store.cancel(1, "somebody"), /cancelled by somebody/],
    [
      "expired",
      "JOB_EXPIRED",
      (w: World) => {
        w.db.sql.prepare("UPDATE jobs SET expires_at_ms = run_at_ms + 1").run();
        return w.worker().drain();
      },
      /did not start before its time was over/,
    ],
  ] as const)("%s: exit 1 and says so", async (_state, code, end, message) => {
    const w = world([handler("fetch", () => done)]);
    await expect(waiting(w, [() => end(w)]).trader("enqueue", "fetch", "{}", "--wait")).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test("timeout: exit 1, the job stays; snoozed and parked were reported once each", async () => {
    let look = 0;
    const w = world([
      handler("ask", (): Outcome => {
        look += 1;
        return look === 1
          ? { kind: "snooze", untilMs: epochMs(w.clock.systemMs + 500), reason: "the candle is not there" }
          : { kind: "park", deadlineMs: epochMs(T0 + HOUR_MS) };
      }),
    ]);
    const { trader, err } = waiting(
      w,
      Array.from({ length: 20 }, () => drained(w)),
    );
    await expect(trader("enqueue", "ask", "{}", "--key", "k", "--wait", "2")).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message:
        "job 1 ask k: not ended after 2.0 s; it is parked and stays in the queue (see trader jobs show 1; trader jobs cancel 1 ends it)",
    });
    expect(err.slice(2)).toEqual([
      "job 1 is snoozed until 2026-11-02 09:00:00 JST: the candle is not there",
      "job 1 is parked: a person decides, at the latest the deadline 2026-11-02 10:00:00 JST",
    ]);
    expect(w.store.show(1).job.state).toBe("parked");
  });

  test("Ctrl+C leaves the job alone", async () => {
    const w = world([handler("fetch", () => done)]);
    const { trader, released } = waiting(w, [], 3);
    await expect(trader("enqueue", "fetch", "{}", "--wait")).rejects.toMatchObject({
      code: "WAIT_INTERRUPTED",
      message: expect.stringContaining("it is ready and stays in the queue"),
    });
    expect(w.store.show(1).job.state).toBe("ready");
    expect(released()).toBe(1);
  });

  test("an entry under a halt shows what it waits for; a later time is reported", async () => {
    const w = world([handler("enter", () => done, { risk: "adding" })]);
    w.db.transaction((tx) => tx.halts.raise({ kind: "stop", reason: "owner", atMs: T0 }));
    const { trader, err } = waiting(w);
    await expect(trader("enqueue", "enter", "{}", "--wait", "1")).rejects.toMatchObject({ code: "WAIT_TIMEOUT" });
    expect(err).toContain("job 1 waits: entries are halted (stop: owner)");
    w.db.transaction((tx) => tx.halts.clear("stop", "test", T0));
    const at = ["--at", "2026-11-02T06:00:00Z"];
    await expect(trader("enqueue", "enter", "{}", "--wait", "1", ...at)).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
    });
    expect(err).toContain("job 2 waits for its time, 2026-11-02 15:00:00 JST");
  });

  test("a job that was there already is waited for as well", async () => {
    const w = world([handler("fetch", () => done)]);
    w.store.enqueue({ name: "fetch", key: "k", input: {} });
    const { trader, err } = waiting(w, [drained(w)]);
    expect(await trader("enqueue", "fetch", "{}", "--key", "k", "--wait")).toBe("job 1 fetch k: done after 100 ms");
    expect(err[0]).toBe(`job 1 fetch k: was there already in ${w.dir} (no mode yet), nothing was changed`);
  });

  test("as the command: the time runs out with exit 1, one clear error, and the job is there", async () => {
    const dir = tempFolder();
    const args = ["enqueue", "reconcile", "{}", "--key", "k", "--wait", "0.2", "--var", dir, "--json"];
    const ended = await traderHere(args);
    expect(ended.code).toBe(1);
    expect(lastJson(ended)).toMatchObject({ id: 1, created: true, state: "ready", ended: false });
    expect(ended.stderr).toMatch(/no worker runs[^\n]*\ntrader: WAIT_TIMEOUT: job 1 reconcile k: not ended/);
    expect(process.listenerCount("SIGINT")).toBe(interrupts);
  });
});
