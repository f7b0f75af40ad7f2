// MODE=live with `npm start`: it would replay, and must not be taken for trading.
import { expect, test } from "vitest";
import { traderHere } from "../../e2e/trader.ts";

test("trader start refuses MODE=live and says what it does instead", async () => {
  const { code, stdout, stderr } = await traderHere(["start"], { MODE: "live" });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/MODE: expected replay or paper .*found live: it replays recorded days .* trades nothing/);
});
