// Statements about envelopes, status codes, rate limits, public data, time and the archive: sections 1 to 4, 12, 13 and
// 17 of the reference.
import { expect } from "vitest";
import { parseE8 } from "../../../../lib/core/money.ts";
import { MINUTE_MS, parseInstant } from "../../../../lib/core/time.ts";
import { realClock } from "../../../../lib/io/clock.ts";
import { fetchArchivedDay } from "../../../../lib/io/gmo/archive.ts";
import type { Script } from "../../../sim/script.ts";
import { at, codeOf, coins, failureOf, orderOf, PRICE, type Row, row } from "./world.ts";

const CLOSED = { faults: { closures: [{ kind: "maintenance", fromMs: 0, untilMs: 60_000 }] } };
const RISING = { btc: (s: Script) => s.to(PRICE + 60_000, 60).flat(30) };

export const PUBLIC_ROWS: readonly Row[] = [
  row(
    "1.1",
    "DM",
    "success: status 0, data, responsetime in ISO-8601 with milliseconds and Z",
    async ({ api, ...w }) => {
      await api.symbols();
      expect(w.wire.at(-1)!.json.status).toBe(0);
      expect(w.wire.at(-1)!.json.responsetime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    },
  ),
  row("1.1", "D", "success without payload: data is absent", async (w) => {
    const id = await w.order({ price: at(-10_000) });
    expect(codeOf(await w.api.cancelOrder(id))).toBe("accepted");
    expect(w.last.json).not.toHaveProperty("data");
  }),
  row("1.1", "DM", "failure: data absent, messages present with code and text", async (w) => {
    expect(codeOf(await w.api.order(orderOf({ symbol: "ZZZ_INVALID" })))).toBe("ERR-5106");
    expect(w.last.json).not.toHaveProperty("data");
    expect(w.last.json.messages).toEqual([
      { message_code: "ERR-5106", message_string: "Invalid request parameter. symbol" },
    ]);
  }),
  row("1.2", "M", "status 1: rejected; HTTP 200", async (w) => {
    await w.api.cancelOrder("1");
    expect([w.last.reply.httpStatus, w.last.json.status]).toEqual([200, 1]);
  }),
  row("1.2", "M", "status 2: not found, ERR-5207", async (w) => {
    expect(await failureOf(w.api.ticker("ZZZ"))).toBe("ERR-5207");
    expect(w.last.json.status).toBe(2);
  }),
  row(
    "1.2",
    "M",
    'status 4: rate limit, ERR-5003 "Requests are too many."',
    async (w) => {
      expect(await failureOf(w.api.ticker("BTC_JPY"))).toBe("no failure");
      expect(await failureOf(w.api.ticker("BTC_JPY"))).toBe("ERR-5003");
      expect([w.last.json.status, w.last.json.messages[0].message_string]).toEqual([4, "Requests are too many."]);
    },
    { server: { publicPerSecond: 1 } },
  ),
  row(
    "1.2",
    "M",
    'status 5: maintenance, ERR-5201 "MAINTENANCE. Please wait for a while"',
    async (w) => {
      expect(await failureOf(w.api.symbols())).toBe("ERR-5201");
      expect([w.last.json.status, w.last.json.messages[0].message_string]).toEqual([
        5,
        "MAINTENANCE. Please wait for a while",
      ]);
    },
    CLOSED,
  ),
  row("1.3", "DM", "unknown symbol or bad kline arguments: HTTP 404 with a normal JSON error body", async (w) => {
    expect(await failureOf(w.api.orderBook("ZZZ"))).toBe("ERR-5207");
    expect(w.last.reply.httpStatus).toBe(404);
    expect(await w.api.klines("BTC_JPY", "1min", "20200101")).toEqual([]);
    expect([w.last.reply.httpStatus, w.last.json.messages[0].message_code]).toEqual([404, "ERR-5207"]);
  }),
  row(
    "1.3",
    "M",
    "rate limiting is ERR-5003 with HTTP 200, never 429",
    async (w) => {
      await failureOf(w.api.ticker("BTC_JPY"));
      await failureOf(w.api.ticker("BTC_JPY"));
      expect(new Set(w.wire.map(({ reply }) => reply.httpStatus))).toEqual(new Set([200]));
      expect(w.last.json.messages[0].message_code).toBe("ERR-5003");
    },
    { server: { publicPerSecond: 1 } },
  ),

  row("2", "DM", "query string is never part of the signed text", async (w) => {
    expect(await w.api.activeOrders("BTC_JPY")).toEqual([]);
    expect(w.last.request.query).toContain("symbol=BTC_JPY");
  }),
  row("2", "DM", "PUT and DELETE ws-auth send a body and do not sign it", async (w) => {
    const token = await w.api.issueToken();
    if (token.kind !== "accepted") throw new Error(token.code);
    expect(codeOf(await w.api.extendToken(token.value))).toBe("accepted");
    expect(w.last.request.body).toBe(JSON.stringify({ token: token.value }));
    expect(codeOf(await w.api.deleteToken(token.value))).toBe("accepted");
  }),
  row("2", "D", "ids in bodies are numbers, prices and sizes strings", async (w) => {
    await w.order({ price: at(-10_000) });
    expect(JSON.parse(w.last.request.body!)).toMatchObject({ price: "9990000", size: "0.01" });
    await w.api.cancelOrder("8800000001");
    expect(JSON.parse(w.last.request.body!)).toEqual({ orderId: 8_800_000_001 });
  }),
  row("2.1", "D", "no nonce: the same timestamp twice is accepted", async (w) => {
    const nowMs = realClock.nowMs();
    const api = w.apiWith({ clock: { nowMs: () => nowMs }, followVenueClock: false });
    await api.margin();
    await api.margin();
    expect(w.wire.map(({ request }) => request.headers["API-TIMESTAMP"])).toEqual([String(nowMs), String(nowMs)]);
  }),
  row(
    "2.3",
    "DM",
    "a missing permission is ERR-5012; opening and closing are separate",
    async (w) => {
      const { positionId, size } = await w.position();
      const close = await w.api.closeOrder({ ...orderOf({ side: "SELL", size }), positionId });
      expect([close.kind, codeOf(close)]).toEqual(["refused", "ERR-5012"]);
    },
    { server: { denied: ["/v1/closeOrder"] } },
  ),
  row("2.3", "M", "an invalid request shows the permission: any other error than ERR-5012", async (w) => {
    expect(codeOf(await w.api.order(orderOf({ symbol: "ZZZ_INVALID" })))).toBe("ERR-5106");
  }),

  row(
    "3",
    "DM",
    "tier 1: 20 GET and 20 POST a second per account, counted apart",
    async (w) => {
      for (let i = 0; i < 20; i++) await w.api.margin();
      expect(await failureOf(w.api.margin())).toBe("ERR-5003");
      for (let i = 0; i < 20; i++) expect(codeOf(await w.api.cancelOrder("1"))).toBe("ERR-151");
      const refused = await w.api.cancelOrder("1");
      expect(refused).toMatchObject({ kind: "refused", code: "ERR-5003", resend: "later" });
      w.venue.wall.advance(1_000);
      await w.api.margin();
    },
    { server: { privateLimit: "tier" } },
  ),
  row("3", "D", "the current tier is tradingVolume.tierLevel, a number", async (w) => {
    expect((await w.api.tradingVolume()).tier).toBe(1);
    expect(w.last.json.data.tierLevel).toBe(1);
  }),
  row(
    "4",
    "M",
    "the cache in front gives each URL the same answer for about a second; another dummy parameter passes it",
    async (w) => {
      const first = await w.api.ticker("BTC_JPY");
      w.venue.advance(0.9);
      expect(await w.api.ticker("BTC_JPY")).toEqual(first);
      expect((await w.venue.public("/v1/ticker?symbol=BTC_JPY&x=1")).json.data[0].timestamp).not.toBe(
        w.last.json.data[0].timestamp,
      );
      w.venue.advance(0.2);
      expect(await w.api.ticker("BTC_JPY")).not.toEqual(first);
    },
    { ...RISING, server: { publicCacheMs: 1_000 } },
  ),

  row(
    "4.1",
    "D",
    "status is MAINTENANCE, PREOPEN or OPEN",
    async (w) => {
      expect(await w.api.status()).toBe("MAINTENANCE");
      w.venue.advance(60);
      expect(await w.api.status()).toBe("PREOPEN");
      w.venue.advance(60);
      expect(await w.api.status()).toBe("OPEN");
    },
    {
      faults: {
        closures: [
          { kind: "maintenance", fromMs: 0, untilMs: 60_000 },
          { kind: "preopen", fromMs: 60_000, untilMs: 120_000 },
        ],
      },
    },
  ),
  row(
    "4.1",
    "M",
    "during maintenance this call may itself answer ERR-5201: maintenance, too",
    async (w) => {
      expect(await w.api.status()).toBe("MAINTENANCE");
      expect(w.last.json.messages[0].message_code).toBe("ERR-5201");
    },
    { ...CLOSED, venue: { statusInMaintenance: "refusal" } },
  ),
  row("4.2", "DM", "ticker data is always an array, also for one symbol; omitted: all symbols", async (w) => {
    await w.api.ticker("BTC_JPY");
    expect(w.last.json.data).toHaveLength(1);
    expect((await w.api.tickers()).map(({ symbol }) => symbol)).toEqual(["BTC", "BTC_JPY"]);
  }),
  row(
    "4.2",
    "D",
    "high and low are of the day; bid below ask; all numbers are strings",
    async (w) => {
      w.venue.advance(600);
      const ticker = await w.api.ticker("BTC_JPY");
      expect(ticker.low <= ticker.last && ticker.last <= ticker.high && ticker.bid < ticker.ask).toBe(true);
      const { timestamp, symbol, ...numbers } = w.last.json.data[0];
      expect(Object.values(numbers).every((value) => typeof value === "string")).toBe(true);
    },
    RISING,
  ),
  row("4.2", "M", "timestamp is a snapshot stamp: it moves on quiet symbols, too", async (w) => {
    const first = await w.api.ticker("BTC_JPY");
    w.venue.advance(5);
    expect((await w.api.ticker("BTC_JPY")).timestampMs).toBe(first.timestampMs + 5_000);
  }),
  row("4.3", "DM", "asks ascending, bids descending, at most 500 a side", async (w) => {
    const { asks, bids } = await w.api.orderBook("BTC_JPY");
    expect(asks.slice(1).every(({ price }, i) => price > asks[i]!.price)).toBe(true);
    expect(bids.slice(1).every(({ price }, i) => price < bids[i]!.price)).toBe(true);
    expect(Math.max(asks.length, bids.length)).toBeLessThanOrEqual(500);
    expect(bids[0]!.price < asks[0]!.price).toBe(true);
  }),
  row("4.3", "M", "timestamp is present on the wire", async (w) => {
    expect((await w.api.orderBook("BTC_JPY")).timestampMs).toBe(w.venue.server.simulator.nowMs());
  }),
  row(
    "4.4",
    "M",
    "each match yields a BUY and a SELL row, newest first",
    async (w) => {
      w.venue.advance(600);
      const trades = await w.api.trades("BTC_JPY");
      const times = trades.map(({ timestampMs }) => timestampMs);
      expect(times).toEqual(times.toSorted((a, b) => b - a));
      for (let i = 0; i < trades.length; i += 2) {
        const [one, two] = [trades[i]!, trades[i + 1]!];
        expect([one.side, two.side].toSorted()).toEqual(["BUY", "SELL"]);
        expect([one.price, one.size, one.timestampMs]).toEqual([two.price, two.size, two.timestampMs]);
      }
    },
    RISING,
  ),
  row(
    "4.4",
    "D",
    "page and count: default 1 and 100, which is the most",
    async (w) => {
      w.venue.advance(3_600);
      const [one, two] = [await w.api.trades("BTC_JPY"), await w.api.trades("BTC_JPY", 2)];
      expect([one.length, w.last.json.data.pagination]).toEqual([100, { currentPage: 2, count: 100 }]);
      expect(two[0]!.timestampMs).toBeLessThanOrEqual(one.at(-1)!.timestampMs);
      expect((await w.venue.public("/v1/trades?symbol=BTC_JPY&count=101")).code).toBe("ERR-5106");
    },
    RISING,
  ),
  row(
    "4.5",
    "D",
    "klines ascend by openTime, a string of milliseconds",
    async (w) => {
      w.venue.advance(600);
      const rows = await w.api.klines("BTC_JPY", "1min", "20250701");
      expect(rows.slice(1).every(({ openMs }, i) => openMs - rows[i]!.openMs === MINUTE_MS)).toBe(true);
      expect(w.last.json.data[0].openTime).toBe(String(parseInstant("2025-07-01T00:00:00Z")));
    },
    RISING,
  ),
  row(
    "4.5",
    "M",
    "date D is 06:00 JST of D to 05:59 JST of D+1; daily candles open at 21:00Z",
    async (w) => {
      w.venue.advance(22 * 3_600);
      const [first, second] = [
        await w.api.klines("BTC_JPY", "1hour", "20250701"),
        await w.api.klines("BTC_JPY", "1hour", "20250702"),
      ];
      expect(first.at(-1)!.openMs).toBe(parseInstant("2025-07-01T20:00:00Z"));
      expect(second[0]!.openMs).toBe(parseInstant("2025-07-01T21:00:00Z"));
      const days = await w.api.klines("BTC_JPY", "1day", "2025");
      expect(days.map(({ openMs }) => openMs)).toEqual([
        parseInstant("2025-06-30T21:00:00Z"),
        parseInstant("2025-07-01T21:00:00Z"),
      ]);
    },
    { btc: (s) => s.flat(1_500) },
  ),
  row("4.5", "DM", "YYYYMMDD for 1min to 1hour, YYYY from 4hour; the wrong form is ERR-5207", async (w) => {
    for (const [interval, date] of [
      ["1hour", "2025"],
      ["4hour", "20250701"],
      ["2hour", "20250701"],
    ])
      expect((await w.venue.public(`/v1/klines?symbol=BTC_JPY&interval=${interval}&date=${date}`)).code).toBe(
        "ERR-5207",
      );
    expect((await w.api.klines("BTC_JPY", "4hour", "2025")).length).toBe(1);
  }),
  row("4.5", "M", "a trading day that has not started is ERR-5207, not an empty list", async (w) => {
    expect(await w.api.klines("BTC_JPY", "1min", "20250702")).toEqual([]);
    expect(w.last.json.messages[0].message_code).toBe("ERR-5207");
  }),
  row(
    "4.5",
    "M",
    "minutes without trades have no candle",
    async (w) => {
      w.venue.advance(600);
      const rows = await w.api.klines("BTC_JPY", "1min", "20250701");
      const gaps = rows.slice(1).map(({ openMs }, i) => openMs - rows[i]!.openMs);
      expect(gaps.filter((ms) => ms > MINUTE_MS)).toEqual([3 * MINUTE_MS]);
    },
    { btc: (s) => s.flat(2).to(PRICE, 2, 0).flat(30) },
  ),
  row("4.6", "D", "symbols: seven string fields", async (w) => {
    await w.api.symbols();
    for (const fields of w.last.json.data) {
      expect(Object.keys(fields).toSorted()).toEqual(
        ["makerFee", "maxOrderSize", "minOrderSize", "sizeStep", "symbol", "takerFee", "tickSize"].toSorted(),
      );
      expect(Object.values(fields).every((value) => typeof value === "string")).toBe(true);
    }
  }),
  row("4.6", "M", "live values of BTC and BTC_JPY", async (w) => {
    const rows = new Map((await w.api.symbols()).map((rules) => [rules.symbol, rules]));
    expect(rows.get("BTC_JPY")).toMatchObject({
      minSize: coins("0.001"),
      maxSize: coins("5"),
      takerFee: 0n,
      makerFee: 0n,
    });
    expect(rows.get("BTC")).toMatchObject({
      minSize: coins("0.00001"),
      takerFee: parseE8("0.0005"),
      makerFee: parseE8("-0.0001"),
    });
  }),

  row(
    "12",
    "D",
    "pre-open: orders and changes are ERR-5203, cancels work; resting orders are still there",
    async (w) => {
      const id = await w.order({ price: at(-10_000) });
      w.venue.advance(60);
      expect(codeOf(await w.api.order(orderOf()))).toBe("ERR-5203");
      expect(codeOf(await w.api.changeOrder({ orderId: id, price: at(-11_000) }))).toBe("ERR-5203");
      expect((await w.api.activeOrders("BTC_JPY")).map(({ orderId }) => orderId)).toEqual([id]);
      expect(codeOf(await w.api.cancelOrder(id))).toBe("accepted");
    },
    { faults: { closures: [{ kind: "preopen", fromMs: 60_000, untilMs: 120_000 }] } },
  ),
  row(
    "12",
    "D",
    "emergency maintenance: ERR-5202, any time, on everything private",
    async (w) => {
      expect(codeOf(await w.api.order(orderOf()))).toBe("ERR-5202");
      expect(await failureOf(w.api.margin())).toBe("ERR-5202");
      expect(codeOf(await w.api.issueToken())).toBe("ERR-5202");
    },
    { faults: { closures: [{ kind: "emergency", fromMs: 0, untilMs: 60_000 }] } },
  ),
  row(
    "13",
    "M",
    "archive: header, order, gzip, UTC times, the trading day from 21:00 UTC, one row per match",
    async (w) => {
      expect(await fetchArchivedDay(w.http, "BTC_JPY", "20250701")).toEqual({ kind: "absent", httpStatus: 403 });
      w.venue.advance(21 * 3_600);
      const day = await fetchArchivedDay(w.http, "BTC_JPY", "20250701");
      if (day.kind !== "trades") throw new Error(`HTTP ${day.httpStatus}`);
      expect(day.trades[0]).toMatchObject({ timestampMs: parseInstant("2025-07-01T00:00:00Z"), price: at(0) });
      const [daily] = await w.api.klines("BTC_JPY", "1day", "2025");
      expect([Number(day.trades[0]!.price) / 1e8, Number(day.trades.at(-1)!.price) / 1e8]).toEqual([
        daily!.open,
        daily!.close,
      ]);
      expect(await fetchArchivedDay(w.http, "BTC_JPY", "20240701")).toEqual({ kind: "absent", httpStatus: 404 });
    },
    { btc: (s) => s.to(PRICE + 60_000, 60).flat(1_400) },
  ),
];
