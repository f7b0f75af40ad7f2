// Which halts the agreement of venue and book ends, and which it must not end; and what each full run records.
import { afterEach, describe, expect, test } from "vitest";
import type { HaltKind } from "../../../lib/core/haltKinds.ts";
import { yen } from "../../../lib/core/money.ts";
import { epochMs, jstDayStart } from "../../../lib/core/time.ts";
import { World } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());
const quiet = (): World => {
  world = new World({ btc: (s) => s.flat(60) });
  return world;
};
const reconcile = async (w: World, key: string): Promise<void> => {
  w.enqueue({ name: "reconcile", key, input: {} });
  await w.drain();
};
/** Ended by agreement: what they stand for is that book and venue may disagree. */
const ENDED: readonly HaltKind[] = ["mismatch", "doubt", "failureHandling", "quarantine", "unanswered"];
/** Ended by the owner, by time, or by what they stand for. */
const KEPT: readonly HaltKind[] = ["pause", "stop", "panic", "loss-day", "loss-week", "loss-month", "api", "bare"];

test.each([...ENDED.map((kind) => [kind, true] as const), ...KEPT.map((kind) => [kind, false] as const)])(
  "truth 22: agreement of venue and book ends the halt %s: %s",
  async (kind, ends) => {
    const w = quiet();
    w.halt(kind);
    await reconcile(w, "r1");
    expect(w.db.read.halts.active(w.nowMs).map((h) => h.kind)).toEqual(ends ? [] : [kind]);
  },
);

describe("truth 22: a full run", () => {
  test("records the equity of a JST day that has none, once", async () => {
    const w = quiet();
    await reconcile(w, "r1");
    const points = () => w.db.read.equity.range(epochMs(0), epochMs(w.nowMs + 1));
    expect(points()).toEqual([{ atMs: w.nowMs, equity: yen(1_000_000), unrealised: 0n }]);
    await w.advance(1);
    await reconcile(w, "r2");
    expect(points()).toHaveLength(1);
  });
  test("does not count the last point of the day before as today's", async () => {
    const w = quiet();
    const midnight = jstDayStart(w.nowMs);
    w.db.transaction((tx) => tx.equity.record(epochMs(midnight - 1), yen(1_000_000)));
    await reconcile(w, "r1");
    expect(w.db.read.equity.latest()?.atMs).toBe(w.nowMs);
  });
  test("counts a point of the day's first millisecond as today's", async () => {
    const w = quiet();
    const midnight = jstDayStart(w.nowMs);
    w.db.transaction((tx) => tx.equity.record(midnight, yen(1_000_000)));
    await reconcile(w, "r1");
    expect(w.db.read.equity.latest()?.atMs).toBe(midnight);
  });
  test("checks the loss limits", async () => {
    const w = quiet();
    w.db.transaction((tx) => tx.equity.record(jstDayStart(w.nowMs), yen(1_050_000)));
    await reconcile(w, "r1");
    expect(w.db.read.halts.active(w.nowMs).map((h) => h.kind)).toContain("loss-day");
  });
});
