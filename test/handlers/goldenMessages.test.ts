// Every message of the signal and the trade as the owner reads it, word for word, in both languages:
// test/fixtures/messages. After a wanted change: `npx vitest run test/handlers/goldenMessages.test.ts -u`, then read
// the difference.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { PositionRow } from "../../db/tables/positions.ts";
import type { Proposal } from "../../db/tables/proposals.ts";
import type { Signal } from "../../db/tables/signals.ts";
import type { LegRow } from "../../db/tables/tradeLegs.ts";
import type { Trade } from "../../db/tables/trades.ts";
import { cancelledText, closedText, protectedText, refusedText } from "../../handlers/book/tradeText.ts";
import { MOST_CAPTION_UNITS, proposalText } from "../../handlers/proposals/proposalText.ts";
import type { Gate } from "../../lib/core/gates.ts";
import { parseCoin, parseYen, yen } from "../../lib/core/money.ts";
import type { TradeResult } from "../../lib/core/pnl.ts";
import type { AlertText } from "../../lib/core/text/alertTexts.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import { LOCALES, type Locale } from "../../lib/core/text/locale.ts";
import { epochMs, parseInstant } from "../../lib/core/time.ts";
import { SAMPLES } from "../lib/core/text/samples.ts";

const golden = (locale: Locale, name: string): string =>
  join(import.meta.dirname, "../fixtures/messages", `${name}.${locale}.txt`);
const at = parseInstant("2025-08-12T12:30:08Z");

const gates: readonly Gate[] = [
  { gate: "side", value: "long", limit: "long, short", pass: true },
  { gate: "probability", value: 0.7834, limit: 0.75, pass: true },
  { gate: "rank", value: 95.21, limit: 90, pass: true },
  { gate: "spread", value: 0.84, limit: 5, pass: true },
  { gate: "volume", value: 1.324, limit: 0.8, pass: true },
  { gate: "news", value: null, limit: "±30 min", pass: true },
  { gate: "rollover", value: 8.4977, limit: 4, pass: true },
  { gate: "maintenance", value: 83.4, limit: 4, pass: true },
  { gate: "dailyTrades", value: 1, limit: 3, pass: true },
];
const proposal: Proposal = {
  id: "btc2508121215",
  signalId: 7,
  symbol: "BTC_JPY",
  direction: "long",
  entry: yen(17_512_345),
  bandLow: yen(17_494_833),
  bandHigh: yen(17_529_857),
  stop: yen(17_300_111),
  tp1: yen(17_564_883),
  tp2: yen(17_617_420),
  size: parseCoin("0.005"),
  risk: parseYen("1061.17"),
  equity: yen(1_000_000),
  atr: 106_117,
  confidence: 0.7834,
  rank: 95.21,
  breakEven: 0.8017,
  hash: "0123456789abcdef",
  createdMs: at,
  validUntilMs: epochMs(at + 900_000),
  state: "pending",
  supersedes: undefined,
  traceId: "t",
};
const signal: Signal = {
  id: 7,
  symbol: "BTC_JPY",
  barOpenMs: parseInstant("2025-08-12T12:15:00Z"),
  direction: "long",
  confidence: 0.7834,
  features: {},
  modelId: "m",
  featureSet: "ta12-v1",
  pTouchLong: 0.7834,
  pTouchShort: 0.61,
  rank: 95.21,
  rankSample: 2_800,
  atr: 106_117,
  reasons: [
    { feature: "atr14_pct", value: 0.00606, contribution: 0.61 },
    { feature: "rsi14", value: 0.7112, contribution: 0.22 },
    { feature: "volume_ratio96", value: 1.324, contribution: -0.11 },
  ],
  overThreshold: true,
  candleRevisedMs: undefined,
  traceId: "t",
  verdict: "proposed",
  gates,
  approved: undefined,
  approvedBy: undefined,
  tradeId: undefined,
};
const short: Proposal = {
  ...proposal,
  id: "eth2508121215m2",
  symbol: "ETH_JPY",
  direction: "short",
  stop: yen(17_724_579),
  tp1: yen(17_459_807),
  tp2: yen(17_407_270),
  supersedes: "eth2508121215m1",
};
/**
 * The largest numbers and the longest words that can come: a price of 13 digits, a size of 8 decimals, a long title.
 */
const extreme: Proposal = {
  ...short,
  id: "eth2508121215m999",
  entry: yen(9_999_999_999_999),
  bandLow: yen(9_989_999_999_999),
  bandHigh: yen(9_999_999_999_999),
  stop: yen(9_999_999_999_999),
  tp1: yen(1),
  tp2: yen(1),
  size: parseCoin("123456.12345678"),
  risk: yen(99_999_999_999),
  equity: yen(0),
  rank: undefined,
  confidence: 1,
  breakEven: 1,
  supersedes: "eth2508121215m998",
};
const extremeSignal: Signal = {
  ...signal,
  reasons: [
    { feature: "ema_spread_to_atr", value: -123.456789, contribution: -9 },
    { feature: "band_position20", value: 123.456789, contribution: 8 },
    { feature: "a_feature_of_a_newer_model_with_a_long_name", value: Number.NaN, contribution: -7 },
    { feature: "rsi14", value: 0.5, contribution: 6 },
  ],
  gates: gates.map((g) =>
    g.gate === "news"
      ? { ...g, value: "米国　消費者物価指数（コア・前年同月比）および米連邦準備制度理事会議長の記者会見と質疑応答" }
      : typeof g.value === "number"
        ? { ...g, value: 123_456_789.987, limit: 123_456_789.123 }
        : g,
  ),
};

