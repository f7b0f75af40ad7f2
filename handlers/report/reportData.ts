// All data of the HTML report, read from the database at once, so that drawing it is a pure function.
import type { DailySummary } from "../../db/tables/dailySummary.ts";
import type { ReportFill, ReportProposal, ReportTrade } from "../../db/tables/reporting.ts";
import type { Candle } from "../../lib/core/candle.ts";
import type { Config } from "../../lib/core/config.ts";
import { type EconomicEvent, newsWindowMinutes } from "../../lib/core/events.ts";
import { type Funnel, funnelOf, type HeadPerformance } from "../../lib/core/performance.ts";
import type { LossUse } from "../../lib/core/risk.ts";
import {
  type Drawdown,
  dailyReturns,
  type EquityPoint,
  maxDrawdown,
  sharpeRatio,
  type TradeStatistics,
  tradeStatistics,
} from "../../lib/core/statistics.ts";
import { BAR_MS, type EpochMs, epochMs, jstDate, latest, MINUTE_MS, plusMs } from "../../lib/core/time.ts";
import type { Manifest } from "../../models/manifest.ts";
import type { Reads } from "../../queue/types.ts";
import { dayReport, equityCurve, headsBetween, outcomeOf } from "./day.ts";
import type { ReplaySummary } from "./summary.ts";

export interface NewsBand {
  readonly title: string;
  readonly atMs: EpochMs;
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
}
export interface SymbolData {
  readonly symbol: string;
  readonly candles: readonly Candle[];
  readonly trades: readonly ReportTrade[];
  readonly fills: readonly ReportFill[];
  /** Proposals that led to no fill. */
  readonly untaken: readonly ReportProposal[];
}
interface ModelCard {
  readonly id: string;
  readonly dataEndMs: EpochMs;
  readonly heads: Manifest["heads"];
}
export interface ReportData {
  readonly version: string;
  /** The source of the prices, as a sentence for the reader. */
  readonly dataNote: string;
  /** How days, model, settings and answers were chosen. */
  readonly method: string;
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
  readonly summary: ReplaySummary;
  readonly statistics: TradeStatistics;
  readonly drawdown: Drawdown | undefined;
  /** Daily returns of all reported days. */
  readonly sharpe: { readonly value: number | undefined; readonly days: number };
  readonly equity: readonly EquityPoint[];
  readonly symbols: readonly SymbolData[];
  readonly news: readonly NewsBand[];
  readonly trades: readonly ReportTrade[];
  readonly proposals: readonly ReportProposal[];
  readonly funnel: Funnel;
  readonly days: readonly (DailySummary & { readonly text: string | undefined })[];
  readonly losses: readonly LossUse[];
  readonly halts: readonly { readonly kind: string; readonly reason: string }[];
  readonly openAlerts: readonly string[];
  readonly model: ModelCard | undefined;
  /** The model on the bars of this database whose outcome is known. */
  readonly heads: readonly HeadPerformance[];
}

interface ReportFacts {
  /** First and last bar close of the reported days. */
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
  readonly config: Config;
  readonly summary: ReplaySummary;
  readonly model: Pick<Manifest, "id" | "dataEndMs" | "heads"> | undefined;
  readonly dataNote: string;
  readonly method: string;
  readonly version: string;
}

export const collectReportData = (read: Reads, facts: ReportFacts): ReportData => {
  const { config, fromMs } = facts;
  const trades = read.reporting.trades();
  const fills = read.reporting.fills();
  // Trades may close after the last bar with a signal: the charts extend to the last exit.
  const toMs = latest(facts.toMs, fills.at(-1)?.atMs ?? 0, read.equity.latest()?.atMs ?? 0);
  const end = plusMs(toMs, 1);
  const proposals = read.reporting.proposals(fromMs, end);
  const bars = read.reporting.judgedBars(fromMs, end, BAR_MS);
  const curve = equityCurve(read, fromMs, end);
  const returns = dailyReturns(curve).map((day) => day.value);
  const today = dayReport(read, config, jstDate(toMs), end);
  const filled = new Set(trades.filter((t) => t.firstFillMs !== undefined).map((t) => t.proposalId));
  const texts = new Map(
    read.reporting
      .reportMessages()
      .map(({ key, text }) => [key.replace(/^report:/, "").replace(/:partial$/, ""), text]),
  );
  const symbols = [...new Set(bars.map((bar) => bar.symbol))].sort();
  return {
    version: facts.version,
    dataNote: facts.dataNote,
    method: facts.method,
    fromMs,
    toMs,
    summary: facts.summary,
    statistics: tradeStatistics(trades.filter((t) => t.status === "closed").map(outcomeOf)),
    drawdown: maxDrawdown(curve),
    sharpe: { value: sharpeRatio(returns), days: returns.length },
    equity: curve,
    symbols: symbols.map((symbol) => ({
      symbol,
      candles: read.candles.range(symbol, fromMs, toMs),
      trades: trades.filter((t) => t.symbol === symbol && t.firstFillMs !== undefined),
      fills: fills.filter((f) => trades.some((t) => t.id === f.tradeId && t.symbol === symbol)),
      untaken: proposals.filter((p) => p.symbol === symbol && p.state !== "superseded" && !filled.has(p.id)),
    })),
    news: newsBands(read.events.range(fromMs, toMs), config),
    trades,
    proposals,
    funnel: funnelOf(bars),
    days: read.dailySummary.all().map((day) => ({ ...day, text: texts.get(day.date) })),
    losses: today.losses,
    halts: today.halts,
    openAlerts: read.alerts.open().map((a) => `${a.severity}: ${a.text}`),
    model: facts.model && {
      id: facts.model.id,
      dataEndMs: epochMs(facts.model.dataEndMs),
      heads: facts.model.heads,
    },
    heads: headsBetween(read, fromMs, end),
  };
};

const newsBands = (events: readonly EconomicEvent[], config: Config): readonly NewsBand[] =>
  config.AVOID_NEWS_TIME
    ? events
        .filter((e) => e.importance === "high")
        .map((e) => {
          const windowMs = newsWindowMinutes(e, config.NEWS_WINDOW_MINUTES) * MINUTE_MS;
          return {
            title: e.title,
            atMs: e.atMs,
            fromMs: plusMs(e.atMs, -windowMs),
            toMs: plusMs(e.atMs, windowMs),
          };
        })
    : [];
