// The steps from fetchMarket to filter, one rule at a time.
import { describe, expect, test } from "vitest";
import type { Proposal } from "../../db/tables/proposals.ts";
import { collectHistory } from "../../handlers/collectHistory.ts";
import { computeFeatures } from "../../handlers/computeFeatures.ts";
import { fetchMarket } from "../../handlers/fetchMarket.ts";
import { filter } from "../../handlers/filter.ts";
import { predict } from "../../handlers/predict.ts";
import { proposalId } from "../../handlers/proposals/makeProposal.ts";
import { MIN_RANK_SAMPLE } from "../../lib/core/gates.ts";
import { parseCoin, yen } from "../../lib/core/money.ts";
import { BAR_MS, epochMs, HOUR_MS, MINUTE_MS, parseInstant, SECOND_MS } from "../../lib/core/time.ts";
import type { PublicTrade, Side } from "../../lib/core/venue.ts";
import { DEFAULT_MODEL_ID, loadModel, shippedDir } from "../../models/registry.ts";
import { scoreBar } from "../../models/scoreBar.ts";
import type { Tx } from "../../queue/types.ts";
import { bars, candle, type Stage, stage } from "../sim/stage.ts";

const CLOSE = parseInstant("2025-08-12T03:00:00Z"); // a Tuesday, 12:00 JST
const BAR = epochMs(CLOSE - BAR_MS);
const TICK = epochMs(CLOSE + 5 * SECOND_MS);
const input = { symbol: "BTC_JPY", tickMs: TICK } as const;
const barInput = { symbol: "BTC_JPY", barOpenMs: BAR } as const;
const trade = (atMs: number, price: number, side: Side = "BUY"): PublicTrade => ({
  price: yen(price),
  side,
  size: parseCoin("0.01"),
  timestampMs: epochMs(atMs),
});
/** Stores the history before the judged bar, as collectHistory leaves it. */
const known = (s: Stage, count: number): void =>
  void s.db.transaction((tx) => tx.candles.upsert("BTC_JPY", bars(CLOSE, count).slice(0, -1), "klines"));
const reasonAt = (s: Stage): string | undefined => {
  const row = s.db.read.features.at("BTC_JPY", BAR, "ta12-v1");
  return row?.result.kind === "noSignal" ? row.result.reason : undefined;
};

