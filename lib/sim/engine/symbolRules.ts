// The rules that /v1/symbols of the simulated venue returns: the live values of GMO API 4.6 (observed 2026-02 and
// 2026-09) for the two margin symbols and, on request, the two spot symbols. Only the simulator may read these: the
// trader takes tick, step and fees from the venue.
import { parseCoin, parseRatio, parseYen } from "../../core/money.ts";
import type { SymbolRules } from "../../core/venue.ts";

export const SYMBOL_RULES: readonly SymbolRules[] = [
  {
    symbol: "BTC_JPY",
    minSize: parseCoin("0.001"),
    maxSize: parseCoin("5"),
    sizeStep: parseCoin("0.001"),
    tick: parseYen("1"),
    takerFee: parseRatio("0"),
    makerFee: parseRatio("0"),
  },
  {
    symbol: "ETH_JPY",
    minSize: parseCoin("0.01"),
    maxSize: parseCoin("100"),
    sizeStep: parseCoin("0.01"),
    tick: parseYen("1"),
    takerFee: parseRatio("0"),
    makerFee: parseRatio("0"),
  },
];

/** Used only with spot: `rules: ALL_RULES` and a market that has the symbols. */
export const SPOT_SYMBOL_RULES: readonly SymbolRules[] = [
  {
    symbol: "BTC",
    minSize: parseCoin("0.00001"),
    maxSize: parseCoin("5"),
    sizeStep: parseCoin("0.00001"),
    tick: parseYen("1"),
    takerFee: parseRatio("0.0005"),
    makerFee: parseRatio("-0.0001"),
  },
  {
    symbol: "ETH",
    minSize: parseCoin("0.001"),
    maxSize: parseCoin("100"),
    sizeStep: parseCoin("0.0001"),
    tick: parseYen("1"),
    takerFee: parseRatio("0.0005"),
    makerFee: parseRatio("-0.0001"),
  },
];

/** Both products. */
export const ALL_RULES: readonly SymbolRules[] = [...SYMBOL_RULES, ...SPOT_SYMBOL_RULES];
