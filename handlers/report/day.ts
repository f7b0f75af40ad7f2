// Everything one JST day amounted to, read from the database alone, so that any past day can be told again.
// Used by the daily report and its message; decides nothing.
import type { ReportProposal, ReportTrade } from "../../db/tables/reporting.ts";
import type { Config } from "../../lib/core/config.ts";
import { toNumber, yenE8 } from "../../lib/core/money.ts";
import {
  AUC_WINDOW_DAYS,
  type Funnel,
  funnelOf,
  type HeadPerformance,
  headPerformance,
} from "../../lib/core/performance.ts";
import { type LossUse, lossUse } from "../../lib/core/risk.ts";
import {
  type Drawdown,
  dailyReturns,
  type EquityPoint,
  maxDrawdown,
  sharpeRatio,
  type TradeOutcome,
  type TradeStatistics,
  tradeStatistics,
} from "../../lib/core/statistics.ts";
import { BAR_MS, DAY_MS, type EpochMs, jstDateStart, jstMonthStart, jstWeekStart } from "../../lib/core/time.ts";
import type { Reads } from "../../queue/types.ts";

/** JST days whose returns make the Sharpe ratio. */
export const SHARPE_DAYS = 30;

export interface AnswerCounts {
  readonly approved: number;
  readonly rejected: number;
  readonly expired: number;
  readonly pending: number;
  /** Of the approved: the re-check on fresh data said no. */
  readonly refused: number;
}
export interface DayReport {
  readonly date: string;
  /** What happened with fromMs <= time < endMs. */
  readonly fromMs: EpochMs;
  readonly endMs: EpochMs;
  /** The day is not over: a replay ended within it. */
  readonly partial: boolean;
  /** Trades closed in the day. */
  readonly statistics: TradeStatistics;
  readonly feesYen: number;
  readonly openTrades: number;
  readonly equityStartYen: number | undefined;
  readonly equityEndYen: number | undefined;
  readonly drawdown: Drawdown | undefined;
  readonly sharpe: number | undefined;
  /** Daily returns behind `sharpe`. */
  readonly sharpeDays: number;
  readonly funnel: Funnel;
  readonly answers: AnswerCounts;
  readonly losses: readonly LossUse[];
  readonly halts: readonly { readonly kind: string; readonly reason: string }[];
  /** Trailing 30 days. */
  readonly heads: readonly HeadPerformance[];
}

export const outcomeOf = (trade: ReportTrade): TradeOutcome => ({
  pnlYen: trade.pnlYen ?? 0,
  pnlBps: ((trade.pnlYen ?? 0) / (trade.entryPrice * trade.size)) * 10_000,
  pnlR: trade.riskYen > 0 ? (trade.pnlYen ?? 0) / trade.riskYen : undefined,
  breakEven: trade.breakEven,
});

/** Each question once: a proposal that was modified is counted as what became of its successor. */
export const countAnswers = (proposals: readonly ReportProposal[]): AnswerCounts => {
  const counts = { approved: 0, rejected: 0, expired: 0, pending: 0, refused: 0 };
  for (const { state, refusal } of proposals) {
    if (state !== "superseded") counts[state] += 1;
    if (refusal !== undefined) counts.refused += 1;
  }
  return counts;
};

/** Equity as doubles, the last point before `fromMs` carried in at `fromMs`. */
export const equityCurve = (db: Reads, fromMs: EpochMs, endMs: EpochMs): readonly EquityPoint[] => {
  const points = db.equity.range(fromMs, endMs).map((p) => ({ atMs: p.atMs, yen: toNumber(p.equity) }));
  const start = db.equity.atStartOf(fromMs);
  return start && start.atMs < fromMs ? [{ atMs: fromMs, yen: toNumber(start.equity) }, ...points] : points;
};

/** The heads of every model on the bars judged with fromMs <= bar close < endMs whose outcome is known. */
export const headsBetween = (db: Reads, fromMs: EpochMs, endMs: EpochMs): readonly HeadPerformance[] =>
  headPerformance(db.labels.scored((fromMs - BAR_MS) as EpochMs, (endMs - BAR_MS) as EpochMs));

/**
 * The day `date` (JST, YYYY-MM-DD) up to `endMs`. Loss use is taken from the last equity point of the day; unlike the live
 * limit it counts open profit too, because the open part is not stored with the point.
 */
export const dayReport = (db: Reads, config: Config, date: string, endMs: EpochMs): DayReport => {
  const fromMs = jstDateStart(date);
  const closed = db.reporting.tradesClosed(fromMs, endMs);
  const curve = equityCurve(db, fromMs, endMs);
  const startYen = curve[0]?.yen;
  const endYen = curve.at(-1)?.yen;
  const asMoney = (periodStart: EpochMs) => db.equity.baseOf(periodStart)?.equity ?? yenE8(0n);
  const last = db.equity.range(fromMs, endMs).at(-1)?.equity ?? asMoney(fromMs);
  const sharpeFrom = (fromMs - (SHARPE_DAYS - 1) * DAY_MS) as EpochMs;
  const returns = dailyReturns(equityCurve(db, sharpeFrom, endMs)).map((d) => d.value);
  return {
    date,
    fromMs,
    endMs,
    partial: endMs < fromMs + DAY_MS,
    statistics: tradeStatistics(closed.map(outcomeOf)),
    feesYen: closed.reduce((sum, t) => sum + t.feesYen, 0),
    openTrades: db.reporting.trades().filter((t) => (t.firstFillMs ?? endMs) < endMs && (t.closedMs ?? endMs) >= endMs)
      .length,
    equityStartYen: startYen,
    equityEndYen: endYen,
    drawdown: maxDrawdown(curve),
    sharpe: sharpeRatio(returns),
    sharpeDays: returns.length,
    funnel: funnelOf(db.reporting.judgedBars(fromMs, endMs, BAR_MS)),
    answers: countAnswers(db.reporting.proposals(fromMs, endMs)),
    losses: lossUse(config, {
      equity: last,
      unrealised: yenE8(0n),
      dayStart: asMoney(fromMs),
      weekStart: asMoney(jstWeekStart(fromMs)),
      monthStart: asMoney(jstMonthStart(fromMs)),
    }),
    halts: db.reporting.haltsAt((endMs - 1) as EpochMs),
    heads: headsBetween(db, (endMs - AUC_WINDOW_DAYS * DAY_MS) as EpochMs, endMs),
  };
};
