// Trade and protection as state machines: the tables are total, moves outside them throw, and docs/orders.md shows the
// same.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  assertTrade,
  moveProtection,
  moveTrade,
  PROTECTION_MOVES,
  PROTECTION_STATES,
  protectionOf,
  TRADE_MOVES,
  TRADE_STATUSES,
  type TradeStatus,
} from "../../../lib/core/tradeState.ts";
import { projectPath } from "../../../lib/io/paths.ts";
import { runWorld } from "../../crash/orderHarness.ts";
import { randomPlan } from "../../crash/orderPlan.ts";

const docs = readFileSync(projectPath("docs", "orders.md"), "utf8");
/** `| state | next, next |` rows of the docs. */
const rowOf = (state: string, next: readonly string[]): string => `| \`${state}\` | ${next.join(", ")} |`;

describe("a trade", () => {
  test.each(TRADE_STATUSES.flatMap((from) => TRADE_STATUSES.map((to) => [from, to] as const)))(
    "%s to %s",
    (from, to) => {
      const allowed = (TRADE_MOVES[from] as readonly TradeStatus[]).includes(to);
      if (allowed) moveTrade(1, from, to);
      else expect(() => moveTrade(1, from, to)).toThrow(/cannot become/);
    },
  );
  test("the docs show the same table", () => {
    for (const status of TRADE_STATUSES) expect(docs).toContain(rowOf(status, TRADE_MOVES[status]));
  });
  const row = {
    id: 1,
    status: "open" as TradeStatus,
    firstFillMs: 1,
    closedMs: undefined,
    exitReason: undefined,
    cancelReason: undefined,
  };
  test.each([
    ["open without a fill", { ...row, firstFillMs: undefined }],
    ["open with an end", { ...row, closedMs: 2 }],
    ["closed without a reason", { ...row, status: "closed" as const, closedMs: 2 }],
    [
      "closed without a fill",
      { ...row, status: "closed" as const, closedMs: 2, exitReason: "tp1", firstFillMs: undefined },
    ],
    ["pending with a fill", { ...row, status: "pending" as const }],
    ["cancelled without a reason", { ...row, status: "cancelled" as const }],
  ])("a row that is %s is refused", (_, bad) => {
    expect(() => assertTrade(bad)).toThrow(/TRADE_ROW|but it/);
  });
  test("random moves along the table never leave it", () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), (choices) => {
        let status: TradeStatus = "pending";
        for (const choice of choices) {
          const next: readonly TradeStatus[] = TRADE_MOVES[status];
          const to = next[choice % next.length]!;
          moveTrade(1, status, to);
          status = to;
        }
        expect(TRADE_STATUSES).toContain(status);
      }),
    );
  });
});

describe("the protection of a leg", () => {
  test("the docs show the same table", () => {
    for (const state of PROTECTION_STATES) expect(docs).toContain(rowOf(state, PROTECTION_MOVES[state]));
  });
  test("a move that no rule makes throws", () => {
    expect(() => moveProtection(1, "protected", "takingProfit")).toThrow(/cannot become/);
    expect(() => moveProtection(1, "bare", "releasing")).toThrow(/cannot become/);
  });
  test("no commit of random worlds with faults and kills moves a leg where no rule leads", async () => {
    for (let run = 0; run < 8; run += 1) {
      const states = new Map<number, ReturnType<typeof protectionOf>>();
      const w = await runWorld(randomPlan("protection", run), (world) => {
        const { read } = world.life.db;
        for (const trade of read.trades.newest(10))
          for (const leg of read.tradeLegs.ofTrade(trade.id)) {
            const now = protectionOf({ open: leg.open, orders: read.orders.ofLeg(leg.id) });
            moveProtection(leg.id, states.get(leg.id) ?? "bare", now);
            states.set(leg.id, now);
          }
      });
      w.close();
    }
  }, 120_000);
});
