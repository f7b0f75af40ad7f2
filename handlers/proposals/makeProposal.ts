// Makes every proposal: from a signal, with the owner's changed numbers, with new prices after a refused re-check, or
// for a position the owner adopts. Risk, break-even and hash are always computed from the proposal's own numbers.
import type { Proposal } from "../../db/tables/proposals.ts";
import type { Signal } from "../../db/tables/signals.ts";
import { type CoinE8, toNumber, type YenE8 } from "../../lib/core/money.ts";
import { type EpochMs, epochMs, isoUtc, MINUTE_MS } from "../../lib/core/time.ts";
import { breakEvenRate, type PlanPrices, proposalHash, riskYen } from "../../lib/core/tradePlan.ts";
import type { Direction, SymbolRules } from "../../lib/core/venue.ts";
import type { AppCtx } from "../context.ts";

/**
 * Cost of a round trip beyond the measured spread, basis points: stop slippage and adverse selection (docs/model.md).
 */
const EXTRA_COST_BPS = 2;
/** Fees of a round trip that enters as maker and exits as taker, basis points; a rebate counts as 0. */
const feeBps = ({ makerFee, takerFee }: SymbolRules): number => Math.max(0, toNumber(makerFee + takerFee) * 10_000);
/** Cost of a round trip at this spread, basis points of the entry. */
export const roundTripCostBps = (spread: number, rules: SymbolRules): number => spread + EXTRA_COST_BPS + feeBps(rules);

type Computed = "risk" | "breakEven" | "hash";
/** `entry`: the price that risk and break-even are computed from, where it is not the planned entry. */
const computed = (p: Omit<Proposal, Computed>, costBps: number, entry: YenE8 = p.entry): Proposal => ({
  ...p,
  risk: riskYen(entry, p.stop, p.size),
  breakEven: breakEvenRate({ ...pricesOf(p), entry }, costBps),
  hash: proposalHash({
    id: p.id,
    symbol: p.symbol,
    direction: p.direction,
    size: p.size,
    prices: pricesOf(p),
    validUntilMs: p.validUntilMs,
  }),
});
const pricesOf = ({ entry, bandLow, bandHigh, stop, tp1, tp2 }: PlanPrices): PlanPrices => ({
  entry,
  bandLow,
  bandHigh,
  stop,
  tp1,
  tp2,
});

/** A new proposal, valid for APPROVAL_MINUTES. */
export const fromSignal = (
  ctx: AppCtx,
  signal: Signal,
  prices: PlanPrices,
  size: CoinE8,
  at: { readonly equity: YenE8; readonly costBps: number; readonly nowMs: EpochMs },
): Proposal =>
  computed(
    {
      id: proposalId(signal.symbol, signal.barOpenMs),
      signalId: signal.id,
      symbol: signal.symbol,
      direction: signal.direction,
      ...prices,
      size,
      equity: at.equity,
      atr: signal.atr,
      confidence: signal.confidence,
      rank: signal.rank,
      createdMs: at.nowMs,
      validUntilMs: epochMs(at.nowMs + ctx.config.APPROVAL_MINUTES * MINUTE_MS),
      state: "pending",
      supersedes: undefined,
      traceId: ctx.job.traceId,
    },
    at.costBps,
  );

interface Revision {
  readonly prices: PlanPrices;
  readonly size: CoinE8;
  /** Basis points of the entry. */
  readonly costBps: number;
  readonly nowMs: EpochMs;
}
/** The owner's changed numbers as a new proposal with its own id, to be approved again; the deadline stays. */
export const modified = (old: Proposal, change: Revision): Proposal => revised(old, change, "m");
/**
 * The same signal at new prices after a refused re-check, with its own id, to be approved again; the deadline stays.
 */
export const repriced = (old: Proposal, change: Revision): Proposal => revised(old, change, "n");
const revised = (old: Proposal, { prices, size, costBps, nowMs }: Revision, letter: "m" | "n"): Proposal =>
  computed(
    {
      ...old,
      ...prices,
      id: revisionId(old.id, letter),
      size,
      createdMs: nowMs,
      state: "pending",
      supersedes: old.id,
    },
    costBps,
  );

/**
 * The plan of a position the owner adopts (`adopt`), attached to the newest signal. It is written already decided and
 * expired. Risk and break-even are computed from `price`, the current price, because the position was entered in the
 * past.
 */
export const forAdopted = (
  position: {
    readonly positionId: string;
    readonly symbol: string;
    readonly size: CoinE8;
    readonly direction: Direction;
  },
  prices: PlanPrices,
  at: { readonly signal: Signal; readonly equity: YenE8; readonly price: YenE8; readonly nowMs: EpochMs },
): Proposal => {
  const id = `adopted${position.positionId}`;
  const { symbol, size, direction } = position;
  return computed(
    {
      id,
      signalId: at.signal.id,
      symbol,
      direction,
      ...prices,
      size,
      equity: at.equity,
      atr: at.signal.atr,
      confidence: 0,
      rank: undefined,
      createdMs: at.nowMs,
      validUntilMs: at.nowMs,
      state: "pending",
      supersedes: undefined,
      traceId: `trade:${id}`,
    },
    0,
    at.price,
  );
};

/** "btc2508112115": symbol and bar, short enough for a command or a button, the same in every replay. */
export const proposalId = (symbol: string, barOpenMs: EpochMs): string =>
  `${symbol.split("_")[0]?.toLowerCase()}${isoUtc(barOpenMs).replace(/\D/g, "").slice(2, 12)}`;
/** "btc2508112115" -> "btc2508112115n1" -> "btc2508112115n2". */
const revisionId = (id: string, letter: "m" | "n"): string => {
  const [, base, count] = new RegExp(`^(.*?)(?:${letter}(\\d+))?$`).exec(id)!;
  return `${base}${letter}${Number(count ?? 0) + 1}`;
};

/** The numbers of a proposal as the audit log keeps them (1e-8 yen or coins as decimal strings). */
export const numbers = (p: Proposal) => ({
  proposalId: p.id,
  entryE8: p.entry,
  bandLowE8: p.bandLow,
  bandHighE8: p.bandHigh,
  stopE8: p.stop,
  tp1E8: p.tp1,
  tp2E8: p.tp2,
  sizeE8: p.size,
  riskE8: p.risk,
  hash: p.hash,
  validUntil: isoUtc(p.validUntilMs),
});
