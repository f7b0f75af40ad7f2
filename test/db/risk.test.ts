// What counts towards the day's trades and the notional at work, for every stage that a proposal can be in.
import { afterEach, describe, expect, test } from "vitest";
import type { Trade } from "../../db/tables/trades.ts";
import { parseCoin } from "../../lib/core/money.ts";
import { type EpochMs, jstDayStart } from "../../lib/core/time.ts";
import { type ProposalSpec, World } from "../sim/world.ts";

let world: World;
afterEach(() => world.close());
const quiet = (): World => {
  world = new World({ btc: (s) => s.flat(120), eth: (s) => s.flat(120) });
  return world;
};
const ETH: ProposalSpec = { symbol: "ETH_JPY", size: "0.04" };
const count = (except?: string): number => world.db.read.risk.tradesSince(jstDayStart(world.nowMs), except);
/** The state of the jobs that turn approvals into trades. */
const executeIs = (state: "running" | "done" | "cancelled"): void => {
  world.db.sql.exec("INSERT OR IGNORE INTO workers VALUES ('another', 1, 'elsewhere', 1, 1, NULL, NULL, NULL)");
  const running = "state = 'running', worker = 'another', lease_until_ms = 9999999999999";
  const ended = `state = '${state}', finished_ms = 1`;
  world.db.sql.exec(`UPDATE jobs SET ${state === "running" ? running : ended} WHERE name = 'execute'`);
};
/** The trade of an approved proposal, in this state. */
const tradeIs = (status: Trade["status"], firstFillMs: EpochMs | null): void => {
  const proposal = world.approve();
  world.db.transaction((tx) => {
    const rules = { tick: proposal.entry, minSize: parseCoin("0.001"), sizeStep: parseCoin("0.001") };
    tx.trades.insert({ proposal, entry: proposal.entry, size: proposal.size, rules, atMs: world.nowMs });
  });
  executeIs("done");
  // Written by hand, so that each stage stands alone.
  world.db.sql
    .prepare("UPDATE trades SET status = ?, first_fill_ms = ?, closed_ms = ?, cancel_reason = ? WHERE id = 1")
    .run(status, firstFillMs, status === "closed" ? world.nowMs : null, status === "cancelled" ? "test" : null);
};

describe("trades of the day", () => {
  const STAGES: readonly [string, () => void, number][] = [
    ["a proposal that waits for its answer", () => void world.propose(), 1],
    ["an approval whose trade is not made yet", () => void world.approve(), 1],
    [
      "an approval whose trade is being made",
      () => {
        world.approve();
        executeIs("running");
      },
      1,
    ],
    [
      "an approval that the last check refused",
      () => {
        world.approve();
        executeIs("done");
      },
      0,
    ],
    [
      "an approval whose job was cancelled",
      () => {
        world.approve();
        executeIs("cancelled");
      },
      0,
    ],
    ["an entry that works, unfilled", () => tradeIs("pending", null), 1],
    ["an open trade, first filled today", () => tradeIs("open", world.nowMs), 1],
    ["a trade first filled in the first millisecond of the day", () => tradeIs("open", jstDayStart(world.nowMs)), 1],
    ["a closed trade, first filled today", () => tradeIs("closed", world.nowMs), 1],
    ["a trade filled before the day began", () => tradeIs("open", (jstDayStart(world.nowMs) - 1) as EpochMs), 0],
    ["an entry that ended without a fill", () => tradeIs("cancelled", null), 0],
    [
      "a rejected proposal",
      () => {
        world.propose();
        world.db.sql.exec("UPDATE proposals SET state = 'rejected'");
      },
      0,
    ],
  ];
  test.each(STAGES)("truth 22: %s counts as it should", (_, arrange, expected) => {
    quiet();
    arrange();
    expect(count()).toBe(expected);
  });

  test("truth 22: approvals count each, together with what else there is, and none against itself", () => {
    const w = quiet();
    const first = w.approve();
    const second = w.approve(ETH);
    const third = w.propose();
    expect(count()).toBe(3);
    expect(count(third.id)).toBe(2);
    // Of two approvals the older one has precedence: it does not count the younger.
    expect(count(second.id)).toBe(2);
    expect(count(first.id)).toBe(1);
  });

  test("truth 22: a halted day: approvals that wait for its end keep their places of the day", async () => {
    world = new World({ btc: (s) => s.flat(60), eth: (s) => s.flat(60), config: { MAX_DAILY_TRADES: "1" } });
    const w = world;
    w.halt();
    w.approve();
    w.approve(ETH);
    await w.advance(1);
    expect(w.requests).toEqual([]);
    expect(count()).toBe(2);
    w.db.transaction((tx) => tx.halts.clear("stop", "test", w.nowMs));
    await w.advance(1);
    expect(w.simulator.orders().map((o) => o.symbol)).toEqual(["BTC_JPY"]);
  });
});

describe("truth 22: the notional at work", () => {
  test("is what an entry may still fill at the far end of its band: all of it, the rest of it, nothing of it", async () => {
    world = new World({
      btc: (s) => s.to(9_998_000, 1, 0.001).gap(10_001_000).flat(60),
      venue: { partialFills: true },
    });
    const w = world;
    const p = w.approve({ size: "0.01" });
    await w.advance(0.2);
    expect(w.trade().status).toBe("pending");
    expect(w.db.read.risk.workingNotional()).toBe((p.bandHigh * p.size) / 100_000_000n);
    await w.advance(1);
    const filled = w.db.read.executions.ofTrade(1).reduce((sum, e) => sum + e.size, 0n);
    expect(filled > 0n && filled < p.size).toBe(true);
    expect(w.db.read.risk.workingNotional()).toBe((p.bandHigh * (p.size - filled)) / 100_000_000n);
    // Not counted against itself: only the trades before it are.
    expect(w.db.read.risk.workingNotional(p.id)).toBe(0n);
    await w.advance(20);
    expect(w.trade().entryEndedMs).toBeDefined();
    expect(w.db.read.risk.workingNotional()).toBe(0n);
  });
});

describe("truth 22: a symbol", () => {
  test.each([
    ["pending", true],
    ["open", true],
    ["closed", false],
    ["cancelled", false],
  ] as const)("with a trade that is %s has a live one: %s; another symbol has none", (status, live) => {
    const w = quiet();
    tradeIs(status, status === "pending" || status === "cancelled" ? null : w.nowMs);
    const proposalId = w.db.read.proposals.newest(1)[0]!.id;
    expect(w.db.read.risk.hasLiveTrade("BTC_JPY")).toBe(live);
    expect(w.db.read.risk.hasLiveTrade("ETH_JPY")).toBe(false);
    expect(w.db.read.risk.hasLiveTrade("BTC_JPY", proposalId)).toBe(false);
    expect(w.db.read.risk.hasLiveTrade("BTC_JPY", "another")).toBe(live);
  });
  test("with a proposal that waits is taken, except for that proposal itself", () => {
    const w = quiet();
    const { id } = w.propose();
    expect(w.db.read.risk.hasPendingProposal("BTC_JPY")).toBe(true);
    expect(w.db.read.risk.hasPendingProposal("ETH_JPY")).toBe(false);
    expect(w.db.read.risk.hasPendingProposal("BTC_JPY", id)).toBe(false);
  });
});
