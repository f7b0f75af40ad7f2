// What /v1/symbols of the simulated venue says: the live values of GMO API 4.6 (seen 2026-02 and 2026-09) for the two
// margin symbols. Nobody but the simulator may read these: the trader takes tick, step and fees from the venue.
import { parseCoin, parseRatio, parseYen } from "../core/money.ts";
import type { SymbolRules } from "../core/venue.ts";

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
