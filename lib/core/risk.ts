// Risk: how large an entry may be, and whether one is allowed at all. Pure and total: no input gives a size that breaks
// a limit (property-tested). Checked at the filter, at the tap and before the order is sent (DESIGN 8). Never raises a
// limit.
import type { Config } from "./config.ts";
import type { Gate } from "./gates.ts";
import {
  type CoinE8,
  E8,
  floorDiv,
  floorToStep,
  formatE8,
  maxBig,
  minBig,
  notionalYen,
  type RatioE8,
  ratioE8,
  ratioOfYenDown,
  ratioOfYenUp,
  toNumber,
  type YenE8,
  yenE8,
} from "./money.ts";
import { isSpot } from "./product.ts";
import { fenceIsBehind } from "./protection.ts";
import type { SymbolRules } from "./venue.ts";

interface SizingFacts {
  /** Account equity, yen. */
  readonly equity: YenE8;
  /** Trading capacity left at the venue, yen: margin, or money on spot. */
  readonly available: YenE8;
  /** Notional of all open positions and live entry orders together. */
  readonly openNotional: YenE8;
  /** What open and approved proposals before this one may still enter, at the worst price of their band. */
  readonly reserved?: readonly { readonly price: YenE8; readonly size: CoinE8 }[];
  readonly entry: YenE8;
  readonly stop: YenE8;
  readonly rules: SymbolRules;
}
/** The limit that an entry's size comes from. */
export type SizeBound = "risk" | "position" | "margin" | "balance" | "maximum";
type Sizing =
  | {
      readonly kind: "ok";
      readonly size: CoinE8;
      readonly bound: SizeBound;
    }
  | { readonly kind: "tooSmall"; readonly size: CoinE8; readonly reason: string };

/** The part of the equity that may be used (the owner's phase 6). */
export const capitalOf = (config: Config, equity: YenE8): YenE8 =>
  config.CAPITAL_LIMIT_JPY === undefined ? equity : minBig(equity, config.CAPITAL_LIMIT_JPY);
/** Margin needed per yen of notional on the 2x leverage product (GMO API 5.1). */
const MARGIN_RATIO = 50_000_000n as RatioE8;
/** Yen needed per coin: its whole price and the taker fee, which the venue may reserve as well (GMO API 17.6). */
const fundsRatio = ({ symbol, takerFee }: SymbolRules): RatioE8 =>
  isSpot(symbol) ? ratioE8(E8 + maxBig<bigint>(takerFee, 0n)) : MARGIN_RATIO;

/** What the venue sets aside for a resting entry, as `sizeEntry` counts it: its notional times the funds per yen; rounds down. */
export const reservedFunds = (price: YenE8, size: CoinE8, rules: SymbolRules): YenE8 =>
  yenE8((((price * size) / E8) * fundsRatio(rules)) / E8);

/**
 * The minimum of: 2 % risk over the stop distance (plus the taker fee of a stop, where there is one), 10 % of equity
 * less open notional and what proposals before it reserve, available margin (spot: available yen) and the venue's maximum,
 * rounded down to the step. Below the venue's minimum: `tooSmall` with the reason, never a rounded-up size.
 */
