import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { labelSignals } from "../../handlers/labelSignals.ts";
import type { Candle } from "../../lib/core/candle.ts";
import { BAR_MS, DAY_MS, HOUR_MS, MINUTE_MS } from "../../lib/core/time.ts";
import { type Book, flatCandle, judgeBar, openBook, runHandler, START } from "./report/book.ts";

const PRICE = 10_000_000;
const BAR = START; // closes 15 minutes later, its 4 hours end at 04:15
const END = BAR + BAR_MS + 4 * HOUR_MS;
let book: Book;
beforeEach(() => {
  book = openBook();
});
afterEach(() => book.close());

const store = (candles: readonly Candle[]) =>
  book.db.transaction((tx) => tx.candles.upsert("BTC_JPY", candles, "klines"));
/** The judged bar and the 16 after it; the third one rises by 0.4 %. */
const series = (): Candle[] =>
  Array.from({ length: 17 }, (_, i) =>
    flatCandle(BAR + i * BAR_MS, PRICE, i === 3 ? { high: PRICE * 1.004, open: PRICE + 1, low: PRICE + 1 } : {}),
  ).map((c) => (c.openMs === BAR + 3 * BAR_MS ? { ...c, close: PRICE + 1 } : c));
const label = (tickMs: number) => runHandler(book, labelSignals, { tickMs });
const rows = () =>
  book.db.sql
    .prepare("SELECT side, touched, closed_beyond, rule_net_bps, rule_exit FROM signal_labels ORDER BY side")
    .all();

describe("labelSignals", () => {
  test("labels both sides of a bar once its four hours have passed", async () => {
    judgeBar(book.db, BAR, { failing: "probability" });
    store(series());
    expect(await label(END)).toMatchObject({ kind: "done" });
    expect(rows()).toEqual([
      // TP1 at +30 bps for one half, the other stopped at the entry by the next candle; less 3 bps of cost.
      { side: "long", touched: 1, closed_beyond: 0, rule_net_bps: expect.closeTo(12, 6), rule_exit: "stop_loss" },
      { side: "short", touched: 0, closed_beyond: 0, rule_net_bps: expect.closeTo(-3, 6), rule_exit: "time_stop" },
    ]);
  });

  test("not a moment before, and the candle of the tick itself may still be on its way", async () => {
    judgeBar(book.db, BAR);
    store(series());
    expect(await label(END - 1)).toEqual({ kind: "stop", reason: "nothing to label" });
    book.db.sql.prepare("DELETE FROM candles WHERE open_ms = ?").run(BAR + 16 * BAR_MS);
    expect(await label(END)).toEqual({ kind: "stop", reason: "candles are still missing" });
    store(series());
    expect((await label(END + HOUR_MS)).kind).toBe("done");
    expect(rows()).toHaveLength(2);
  });

  test("labelling again changes nothing, whatever the candles say by then", async () => {
    judgeBar(book.db, BAR);
    store(series());
    const first = await label(END);
    const before = book.db.sql.prepare("SELECT * FROM signal_labels").all();
    book.clock.advanceTo((START + DAY_MS) as never);
    expect(await label(END + HOUR_MS)).toEqual({ kind: "stop", reason: "nothing to label" });
    if (first.kind === "done" && first.write) book.db.transaction(first.write); // the same job run twice
    expect(book.db.sql.prepare("SELECT * FROM signal_labels").all()).toEqual(before);
  });

  test("a gap after the first hour: after one day the touch is labelled without the rule", async () => {
    judgeBar(book.db, BAR);
    store(series().toSpliced(9, 1));
    expect(await label(END + DAY_MS - HOUR_MS)).toMatchObject({ kind: "stop", reason: "candles are still missing" });
    expect((await label(END + DAY_MS)).kind).toBe("done");
    expect(rows()).toMatchObject([
      // The long rule was over before the hole, so it is known; the short one is not.
      { side: "long", touched: 1, rule_exit: "stop_loss" },
      { side: "short", touched: 0, rule_net_bps: null, rule_exit: null },
    ]);
  });

  test("a hole in the first hour: no label at all, ever", async () => {
    judgeBar(book.db, BAR);
    store(series().toSpliced(2, 1));
    expect((await label(END + 3 * DAY_MS)).kind).toBe("stop");
    expect(await label(END + 8 * DAY_MS)).toEqual({ kind: "stop", reason: "nothing to label" });
    expect(rows()).toEqual([]);
  });

  test("without room for a stop there is a touch and no rule", async () => {
    judgeBar(book.db, BAR, { atr: 0 });
    store(series());
    await label(END);
    expect(rows()).toMatchObject([
      { touched: 1, rule_net_bps: null },
      { touched: 0, rule_net_bps: null },
    ]);
  });

  test("input is checked", async () => {
    await expect(runHandler(book, labelSignals, {})).rejects.toThrow();
    await expect(runHandler(book, labelSignals, { tickMs: 1.5 })).rejects.toThrow();
    await expect(runHandler(book, labelSignals, { tickMs: 1, more: 1 })).rejects.toThrow();
  });

  test("several bars of two symbols in one run", async () => {
    store(Array.from({ length: 40 }, (_, i) => flatCandle(BAR + i * BAR_MS, PRICE)));
    book.db.transaction((tx) =>
      tx.candles.upsert(
        "ETH_JPY",
        Array.from({ length: 40 }, (_, i) => flatCandle(BAR + i * BAR_MS, 600_000)),
        "trades",
      ),
    );
    for (let i = 0; i < 10; i++)
      for (const symbol of ["BTC_JPY", "ETH_JPY"]) judgeBar(book.db, BAR + i * BAR_MS, { symbol });
    await label(END + 5 * BAR_MS + 7 * MINUTE_MS);
    expect(book.db.sql.prepare("SELECT count(*) FROM signal_labels").pluck().get()).toBe(2 * 2 * 6);
  });
});
