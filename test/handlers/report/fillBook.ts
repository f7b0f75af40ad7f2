// The whole synthetic book: three JST days of invented candles with bars, proposals, trades, equity and news.
import type { Candle } from "../../../lib/core/candle.ts";
import { fromNumber, type YenE8, yen } from "../../../lib/core/money.ts";
import { BAR_MS, DAY_MS, epochMs, HOUR_MS, MINUTE_MS, parseInstant } from "../../../lib/core/time.ts";
import type { Direction } from "../../../lib/core/venue.ts";
import { seededRandom } from "../../../lib/io/random.ts";
import { addProposal, type Book, judgeBar, MODEL_ID, START, settle, type TradePlan } from "./book.ts";
import { addTrade, type Exit } from "./bookTrade.ts";

/** A seeded walk of 15-minute candles; returns the close at each bar. */
export const walk = (seed: string, start: number, deviation: number, bars: number): readonly Candle[] => {
  const random = seededRandom(seed);
  const gauss = () => Array.from({ length: 12 }, () => random.next()).reduce((a, b) => a + b, 0) - 6;
  let price = start;
  return Array.from({ length: bars }, (_, i) => {
    const open = price;
    price = Math.round(price * (1 + gauss() * deviation));
    const reach = () => Math.abs(gauss()) * deviation * 0.6 * open;
    return {
      openMs: epochMs(START - BAR_MS + i * BAR_MS),
      open,
      high: Math.round(Math.max(open, price) + reach()),
      low: Math.round(Math.min(open, price) - reach()),
      close: price,
      volume: 5 + random.next() * 10,
    };
  });
};

/** Three JST days of two symbols with a handful of trades of every kind. The clock stands at their end. */
export const fillBook = (book: Book): void => {
  const { db } = book;
  const bars = 3 * 96 + 1;
  const series = { BTC_JPY: walk("btc", 17_400_000, 0.0016, bars), ETH_JPY: walk("eth", 640_000, 0.0028, bars) };
  const random = seededRandom("gates");
  db.transaction((tx) => {
    tx.models.registerChampion(
      {
        id: MODEL_ID,
        featureSet: "test",
        manifestSha256: "0".repeat(64),
        dataEndMs: parseInstant("2025-06-30T00:00:00Z"),
      },
      START,
    );
    tx.events.import([
      {
        atMs: epochMs(START + 21.5 * HOUR_MS),
        currency: "USD",
        importance: "high",
        title: 'CPI <b>"core" & food</b>',
        windowMinutes: undefined,
      },
      {
        atMs: epochMs(START + 60 * HOUR_MS),
        currency: "JPY",
        importance: "high",
        title: "BOJ Statement",
        windowMinutes: 90,
      },
      {
        atMs: epochMs(START + 40 * HOUR_MS),
        currency: "USD",
        importance: "low",
        title: "Housing Starts",
        windowMinutes: undefined,
      },
    ]);
    for (const [symbol, candles] of Object.entries(series)) tx.candles.upsert(symbol, candles, "klines");
    tx.equity.record(START, yen(1_000_000));
  });
  const signals = new Map<string, number>();
  for (const symbol of ["BTC_JPY", "ETH_JPY"] as const)
    series[symbol].slice(0, -1).forEach((candle, i) => {
      if (i === 50 || i === 51) {
        db.transaction((tx) =>
          tx.features.insert({
            symbol,
            barOpenMs: candle.openMs,
            featureSet: "test",
            result: { kind: "noSignal", why: "dataLate", reason: "data late" },
          }),
        );
        return;
      }
      const roll = random.next();
      const traded = [20, 100, 190, 250].includes(i);
      const failing = traded
        ? undefined
        : roll < 0.8
          ? "probability"
          : roll < 0.93
            ? "rank"
            : roll < 0.97
              ? "spread"
              : "volume";
      const pLong = traded ? 0.81 : Math.min(0.95, 0.2 + random.next() * 0.5);
      signals.set(
        `${symbol}:${i}`,
        judgeBar(db, candle.openMs, {
          symbol,
          pLong,
          pShort: pLong * 0.9,
          atr: candle.close * 0.0028,
          ...(failing ? { failing } : {}),
        }),
      );
    });
  const plan = (symbol: "BTC_JPY" | "ETH_JPY", i: number, direction: Direction, id: string): TradePlan => {
    const candle = series[symbol][i]!;
    return {
      id,
      symbol,
      direction,
      atMs: candle.openMs + BAR_MS + 6_000,
      entry: candle.close,
      atr: candle.close * 0.0028,
      size: symbol === "BTC_JPY" ? 0.005 : 0.15,
    };
  };
  const take = (p: TradePlan, i: number, exits: readonly Exit[]): void => {
    const signal = signals.get(`${p.symbol}:${i}`)!;
    addProposal(db, p, signal);
    settle(db, p.id, "approved", p.atMs + MINUTE_MS);
    const trade = addTrade(db, p, signal, exits);
    db.transaction((tx) => {
      tx.signals.answer(signal, true, "script");
      tx.signals.setTrade(signal, trade);
    });
  };
  const exit = (p: TradePlan, reason: Exit["reason"], part: number, hours: number): Exit => ({
    reason,
    price: p.entry * (1 + (p.direction === "long" ? part : -part)),
    atMs: p.atMs + hours * HOUR_MS,
  });
  const won = plan("BTC_JPY", 20, "long", "p-won");
  take(won, 20, [exit(won, "tp1", 0.003, 0.6), exit(won, "tp2", 0.006, 2.2)]);
  const lost = plan("BTC_JPY", 100, "long", "p-lost");
  take(lost, 100, [exit(lost, "stop_loss", -0.0056, 1.4)]);
  const timed = plan("BTC_JPY", 190, "long", "p-timed");
  take(timed, 190, [exit(timed, "tp1", 0.003, 1), exit(timed, "time_stop", 0.0012, 4)]);
  const short = plan("ETH_JPY", 100, "short", "p-short");
  take(short, 100, [exit(short, "tp1", 0.003, 0.4), exit(short, "stop_loss", 0, 1.1)]);
  const late = plan("ETH_JPY", 20, "long", "p-late");
  addProposal(db, late, signals.get("ETH_JPY:20")!);
  settle(db, "p-late", "expired", late.atMs + 15 * MINUTE_MS);
  const no = plan("ETH_JPY", 190, "long", "p-no");
  addProposal(db, no, signals.get("ETH_JPY:190")!);
  settle(db, "p-no", "rejected", no.atMs + 2 * MINUTE_MS);

  let equity = 1_000_000;
  const closes = db.read.reporting
    .trades()
    .flatMap((t) => (t.closedMs === undefined ? [] : [{ atMs: t.closedMs, pnl: t.pnlYen ?? 0 }]));
  db.transaction((tx) => {
    for (let at = START + 5_000; at <= START + 3 * DAY_MS; at += BAR_MS) {
      for (const c of closes) if (c.atMs > at - BAR_MS && c.atMs <= at) equity += c.pnl;
      tx.equity.record(epochMs(at), fromNumber(Math.round(equity)) as YenE8);
    }
  });
  book.clock.advanceTo(epochMs(START + 3 * DAY_MS + 5 * MINUTE_MS));
};
