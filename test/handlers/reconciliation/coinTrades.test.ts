// Spot: coins as the position. External trades of the account's coins, refusals of the venue, its balance,
// and that the owner's own coins are never sold.
import { afterEach, describe, expect, test } from "vitest";
import { requestCommand } from "../../../handlers/owner/requestCommand.ts";
import { ledgerMatchesVenue } from "../../../handlers/reconciliation/compareBook.ts";
import { accountFacts } from "../../../handlers/risk/account.ts";
import { parseCoin, yen } from "../../../lib/core/money.ts";
import type { Fault, Faults } from "../../../lib/sim/simulator.ts";
import { once } from "../../sim/lost.ts";
import { Death } from "../../sim/mortal.ts";
import type { Script } from "../../sim/script.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World;
const start = (btc: (script: Script) => Script, options: Partial<WorldOptions> = {}): World => {
  world = new World({ btc, ...options, config: { ...options.config, PRODUCT: "spot" } });
  return world;
};
afterEach(() => world.close());
const nothingBroken = async () => expect(await world.brokenPromises()).toEqual([]);
const buy = (size = "0.004") => world.approve({ symbol: "BTC", size });
/** Filled at 9,999,500 after three minutes, and held there. */
const HELD = (s: Script): Script => s.to(9_998_000, 2).flat(600);
/** Filled, then up through both targets. */
const WINS = (s: Script): Script => s.to(9_998_000, 2).flat(3).to(10_080_000, 16).flat(60);
const cancelAll = async (w: World): Promise<void> => {
  for (const o of await w.owner.activeOrders("BTC")) await w.owner.cancelOrder(o.orderId);
};
const sell = (w: World, size: string) =>
  w.owner.order({ symbol: "BTC", side: "SELL", executionType: "MARKET", size: parseCoin(size) });
const amount = async (w: World): Promise<bigint> =>
  (await w.owner.assets()).find((row) => row.symbol === "BTC")?.amount ?? 0n;
const reconcile = (w: World, key: string) => w.enqueue({ name: "reconcile", key, input: {} });
const halts = (w: World) => w.db.read.halts.active(w.nowMs).map((h) => h.kind);

describe("a stop presumed lost that arrives when its trade is over", () => {
  test("is cancelled: it would sell the owner's own coins", async () => {
    const path = (s: Script): Script => s.to(9_998_000, 2).flat(3).to(9_940_000, 3).flat(3).to(10_000_000, 3).flat(60);
    let stops = 0;
    const faults: Faults = (request, phase) => {
      if (phase !== "before" || !(request.body ?? "").includes('"STOP"')) return undefined;
      stops += 1;
      return stops === 1 ? { kind: "reset" } : undefined;
    };
    const w = start(path, { coins: { BTC: parseCoin("1") }, venue: { faults } });
    buy();
    await w.runToEnd();
    const lost = w.orders("stop").find((o) => o.state === "neverSent");
    if (lost?.intent.price === undefined) throw new Error(w.describe());
    await w.runUntil((w.nowMs + 8 * 60_000) as typeof w.nowMs);
    const { symbol, side, executionType, price, size } = lost.intent;
    expect(await w.owner.order({ symbol, side, executionType, price, size })).toMatchObject({ kind: "accepted" });
    reconcile(w, "late");
    await w.advance(1);
    expect(await w.owner.activeOrders("BTC")).toEqual([]);
    expect(w.orders("stop").find((o) => o.id === lost.id)?.state).toBe("cancelled");
    expect(halts(w)).toEqual([]);
    await nothingBroken();
  });
});

