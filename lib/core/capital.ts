// What an amount of capital can trade, in words: with one position at most a tenth of it (DESIGN 8), a small account may be
// unable to buy the smallest order, and its owner must know before the first signal.
import {
  type CoinE8,
  ceilDiv,
  E8,
  floorDiv,
  floorToStep,
  formatE8,
  minBig,
  notionalYen,
  type RatioE8,
  ratioOfYenDown,
  toNumber,
  type YenE8,
} from "./money.ts";
import { sizeText, yenText } from "./text/format.ts";

interface Market {
  readonly symbol: string;
  /** Yen per coin now. */
  readonly price: YenE8;
  readonly minSize: CoinE8;
  readonly maxSize: CoinE8;
  readonly sizeStep: CoinE8;
}
interface Tradable {
  readonly symbol: string;
  /** Largest position, in whole steps; 0: not even the smallest order. */
  readonly size: CoinE8;
  /** Capital from which the smallest order is possible, rounded up to a yen. */
  readonly needs: YenE8;
}

/** Per market, with `ratio` of `capital` in one position at most. The risk of a stop may make a position smaller still. */
export const tradableWith = (capital: YenE8, ratio: RatioE8, markets: readonly Market[]): readonly Tradable[] =>
  markets.map(({ symbol, price, minSize, maxSize, sizeStep }) => {
    const most = floorDiv(ratioOfYenDown(capital, ratio) * E8, price) as CoinE8;
    const size = floorToStep(minBig(most, maxSize), sizeStep);
    const needs = (ceilDiv(ceilDiv(notionalYen(price, minSize) * E8, ratio), E8) * E8) as YenE8;
    return { symbol, size: size < minSize ? (0n as CoinE8) : size, needs };
  });

/** One line, English. */
export const capitalText = (capital: YenE8, ratio: RatioE8, markets: readonly Market[]): string => {
  const parts = tradableWith(capital, ratio, markets).map(({ symbol, size, needs }) =>
    size > 0n
      ? `${symbol} at most ${sizeText(size, symbol)}`
      : `no ${symbol}: its smallest order needs ${yenText(toNumber(needs))} of capital`,
  );
  return `${yenText(toNumber(capital))}, ${formatE8(ratio * 100n)} % of it in one position: ${parts.join("; ")}`;
};
