// What a repair asks REST, and that half an answer is none.
import { expect, test } from "vitest";
import { AppError } from "../../../../../lib/core/errors.ts";
import { epochMs } from "../../../../../lib/core/time.ts";
import { type RepairReads, repairOver } from "../../../../../lib/io/gmo/stream/accountRepair.ts";
import { execution, order, position } from "./accountStage.ts";

const reads = (calls: string[]): RepairReads => ({
  activeOrders: async (symbol) => {
    calls.push(`activeOrders ${symbol}`);
    return symbol === "BTC_JPY" ? [order(1, "ORDERED")] : [];
  },
  orders: async (ids) => {
    calls.push(`orders ${ids.join(",")}`);
    return [order(2, "CANCELED")];
  },
  latestExecutions: async (symbol) => {
    calls.push(`latestExecutions ${symbol}`);
    return symbol === "BTC" ? [execution(11, 1)] : [];
  },
  openPositions: async (symbol) => {
    calls.push(`openPositions ${symbol}`);
    return [position(7)];
  },
});
const clock = { nowMs: () => epochMs(1_000) };
const { signal } = new AbortController();

test("active orders first, then the unanswered ids, then positions (margin only) and fills of each symbol", async () => {
  const calls: string[] = [];
  const repair = repairOver(reads(calls), ["BTC_JPY", "BTC"], clock);
  const asked: number[] = [];
  const snapshot = await repair(() => {
    asked.push(calls.length);
    return ["1", "2", "3"];
  }, signal);
  expect(calls).toEqual([
    ...["activeOrders BTC_JPY", "activeOrders BTC", "orders 2,3"],
    ...["openPositions BTC_JPY", "latestExecutions BTC_JPY", "latestExecutions BTC"],
  ]);
  expect(asked).toEqual([2]);
  expect(snapshot.askedMs).toBe(1_000);
  expect(snapshot.orders.map(({ orderId }) => orderId)).toEqual(["1", "2"]);
  expect([snapshot.executions.length, snapshot.positions.length]).toEqual([1, 1]);
});

test("nothing is asked by id when everything is active", async () => {
  const calls: string[] = [];
  await repairOver(reads(calls), ["BTC_JPY"], clock)(() => ["1"], signal);
  expect(calls).toEqual(["activeOrders BTC_JPY", "openPositions BTC_JPY", "latestExecutions BTC_JPY"]);
});

test.each(["activeOrders", "orders", "latestExecutions", "openPositions"] as const)(
  "a repair whose %s fails gives no snapshot",
  async (call) => {
    const failing = async (): Promise<never> => {
      throw new AppError("retry", "VENUE_TIMEOUT", "no reply");
    };
    const repair = repairOver({ ...reads([]), [call]: failing }, ["BTC_JPY"], clock);
    await expect(repair(() => ["2"], signal)).rejects.toMatchObject({ code: "VENUE_TIMEOUT" });
  },
);
