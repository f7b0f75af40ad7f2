// When a trade ends, and when the stop of its second half moves to the entry price.
import { afterEach, describe, expect, test } from "vitest";
import { closeIfFlat } from "../../../handlers/book/tradeEnd.ts";
import { toNumber } from "../../../lib/core/money.ts";
import type { EpochMs } from "../../../lib/core/time.ts";
import { World } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());

describe("a flat trade", () => {
  /** A trade that was stopped out, set back to open, with one fact changed. */
  const flat = async (change: string): Promise<World> => {
    world = new World({ btc: (s) => s.to(9_998_000, 2).to(9_940_000, 10).flat(30) });
    const w = world;
    w.approve();
    await w.runToEnd();
    expect(w.trade().status).toBe("closed");
    w.db.sql.exec(
      "UPDATE trades SET status = 'open', closed_ms = NULL, exit_time = NULL, exit_reason = NULL, pnl_amount = NULL, pnl_percent = NULL",
    );
    w.db.sql.exec(change);
    return w;
  };
  const ends = (w: World): boolean => {
    const by = {
      atMs: w.nowMs,
      actor: "test",
      trade: w.trade(),
      timeStopHours: 4,
      locale: "en",
      ourTime: (ms: EpochMs) => ms,
    } as const;
    return w.db.transaction((tx) => closeIfFlat(tx, by));
  };

  test("truth 22: ends", async () => {
    const w = await flat("SELECT 1");
    expect(ends(w)).toBe(true);
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
  });
  test.each([
    ["while its entry works, also between two quotes", "UPDATE trades SET entry_ended_ms = NULL"],
    [
      "while an order of it is or may be at the venue",
      "UPDATE orders SET state = 'unknown', closed_ms = NULL, venue_order_id = NULL WHERE id = (SELECT max(id) FROM orders)",
    ],
    ["while a position of it is open", "UPDATE positions SET open_e8 = 1, closed_ms = NULL"],
  ])("truth 22: does not end %s", async (_, change) => {
    const w = await flat(change);
    expect(ends(w)).toBe(false);
    expect(w.trade().status).toBe("open");
  });
});

describe("the second half's stop", () => {
  const stopOfSecondHalf = (w: World): number => {
    const leg = w.db.read.tradeLegs.ofTrade(1).find((l) => l.target === 2);
    return toNumber(leg!.stop);
  };
  test.each([
    ["long", 9_998_000, 10_030_600, 9_949_503],
    ["short", 10_002_000, 9_969_400, 10_050_503],
  ] as const)(
    "truth 22: of a %s stays while TP1 is filled in part, and moves to the entry price once it is filled whole",
    async (direction, entry, target, stop) => {
      // At the target there is little to trade: the first order fills in part and leaves after its rest.
      world = new World({
        btc: (s) => s.to(entry, 2, 100).flat(1).to(target, 1, 0.008).to(entry, 1).flat(5).to(target, 3).flat(5),
        venue: { partialFills: true },
      });
      const w = world;
      w.approve({ direction, size: "0.01", stop });
      const first = () => w.db.read.tradeLegs.ofTrade(1).find((l) => l.target === 1);
      await w.runUntil((w.nowMs + 10 * 60_000) as typeof w.nowMs, () =>
        w.db.read.executions.ofTrade(1).some((e) => e.exitReason === "tp1"),
      );
      expect(first()!.open).toBeGreaterThan(0n);
      expect(first()!.open).toBeLessThan(first()!.size);
      expect(stopOfSecondHalf(w)).toBe(stop);
      await w.runUntil((w.nowMs + 30 * 60_000) as typeof w.nowMs, () => first()!.open === 0n);
      expect(first()!.open).toBe(0n);
      expect(stopOfSecondHalf(w)).toBe(direction === "long" ? 9_999_500 : 10_000_500);
    },
  );
});
