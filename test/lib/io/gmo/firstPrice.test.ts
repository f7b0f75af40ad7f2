import { expect, it } from "vitest";
import { yen } from "../../../../lib/core/money.ts";
import { epochMs } from "../../../../lib/core/time.ts";
import { QuoteChecks } from "../../../../lib/io/gmo/quoteChecks.ts";

it("truth 20: a first price that is wrong does not refuse the true ones for an hour", () => {
  const checks = new QuoteChecks();
  const look = (price: number, second: number) => {
    const ms = epochMs(1_750_000_000_000 + second * 1_000);
    const row = { symbol: "BTC_JPY", bid: yen(price), ask: yen(price + 1), last: yen(price), timestampMs: ms };
    return checks.ticker(row as never, { venueMs: ms, receivedMs: ms, clock: undefined }).kind;
  };
  look(100, 0);
  const kinds = [1, 2, 3, 4].map((s) => look(10_000_000, s));
  expect(kinds.at(-1)).toBe("taken");
});
