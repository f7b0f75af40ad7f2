// Every field of an execution and of a position that book and venue can disagree in is a difference, in both directions.
import { describe, expect, test } from "vitest";
import { executionDifferences, positionDifferences } from "../../../lib/core/bookComparison.ts";
import { coinE8, parseCoin, yen, yenE8 } from "../../../lib/core/money.ts";
import type { BookedExecution } from "../../../lib/core/pnl.ts";
import { epochMs } from "../../../lib/core/time.ts";
import type { Execution, Position } from "../../../lib/core/venue.ts";

const BOOKED: BookedExecution = {
  executionId: "92100001",
  kind: "close",
  size: parseCoin("0.002"),
  price: yen(10_000_000),
  lossGain: yen(500),
  fee: yen(3),
  exitReason: "tp1",
  atMs: epochMs(1_750_000_000_000),
};
const shown = (change: Partial<Execution> = {}): Execution => ({
  executionId: BOOKED.executionId,
  orderId: "88000001",
  positionId: "28900001",
  symbol: "BTC_JPY",
  side: "SELL",
  settleType: "CLOSE",
  size: BOOKED.size,
  price: BOOKED.price,
  lossGain: BOOKED.lossGain,
  fee: BOOKED.fee,
  timestampMs: BOOKED.atMs,
  ...change,
});
const keys = (ours: readonly BookedExecution[], venue: readonly Execution[]) =>
  executionDifferences(ours, venue).map((d) => d.key);

describe("truth 22: an execution", () => {
  test("that is the same on both sides is no difference", () => {
    expect(keys([BOOKED], [shown()])).toEqual([]);
    expect(keys([], [])).toEqual([]);
  });
  // One unit of 1e-8 more or less.
  for (const by of [1n, -1n])
    test.each([
      ["size", { size: coinE8(BOOKED.size + by) }, []],
      ["price", { price: yenE8(BOOKED.price + by) }, []],
      ["realised P&L", { lossGain: yenE8(BOOKED.lossGain + by) }, ["pnl"]],
      ["fee", { fee: yenE8(BOOKED.fee + by) }, ["pnl"]],
    ] as const)(`whose %s differs by ${by} of 1e-8 is one`, (_, change, more) => {
      expect(keys([BOOKED], [shown(change)])).toEqual(["execution:92100001", ...more]);
    });
  test("whose P&L and fee differ by the same is one, though they add up to the same", () => {
    const change = { lossGain: yenE8(BOOKED.lossGain + 7n), fee: yenE8(BOOKED.fee + 7n) };
    expect(keys([BOOKED], [shown(change)])).toEqual(["execution:92100001"]);
  });
  test("that only one side has is one", () => {
    expect(keys([], [shown()])).toEqual(["execution:92100001", "pnl"]);
    expect(keys([BOOKED], [])).toEqual(["execution:92100001", "pnl"]);
  });
});

describe("truth 22: a position", () => {
  const held = (size: string): Position =>
    ({ positionId: "28900001", symbol: "BTC_JPY", side: "BUY", size: parseCoin(size), price: yen(1) }) as Position;
  const booked = (open: string) => ({ positionId: "28900001", symbol: "BTC_JPY", open: parseCoin(open) });
  test.each([
    ["of the same size", [booked("0.002")], [held("0.002")], []],
    ["smaller at the venue", [booked("0.002")], [held("0.001")], ["size:28900001"]],
    ["larger at the venue", [booked("0.002")], [held("0.003")], ["size:28900001"]],
    ["that the venue does not hold", [booked("0.002")], [], ["size:28900001"]],
    ["that our book does not hold", [], [held("0.002")], ["position:28900001"]],
  ])("%s", (_, ours, venue, expected) => {
    expect(positionDifferences(ours, venue).map((d) => d.key)).toEqual(expected);
  });
});
