// Limits and the approval's time when things happen at the same moment: part fills, two taps, slow answers, a stop
// passed.
import { afterEach, describe, expect, test } from "vitest";
import { START_PRICE, World, type WorldOptions } from "../../sim/world.ts";

let world: World;
const start = (options: WorldOptions): World => {
  world = new World(options);
  return world;
};
afterEach(() => world.close());
const nothingBroken = async () => expect(await world.brokenPromises()).toEqual([]);
/** Yen at work in one symbol: what is held and what a resting entry may still become. */
const atWorkYen = (w: World, symbol: string, price: number): number =>
  (w.simulator
    .orders()
    .filter((o) => o.symbol === symbol && o.settleType === "OPEN" && ["WAITING", "ORDERED"].includes(o.status))
    .reduce((sum, o) => sum + Number(o.size - o.executedSize), 0) +
    w.simulator
      .positions()
      .filter((p) => p.symbol === symbol)
      .reduce((sum, p) => sum + Number(p.size), 0)) *
  1e-8 *
  price;

describe("10 % of equity, all trades together", () => {
  test("the rest of a part filled entry counts: it may still fill", async () => {
    const w = start({
      btc: (s) => s.to(9_998_000, 1, 0.001).gap(10_001_000).flat(60),
      eth: (s) => s.flat(60),
      venue: { partialFills: true },
    });
    w.approve({ size: "0.01" }); // 100,000 yen, the whole of it
    await w.advance(1);
    expect(w.trade().status).toBe("open");
    expect(w.trade().positionSize).toBeLessThan(0.009);
    w.approve({ symbol: "ETH_JPY", size: "0.2" }); // another 100,000 yen
    await w.advance(1);
    expect(atWorkYen(w, "BTC_JPY", START_PRICE) + atWorkYen(w, "ETH_JPY", 500_000)).toBeLessThanOrEqual(100_500);
  });

  test("an entry that works at the far end of its band counts as dear as that", async () => {
    const w = start({ btc: (s) => s.flat(60) });
    const p = w.approve({ size: "0.004" });
    await w.advance(1);
    expect(w.db.read.risk.workingNotional()).toBe((p.bandHigh * p.size) / 100_000_000n);
  });

  test.each([1, 4])(
    "two symbols approved at the same moment (%d at once): one of them trades, never both",
    async (concurrency) => {
      const w = start({ btc: (s) => s.flat(60), eth: (s) => s.flat(60), concurrency });
      w.approve({ size: "0.01" });
      w.approve({ symbol: "ETH_JPY", size: "0.2" });
      await w.advance(1);
      expect(w.simulator.orders().length).toBe(1);
      await w.runToEnd();
      await nothingBroken();
    },
  );
});

describe("3 trades a day", () => {
  test.each([1, 4])(
    "the last one of the day, approved for two symbols at once (%d): one of them",
    async (concurrency) => {
      const w = start({
        btc: (s) => s.flat(60),
        eth: (s) => s.flat(60),
        concurrency,
        config: { MAX_DAILY_TRADES: "1" },
      });
      w.approve();
      w.approve({ symbol: "ETH_JPY", size: "0.04" });
      await w.advance(1);
      expect(w.simulator.orders().length).toBe(1);
      await w.runToEnd();
      await nothingBroken();
    },
  );
});

describe("an approval", () => {
  test("that ends while the venue is slow to answer the last check sends nothing", async () => {
    const w = start({
      btc: (s) => s.flat(60),
      onRequest: (it, what) => {
        if (what === "GET /v1/openPositions" && it.db.read.trades.alive().length > 0) it.pass(3_000);
      },
    });
    w.approve({ validMinutes: 5 / 60 });
    await w.runToEnd();
    expect(w.requests.filter((r) => r === "POST /v1/order")).toEqual([]);
    expect(w.trade()).toMatchObject({ status: "cancelled", cancelReason: expect.stringContaining("time is over") });
    await nothingBroken();
  });

  test.each([
    ["long", 9_997_000, 9_999_000],
    ["short", 10_003_000, 10_001_000],
  ] as const)(
    "of a %s whose stop the price has passed inside the band buys nothing",
    async (direction, price, stop) => {
      const w = start({ btc: (s) => s.gap(price).flat(60) });
      await w.advance(0.01);
      w.approve({ direction, stop, entry: START_PRICE });
      await w.runToEnd();
      expect(w.requests.filter((r) => r === "POST /v1/order")).toEqual([]);
    },
  );
});
