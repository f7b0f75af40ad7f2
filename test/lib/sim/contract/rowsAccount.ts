// Statements about the account: spot against leverage, margin, assets, volumes, histories. Sections 5 and 6 of the
// reference.
import { expect } from "vitest";
import { formatE8, yen } from "../../../../lib/core/money.ts";
import { epochMs, isoUtc } from "../../../../lib/core/time.ts";
import { accepted, at, codeOf, coins, orderOf, PRICE, type Row, row } from "./world.ts";

export const ACCOUNT_ROWS: readonly Row[] = [
  row("5", "D", "an order on a _JPY symbol always opens: BUY and SELL coexist as a hedge", async (w) => {
    await w.position("BUY");
    await w.position("SELL");
    expect((await w.api.openPositions("BTC_JPY")).map(({ side }) => side).toSorted()).toEqual(["BUY", "SELL"]);
  }),
  row("5", "D", "losscutPrice is not allowed on spot: ERR-5118", async (w) => {
    const price = at(-10_000);
    expect(codeOf(await w.api.order(orderOf({ symbol: "BTC", price, losscutPrice: at(-100_000) })))).toBe("ERR-5118");
  }),
  row(
    "5",
    "D",
    "SOK exists on BTC_JPY and on spot, not on ETH_JPY",
    async (w) => {
      const eth = { symbol: "ETH_JPY", timeInForce: "SOK", price: yen(490_000), size: coins("0.01") } as const;
      expect((await w.api.order(orderOf(eth))).kind).toBe("refused");
      expect(await w.order({ timeInForce: "SOK", price: at(-10_000) })).toMatch(/^\d+$/);
      expect(await w.order({ symbol: "BTC", timeInForce: "SOK", price: at(-100_000) })).toMatch(/^\d+$/);
    },
    { eth: true },
  ),
  row("5", "D", "spot fees are taker and maker of /v1/symbols, in JPY, positive is paid", async (w) => {
    const id = await w.order({ symbol: "BTC" });
    const executions = await w.api.executions(id);
    expect(executions.every(({ fee, positionId }) => fee > 0n && positionId === undefined)).toBe(true);
    const btc = (await w.api.assets()).find(({ symbol }) => symbol === "BTC");
    expect(btc).toMatchObject({ amount: coins("0.01"), available: coins("0.01") });
  }),
  row("5.1", "D", "required margin is half of the notional (leverage 2)", async (w) => {
    const before = await w.api.margin();
    const position = await w.position("BUY", coins("0.001"));
    const after = await w.api.margin();
    expect([before.used, after.used]).toEqual([0n, (position.price * position.size) / 2n / 100_000_000n]);
    await w.api.openPositions("BTC_JPY");
    expect(w.last.json.data.list[0].leverage).toBe("2");
  }),
  row(
    "5.1",
    "D",
    "loss-cut price by default: entry x 0.75 for longs (up to the tick), entry x 1.25 for shorts",
    async (w) => {
      const [long, short] = [await w.position("BUY"), await w.position("SELL")];
      const [entryLong, entryShort] = [Number(formatE8(long.price)), Number(formatE8(short.price))];
      expect(long.losscutPrice).toBe(yen(Math.ceil(entryLong * 0.75)));
      expect(Math.abs(Number(formatE8(short.losscutPrice!)) - entryShort * 1.25)).toBeLessThan(1);
    },
  ),
  row(
    "5.1",
    "D",
    "0.04 % a day on every position held across 06:00 JST, long and short alike",
    async (w) => {
      await w.position("BUY");
      await w.position("SELL");
      const before = w.venue.server.simulator.account().cash;
      w.venue.advance(21 * 3_600);
      const fee = before - w.venue.server.simulator.account().cash;
      // 10,000,000 x 0.001 x 0.0004 = 4 yen each.
      expect(fee).toBe(yen(8));
    },
    { btc: (s) => s.flat(1_500) },
  ),
  row(
    "5.1",
    "D",
    "a loss cut closes the position and costs 0.5 % of its entry",
    async (w) => {
      await w.position("BUY");
      w.venue.advance(600);
      expect(await w.api.openPositions("BTC_JPY")).toEqual([]);
      const [cut] = await w.api.latestExecutions("BTC_JPY");
      expect(cut).toMatchObject({ side: "SELL" });
      expect(Number(formatE8(cut!.fee))).toBeGreaterThanOrEqual(50);
      expect((await w.shown(cut!.orderId)).orderType).toBe("LOSSCUT");
    },
    { btc: (s) => s.to(7_000_000, 5).flat(30) },
  ),
  row("5.1", "D", "5 BTC per order: ERR-5126 beyond", async (w) => {
    expect(codeOf(await w.api.order(orderOf({ size: coins("5.001") })))).toBe("ERR-5126");
  }),

  row("6.1", "D", "margin: equity, available, used, profit; marginCallStatus NORMAL", async (w) => {
    await w.position();
    expect(await w.api.margin()).toMatchObject({ callStatus: "NORMAL" });
    expect(Object.keys(w.last.json.data)).toEqual(
      expect.arrayContaining([
        ...["actualProfitLoss", "availableAmount", "margin", "marginCallStatus", "profitLoss", "transferableAmount"],
      ]),
    );
  }),
  row("6.2", "D", "assets: amount and available as strings; a resting BUY locks yen", async (w) => {
    await w.order({ symbol: "BTC", price: at(-1_000_000) });
    const jpy = (await w.api.assets()).find(({ symbol }) => symbol === "JPY")!;
    expect(jpy.amount).toBe(yen(1_000_000));
    expect(jpy.available).toBeLessThanOrEqual(yen(1_000_000 - 90_000));
    expect(w.last.json.data.every((asset: object) => Object.values(asset).every((v) => typeof v === "string"))).toBe(
      true,
    );
  }),
  row("6.3", "D", "tradingVolume: tierLevel is a number, leverage rows carry todayLimitOpenSize only", async (w) => {
    await w.api.tradingVolume();
    const { tierLevel, limit } = w.last.json.data;
    expect(tierLevel).toBe(1);
    for (const line of limit) {
      const isMargin = /[/_]JPY$/.test(line.symbol);
      expect([line.symbol, "todayLimitOpenSize" in line, "todayLimitBuySize" in line]).toEqual([
        line.symbol,
        isMargin,
        !isMargin,
      ]);
    }
  }),
  row("6.4", "D", "a history window over 30 minutes is ERR-846, 30 minutes are not", async (w) => {
    const window = (minutes: number): string =>
      `fromTimestamp=${isoUtc(epochMs(1_751_328_000_000))}&toTimestamp=${isoUtc(epochMs(1_751_328_000_000 + minutes * 60_000))}`;
    expect((await w.venue.get("/v1/account/fiatDeposit/history", window(31))).code).toBe("ERR-846");
    expect((await w.venue.get("/v1/account/fiatDeposit/history", window(30))).json.status).toBe(0);
    expect(await w.api.fiatWithdrawals({ fromMs: epochMs(1_751_328_000_000) })).toEqual([]);
  }),
  row("6.4", "D", "the path is deposit/history; depositHistory is HTTP 404 ERR-5204", async (w) => {
    expect(await w.api.deposits("BTC", { fromMs: epochMs(1_751_328_000_000) })).toEqual([]);
    const wrong = await w.venue.get("/v1/account/depositHistory", "symbol=BTC");
    expect([wrong.http, wrong.code]).toEqual([404, "ERR-5204"]);
  }),
  row(
    "6.4",
    "D",
    "exchange fees of the days: the leverage fee is among them",
    async (w) => {
      await w.position();
      w.venue.advance(22 * 3_600);
      const fees = await w.api.exchangeFees({ fromDate: "20250701", toDate: "20250703" });
      expect(fees.length).toBe(1);
      expect(JSON.stringify(w.last.json.data)).toContain("LEVERAGE_FEE");
    },
    { btc: (s) => s.flat(1_500) },
  ),
  row("5.1", "D", "a position is closed by closeOrder at once: settlement is immediate", async (w) => {
    const { positionId, size } = await w.position();
    accepted(await w.api.closeOrder({ ...orderOf({ side: "SELL", size }), positionId }));
    expect([(await w.api.openPositions("BTC_JPY")).length, (await w.api.margin()).used]).toEqual([0, 0n]);
    expect(PRICE).toBe(10_000_000);
  }),
];
