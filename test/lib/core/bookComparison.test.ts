// The comparison of book and venue finds every kind of difference and no others.
import { expect, test } from "vitest";
import { executionDifferences, orderDifferences, positionDifferences } from "../../../lib/core/bookComparison.ts";
import { coinE8, parseCoin, yen } from "../../../lib/core/money.ts";
import { epochMs } from "../../../lib/core/time.ts";
import type { Execution, Position, VenueOrder } from "../../../lib/core/venue.ts";

const T0 = epochMs(1_750_000_000_000);
const execution: Execution = {
  executionId: "921",
  orderId: "880",
  positionId: "289",
  symbol: "BTC_JPY",
  side: "SELL",
  settleType: "CLOSE",
  size: parseCoin("0.002"),
  price: yen(10_000_000),
  lossGain: yen(60),
  fee: yen(1),
  timestampMs: T0,
};
const booked = { ...execution, kind: "close", exitReason: "tp1", atMs: T0 } as const;
const keys = (differences: readonly { readonly key: string }[]) => differences.map((d) => d.key);

test("executions: missing, invented, changed in any field, and the sum", () => {
  expect(executionDifferences([booked], [execution, execution])).toEqual([]);
  expect(keys(executionDifferences([], [execution]))).toEqual(["execution:921", "pnl"]);
  expect(keys(executionDifferences([booked], []))).toEqual(["execution:921", "pnl"]);
  expect(keys(executionDifferences([{ ...booked, lossGain: yen(61) }], [execution]))).toEqual(["execution:921", "pnl"]);
  expect(keys(executionDifferences([{ ...booked, fee: yen(0) }], [execution]))).toEqual(["execution:921", "pnl"]);
  expect(keys(executionDifferences([{ ...booked, price: yen(1) }], [execution]))).toEqual(["execution:921"]);
  expect(keys(executionDifferences([{ ...booked, size: coinE8(1n) }], [execution]))).toEqual(["execution:921"]);
});

test("positions: only at the venue, only in the book, of another size", () => {
  const position = { positionId: "289", symbol: "BTC_JPY", side: "BUY", size: parseCoin("0.002") } as Position;
  const ours = { positionId: "289", symbol: "BTC_JPY", open: parseCoin("0.002") };
  expect(positionDifferences([ours], [position])).toEqual([]);
  expect(keys(positionDifferences([], [position]))).toEqual(["position:289"]);
  expect(keys(positionDifferences([ours], []))).toEqual(["size:289"]);
  expect(keys(positionDifferences([{ ...ours, open: parseCoin("0.001") }], [position]))).toEqual(["size:289"]);
});

test("orders: external ones", () => {
  const order = {
    orderId: "880",
    symbol: "BTC_JPY",
    side: "BUY",
    executionType: "LIMIT",
    size: coinE8(1n),
  } as VenueOrder;
  expect(orderDifferences(new Set(["880"]), [order])).toEqual([]);
  expect(keys(orderDifferences(new Set(), [order]))).toEqual(["order:880"]);
});
