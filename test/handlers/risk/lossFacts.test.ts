// What a loss limit is judged by: the booked results and withdrawals since the period's base, and until when its halt
// lasts.
import { afterEach, describe, expect, test } from "vitest";
import { lossFacts } from "../../../handlers/risk/lossLimits.ts";
import { toNumber, yen, yenE8 } from "../../../lib/core/money.ts";
import { epochMs, jstDayStart, MINUTE_MS, parseInstant } from "../../../lib/core/time.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());
const begin = (options: Partial<WorldOptions>): World => {
  world = new World({ btc: (s) => s.to(9_998_000, 2).to(9_940_000, 10).flat(600), ...options });
  return world;
};

describe("truth 22: booked since the period's base", () => {
  /** A trade that lost, after a base with this open P&L. */
  const lost = async (unrealised: number): Promise<World> => {
    const w = begin({});
    w.db.transaction((tx) => tx.equity.record(jstDayStart(w.nowMs), yen(1_000_000), yen(unrealised)));
    w.approve();
    await w.runToEnd();
    expect(w.trade().pnlAmount).toBeLessThan(-190);
    return w;
  };
  const account = { equity: yen(1_000_000), unrealised: yen(0) };

  test("are its executions, less the open P&L that it began with", async () => {
    const w = await lost(150);
    const { booked } = lossFacts(w.db.read, account, w.nowMs);
    for (const period of ["day", "week", "month"] as const)
      expect(toNumber(booked![period].result)).toBeCloseTo(w.trade().pnlAmount! - 150, 6);
  });
  test("an open loss that it began with is not lost again", async () => {
    const w = await lost(-150);
    const { booked } = lossFacts(w.db.read, account, w.nowMs);
    expect(toNumber(booked!.day.result)).toBeCloseTo(w.trade().pnlAmount! + 150, 6);
  });
  test("are the owner's withdrawals, from the base on and before the end asked for", async () => {
    const w = await lost(0);
    const base = jstDayStart(w.nowMs);
    w.db.transaction((tx) => {
      tx.payments.add("before", epochMs(base - 1), yen(1));
      tx.payments.add("at", base, yen(20));
      tx.payments.add("since", w.nowMs, yen(300));
      tx.payments.add("after", epochMs(w.nowMs + MINUTE_MS), yen(4_000));
    });
    const until = lossFacts(w.db.read, account, w.nowMs, w.nowMs + 1);
    expect(until.booked?.day.paidOut).toBe(yen(320));
    expect(lossFacts(w.db.read, account, w.nowMs).booked?.day.paidOut).toBe(yen(4_320));
  });
  test("are nothing before the first base", () => {
    const w = begin({});
    const nothing = { result: yenE8(0n), paidOut: yenE8(0n) };
    expect(lossFacts(w.db.read, account, w.nowMs).booked).toEqual({ day: nothing, week: nothing, month: nothing });
  });
});

test("truth 22: the halt of a day, a week and a month lasts to the end of its own period", async () => {
  const w = begin({
    config: { MAX_DAILY_LOSS_PCT: "0.0001", MAX_WEEKLY_LOSS_PCT: "0.0001", MAX_MONTHLY_LOSS_PCT: "0.0001" },
  });
  w.db.transaction((tx) => tx.equity.record(jstDayStart(w.nowMs), yen(1_000_000)));
  w.approve();
  await w.runToEnd();
  w.enqueue({ name: "reconcile", key: "loss", input: {} });
  await w.drain();
  const untilMs = new Map(w.db.read.halts.active(w.nowMs).map((h) => [h.kind, h.untilMs]));
  // 1 July 2025 is a Tuesday: the week ends with Sunday, Japanese time.
  expect(untilMs).toEqual(
    new Map([
      ["loss-day", parseInstant("2025-07-01T15:00:00Z")],
      ["loss-week", parseInstant("2025-07-06T15:00:00Z")],
      ["loss-month", parseInstant("2025-07-31T15:00:00Z")],
    ]),
  );
});

test("truth 22: a booked loss halts though a deposit hides it from the equity", async () => {
  const w = begin({ config: { MAX_DAILY_LOSS_PCT: "0.0001" } });
  // The base is as large as what the account will hold: the loss shows in our own executions alone.
  w.db.transaction((tx) => tx.equity.record(jstDayStart(w.nowMs), yen(999_000)));
  w.approve();
  await w.runToEnd();
  w.enqueue({ name: "reconcile", key: "loss", input: {} });
  await w.drain();
  expect(w.db.read.halts.active(w.nowMs).map((h) => h.kind)).toContain("loss-day");
});
