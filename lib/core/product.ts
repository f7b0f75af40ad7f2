// The two products (DESIGN 6, GMO API 5): margin positions in BTC_JPY and ETH_JPY, or the coins BTC and ETH themselves.
import { AppError } from "./errors.ts";

export type Product = "margin" | "spot";
const MARGIN_SYMBOLS = ["BTC_JPY", "ETH_JPY"] as const;
const SPOT_SYMBOLS = ["BTC", "ETH"] as const;
/** The symbols of all products; a folder trades the symbols of its product. */
export const ALL_SYMBOLS = [...MARGIN_SYMBOLS, ...SPOT_SYMBOLS] as const;
export type TradedSymbol = (typeof ALL_SYMBOLS)[number];

/** Symbols of a product, in the order they are judged. */
export const symbolsOf = (product: Product): readonly TradedSymbol[] =>
  product === "spot" ? SPOT_SYMBOLS : MARGIN_SYMBOLS;

/** Throws AppError permanent SYMBOL_NOT_TRADED for a symbol of the other product. */
export const assertTraded = (product: Product, symbol: TradedSymbol): void => {
  if (!symbolsOf(product).includes(symbol))
    throw new AppError(
      "permanent",
      "SYMBOL_NOT_TRADED",
      `expected a symbol of PRODUCT=${product} (${symbolsOf(product).join(", ")}), found ${symbol}`,
    );
};

/** A symbol for coins themselves: no position, no margin. A spot symbol is its coin's name. */
export const isSpot = (symbol: string): boolean => !symbol.endsWith("_JPY");
/**
 * The symbol whose heads judge this one. The model is trained on BTC_JPY and ETH_JPY; its indicators are scale-free,
 * so the heads of the margin symbol are applied to the coin's own candles (docs/decisions/0012-spot.md).
 */
export const modelSymbol = (symbol: string): string => (isSpot(symbol) ? `${symbol}_JPY` : symbol);
