// Row 3 of issue 12: the venue's later version of a candle outranks what was stored, and a moving list of trades is
// counted once.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { collectHistory } from "../../../handlers/collectHistory.ts";
import { computeFeatures } from "../../../handlers/computeFeatures.ts";
import { fetchMarket } from "../../../handlers/fetchMarket.ts";
import { tradesSince } from "../../../handlers/market/tradePages.ts";
import { predict } from "../../../handlers/predict.ts";
import { whyAnswer } from "../../../handlers/telegram/answers/signals.ts";
import { defaultConfig } from "../../../lib/core/config.ts";
import { parseCoin, yen } from "../../../lib/core/money.ts";
import { BAR_MS, epochMs, MINUTE_MS, parseInstant, SECOND_MS } from "../../../lib/core/time.ts";
import type { PublicTrade } from "../../../lib/core/venue.ts";
import { bars, type Stage, stage } from "../../sim/stage.ts";

const SYMBOL = "BTC_JPY";
const CLOSE = parseInstant("2025-08-12T03:00:00Z");
const BAR = epochMs(CLOSE - BAR_MS);
const all = bars(CLOSE + 8 * BAR_MS, 700);

const chain = async (s: Stage, closeMs: number): Promise<void> => {
  const barOpenMs = closeMs - BAR_MS;
  s.clock.advanceTo(epochMs(Math.max(s.clock.nowMs(), closeMs + 5 * SECOND_MS)));
  const tickMs = epochMs(closeMs + 5 * SECOND_MS);
  if ((await s.run(fetchMarket, { symbol: SYMBOL, tickMs })).kind !== "done") return;
  if ((await s.run(computeFeatures, { symbol: SYMBOL, barOpenMs })).kind !== "done") return;
  await s.run(predict, { symbol: SYMBOL, barOpenMs });
};
const judged = async (): Promise<Stage> => {
  const s = stage(CLOSE);
  s.says.candles = all;
  s.db.transaction(
    (tx) =>
      void tx.candles.upsert(
        SYMBOL,
        all.filter((c) => c.openMs < BAR),
        "klines",
      ),
  );
  await chain(s, CLOSE);
  expect(s.db.read.signals.at(SYMBOL, BAR)).toBeDefined();
  return s;
};
const revised = { ...all.find((c) => c.openMs === BAR)!, high: 17_900_000, volume: 77 };
const withRevision = all.map((c) => (c.openMs === BAR ? revised : c));
const revisions = (s: Stage): readonly Record<string, unknown>[] =>
  (
    s.db.sql
      .prepare("SELECT data FROM audit_events WHERE kind = 'candle.revised' ORDER BY rowid")
      .pluck()
      .all() as string[]
  ).map((data) => JSON.parse(data) as Record<string, unknown>);

describe("truth 3: a candle that the venue completes later", () => {
  test("truth 3: is read again with the next bar and replaced, with one audit event; its signal stays as judged, marked", async () => {
    const s = await judged();
    const before = s.db.read.signals.at(SYMBOL, BAR);
    s.says.candles = withRevision;
    await chain(s, CLOSE + BAR_MS);
    expect(s.db.read.candles.at(SYMBOL, BAR)).toEqual(revised);
    expect(revisions(s)).toMatchObject([
      { symbol: SYMBOL, source: "klines", after: { high: 17_900_000, volume: 77 }, signals: 1 },
    ]);
    expect(s.db.read.signals.at(SYMBOL, BAR)).toEqual({ ...before, candleRevisedMs: s.clock.nowMs() });
    // The next bar is judged from the new version.
    expect(s.db.read.signals.at(SYMBOL, epochMs(CLOSE))?.candleRevisedMs).toBeUndefined();
    const facts = { db: s.db.read, config: defaultConfig({}), account: "paper", nowMs: s.clock.nowMs() } as const;
    expect(whyAnswer({ ...facts, arg: "12:00" })).toContain(
      "earlier version of the candles, replaced 2025-08-12 12:15 JST",
    );
  });
  test("truth 3: a retry of the same step and the next bars record nothing again", async () => {
    const s = await judged();
    s.says.candles = withRevision;
    await chain(s, CLOSE + BAR_MS);
    await s.run(fetchMarket, { symbol: SYMBOL, tickMs: s.clock.nowMs() });
    await chain(s, CLOSE + 2 * BAR_MS);
    await s.run(collectHistory, { symbol: SYMBOL });
    expect(revisions(s)).toHaveLength(1);
    s.says.candles = all; // and back again: one more version
    await chain(s, CLOSE + 3 * BAR_MS);
    expect(revisions(s)).toHaveLength(2);
  });
  test("truth 3: across the venue's day boundary the bars of the day before are read again", async () => {
    const close = parseInstant("2025-08-11T21:15:00Z");
    const s = stage(close);
    const before = bars(close - BAR_MS, 600);
    s.db.transaction((tx) => void tx.candles.upsert(SYMBOL, before, "klines"));
    const last = { ...before.at(-1)!, volume: 123 };
    s.says.candles = [...before.slice(0, -1), last, ...bars(close, 1)];
    for (let k = 0; k < 2; k++) {
      s.says.candles = [...s.says.candles, ...bars(close + k * BAR_MS, 1)];
      await chain(s, close + k * BAR_MS);
    }
    expect(s.db.read.candles.at(SYMBOL, last.openMs)?.volume).toBe(123);
  });
});

