// A report as JSON for other programs: yen and rates as numbers, times as ISO-8601 UTC, null for what does not exist.
import { toNumber } from "../../lib/core/money.ts";
import { isoUtc } from "../../lib/core/time.ts";
import type { PeriodReport } from "./day.ts";

export const reportJson = (r: PeriodReport): Readonly<Record<string, unknown>> => {
  const { statistics: s, drawdown } = r;
  return nulls({
    period: r.kind,
    name: r.name,
    from: isoUtc(r.fromMs),
    to: isoUtc(r.endMs),
    partial: r.partial,
    netPnlJpy: s.netPnlYen,
    feesJpy: r.feesYen,
    equityStartJpy: r.equityStartYen,
    equityEndJpy: r.equityEndYen,
    trades: s.trades,
    wins: s.wins,
    losses: s.losses,
    openTrades: r.openTrades,
    winRate: s.winRate,
    breakEvenRate: s.breakEvenRate,
    grossProfitJpy: s.grossProfitYen,
    grossLossJpy: s.grossLossYen,
    profitFactor: s.profitFactor,
    expectancyBps: s.expectancyBps,
    expectancyR: s.expectancyR,
    maxDrawdown: drawdown && {
      jpy: drawdown.yen,
      ratio: drawdown.ratio,
      from: isoUtc(drawdown.fromMs),
      to: isoUtc(drawdown.toMs),
    },
    sharpe: r.sharpe,
    sharpeDays: r.sharpeDays,
    slippage: { jpy: r.slippage.yen, bps: r.slippage.bps, fills: r.slippage.fills, unplanned: r.slippage.unplanned },
    days: r.days.map((d) => ({ date: d.date, trades: d.trades, netPnlJpy: d.netPnlYen })),
    funnel: r.funnel,
    answers: r.answers,
    medianTapMs: r.medianTapMs,
    counterfactual: Object.fromEntries(
      Object.entries(r.counterfactual).map(([answer, c]) => [
        answer,
        { count: c.count, known: c.known, meanBps: c.meanBps, jpy: c.yen },
      ]),
    ),
    lossLimits: r.losses.map((l) => ({
      period: l.period,
      lossJpy: toNumber(l.loss),
      limitJpy: toNumber(l.limit),
      reached: l.reached,
    })),
    halts: r.halts,
    heads: r.heads,
    nextEvents: r.nextEvents.map((e) => ({
      at: isoUtc(e.atMs),
      currency: e.currency,
      importance: e.importance,
      title: e.title,
    })),
  }) as Readonly<Record<string, unknown>>;
};

/** undefined would vanish from JSON; a reader should see that the number does not exist. */
const nulls = (value: unknown): unknown =>
  value === undefined
    ? null
    : Array.isArray(value)
      ? value.map(nulls)
      : typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, nulls(inner)]))
        : value;
