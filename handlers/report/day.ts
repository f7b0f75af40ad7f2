// The figures of a JST day, week or month, read from the database alone, so that any past one can be reported again.
// Used by the reports, their messages and the command line; decides nothing.
import type { Halt } from "../../db/tables/halts.ts";
import type { ReportProposal, ReportTrade } from "../../db/tables/reporting.ts";
import type { Config } from "../../lib/core/config.ts";
import type { EconomicEvent } from "../../lib/core/events.ts";
import { toNumber, yenE8 } from "../../lib/core/money.ts";
import {
  AUC_WINDOW_DAYS,
  counterfactualOf,
  type Funnel,
  funnelOf,
  type HeadPerformance,
  headPerformance,
  type Slippage,
  slippageOf,
} from "../../lib/core/performance.ts";
import { type Period, type PeriodKind, periodAt } from "../../lib/core/period.ts";
import { type LossUse, lossUse } from "../../lib/core/risk.ts";
import { type SilentRun, silentRuns } from "../../lib/core/silentRuns.ts";
import {
  type Drawdown,
  dailyReturns,
  type EquityPoint,
  maxDrawdown,
  median,
  sharpeRatio,
  type TradeOutcome,
  type TradeStatistics,
  tradeStatistics,
} from "../../lib/core/statistics.ts";
import {
  BAR_MS,
  DAY_MS,
  type EpochMs,
  earliest,
  epochMsOrUndefined,
  jstDate,
  jstDateStart,
  jstDayStart,
  plusMs,
} from "../../lib/core/time.ts";
import type { Reads } from "../../queue/types.ts";
import { lossFacts } from "../risk/lossLimits.ts";

/** The Sharpe ratio uses at least this many JST days, and all days of a longer period. */
const SHARPE_DAYS = 30;
/** Below this many daily returns a Sharpe ratio is noise and not reported. */
export const FEW_RETURNS = 20;

interface AnswerCounts {
  readonly approved: number;
  readonly rejected: number;
  readonly expired: number;
  readonly pending: number;
  /** Approved proposals that the re-check on fresh data refused. */
  readonly refused: number;
}
/** Closed trades of one JST day. */
interface DayLine {
  readonly date: string;
  readonly trades: number;
  readonly netPnlYen: number;
}
export interface PeriodReport {
  readonly kind: PeriodKind;
  /** "2025-08-12", "2025-08-11 – 2025-08-17", "2025-08". */
  readonly name: string;
  /** The report covers fromMs <= time < endMs. */
  readonly fromMs: EpochMs;
  readonly endMs: EpochMs;
  /** The period is not over: the report was requested within it, or a replay ended. */
  readonly partial: boolean;
  /** Trades closed in the period. */
  readonly statistics: TradeStatistics;
  readonly feesYen: number;
  /** The days of the period with a closed trade; their sums are the period's. */
  readonly days: readonly DayLine[];
  readonly slippage: Slippage;
  readonly openTrades: number;
  readonly equityStartYen: number | undefined;
  readonly equityEndYen: number | undefined;
  /** Time of that equity point: recorded at each bar, so a few minutes before the end of an unfinished period. */
  readonly equityEndMs: EpochMs | undefined;
  readonly drawdown: Drawdown | undefined;
  /** undefined below FEW_RETURNS daily returns. */
  readonly sharpe: number | undefined;
  /** Daily returns behind `sharpe`. */
  readonly sharpeDays: number;
  readonly funnel: Funnel;
  /** Times without signals, in order. */
  readonly silences: readonly SilentRun[];
  readonly answers: AnswerCounts;
  /** Median time from the proposal to the person's decision; undefined when no person decided. */
  readonly medianTapMs: number | undefined;
  /** What the traded rule would have earned for each kind of decision. */
  readonly counterfactual: ReturnType<typeof counterfactualOf>;
  /** None while no equity was known. */
  readonly losses: readonly LossUse[];
  readonly halts: readonly Halt[];
  /** Trailing 30 days. */
  readonly heads: readonly HeadPerformance[];
  /** Important events after the end, the next ones first. */
  readonly nextEvents: readonly EconomicEvent[];
}

export const outcomeOf = (trade: ReportTrade): TradeOutcome => ({
  pnlYen: trade.pnlYen ?? 0,
  pnlBps: ((trade.pnlYen ?? 0) / (trade.entryPrice * trade.size)) * 10_000,
  pnlR: trade.riskYen > 0 ? (trade.pnlYen ?? 0) / trade.riskYen : undefined,
  breakEven: trade.breakEven,
});

/** Counts each signal once: a modified proposal is counted by the outcome of its successor. */
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