describe("fetchMarket", () => {
  test("stores closed candles only, one snapshot, one equity point, and goes on", async () => {
    const s = stage(TICK);
    known(s, 120);
    s.says.candles = [...bars(CLOSE, 120), candle(CLOSE, 17_600_000)]; // the last one is still running
    const outcome = await s.run(fetchMarket, input);
    expect(outcome).toMatchObject({
      kind: "done",
      next: [{ name: "computeFeatures", expiresAtMs: CLOSE + 10 * MINUTE_MS }],
    });
    expect(s.db.read.candles.at("BTC_JPY", CLOSE)).toBeUndefined();
    expect(s.db.read.candles.at("BTC_JPY", BAR)).toBeDefined();
    const snapshot = s.db.read.snapshots.at("BTC_JPY", BAR);
    expect(snapshot?.spreadBps).toBeCloseTo((2_000 / 17_501_000) * 10_000, 9);
    expect(snapshot?.volumeRatio).toBeGreaterThan(0);
    expect(s.db.read.equity.latest()?.equity).toBe(yen(1_000_000));
  });

  test("a candle not published yet is waited for, two minutes at most", async () => {
    const s = stage(TICK);
    s.says.candles = bars(BAR, 100);
    expect(await s.run(fetchMarket, input)).toMatchObject({ kind: "snooze", untilMs: TICK + 10 * SECOND_MS });
    s.clock.advanceTo(epochMs(CLOSE + 2 * MINUTE_MS - 1));
    expect((await s.run(fetchMarket, input)).kind).toBe("snooze");
  });

  test("right after 06:00 JST the wait is five minutes", async () => {
    const close = parseInstant("2025-08-11T21:00:00Z");
    const s = stage(epochMs(close + 4 * MINUTE_MS));
    s.says.candles = bars(close - BAR_MS, 90);
    expect((await s.run(fetchMarket, { symbol: "BTC_JPY", tickMs: close + 5 * SECOND_MS })).kind).toBe("snooze");
  });

  test("then the bar is built from public trades, both printed sides, and a later venue candle replaces it", async () => {
    const s = stage(epochMs(CLOSE + 2 * MINUTE_MS));
    s.says.candles = bars(BAR, 100);
    s.says.trades = [
      trade(CLOSE + 30_000, 99), // after the bar
      trade(CLOSE - 1, 17_520_000),
      trade(CLOSE - 1, 17_520_000, "SELL"),
      trade(BAR + 60_000, 17_540_000),
      trade(BAR, 17_490_000),
      trade(BAR - 1, 1), // before it: the bar is covered
    ];
    expect((await s.run(fetchMarket, input)).kind).toBe("done");
    expect(s.db.read.candles.at("BTC_JPY", BAR)).toEqual({
      openMs: BAR,
      open: 17_490_000,
      high: 17_540_000,
      low: 17_490_000,
      close: 17_520_000,
      volume: 0.04,
    });
    s.db.transaction((tx) => tx.candles.upsert("BTC_JPY", [candle(BAR, 17_000_000)], "klines"));
    s.db.transaction((tx) => tx.candles.upsert("BTC_JPY", [candle(BAR, 1_000_000)], "trades"));
    expect(s.db.read.candles.at("BTC_JPY", BAR)?.close).toBe(17_000_000);
  });

  test("neither candle nor enough trades: no signal, data late", async () => {
    const s = stage(epochMs(CLOSE + 2 * MINUTE_MS));
    s.says.candles = bars(BAR, 100);
    s.says.trades = [trade(CLOSE - 1_000, 17_520_000)]; // does not reach back to the open
    expect(await s.run(fetchMarket, input)).toMatchObject({
      kind: "stop",
      reason: expect.stringContaining("data late"),
    });
    expect(reasonAt(s)).toContain("data late");
    expect(s.db.read.candles.at("BTC_JPY", BAR)).toBeUndefined();
    expect(s.db.read.candles.at("BTC_JPY", epochMs(BAR - BAR_MS))).toBeDefined(); // what did come is kept
  });

  test.each(["MAINTENANCE", "PREOPEN"] as const)("a venue in %s gives no signal", async (status) => {
    const s = stage(TICK);
    s.says.status = status;
    expect((await s.run(fetchMarket, input)).kind).toBe("stop");
    expect(reasonAt(s)).toContain(status);
  });

  test("holes of the last day are back-filled with every bar, older ones once a day", async () => {
    const s = stage(TICK);
    s.says.candles = bars(CLOSE, 96 * 4);
    await s.run(fetchMarket, input);
    expect(s.klineDates).toEqual(["20250811", "20250812"]);
    const morning = parseInstant("2025-08-11T21:15:00Z"); // the first bar of the venue day has just closed
    const t = stage(epochMs(morning + 5 * SECOND_MS));
    t.says.candles = bars(morning, 96);
    await t.run(fetchMarket, { symbol: "BTC_JPY", tickMs: morning + 5 * SECOND_MS });
    expect(t.klineDates).toEqual(["20250807", "20250808", "20250809", "20250810", "20250811", "20250812"]);
  });

  test.each([
    [969_999, ["loss-day"]],
    [970_000, ["loss-day"]],
    [970_001, []],
    [920_000, ["loss-day", "loss-week"]],
    [840_000, ["loss-day", "loss-month", "loss-week"]],
  ])("an equity of %d JPY after 1,000,000 halts %j until the period ends", async (equity, kinds) => {
    const s = stage(TICK);
    s.says.candles = bars(CLOSE, 120);
    s.db.transaction((tx) => tx.equity.record(epochMs(CLOSE - 12 * HOUR_MS), yen(1_000_000)));
    s.says.margin = { ...s.says.margin, equity: yen(equity) };
    await s.run(fetchMarket, input);
    const halts = s.db.read.halts.active(s.clock.nowMs());
    expect(halts.map((h) => h.kind).sort()).toEqual(kinds);
    expect(halts.every((h) => h.untilMs !== undefined && h.untilMs > TICK)).toBe(true);
    expect(s.db.read.alerts.open()).toHaveLength(kinds.length);
    await s.run(fetchMarket, input); // alerted once
    expect(s.db.read.outbox.after(0)).toHaveLength(kinds.length);
  });

  test("a loss limit's alert ends with its halt, not when the equity recovers, and says so", async () => {
    const s = stage(TICK);
    s.says.candles = bars(CLOSE, 120);
    s.db.transaction((tx) => tx.equity.record(epochMs(CLOSE - 12 * HOUR_MS), yen(1_000_000)));
    s.says.margin = { ...s.says.margin, equity: yen(960_000) };
    await s.run(fetchMarket, input);
    s.says.margin = { ...s.says.margin, equity: yen(1_000_000) };
    await s.run(fetchMarket, input);
    expect(s.db.read.alerts.open().map((a) => a.key)).toEqual(["loss-day"]);
    s.db.transaction((tx) => tx.halts.clear("loss-day", "test", TICK));
    await s.run(fetchMarket, input);
    expect(s.db.read.alerts.open()).toEqual([]);
    expect(s.db.read.outbox.after(0).map((m) => m.text.split("\n")[0])).toEqual([
      "CRITICAL daily loss limit reached",
      "RESOLVED daily loss limit reached",
    ]);
  });

  test("a move of more than 5 % in the bar is one warning until a calm bar; nothing is halted", async () => {
    const s = stage(TICK);
    const calm = bars(CLOSE, 120);
    s.says.candles = calm.map((c) => (c.openMs === BAR ? { ...c, high: c.low * 1.06 } : c));
    await s.run(fetchMarket, input);
    await s.run(fetchMarket, input);
    expect(s.db.read.alerts.open()).toMatchObject([{ key: "price:BTC_JPY", severity: "warning" }]);
    expect(s.db.read.halts.active(s.clock.nowMs())).toEqual([]);
    expect(s.db.read.outbox.after(0).map((m) => m.text)).toEqual([
      expect.stringMatching(/^WARNING BTC\/JPY moved [+-]\d.* in 15 minutes\n.*limit 5%\)\nSince: /),
    ]);
    s.db.sql.prepare("DELETE FROM candles WHERE open_ms = ?").run(BAR);
    s.says.candles = calm;
    await s.run(fetchMarket, input);
    expect(s.db.read.alerts.open()).toEqual([]);
  });
});

