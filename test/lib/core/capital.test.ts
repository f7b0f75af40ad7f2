// What an amount of capital can trade.
import { describe, expect, test } from "vitest";
import { capitalText, tradableWith } from "../../../lib/core/capital.ts";
import { formatE8, parseRatio, yen } from "../../../lib/core/money.ts";
import { SYMBOL_RULES } from "../../../lib/sim/engine/symbolRules.ts";

const PRICES: Readonly<Record<string, number>> = { BTC_JPY: 17_600_000, ETH_JPY: 600_000 };
const markets = SYMBOL_RULES.filter((r) => r.symbol in PRICES).map((r) => ({ ...r, price: yen(PRICES[r.symbol]!) }));

describe("with a tenth in one position, BTC at 17.6 and ETH at 0.6 million yen", () => {
  test.each([
    [50_000, "0", "0"],
    [60_000, "0", "0.01"],
    [100_000, "0", "0.01"],
    [175_999, "0", "0.02"],
    [176_000, "0.001", "0.02"],
    [352_000, "0.002", "0.05"],
    [10_000_000_000, "5", "100"],
  ])("%i yen: %s BTC, %s ETH", (capital, btc, eth) => {
    const sizes = tradableWith(yen(capital), parseRatio("0.1"), markets).map(({ size }) => formatE8(size));
    expect(sizes).toEqual([btc, eth]);
  });
  test("the capital that the smallest order needs is enough, and a yen less is not", () => {
    for (const { needs, symbol } of tradableWith(yen(0), parseRatio("0.1"), markets)) {
      const of = (capital: bigint) =>
        tradableWith(capital as typeof needs, parseRatio("0.1"), markets).find((t) => t.symbol === symbol)!.size;
      expect(of(needs)).toBeGreaterThan(0n);
      expect(of(needs - 100_000_000n)).toBe(0n);
    }
  });
});

test("in words", () => {
  expect(capitalText(yen(100_000), parseRatio("0.1"), markets)).toBe(
    "¥100,000, 10 % of it in one position: no BTC_JPY: its smallest order needs ¥176,000 of capital; ETH_JPY at most 0.01 ETH",
  );
});
