// `trader report` as JSON: yen and rates as numbers, rates 0..1; null for a number that does not exist.
import { z } from "zod";
import { toNumber } from "../../../lib/core/money.ts";
import { isoUtc } from "../../../lib/core/time.ts";
import type { PeriodReport } from "../../report/day.ts";
import { EconomicEventJson, economicEventJson } from "./event.ts";
import { HaltJson, haltJson } from "./halt.ts";
import { Time } from "./values.ts";

const number = z.number().nullable();
const orNull = (value: number | undefined): number | null => value ?? null;
const Counts = z.record(z.string(), z.int());

/** A model's head over the trailing 30 days. */
const HeadJson = z.strictObject({
  modelId: z.string(),
  symbol: z.string(),
  side: z.string(),
  predictions: z.int(),
  correct: z.int(),
  accuracy: number,
  baseRate: number,
  auc: number,
  aucClosedBeyond: number,
  brier: number,
  meanProbability: number,
  calibrationError: number,
  brierSkillVsAtr: number,
  skillDays: z.int(),
});
const CounterfactualJson = z.strictObject({ count: z.int(), known: z.int(), meanBps: number, jpy: z.number() });

export const ReportJson = z.strictObject({
  period: z.string(),
  name: z.string(),
  fromAt: Time,
  toAt: Time,
  partial: z.boolean(),
  netPnlJpy: z.number(),
  feesJpy: z.number(),
  equityStartJpy: number,
  equityEndJpy: number,
  trades: z.int(),
  wins: z.int(),
  losses: z.int(),
  openTrades: z.int(),
  winRate: number,
  breakEvenRate: number,
  grossProfitJpy: z.number(),
  grossLossJpy: z.number(),
  profitFactor: number,
  expectancyBps: number,
  expectancyR: number,
  maxDrawdown: z.strictObject({ jpy: z.number(), ratio: number, fromAt: Time, toAt: Time }).nullable(),
  sharpe: number,
  sharpeDays: z.int(),
  slippage: z.strictObject({ jpy: z.number(), bps: number, fills: z.int(), unplanned: z.int() }),
  days: z.array(z.strictObject({ date: z.string(), trades: z.int(), netPnlJpy: z.number() })),
  funnel: z.strictObject({
    bars: z.int(),
    noSignal: z.int(),
    unfinished: z.int(),
    overThreshold: z.int(),
    stoppedBy: Counts,
    failed: Counts,
    proposed: z.int(),
  }),
  answers: z.strictObject({
    approved: z.int(),
    rejected: z.int(),
    expired: z.int(),
    pending: z.int(),
    refused: z.int(),
  }),
  medianTapMs: number,
  counterfactual: z.strictObject({
    approved: CounterfactualJson,
    rejected: CounterfactualJson,
    expired: CounterfactualJson,
  }),
  lossLimits: z.array(
    z.strictObject({ period: z.string(), lossJpy: z.number(), limitJpy: z.number(), reached: z.boolean() }),
  ),
  halts: z.array(HaltJson),
  heads: z.array(HeadJson),
  nextEvents: z.array(EconomicEventJson),
});

export const reportJson = (r: PeriodReport): z.infer<typeof ReportJson> => {
  const { statistics: s, drawdown, counterfactual: c } = r;
  const missed = (of: (typeof c)["approved"]) => ({
    count: of.count,
    known: of.known,
    meanBps: orNull(of.meanBps),
    jpy: of.yen,
  });
  return {
    period: r.kind,
    name: r.name,
    fromAt: isoUtc(r.fromMs),
    toAt: isoUtc(r.endMs),
    partial: r.partial,
    netPnlJpy: s.netPnlYen,
    feesJpy: r.feesYen,
    equityStartJpy: orNull(r.equityStartYen),
    equityEndJpy: orNull(r.equityEndYen),
    trades: s.trades,
    wins: s.wins,
    losses: s.losses,
    openTrades: r.openTrades,
    winRate: orNull(s.winRate),
    breakEvenRate: orNull(s.breakEvenRate),
    grossProfitJpy: s.grossProfitYen,
    grossLossJpy: s.grossLossYen,
    profitFactor: orNull(s.profitFactor),
    expectancyBps: orNull(s.expectancyBps),
    expectancyR: orNull(s.expectancyR),
    maxDrawdown: drawdown
      ? {
          jpy: drawdown.yen,
          ratio: orNull(drawdown.ratio),
          fromAt: isoUtc(drawdown.fromMs),
          toAt: isoUtc(drawdown.toMs),
        }
      : null,
    sharpe: orNull(r.sharpe),
    sharpeDays: r.sharpeDays,
    slippage: {
      jpy: r.slippage.yen,
      bps: orNull(r.slippage.bps),
      fills: r.slippage.fills,
      unplanned: r.slippage.unplanned,
    },
    days: r.days.map((d) => ({ date: d.date, trades: d.trades, netPnlJpy: d.netPnlYen })),
    funnel: r.funnel,
    answers: r.answers,
    medianTapMs: orNull(r.medianTapMs),
    counterfactual: { approved: missed(c.approved), rejected: missed(c.rejected), expired: missed(c.expired) },
    lossLimits: r.losses.map((l) => ({
      period: l.period,
      lossJpy: toNumber(l.loss),
      limitJpy: toNumber(l.limit),
      reached: l.reached,
    })),
    halts: r.halts.map(haltJson),
    heads: r.heads.map((h) => ({
      modelId: h.modelId,
      symbol: h.symbol,
      side: h.side,
      predictions: h.predictions,
      correct: h.correct,
      accuracy: orNull(h.accuracy),
      baseRate: orNull(h.baseRate),
      auc: orNull(h.auc),
      aucClosedBeyond: orNull(h.aucClosedBeyond),
      brier: orNull(h.brier),
      meanProbability: orNull(h.meanProbability),
      calibrationError: orNull(h.calibrationError),
      brierSkillVsAtr: orNull(h.atrSkill.skill),
      skillDays: h.atrSkill.days,
    })),
    nextEvents: r.nextEvents.map(economicEventJson),
  };
};