const trade = {
  id: 12,
  proposalId: proposal.id,
  symbol: "BTC_JPY",
  direction: "long",
  targetSize: parseCoin("0.005"),
  minSize: parseCoin("0.001"),
} as Trade;
const position = { opened: parseCoin("0.004"), price: yen(17_511_900) } as PositionRow;
const legs = [
  {
    size: parseCoin("0.002"),
    open: parseCoin("0.002"),
    stop: yen(17_300_111),
    target: 1,
    targetPrice: yen(17_564_883),
  },
  {
    size: parseCoin("0.002"),
    open: parseCoin("0.002"),
    stop: yen(17_300_111),
    target: 2,
    targetPrice: yen(17_617_420),
  },
] as LegRow[];
const result: TradeResult = {
  entrySize: parseCoin("0.005"),
  exitSize: parseCoin("0.005"),
  entryPrice: 17_511_900,
  exitPrice: 17_300_000,
  fees: parseYen("0"),
  pnl: parseYen("-1059.5"),
  pnlPercent: -1.21,
  exitReason: "stop_loss",
  lastCloseMs: at,
} as TradeResult;

describe.each(LOCALES)("in %s", (locale) => {
  test.each<[string, () => string]>([
    ["signal-long", () => proposalText(locale, proposal, signal, "paper")],
    ["signal-short-changed", () => proposalText(locale, short, { ...signal, direction: "short" }, "live")],
    ["signal-extreme", () => proposalText(locale, extreme, extremeSignal, "paper")],
    [
      "signal-without-gates",
      () => proposalText(locale, proposal, { ...signal, gates: undefined, reasons: [] }, "live"),
    ],
  ])("%s is worded as agreed and fits under its chart", async (name, text) => {
    expect(text().length).toBeLessThanOrEqual(MOST_CAPTION_UNITS);
    await expect(`${text()}\n`).toMatchFileSnapshot(golden(locale, name));
  });

  test.each<[string, () => string]>([
    ["filled", () => protectedText(locale, trade, parseCoin("0.004"), position, legs, epochMs(at + 4 * 3_600_000))],
    ["cancelled", () => cancelledText(locale, trade, { key: "requotesUsed", with: { count: 3 } })],
    [
      "refused",
      () =>
        refusedText(locale, proposal.id, proposal.symbol, {
          key: "gates",
          with: {
            failed: [
              { gate: "spread", value: 7.25, limit: 5, pass: false },
              { gate: "halt", value: "loss-day", limit: null, pass: false },
            ],
          },
        }),
    ],
    ["closed-at-stop", () => closedText(locale, trade, result)],
    [
      "closed-at-entry",
      () => closedText(locale, trade, { ...result, pnl: parseYen("153.2"), pnlPercent: 0.16, exitReason: "stop_loss" }),
    ],
    [
      "closed-won",
      () => closedText(locale, trade, { ...result, pnl: parseYen("264.4"), pnlPercent: 0.3, exitReason: "tp2" }),
    ],
  ])("%s is worded as agreed", async (name, text) => {
    await expect(`${text()}\n`).toMatchFileSnapshot(golden(locale, name));
  });

  const samples: Record<string, readonly unknown[]> = { ...SAMPLES.alerts, ...SAMPLES.keyAlerts };
  test.each(Object.keys(samples))("the alert %s is worded as agreed", async (key) => {
    const texts: Record<string, unknown> = { ...textsOf(locale).alerts, ...textsOf(locale).keyAlerts };
    const tell = texts[key] as (p: unknown) => AlertText;
    const all = samples[key]!.map((sample) => {
      const { text, resolved } = composeAlert(locale, { key, severity: "critical", atMs: at }, tell(sample));
      return `${text}\n--\n${resolved}\n`;
    });
    await expect(all.join("\n")).toMatchFileSnapshot(golden(locale, `alert-${key}`));
  });
});

test("the reasons of a short say which way they push: what speaks for the short pushes down", () => {
  const text = proposalText("en", short, { ...signal, direction: "short" }, "live");
  expect(text).toContain("▼ volatility (ATR) 0.606%: pushes down (for the short)");
  expect(text).toContain("▲ volume 1.32: pushes up (against the short)");
  expect(proposalText("en", proposal, signal, "live")).toContain("▲ RSI 71: pushes up (for the long)");
});