describe("a trade", () => {
  test("buys post-only without a loss-cut price, sells without a position, and counts the gain to the yen", async () => {
    const w = start(WINS);
    buy();
    await w.runToEnd();
    const [entry] = w.orders("entry");
    expect(entry?.intent).toMatchObject({ side: "BUY", timeInForce: "SOK", losscutPrice: undefined });
    expect(w.requests.filter((r) => r.includes("closeOrder") || r.includes("Position"))).toEqual([]);
    // A rebate for the entry, which rested; the taker fee for the last target, which was tradable at once.
    const bought = 0.004 * 9_999_500;
    const sold = 0.002 * 10_029_498 + 0.002 * 10_059_497;
    const fees = w.db.read.executions.ofTrade(1).map((e) => e.fee);
    expect(fees[0]).toBeLessThan(0n);
    expect(fees.at(-1)).toBeGreaterThan(0n);
    expect(w.trade().pnlAmount).toBeCloseTo(sold - bought - w.trade().fees, 6);
    expect(w.db.read.trades.byId(1)?.exitReason).toBe("tp2");
    await nothingBroken();
  });

  test("sells what it bought and not one coin of the owner's", async () => {
    const w = start(WINS, { coins: { BTC: parseCoin("1") } });
    buy();
    await w.runToEnd();
    expect(await amount(w)).toBe(parseCoin("1"));
    await nothingBroken();
  });

  test("is no larger than the yen that nothing locks", async () => {
    const w = start((s) => s.flat(60));
    await w.owner.order({
      symbol: "ETH",
      side: "BUY",
      executionType: "LIMIT",
      price: yen(499_000),
      size: parseCoin("1.95"),
    });
    buy();
    await w.advance(1);
    const entry = w.orders("entry")[0];
    // 1,000,000 less 1.95 ETH at 499,000 and its fee; the taker fee is set aside as well.
    expect(entry?.intent.size).toBeLessThan(parseCoin("0.0027"));
    expect(entry?.state).toBe("open");
  });

  test("whose only fill is too small to sell again is given up, and its coins are the owner's", async () => {
    const w = start((s) => s.flat(60), {
      eth: (s) => s.to(499_800, 1, 0.0003).gap(502_000).flat(60),
      venue: { partialFills: true },
    });
    world.approve({ symbol: "ETH", size: "0.02" });
    await w.runToEnd();
    expect(w.trade()).toMatchObject({
      status: "cancelled",
      cancelReason: expect.stringContaining("too little to sell"),
    });
    expect(w.simulator.bareSize("ETH")).toBe(w.db.read.ownerCoins.amount("ETH"));
    expect(w.messages().filter((text) => text.startsWith("LEFT OVER"))).toHaveLength(1);
    const [filled] = w.messages().filter((text) => text.startsWith("FILLED"));
    expect(filled).toContain("no stop can be placed");
    expect(filled).not.toContain("at the exchange,");
    await nothingBroken();
  });
});