export const sizeEntry = (config: Config, f: SizingFacts): Sizing => {
  const capital = capitalOf(config, f.equity);
  const distance = f.entry > f.stop ? f.entry - f.stop : f.stop - f.entry;
  const { sizeStep, minSize, maxSize } = f.rules;
  if (sizeStep <= 0n || minSize <= 0n || maxSize <= 0n)
    return { kind: "tooSmall", size: 0n as CoinE8, reason: "the venue's size rules make no sense" };
  if (capital <= 0n || f.entry <= 0n || f.stop <= 0n || distance === 0n)
    return { kind: "tooSmall", size: 0n as CoinE8, reason: "no equity or no stop distance to size from" };
  if (!isSpot(f.rules.symbol) && !fenceIsBehind(f.entry, f.stop))
    return {
      kind: "tooSmall",
      size: 0n as CoinE8,
      reason: `the stop ${formatE8(f.stop)} is 20 % or more from the entry ${formatE8(f.entry)}: the exchange's loss-cut would come first`,
    };
  const perYen = (budget: YenE8, perCoin: bigint): CoinE8 =>
    floorDiv(maxBig(budget, yenE8(0n)) * E8, perCoin) as CoinE8;
  // A stop is a taker order; its fee is part of the loss.
  const lossPerCoin = distance + ratioOfYenUp(f.stop, maxBig(f.rules.takerFee, ratioE8(0n)));
  const reserved = f.reserved ?? [];
  const setAside = reserved.reduce((sum, r) => sum + reservedFunds(r.price, r.size, f.rules), 0n);
  const taken = reserved.reduce((sum, r) => sum + notionalYen(r.price, r.size), maxBig<bigint>(f.openNotional, 0n));
  const funds = yenE8(((f.available - setAside) * E8) / fundsRatio(f.rules));
  const candidates = [
    ["risk", perYen(ratioOfYenDown(capital, config.MAX_RISK_PER_TRADE), lossPerCoin)],
    ["position", perYen(yenE8(ratioOfYenDown(capital, config.MAX_POSITION_RATIO) - taken), f.entry)],
    [isSpot(f.rules.symbol) ? "balance" : "margin", perYen(funds, f.entry)],
    ["maximum", maxSize],
  ] as const;
  const [bound, exact] = candidates.reduce((least, next) => (next[1] < least[1] ? next : least));
  const size = floorToStep(exact, sizeStep);
  if (size < minSize || size <= 0n)
    return {
      kind: "tooSmall",
      size,
      reason: `the ${bound} limit allows ${formatE8(exact)} ${f.rules.symbol}, below the venue's minimum ${formatE8(minSize)}`,
    };
  return { kind: "ok", size, bound };
};

/** Less than half of what was approved is another trade: it is refused and offered anew. */
export const isBelowHalf = (size: CoinE8, approved: CoinE8): boolean => 2n * size < approved;

export interface LossFacts {
  readonly equity: YenE8;
  /** Open P&L included in `equity`; open profit is not counted as a cushion. */
  readonly unrealised: YenE8;
  /** Equity at the start of each period. */
  readonly dayStart: YenE8;
  readonly weekStart: YenE8;
  readonly monthStart: YenE8;
  /** By period, the results of our own book; undefined: only equity is checked. */
  readonly booked?: Readonly<Record<LossPeriod, BookedPeriod>> | undefined;
}
export interface BookedPeriod {
  /** Realised P&L less fees since the period's start, less the open P&L it began with. */
  readonly result: YenE8;
  /** Yen the owner has withdrawn since, 0 or more. */
  readonly paidOut: YenE8;
}
export type LossPeriod = "day" | "week" | "month";
export interface LossUse {
  readonly period: LossPeriod;
  /** Loss so far, yen, 0 when there is none. Realised P&L, fees and open loss. */
  readonly loss: YenE8;
  readonly limit: YenE8;
  readonly reached: boolean;
}

/**
 * The larger of two measures: the fall of the account's equity since the period's start, without withdrawals; and the
 * sum of our own executions and the open loss, which no deposit can hide.
 */
const lossOf = (f: LossFacts, period: LossPeriod, start: YenE8): YenE8 => {
  const equityWithoutOpenProfit = f.unrealised > 0n ? f.equity - f.unrealised : f.equity;
  const booked = f.booked?.[period];
  const missing = start - equityWithoutOpenProfit - (booked?.paidOut ?? 0n);
  const made = booked === undefined ? 0n : -(booked.result + minBig<bigint>(f.unrealised, 0n));
  return yenE8(maxBig(maxBig<bigint>(missing, made), 0n));
};