/** The same with the owner's withdrawals added back: a withdrawal is neither a drawdown nor a daily loss. */
const earnedCurve = (db: Reads, fromMs: EpochMs, endMs: EpochMs): readonly EquityPoint[] => {
  const start = db.equity.atStartOf(fromMs);
  const paid = db.payments.list(start === undefined ? fromMs : earliest(start.atMs, fromMs), endMs);
  const curve = equityCurve(db, fromMs, endMs);
  // The carried-in point precedes all withdrawals of the period.
  const isCarried = (index: number): boolean => index === 0 && start !== undefined && start.atMs < fromMs;
  const paidBy = (atMs: EpochMs): number =>
    paid.reduce((sum, p) => (p.atMs <= atMs ? sum + toNumber(p.amount) : sum), 0);
  return curve.map((p, i) => (isCarried(i) ? p : { ...p, yen: p.yen + paidBy(p.atMs) }));
};

/** The heads of every model on the bars with fromMs <= bar close < endMs whose outcome is known. */
export const headsBetween = (db: Reads, fromMs: EpochMs, endMs: EpochMs): readonly HeadPerformance[] =>
  headPerformance(db.labels.scored(plusMs(fromMs, -BAR_MS), plusMs(endMs, -BAR_MS)));

const NEXT_EVENTS = 5;
const NEXT_EVENTS_MS = 7 * DAY_MS;

/** The JST day `date` (YYYY-MM-DD) up to `endMs`. */
export const dayReport = (db: Reads, config: Config, date: string, endMs: EpochMs): PeriodReport =>
  periodReport(db, config, periodAt("day", jstDateStart(date)), endMs);

/**
 * A period up to `endMs` (at most its end). Loss use is computed from the last equity point and the results booked by
 * then.
 */
export const periodReport = (db: Reads, config: Config, period: Period, endMs: EpochMs): PeriodReport => {
  const { kind, name, fromMs, toMs } = period;
  const closed = db.reporting.tradesClosed(fromMs, endMs);
  const proposals = db.reporting.proposals(fromMs, endMs);
  const curve = equityCurve(db, fromMs, endMs);
  const bars = db.reporting.judgedBars(fromMs, endMs, BAR_MS);
  const lastDayMs = jstDayStart(plusMs(endMs, -1));
  const point = db.equity.range(lastDayMs, endMs).at(-1) ?? db.equity.baseOf(lastDayMs, endMs);
  const last = { equity: point?.equity ?? yenE8(0n), unrealised: point?.unrealised ?? yenE8(0n) };
  const sharpeFrom = earliest(fromMs, lastDayMs - (SHARPE_DAYS - 1) * DAY_MS);
  const returns = dailyReturns(earnedCurve(db, sharpeFrom, endMs)).map((d) => d.value);
  return {
    kind,
    name,
    fromMs,
    endMs,
    partial: endMs < toMs,
    statistics: tradeStatistics(closed.map(outcomeOf)),
    feesYen: closed.reduce((sum, t) => sum + t.feesYen, 0),
    days: dayLines(closed),
    slippage: slippageOf(db.reporting.plannedFills(fromMs, endMs)),
    openTrades: db.reporting.trades().filter((t) => (t.firstFillMs ?? endMs) < endMs && (t.closedMs ?? endMs) >= endMs)
      .length,
    equityStartYen: curve[0]?.yen,
    equityEndYen: curve.at(-1)?.yen,
    equityEndMs: epochMsOrUndefined(curve.at(-1)?.atMs),
    drawdown: maxDrawdown(earnedCurve(db, fromMs, endMs)),
    sharpe: returns.length < FEW_RETURNS ? undefined : sharpeRatio(returns),
    sharpeDays: returns.length,
    funnel: funnelOf(bars),
    silences: silentRuns(bars),
    answers: countAnswers(proposals),
    medianTapMs: median(
      proposals.flatMap((p) =>
        p.decidedBy === "human" && p.decidedMs !== undefined ? [p.decidedMs - p.createdMs] : [],
      ),
    ),
    counterfactual: counterfactualOf(db.reporting.answered(fromMs, endMs)),
    losses: point === undefined ? [] : lossUse(config, lossFacts(db, last, lastDayMs, endMs)),
    halts: db.halts.inForceAt(plusMs(endMs, -1)),
    heads: headsBetween(db, plusMs(endMs, -AUC_WINDOW_DAYS * DAY_MS), endMs),
    nextEvents: db.events
      .range(endMs, plusMs(endMs, NEXT_EVENTS_MS))
      .filter((e) => e.importance === "high")
      .slice(0, NEXT_EVENTS),
  };
};

const dayLines = (closed: readonly ReportTrade[]): readonly DayLine[] => {
  const days = new Map<string, DayLine>();
  for (const t of closed) {
    const date = jstDate(t.closedMs ?? t.createdMs);
    const day = days.get(date) ?? { date, trades: 0, netPnlYen: 0 };
    days.set(date, { date, trades: day.trades + 1, netPnlYen: day.netPnlYen + (t.pnlYen ?? 0) });
  }
  return [...days.values()].sort((a, b) => (a.date < b.date ? -1 : 1));
};