describe("external trades", () => {
  test("the owner sells our coins: recognised, booked as manual, nothing sold twice", async () => {
    const w = start(HELD);
    buy();
    await w.advance(4);
    await cancelAll(w);
    await sell(w, "0.004");
    await w.runToEnd(10);
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
    expect(await amount(w)).toBe(0n);
    await nothingBroken();
  });

  test("the owner sells a part: the rest stays protected and goes its way", async () => {
    const w = start((s) => s.to(9_998_000, 2).flat(10).to(9_940_000, 6).flat(60));
    buy();
    await w.advance(4);
    await cancelAll(w);
    await sell(w, "0.003");
    await w.advance(1);
    expect(w.simulator.bareSize("BTC")).toBe(0n);
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
    await nothingBroken();
  });

  test("the owner sells and buys coins of his own beside a protected trade: reported, never touched", async () => {
    const w = start(WINS, { coins: { BTC: parseCoin("0.5") } });
    buy();
    await w.advance(4);
    await sell(w, "0.2");
    await w.owner.order({ symbol: "BTC", side: "BUY", executionType: "MARKET", size: parseCoin("0.01") });
    reconcile(w, "r1");
    await w.advance(1);
    expect(halts(w)).toEqual([]);
    expect(w.db.read.ownerCoins.amount("BTC")).toBe(parseCoin("0.31"));
    expect(w.messages().filter((text) => text.startsWith("YOUR COINS"))).toHaveLength(2);
    await w.runToEnd();
    expect(w.trade().exitReason).toBe("tp2");
    expect(await amount(w)).toBe(parseCoin("0.31"));
    expect(await ledgerMatchesVenue({ db: w.db.read, venue: w.venue }, w.symbols)).toBe(true);
  });

  test("the owner cancels a stop by hand: it is placed again", async () => {
    const w = start(HELD);
    buy();
    await w.advance(4);
    await cancelAll(w);
    await w.advance(2);
    expect(w.simulator.bareSize("BTC")).toBe(0n);
    expect(w.trade().status).toBe("open");
  });

  test("coins deposited or withdrawn are counted at the second look, and no reason to halt", async () => {
    const w = start(HELD, { coins: { BTC: parseCoin("0.5") } });
    buy();
    await w.advance(4);
    w.simulator.pay("BTC", parseCoin("0.25"));
    reconcile(w, "r1");
    await w.drain();
    expect(w.db.read.ownerCoins.amount("BTC")).toBe(parseCoin("0.5"));
    await w.advance(0.2);
    expect(w.db.read.ownerCoins.amount("BTC")).toBe(parseCoin("0.75"));
    w.simulator.pay("BTC", -parseCoin("0.7"));
    reconcile(w, "r2");
    await w.advance(0.5);
    expect(w.db.read.ownerCoins.amount("BTC")).toBe(parseCoin("0.05"));
    expect(halts(w)).toEqual([]);
    expect(w.messages().filter((text) => text.startsWith("YOUR COINS"))).toHaveLength(2);
  });

  test("neither a payment nor an external purchase is a loss of the account, also before it is booked", async () => {
    const w = start(HELD, { coins: { BTC: parseCoin("0.5") } });
    w.db.transaction((tx) => tx.equity.record(w.nowMs, yen(1_000_000)));
    buy();
    await w.advance(4);
    const equity = async () => (await accountFacts({ db: w.db.read, venue: w.venue }, "spot")).equity;
    const before = await equity();
    w.simulator.pay("BTC", -parseCoin("0.4"));
    await w.advance(2);
    expect(await equity()).toBe(before);
    await w.owner.order({ symbol: "BTC", side: "BUY", executionType: "MARKET", size: parseCoin("0.05") });
    await w.advance(2);
    expect(Number((await equity()) - before) / 1e8).toBeCloseTo(-0.05 * 1_000 - 250, -2); // its spread and its fee
    expect(halts(w)).toEqual([]);
  });

  test("fewer coins than our trades hold, seen twice, halt entries; when they are back entries resume", async () => {
    const w = start(WINS);
    buy();
    await w.advance(4);
    await cancelAll(w);
    w.simulator.pay("BTC", -parseCoin("0.003"));
    reconcile(w, "r1");
    await w.advance(0.5);
    expect(halts(w)).toContain("mismatch");
    w.simulator.pay("BTC", parseCoin("0.003"));
    await w.advance(0.5);
    reconcile(w, "r2");
    await w.advance(0.5);
    expect(halts(w)).toEqual([]);
    expect(w.simulator.bareSize("BTC")).toBe(0n);
    await w.runToEnd();
    expect(w.trade().status).toBe("closed");
  });

  test("without an answer of the balance endpoint nothing is concluded", async () => {
    let silent = false;
    const faults: Faults = ({ path }, at) =>
      silent && path === "/v1/account/assets" && at === "before" ? { kind: "httpError" } : undefined;
    const w = start(HELD, { venue: { faults } });
    buy();
    await w.advance(4);
    silent = true;
    await cancelAll(w);
    await sell(w, "0.004");
    reconcile(w, "r1");
    await w.advance(0.2);
    expect(w.trade().status).toBe("open");
    expect(halts(w)).not.toContain("mismatch");
    silent = false;
    await w.runToEnd(10);
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
    await nothingBroken();
  });
});