/**
 * Daily, weekly and monthly loss against their limits, ratios of the equity at the period's start, or of
 * CAPITAL_LIMIT_JPY where that is less: the loss limit is a part of the capital that may be used. A limit is reached
 * at exactly its amount.
 */
export const lossUse = (config: Config, f: LossFacts): readonly LossUse[] => {
  const use = (period: LossPeriod, start: YenE8, ratio: RatioE8): LossUse => {
    const loss = lossOf(f, period, start);
    const limit = ratioOfYenDown(capitalOf(config, start), ratio);
    return { period, loss, limit, reached: loss >= limit };
  };
  return [
    use("day", f.dayStart, config.MAX_DAILY_LOSS_PCT),
    use("week", f.weekStart, config.MAX_WEEKLY_LOSS_PCT),
    use("month", f.monthStart, config.MAX_MONTHLY_LOSS_PCT),
  ];
};

export interface EntryFacts extends SizingFacts, LossFacts {
  readonly symbol: string;
  /** Active halts. */
  readonly halts: readonly { readonly kind: string; readonly reason: string }[];
  readonly openTradeOnSymbol: boolean;
  readonly pendingProposalOnSymbol: boolean;
  /** First fills of this JST day plus open proposals and entries still working, this one excluded. */
  readonly tradesToday: number;
}

/** The risk gates, all of them, in a fixed order; the last is the size. */
export const riskGates = (
  config: Config,
  f: EntryFacts,
): { readonly gates: readonly Gate[]; readonly sizing: Sizing } => {
  const losses = lossUse(config, f);
  const reached = losses.filter((l) => l.reached);
  const sizing = sizeEntry(config, f);
  const gates: readonly Gate[] = [
    {
      gate: "halt",
      value: f.halts.map((h) => h.kind).join(", ") || null,
      limit: null,
      pass: f.halts.length === 0,
      ...(f.halts.length === 0 ? {} : { reason: f.halts.map((h) => `${h.kind}: ${h.reason}`).join("; ") }),
    },
    { gate: "openTrade", value: f.openTradeOnSymbol ? 1 : 0, limit: 0, pass: !f.openTradeOnSymbol },
    { gate: "pendingProposal", value: f.pendingProposalOnSymbol ? 1 : 0, limit: 0, pass: !f.pendingProposalOnSymbol },
    {
      gate: "dailyTrades",
      value: f.tradesToday,
      limit: config.MAX_DAILY_TRADES,
      pass: f.tradesToday < config.MAX_DAILY_TRADES,
    },
    {
      gate: "lossLimits",
      value: losses
        .map((l) => `${l.period} ${Math.round(toNumber(l.loss))}/${Math.round(toNumber(l.limit))} JPY`)
        .join(", "),
      limit: null,
      pass: reached.length === 0,
    },
    {
      gate: "size",
      value: formatE8(sizing.size),
      limit: formatE8(f.rules.minSize),
      pass: sizing.kind === "ok",
      ...(sizing.kind === "ok" ? {} : { reason: sizing.reason }),
    },
  ];
  return { gates, sizing };
};

/** Names and reasons of the failed gates, for one line of text; undefined when all passed. */
export const refusalText = (gates: readonly Gate[]): string | undefined => {
  const failed = gates.filter((g) => !g.pass);
  if (failed.length === 0) return undefined;
  return failed.map((g) => `${g.gate} ${g.reason ?? `${format(g.value)} (limit ${format(g.limit)})`}`).join("; ");
};
const format = (value: string | number | null): string =>
  value === null ? "none" : typeof value === "number" ? String(Math.round(value * 10_000) / 10_000) : value;

export interface AccountFacts {
  readonly equity: YenE8;
  /** Open P&L, part of `equity`. */
  readonly unrealised: YenE8;
  /** Yen: available margin, or money that no order locks. */
  readonly available: YenE8;
}
