// A trade's result from its executions.
import fc from "fast-check";
import { expect, test } from "vitest";
import { coinE8, parseCoin, yen, yenE8 } from "../../../lib/core/money.ts";
import { type BookedExecution, tradeResult } from "../../../lib/core/pnl.ts";
import { epochMs } from "../../../lib/core/time.ts";

const T0 = epochMs(1_750_000_000_000);
const execution = (id: number, over: Partial<BookedExecution>): BookedExecution => ({
  executionId: String(921_000_000 + id),
  kind: "open",
  size: parseCoin("0.002"),
  price: yen(10_000_000),
  lossGain: yen(0),
  fee: yen(0),
  exitReason: undefined,
  atMs: epochMs(T0 + id),
  ...over,
});

test("a trade of two fills and two exits: weighted prices, exact yen, the last exit's reason", () => {
  const result = tradeResult([
    execution(4, { kind: "close", price: yen(9_990_000), lossGain: yen(-20), fee: yen(2), exitReason: "stop_loss" }),
    execution(1, {}),
    execution(2, { size: parseCoin("0.006"), price: yen(9_996_000) }),
    execution(3, {
      kind: "close",
      size: parseCoin("0.006"),
      price: yen(10_030_000),
      lossGain: yen(198),
      exitReason: "tp1",
    }),
  ]);
  expect(result).toMatchObject({
    entrySize: parseCoin("0.008"),
    exitSize: parseCoin("0.008"),
    entryPrice: 9_997_000,
    exitPrice: 10_020_000,
    pnl: yen(176),
    fees: yen(2),
    exitReason: "stop_loss",
    firstFillMs: T0 + 1,
    lastCloseMs: T0 + 4,
  });
  expect(result.pnlPercent).toBeCloseTo((176 / (0.008 * 9_997_000)) * 100, 10);
});

test("executions of the same instant are ordered by id, as numbers", () => {
  const at = { kind: "close", atMs: T0 } as const;
  const result = tradeResult([
    execution(1, {}),
    { ...execution(0, { ...at, exitReason: "tp2" }), executionId: "1000" },
    { ...execution(0, { ...at, exitReason: "tp1" }), executionId: "999" },
  ]);
  expect(result.exitReason).toBe("tp2");
});

test("without executions there is no price and no reason, and nothing divides by zero", () => {
  expect(tradeResult([])).toMatchObject({
    entryPrice: undefined,
    exitPrice: undefined,
    pnl: 0n,
    pnlPercent: undefined,
  });
});

test("P&L is the exact sum, and the mean price lies between the extremes", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          size: fc.bigInt({ min: 1n, max: 10n ** 9n }),
          price: fc.bigInt({ min: 10n ** 10n, max: 3n * 10n ** 15n }),
          lossGain: fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }),
          fee: fc.bigInt({ min: -(10n ** 10n), max: 10n ** 10n }),
        }),
        { minLength: 1, maxLength: 20 },
      ),
      (rows) => {
        const executions = rows.map((r, i) =>
          execution(i, { size: coinE8(r.size), price: yenE8(r.price), lossGain: yenE8(r.lossGain), fee: yenE8(r.fee) }),
        );
        const result = tradeResult(executions);
        expect(result.pnl).toBe(rows.reduce((sum, r) => sum + r.lossGain - r.fee, 0n));
        const prices = rows.map((r) => Number(r.price) / 1e8);
        const entry = result.entryPrice ?? Number.NaN;
        expect(entry).toBeGreaterThanOrEqual(Math.min(...prices) - 1e-6);
        expect(entry).toBeLessThanOrEqual(Math.max(...prices) + 1e-6);
      },
    ),
  );
});