describe("the venue", () => {
  const refuseFirst = (executionType: string, code: string, times: number): Faults => {
    let left = times;
    return ({ path, body }, at) => {
      if (at !== "before" || left === 0 || path !== "/v1/order" || !body?.includes(`"${executionType}"`))
        return undefined;
      left -= 1;
      return { kind: "error", code };
    };
  };
  test.each([
    ["still locks the coins of the stop that was cancelled", "LIMIT", "ERR-208", "tp2"],
    ["has not credited the coins yet", "STOP", "ERR-201", "tp2"],
    ["says the stop is already through", "STOP", "ERR-5129", "stop_loss"],
  ])("%s: %s %s ends as %s, never bare for long", async (_name, type, code, exitReason) => {
    const fault = refuseFirst(type, code, code === "ERR-5129" ? 2 : 1);
    let entered = false;
    const faults: Faults = (request, at, now) => {
      if (request.path === "/v1/order" && at === "after") entered = true;
      return entered ? fault(request, at, now) : undefined;
    };
    const w = start(WINS, { venue: { faults } });
    buy();
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "closed", exitReason });
    expect(w.simulator.bareStats("BTC").longestMs).toBeLessThanOrEqual(1_000);
    await nothingBroken();
  });

  test.each([1, 2, 3])("loses the reply to order %d after accepting it: found, not sent again", async (nth) => {
    const fault: Fault = { kind: "dropReply" };
    const w = start(WINS, {
      venue: { faults: once("/v1/order", "after", fault, nth) },
      coins: { BTC: parseCoin("0.5") },
    });
    buy();
    await w.runToEnd();
    expect(w.entered()).toBeCloseTo(0.004, 8);
    expect(await amount(w)).toBe(parseCoin("0.5"));
    await nothingBroken();
  });

  test("cancels an entry whose yen are gone: it is quoted again within the approval, for what is left", async () => {
    const w = start((s) => s.flat(3).to(9_998_000, 2).flat(60));
    buy();
    await w.advance(0.5);
    w.simulator.pay("JPY", -yen(970_000));
    await w.advance(1);
    expect(w.orders("entry")[0]).toMatchObject({ state: "cancelled", detail: "INSUFFICIENT_BALANCE" });
    await w.runToEnd();
    await nothingBroken();
  });

  /** What the venue says of coins that a lost stop may have locked; undefined: the truth, none. */
  test.each([
    ["the coins are free: a lost stop is placed again after three seconds", undefined, 3_000, 4_000],
    ["coins are locked that no active sale explains: not before ten seconds", "0.4", 10_000, 12_000],
  ])("truth 24: beside the owner's coins, %s", async (_, available, atLeastMs, atMostMs) => {
    const lost: Fault = { kind: "reset" };
    const at: number[] = [];
    const w = start(HELD, {
      coins: { BTC: parseCoin("0.5") },
      venue: { faults: once("/v1/order", "before", lost, 2) },
      onRequest: (it, what) => {
        if (what === "POST /v1/order") at.push(it.nowMs);
      },
      onReply: (_world, what, reply) =>
        what === "GET /v1/account/assets" && available !== undefined
          ? { ...reply, body: reply.body.replace(/"available":"0\.5\d*"/, `"available":"${available}"`) }
          : undefined,
    });
    buy();
    await w.advance(4);
    // The entry, the lost stop of one half, the stop of the other half, and the lost one again.
    const [, first = 0, , again = 0] = at;
    expect(again - first).toBeGreaterThanOrEqual(atLeastMs);
    expect(again - first).toBeLessThanOrEqual(atMostMs);
    expect(w.simulator.bareSize("BTC")).toBe(0n);
  });
});

describe("the owner's commands", () => {
  const ask = (w: World, command: "stop" | "panic") =>
    requestCommand({ db: w.db, store: w.store, clock: w.clock }, { command, actor: "cli" });
  test("panic sells what is ours and is seen flat, the owner's coins stay", async () => {
    const w = start(HELD, { coins: { BTC: parseCoin("0.5") } });
    buy();
    await w.advance(4);
    const { commandId } = ask(w, "panic");
    await w.advance(1);
    expect(w.db.read.ownerCommands.byId(commandId)?.result).toMatchObject({ outcome: "done" });
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
    expect(await amount(w)).toBe(parseCoin("0.5"));
    await nothingBroken();
  });
  test("stop leaves the coins with their stops, and says which", async () => {
    const w = start(HELD);
    buy();
    await w.advance(4);
    const { commandId } = ask(w, "stop");
    await w.advance(0.1);
    const result = w.db.read.ownerCommands.byId(commandId)?.result;
    expect(result?.outcome).toBe("done");
    expect(result?.text).toContain("BTC long 0.004");
    expect(w.simulator.bareSize("BTC")).toBe(0n);
  });
});

test("coins present before the folder's start, and external trades before it, are the owner's", async () => {
  const w = start(HELD, { coins: { BTC: parseCoin("0.5") } });
  await sell(w, "0.1");
  buy();
  await w.advance(4);
  expect(w.db.read.ownerCoins.amount("BTC")).toBe(parseCoin("0.4"));
  expect(w.messages().filter((text) => text.startsWith("YOUR COINS"))).toEqual([]);
});

test("a restart after the owner sold while we were dead books the sale once", async () => {
  const w = start(HELD, { killAt: 40 });
  buy();
  await expect(w.runToEnd()).rejects.toBeInstanceOf(Death);
  w.crash();
  w.restart();
  await w.advance(4);
  w.crash();
  w.restart();
  await cancelAll(w);
  await sell(w, "0.004");
  await w.runToEnd(20);
  expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
  expect(w.db.read.executions.all().filter((e) => e.orderId === undefined)).toHaveLength(1);
  await nothingBroken();
});