describe("truth 3: a bar built from trades", () => {
  const trade = (atMs: number, price: number): PublicTrade => ({
    price: yen(price),
    side: "BUY",
    size: parseCoin("0.01"),
    timestampMs: epochMs(atMs),
  });
  const built = async (): Promise<Stage> => {
    const s = stage(epochMs(CLOSE + 2 * MINUTE_MS));
    s.says.candles = all.filter((c) => c.openMs < BAR);
    s.says.trades = [trade(CLOSE - 1, 17_520_000), trade(BAR, 17_490_000), trade(BAR - 1, 1)];
    await chain(s, CLOSE);
    expect(s.db.read.candles.at(SYMBOL, BAR)).toMatchObject({ open: 17_490_000, volume: 0.02 });
    return s;
  };
  test("truth 3: is replaced by the venue's own candle with the next bar, and never by another built one", async () => {
    const s = await built();
    s.db.transaction((tx) => void tx.candles.upsert(SYMBOL, [{ ...revised, volume: 1 }], "trades"));
    expect(s.db.read.candles.at(SYMBOL, BAR)?.volume).toBe(0.02);
    s.says.candles = all;
    await chain(s, CLOSE + BAR_MS);
    expect(s.db.read.candles.at(SYMBOL, BAR)).toEqual(all.find((c) => c.openMs === BAR));
    expect(revisions(s)).toMatchObject([{ source: "trades" }]);
    s.db.transaction((tx) => void tx.candles.upsert(SYMBOL, [{ ...revised, volume: 1 }], "trades"));
    expect(s.db.read.candles.at(SYMBOL, BAR)).toEqual(all.find((c) => c.openMs === BAR));
  });
  test("truth 3: is replaced by the collection of the history as well, though the day looks complete", async () => {
    const s = await built();
    s.says.candles = all;
    await s.run(collectHistory, { symbol: SYMBOL });
    expect(s.db.read.candles.at(SYMBOL, BAR)).toEqual(all.find((c) => c.openMs === BAR));
    expect(revisions(s)).toHaveLength(1);
  });
});

describe("truth 3: paging over a moving list of trades", () => {
  /** A list that grows at the front by `arrivals[k]` trades before the k-th read. */
  const moving = (times: readonly number[], arrivals: readonly number[], size: number) => {
    const row = (atMs: number, i: number): PublicTrade => ({
      price: yen(17_000_000 + (i % 3)),
      side: i % 2 === 0 ? "BUY" : "SELL",
      size: parseCoin("0.01"),
      timestampMs: epochMs(atMs),
    });
    let list = times.map(row);
    let reads = 0;
    return async (page: number): Promise<readonly PublicTrade[]> => {
      const count = arrivals[reads++] ?? 0;
      const newestMs = list[0]!.timestampMs;
      list = [...Array.from({ length: count }, (_, i) => row(newestMs + count - i, i)), ...list];
      return list.slice((page - 1) * size, page * size);
    };
  };
  test("truth 3: no trade twice, none lost, whatever arrives between the pages", async () => {
    let complete = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { minLength: 40, maxLength: 120 }),
        fc.array(fc.nat(9), { maxLength: 12 }),
        async (steps, arrivals) => {
          let at = 1_000_000;
          const times = steps.map((step) => (at -= step));
          const fromMs = times[30]!;
          const rows = await tradesSince(moving(times, arrivals, 10), fromMs);
          if (rows === undefined) return; // told as "data late", never counted wrongly
          complete++;
          const old = rows.filter((row) => row.timestampMs <= times[0]!);
          expect(old.map((row) => row.timestampMs)).toEqual(times.filter((time) => time >= fromMs));
        },
      ),
      { numRuns: 300, seed: 3_2026, verbose: 1 },
    );
    expect(complete).toBeGreaterThan(150);
  });
  test("truth 3: equal trades across a page's end are all counted when the list does not move", async () => {
    const row: PublicTrade = {
      price: yen(17_000_000),
      side: "BUY",
      size: parseCoin("0.01"),
      timestampMs: epochMs(500),
    };
    const list = [...Array.from({ length: 25 }, () => row), { ...row, timestampMs: epochMs(1) }];
    const rows = await tradesSince(async (page) => list.slice((page - 1) * 10, page * 10), 100);
    expect(rows).toHaveLength(25);
  });
});
