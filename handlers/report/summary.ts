// One object about a whole database: what `trader start --json` prints last and what the HTML report opens with.
// Every number is computed from the tables; only what the database does not hold is passed in.
import { toNumber, type YenE8 } from "../../lib/core/money.ts";
import type { Product } from "../../lib/core/product.ts";
import { maxDrawdown, show, showPercent, showYen, tradeStatistics } from "../../lib/core/statistics.ts";
import { BAR_MS, epochMs } from "../../lib/core/time.ts";
import type { Database } from "../../queue/types.ts";
import { countAnswers, equityCurve, outcomeOf } from "./day.ts";

/** The facts that the database does not hold. */
interface SummaryFacts {
  readonly product: Product;
  /** The last comparison of venue and book found no difference. */
  readonly ledgerMatchesVenue: boolean;
  /** Yen at the start, and at the end as the venue reports it. */
  readonly equityStart: YenE8;
  readonly equityEnd: YenE8;
  readonly dbPath: string;
  readonly reportPath: string | null;
  readonly elapsedMs: number;
}

/** JSON-ready; null where a number does not exist (no trades). Rates 0..1, money in yen. */
export interface ReplaySummary extends Omit<SummaryFacts, "equityStart" | "equityEnd"> {
  /** Evaluated symbol-bars, "no signal" included, without the warm-up. */
  readonly bars: number;
  readonly noSignalBars: number;
  /** Bars over the model's own threshold. */
  readonly signals: number;
  /** Proposals put to the owner; a modified one counts once, by its final outcome. */
  readonly notified: number;
  readonly approved: number;
  readonly rejected: number;
  readonly expired: number;
  readonly pending: number;
  /** Approved, but refused at the re-check on fresh data, so no order was sent. */
  readonly refused: number;
  /** With at least one fill. */
  readonly trades: number;
  /** Approved, but ended without a fill. */
  readonly tradesCancelled: number;
  readonly wins: number;
  readonly losses: number;
  readonly winRate: number | null;
  readonly breakEvenRate: number | null;
  readonly profitFactor: number | null;
  readonly openPositions: number;
  readonly barePositions: number;
  readonly duplicateOrders: number;
  readonly jobsDead: number;
  readonly equityStartJpy: number;
  readonly equityEndJpy: number;
  /** Sum of the closed trades' P&L, net of fees. */
  readonly netPnlJpy: number;
  readonly feesJpy: number;
  readonly maxDrawdownJpy: number | null;
  /** Percent of the peak, e.g. 0.12; null when equity starts at or below zero. */
  readonly maxDrawdownPct: number | null;
  readonly auditEvents: number;
  readonly auditChainOk: boolean;
}

const START = epochMs(0);
const END = epochMs(Number.MAX_SAFE_INTEGER);

export const replaySummary = (db: Database, facts: SummaryFacts): ReplaySummary => {
  const { reporting, audit } = db.read;
  const bars = reporting.judgedBars(START, END, BAR_MS);
  const answers = countAnswers(reporting.proposals(START, END));
  const trades = reporting.trades();
  const closed = trades.filter((t) => t.status === "closed");
  const s = tradeStatistics(closed.map(outcomeOf));
  const fall = maxDrawdown(equityCurve(db.read, START, END));
  return {
    product: facts.product,
    bars: bars.length,
    noSignalBars: bars.filter((bar) => bar.kind === "noSignal").length,
    signals: bars.filter((bar) => bar.kind === "judged" && bar.overThreshold).length,
    notified: answers.approved + answers.rejected + answers.expired + answers.pending,
    ...answers,
    trades: trades.filter((t) => t.firstFillMs !== undefined).length,
    tradesCancelled: trades.filter((t) => t.status === "cancelled").length,
    wins: s.wins,
    losses: s.losses,
    winRate: s.winRate ?? null,
    breakEvenRate: s.breakEvenRate ?? null,
    profitFactor: s.profitFactor ?? null,
    ...reporting.bookCheck(),
    ledgerMatchesVenue: facts.ledgerMatchesVenue,
    jobsDead: reporting.jobsDead(),
    equityStartJpy: toNumber(facts.equityStart),
    equityEndJpy: toNumber(facts.equityEnd),
    netPnlJpy: s.netPnlYen,
    feesJpy: closed.reduce((sum, t) => sum + t.feesYen, 0),
    maxDrawdownJpy: fall?.yen ?? null,
    maxDrawdownPct: fall?.ratio === undefined ? null : fall.ratio * 100,
    auditEvents: reporting.auditEvents(),
    auditChainOk: audit.firstBroken() === undefined,
    dbPath: facts.dbPath,
    reportPath: facts.reportPath,
    elapsedMs: facts.elapsedMs,
  };
};

/** The same for a terminal. Every rate is shown beside its break-even, and a violated safety invariant in capitals. */
export const summaryText = (s: ReplaySummary): string => {
  const broken = [
    ...(s.openPositions > 0 ? [`${s.openPositions} positions still open`] : []),
    ...(s.barePositions > 0 ? [`${s.barePositions} positions without protection`] : []),
    ...(s.duplicateOrders > 0 ? [`${s.duplicateOrders} proposals with duplicate entry orders`] : []),
    ...(s.ledgerMatchesVenue ? [] : ["the book does not match the venue"]),
    ...(s.auditChainOk ? [] : ["the audit chain is broken"]),
    ...(s.jobsDead > 0 ? [`${s.jobsDead} dead jobs (trader jobs list --state dead)`] : []),
  ];
  const percent = (rate: number | null) => showPercent(rate ?? undefined);
  return [
    "",
    `${s.bars} bars judged, ${s.signals} over the model's threshold, ${s.notified} proposed: ${s.approved} approved${s.refused > 0 ? ` (${s.refused} refused at the re-check)` : ""}, ${s.rejected} rejected, ${s.expired} expired`,
    `${s.trades} trades: ${s.wins} won, ${s.losses} lost${s.tradesCancelled > 0 ? `; ${s.tradesCancelled} given up without a fill` : ""}`,
    `win rate ${percent(s.winRate)}, break-even ${percent(s.breakEvenRate)}, profit factor ${show(s.profitFactor ?? undefined)}, max drawdown ${showYen(s.maxDrawdownJpy ?? undefined)} (${s.maxDrawdownPct === null ? "n/a" : show(s.maxDrawdownPct, 3, " %")})`,
    `P&L ${showYen(s.netPnlJpy, true)}, equity ${showYen(s.equityStartJpy)} -> ${showYen(s.equityEndJpy)}; edge: not tested`,
    broken.length === 0
      ? "no open, bare or duplicate position; book equals venue; audit chain whole"
      : `ATTENTION: ${broken.join("; ")}`,
    `database ${s.dbPath}`,
    `report   ${s.reportPath ?? "none"}`,
  ].join("\n");
};
