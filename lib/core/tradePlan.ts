// The trade plan of DESIGN 8 as a pure function: entry at the best price of its own side, band, stop at 2 x ATR, two
// targets, and the win rate at which the plan breaks even.
import { createHash } from "node:crypto";
import type { Config } from "./config.ts";
import {
  type CoinE8,
  ceilToStep,
  E8,
  floorToStep,
  formatE8,
  fromNumber,
  maxBig,
  ratioOfYenDown,
  toNumber,
  type YenE8,
} from "./money.ts";
import type { Direction } from "./venue.ts";

export interface PlanPrices {
  readonly entry: YenE8;
  readonly bandLow: YenE8;
  readonly bandHigh: YenE8;
  readonly stop: YenE8;
  readonly tp1: YenE8;
  readonly tp2: YenE8;
}

/**
 * Prices of a proposal, all on the tick. `atr` in yen. Rounding: the stop away from the entry (the risk used for sizing
 * is never understated), targets away from the entry, the band inward.
 * Throws RangeError when ATR or prices make no plan (ATR not above 0, stop at or below zero).
 */
export const planPrices = (
  config: Config,
  p: {
    readonly direction: Direction;
    readonly bid: YenE8;
    readonly ask: YenE8;
    readonly atr: number;
    readonly tick: YenE8;
  },
): PlanPrices => {
  const long = p.direction === "long";
  return pricesAround(config, { direction: p.direction, entry: long ? p.bid : p.ask, atr: p.atr, tick: p.tick });
};

export const pricesAround = (
  config: Config,
  p: { readonly direction: Direction; readonly entry: YenE8; readonly atr: number; readonly tick: YenE8 },
): PlanPrices => {
  const { entry, tick } = p;
  if (!(p.atr > 0) || !Number.isFinite(p.atr)) throw new RangeError(`expected an ATR above 0 yen, found ${p.atr}`);
  if (entry <= 0n) throw new RangeError(`expected an entry price above 0, found ${formatE8(entry)}`);
  const long = p.direction === "long";
  const distance = maxBig(fromNumber(p.atr * config.STOP_LOSS_ATR_MULTIPLE) as YenE8, tick);
  const band = ratioOfYenDown(entry, config.ENTRY_BAND_PCT);
  const target = (ratio: typeof config.TP1_PCT): YenE8 => {
    const away = ratioOfYenDown(entry, ratio);
    return long ? ceilToStep((entry + away) as YenE8, tick) : floorToStep((entry - away) as YenE8, tick);
  };
  const stop = long ? floorToStep((entry - distance) as YenE8, tick) : ceilToStep((entry + distance) as YenE8, tick);
  if (stop <= 0n)
    throw new RangeError(`expected a stop above 0, found ${formatE8(stop)}: the ATR of ${p.atr} yen is too large`);
  return {
    entry,
    bandLow: ceilToStep((entry - band) as YenE8, tick),
    bandHigh: floorToStep((entry + band) as YenE8, tick),
    stop,
    tp1: target(config.TP1_PCT),
    tp2: target(config.TP2_PCT),
  };
};

/**
 * Win rate 0..1 at which a trade that gains TP1 or loses the stop breaks even: (stop + cost) / (target + stop).
 * `costBps`: round-trip cost in basis points of the entry (docs/model.md, "Costs").
 */
export const breakEvenRate = (prices: PlanPrices, costBps: number): number => {
  const { entry, stop, target } = distances(prices);
  return Math.min(1, (stop + (costBps / 10_000) * entry) / (target + stop));
};

/** The `costBps` behind a rate of breakEvenRate, 0 or more; a lower bound where the rate was capped at 1. */
export const costBpsOf = (prices: Pick<PlanPrices, "entry" | "stop" | "tp1">, rate: number): number => {
  const { entry, stop, target } = distances(prices);
  return Math.max(0, ((rate * (target + stop) - stop) / entry) * 10_000);
};

/** Yen, as doubles. */
const distances = (prices: Pick<PlanPrices, "entry" | "stop" | "tp1">) => {
  const entry = toNumber(prices.entry);
  return { entry, stop: Math.abs(entry - toNumber(prices.stop)), target: Math.abs(toNumber(prices.tp1) - entry) };
};

/** Yen lost when `size` stops out at its stop price, rounded up. */
export const riskYen = (entry: YenE8, stop: YenE8, size: CoinE8): YenE8 => {
  const distance = entry > stop ? entry - stop : stop - entry;
  return ((distance * size + E8 - 1n) / E8) as YenE8;
};

/** Binds an approval to exactly these numbers; any change gives another hash. 16 hex digits of SHA-256. */
export const proposalHash = (p: {
  readonly id: string;
  readonly symbol: string;
  readonly direction: Direction;
  readonly size: CoinE8;
  readonly prices: PlanPrices;
  readonly validUntilMs: number;
}): string =>
  createHash("sha256")
    .update(
      JSON.stringify([
        p.id,
        p.symbol,
        p.direction,
        p.size.toString(),
        ...Object.values(p.prices).map(String),
        p.validUntilMs,
      ]),
    )
    .digest("hex")
    .slice(0, 16);