describe("computeFeatures and predict", () => {
  const judged = async (s: Stage) => {
    s.says.candles = bars(CLOSE, 600);
    known(s, 600);
    await s.run(fetchMarket, input);
    await s.run(computeFeatures, barInput);
    await s.run(predict, barInput);
  };
  test("too little history is no signal, with its reason", async () => {
    const s = stage(TICK);
    s.says.candles = bars(CLOSE, 90);
    await s.run(fetchMarket, input);
    expect(await s.run(computeFeatures, barInput)).toMatchObject({ kind: "stop" });
    expect(reasonAt(s)).toMatch(/short|missing/);
  });
  test("two heads are scored, the stronger side becomes the signal, judging a bar twice changes nothing", async () => {
    const s = stage(TICK);
    await judged(s);
    const signal = s.db.read.signals.at("BTC_JPY", BAR);
    expect(signal?.pTouchLong).toBeGreaterThan(0);
    expect(signal?.pTouchShort).toBeGreaterThan(0);
    expect(signal?.confidence).toBe(signal?.direction === "long" ? signal?.pTouchLong : signal?.pTouchShort);
    expect(Object.keys(signal?.features ?? {})).toHaveLength(12);
    expect(await s.run(predict, barInput)).toMatchObject({ kind: "stop", reason: expect.stringContaining("already") });
    expect(s.db.sql.prepare("SELECT count(*) FROM signals").pluck().get()).toBe(1);
  });
  test.each([
    ["a money flow index of 132", 10, 1.32, /money_flow14 is outside its range: expected 0 to 1, found 1.32/],
    ["a stochastic below 0", 9, -0.02, /stoch_k14 is outside its range/],
    ["a value that is none", 0, null, /rsi14 is outside its range.*found null/],
  ])(
    "truth 9: stored indicators with %s are not judged, in the chain or by the model",
    async (_, at, value, reason) => {
      const s = stage(TICK);
      s.says.candles = bars(CLOSE, 600);
      known(s, 600);
      await s.run(fetchMarket, input);
      await s.run(computeFeatures, barInput);
      const stored = s.db.read.features.at("BTC_JPY", BAR, "ta12-v1")?.result;
      const vector = (stored?.kind === "ok" ? stored.values : []).with(at, value as number);
      s.db.sql.prepare("UPDATE feature_rows SET vector = ?").run(JSON.stringify(vector));
      expect(await s.run(predict, barInput)).toMatchObject({ kind: "stop", reason: expect.stringMatching(reason) });
      expect(reasonAt(s)).toMatch(reason);
      expect(s.db.read.signals.at("BTC_JPY", BAR)).toBeUndefined();
      expect(s.db.sql.prepare("SELECT kind FROM audit_events ORDER BY rowid DESC LIMIT 1").pluck().get()).toBe(
        "bar.noSignal",
      );
      const model = loadModel(shippedDir(DEFAULT_MODEL_ID));
      expect(() => scoreBar(model, "BTC_JPY", BAR, vector)).toThrow(reason);
    },
  );
  test("collectHistory fills candles and the scores that rank is taken from", async () => {
    const s = stage(TICK);
    s.says.candles = bars(CLOSE, 96 * 12);
    await s.run(collectHistory, { symbol: "BTC_JPY" });
    const past = s.db.read.scores.trailing("touch-2025-06-29", "BTC_JPY", "long", 0, BAR);
    expect(past.length).toBeGreaterThan(MIN_RANK_SAMPLE / 2);
    const before = s.klineDates.length;
    await s.run(collectHistory, { symbol: "BTC_JPY" });
    expect(s.db.read.scores.trailing("touch-2025-06-29", "BTC_JPY", "long", 0, BAR)).toHaveLength(past.length);
    expect(s.klineDates.length - before).toBeLessThan(before); // complete days are not fetched again
  });
  test("the filter stores every gate and sends nothing when one fails", async () => {
    const s = stage(TICK);
    await judged(s);
    const outcome = await s.run(filter, barInput);
    expect(outcome.kind).toBe("stop");
    const signal = s.db.read.signals.at("BTC_JPY", BAR);
    expect(signal?.verdict).toBe("filtered");
    expect(signal?.gates?.map((g) => g.gate)).toEqual(
      "side probability rank spread volume news rollover maintenance halt openTrade pendingProposal dailyTrades lossLimits size".split(
        " ",
      ),
    );
    expect(signal?.gates?.some((g) => !g.pass)).toBe(true);
    expect(s.db.read.proposals.pending()).toEqual([]);
    expect(await s.run(filter, barInput)).toMatchObject({ kind: "stop", reason: expect.stringContaining("already") });
  });
  const openGates = async (settings: Readonly<Record<string, string>> = {}): Promise<Stage> => {
    const s = stage(TICK, {
      LONG_MIN_CONFIDENCE: "0",
      SHORT_MIN_CONFIDENCE: "1",
      CONFIDENCE_RANK: "1",
      MIN_VOLUME_RATIO: "0",
      ...settings,
    });
    s.says.candles = bars(CLOSE, 96 * 12);
    await s.run(collectHistory, { symbol: "BTC_JPY" });
    await judged(s);
    return s;
  };
  test.each([
    [
      "the other symbol's proposal, the last one of the day",
      "dailyTrades",
      (tx: Tx, s: Stage) => tx.proposals.insert(otherProposal(s)),
    ],
    ["a stop", "halt", (tx: Tx) => void tx.halts.raise({ kind: "stop", reason: "test", atMs: TICK })],
  ] as const)("%s between the look and the commit: the bar is filtered, nobody is asked", async (_, gate, between) => {
    const s = await openGates({ MAX_DAILY_TRADES: "1" });
    await s.run(filter, barInput, (tx) => between(tx, s));
    expect(s.db.read.proposals.byId(proposalId("BTC_JPY", BAR))).toBeUndefined();
    expect(s.db.read.jobs.list({ name: "notify" })).toEqual([]);
    const signal = s.db.read.signals.at("BTC_JPY", BAR);
    expect(signal?.verdict).toBe("filtered");
    expect(signal?.gates?.filter((g) => !g.pass).map((g) => g.gate)).toEqual([gate]);
  });
  const otherProposal = (s: Stage): Proposal => ({
    id: "eth2508120300",
    signalId: s.db.read.signals.at("BTC_JPY", BAR)?.id ?? 0,
    symbol: "ETH_JPY",
    direction: "long",
    entry: yen(500_000),
    bandLow: yen(499_500),
    bandHigh: yen(500_500),
    stop: yen(495_000),
    tp1: yen(501_500),
    tp2: yen(503_000),
    size: parseCoin("0.1"),
    risk: yen(500),
    equity: yen(1_000_000),
    atr: 2_500,
    confidence: 0.9,
    rank: 99,
    breakEven: 0.6,
    hash: "0123456789abcdef",
    createdMs: TICK,
    validUntilMs: epochMs(TICK + 15 * MINUTE_MS),
    state: "pending",
    supersedes: undefined,
    traceId: "other",
  });
  test.each([
    ["before the look", false],
    ["between the look and the commit", true],
  ])(
    "truth 10: the other symbol's proposal %s reserves its part: this one is sized by what is left",
    async (_, late) => {
      const alone = await openGates();
      await alone.run(filter, barInput);
      const [whole] = alone.db.read.proposals.pending();
      const s = await openGates();
      // 0.1 ETH, 50,050 yen at the far end of its band, of 100,000 yen for all positions.
      const other = otherProposal(s);
      if (!late) s.db.transaction((tx) => tx.proposals.insert(other));
      await s.run(filter, barInput, late ? (tx) => tx.proposals.insert(other) : undefined);
      const proposal = s.db.read.proposals.byId(proposalId("BTC_JPY", BAR))!;
      expect(whole!.size).toBe(parseCoin("0.005"));
      expect(proposal.size).toBe(parseCoin("0.002"));
      expect(proposal.hash).not.toBe(whole!.hash);
      expect(s.db.read.signals.at("BTC_JPY", BAR)?.gates?.find((g) => g.gate === "size")?.value).toBe("0.002");
    },
  );
  test("with every gate open the bar becomes one proposal inside the owner's limits", async () => {
    const s = await openGates();
    const outcome = await s.run(filter, barInput);
    expect(outcome.kind).toBe("done");
    expect(s.db.read.jobs.byKey("notify", `notify:${proposalId("BTC_JPY", BAR)}`)?.traceId).toBe("trace");
    const [proposal] = s.db.read.proposals.pending();
    expect(proposal).toMatchObject({
      id: proposalId("BTC_JPY", BAR),
      direction: "long",
      entry: yen(17_500_000),
      validUntilMs: TICK + 15 * MINUTE_MS,
    });
    expect(proposal && proposal.size * proposal.entry <= yen(100_000) * 100_000_000n).toBe(true);
    expect(s.db.read.signals.at("BTC_JPY", BAR)?.verdict).toBe("proposed");
  });
});
