// The owner's commands: what is durable at once, what is done and seen at the venue, and what stands against it.
import { afterEach, describe, expect, test } from "vitest";
import { type OwnerRequest, requestCommand } from "../../handlers/owner/requestCommand.ts";
import { parseCoin, yen } from "../../lib/core/money.ts";
import { once } from "../sim/lost.ts";
import { World, type WorldOptions } from "../sim/world.ts";

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});
const begin = (options: Partial<WorldOptions> = {}): World => {
  const world = new World({ btc: (s) => s.flat(600), ...options });
  worlds.push(world);
  return world;
};
const ask = (w: World, command: OwnerRequest["command"], more: Partial<OwnerRequest> = {}) =>
  requestCommand({ db: w.db, store: w.store, clock: w.clock }, { command, actor: "cli", ...more });
const resultOf = (w: World, { commandId }: { commandId: number }) => w.db.read.ownerCommands.byId(commandId)?.result;
const kinds = (w: World) => w.db.read.halts.active(w.nowMs).map((h) => h.kind);
/** Filled at 9,998,000 after three minutes, and held there. */
const HELD: Partial<WorldOptions> = { btc: (s) => s.to(9_998_000, 2).flat(600) };
const nothingBroken = async (w: World) => expect(await w.brokenPromises()).toEqual([]);

describe("stop", () => {
  test("halts, rejects open proposals and ends given approvals in the moment it is asked, without a worker", () => {
    const w = begin();
    const open = w.propose();
    const approved = w.approve({ symbol: "ETH_JPY", size: "0.1" });
    const { text } = ask(w, "stop", { reason: "lunch" });
    expect(kinds(w)).toEqual(["stop"]);
    expect(w.db.read.halts.active(w.nowMs)[0]?.reason).toBe("stopped by cli: lunch");
    expect(w.db.read.proposals.byId(open.id)?.state).toBe("rejected");
    expect(w.db.read.proposals.approval(open.id)).toMatchObject({ decidedBy: "system", actor: "cli" });
    expect(w.db.read.proposals.byId(approved.id)?.validUntilMs).toBeLessThanOrEqual(w.nowMs + 1);
    expect(w.store.list({ name: "execute" })[0]?.state).toBe("cancelled");
    expect(text).toContain(open.id);
    expect(w.auditKinds()).toEqual(expect.arrayContaining(["owner.stop", "halt.raised", "proposal.rejected"]));
  });

  test("cancels a working entry, sees none at the venue, and answers with what it saw", async () => {
    const w = begin();
    w.approve();
    await w.advance(0.5);
    expect(await w.owner.activeOrders("BTC_JPY")).toHaveLength(1);
    const asked = ask(w, "stop");
    await w.advance(0.1);
    expect(await w.owner.activeOrders("BTC_JPY")).toHaveLength(0);
    expect(resultOf(w, asked)).toMatchObject({ outcome: "done" });
    expect(resultOf(w, asked)?.text).toContain("no entry order of ours");
    expect(w.messages().filter((text) => text.startsWith("STOP #1 done"))).toHaveLength(1);
    await w.advance(1);
    expect(w.trade().status).toBe("cancelled");
    await nothingBroken(w);
  });

  test("leaves positions with their stops, and says which", async () => {
    const w = begin(HELD);
    w.approve();
    await w.advance(4);
    const stops = await w.owner.activeOrders("BTC_JPY");
    expect(stops).toHaveLength(2);
    const asked = ask(w, "stop");
    await w.advance(0.1);
    expect((await w.owner.activeOrders("BTC_JPY")).map((o) => o.orderId)).toEqual(stops.map((o) => o.orderId));
    expect(resultOf(w, asked)?.text).toMatch(/BTC\/JPY long 0\.004 .*\(trade 1\): STOP 0\.002.*STOP 0\.002/);
    expect(resultOf(w, asked)?.seen).toMatchObject({ entries: [], positions: [{ bare: "0", tradeId: 1 }] });
    expect(w.trade().status).toBe("open");
  });

  test("what is not ours is told and left alone", async () => {
    const w = begin();
    await w.owner.order({ symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: parseCoin("0.001") });
    const size = parseCoin("0.001");
    await w.owner.order({ symbol: "BTC_JPY", side: "BUY", executionType: "LIMIT", price: yen(9_900_000), size });
    const asked = ask(w, "panic");
    await w.advance(0.5);
    const text = resultOf(w, asked)?.text;
    expect(text).toContain("not ours, left alone: BTC/JPY long 0.001");
    expect(text).toContain("not ours, left alone: BTC/JPY BUY LIMIT 0.001");
    expect(await w.owner.openPositions("BTC_JPY")).toHaveLength(1);
    expect(await w.owner.activeOrders("BTC_JPY")).toHaveLength(1);
  });

  test("asked twice: one halt, verified again", async () => {
    const w = begin();
    const first = ask(w, "stop");
    const second = ask(w, "stop");
    expect(second.text).toContain("already");
    await w.advance(0.1);
    expect(kinds(w)).toEqual(["stop"]);
    expect(resultOf(w, first)?.outcome).toBe("done");
    expect(resultOf(w, second)?.outcome).toBe("done");
  });

  test("in maintenance it keeps trying, says so, calls the owner, and is done when the venue is back", async () => {
    let closed = false;
    const w = begin({
      venue: {
        faults: (request, phase) =>
          closed && phase === "before" && request.area === "private" ? { kind: "error", code: "ERR-5201" } : undefined,
      },
    });
    w.approve();
    await w.advance(0.5);
    closed = true;
    const asked = ask(w, "stop");
    await w.advance(0.7);
    expect(resultOf(w, asked)).toBeUndefined();
    expect(w.messages().some((text) => /^STOP #1 is not done yet: .*ERR-5201/.test(text))).toBe(true);
    expect(w.messages().some((text) => /^CRITICAL \/stop #1 is not done after/.test(text))).toBe(true);
    closed = false;
    await w.advance(0.2);
    expect(resultOf(w, asked)?.outcome).toBe("done");
    expect(w.db.read.alerts.open()).toEqual([]);
    expect(await w.owner.activeOrders("BTC_JPY")).toHaveLength(0);
  });

  test("the answer to the cancel is lost: it looks, and the entry is gone", async () => {
    const w = begin({ venue: { faults: once("/v1/cancelOrder", "after", { kind: "dropReply" }) } });
    w.approve();
    await w.advance(0.5);
    const asked = ask(w, "stop");
    await w.advance(0.2);
    expect(resultOf(w, asked)?.outcome).toBe("done");
    await w.advance(1);
    expect(w.trade().status).toBe("cancelled");
    await nothingBroken(w);
  });
});

describe("a fill that races the cancel", () => {
  const racing = () => {
    let filled = false;
    return begin({
      btc: (s) => s.flat(1).to(9_990_000, 1).flat(600),
      onRequest: (world, what) => {
        if (what !== "POST /v1/cancelOrder" || filled) return;
        filled = true;
        world.pass(90_000); // The market comes to the order while the cancel is on its way.
      },
    });
  };
  test("under stop it is protected and stays", async () => {
    const w = racing();
    w.approve();
    await w.advance(0.2);
    const asked = ask(w, "stop");
    await w.advance(0.5);
    expect(resultOf(w, asked)?.text).toContain("BTC/JPY long 0.004");
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    expect(w.trade().status).toBe("open");
  });
  test("under panic it is closed", async () => {
    const w = racing();
    w.approve();
    await w.advance(0.2);
    const asked = ask(w, "panic");
    await w.drain(); // Beyond it is a minute and a half later.
    await w.advance(0.1);
    expect(resultOf(w, asked)?.text).toContain("no position of ours");
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
    await nothingBroken(w);
  });
});

describe("panic", () => {
  test("goes on to the end when a read is refused with a code nobody knows", async () => {
    let refusals = 0;
    const w = begin({
      ...HELD,
      venue: {
        faults: ({ path }, phase) =>
          path === "/v1/openPositions" && phase === "before" && refusals-- > 0
            ? { kind: "error", code: "ERR-9999" }
            : undefined,
      },
    });
    w.approve();
    await w.advance(4);
    refusals = 3;
    const asked = ask(w, "panic");
    await w.advance(1);
    expect(refusals).toBeLessThan(1);
    expect(resultOf(w, asked)).toMatchObject({ outcome: "done" });
    expect(w.store.list({ state: "dead" })).toEqual([]);
    await nothingBroken(w);
  });

  test("closes at market, books it as manual, stays until resume", async () => {
    const w = begin(HELD);
    w.approve();
    await w.advance(4);
    const asked = ask(w, "panic");
    await w.advance(0.1);
    expect(resultOf(w, asked)).toMatchObject({ outcome: "done", seen: { positions: [], entries: [] } });
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
    expect(w.orders("exit").map((o) => o.intent.executionType)).toEqual(["MARKET", "MARKET"]);
    expect(kinds(w)).toEqual(["panic"]);
    await nothingBroken(w);
  });

  test("the venue refuses to close: the stop is back at once, it tries on, alarms, and ends flat", async () => {
    let refusing = true;
    const w = begin({
      ...HELD,
      venue: {
        faults: (request, phase) =>
          refusing && phase === "before" && request.path === "/v1/closeOrder" && request.body?.includes("MARKET")
            ? { kind: "error", code: "ERR-5122" }
            : undefined,
      },
    });
    w.approve();
    await w.advance(4);
    const asked = ask(w, "panic");
    await w.advance(0.1);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    expect(w.orders("exit").every((o) => o.state === "rejected")).toBe(true);
    await w.advance(1);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    expect(resultOf(w, asked)).toBeUndefined();
    expect(w.db.read.alerts.open().map((a) => a.key)).toContain("owner:1");
    refusing = false;
    await w.advance(1);
    expect(resultOf(w, asked)?.outcome).toBe("done");
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
    expect(w.db.read.alerts.open()).toEqual([]);
    await nothingBroken(w);
  });

  test("twice, with a stop between: flat once, all three answered", async () => {
    const w = begin(HELD);
    w.approve();
    await w.advance(4);
    const all = [ask(w, "panic"), ask(w, "stop"), ask(w, "panic")];
    await w.advance(0.5);
    for (const asked of all) expect(resultOf(w, asked)?.outcome).toBe("done");
    expect(kinds(w)).toEqual(["panic", "stop"]);
    expect(w.orders("exit")).toHaveLength(2);
    await nothingBroken(w);
  });

  test("with several handlers at once and nobody watching the trade it is flat as well", async () => {
    const w = begin({ ...HELD, concurrency: 4 });
    w.approve();
    await w.advance(4);
    for (const job of w.store.list({ name: "watchPosition", state: "ready" })) w.store.cancel(job.id, "test");
    const asked = ask(w, "panic");
    await w.advance(0.1);
    expect(resultOf(w, asked)?.outcome).toBe("done");
    expect(w.trade().exitReason).toBe("manual");
    await w.advance(1);
    await nothingBroken(w);
  });
});

describe("close", () => {
  test("one trade: a limit first, then market; the other trade and new entries go on", async () => {
    const w = begin({ ...HELD, eth: (s) => s.to(499_900, 2).flat(600) });
    w.approve();
    w.approve({ symbol: "ETH_JPY", size: "0.1" });
    await w.advance(4);
    expect(w.trade(2).status).toBe("open");
    const asked = ask(w, "close", { tradeId: 1 });
    await w.advance(0.3);
    expect(resultOf(w, asked)?.text).toContain("trade 1 is closed");
    expect(w.trade(1)).toMatchObject({ status: "closed", exitReason: "manual" });
    expect(
      w
        .orders("exit")
        .map((o) => o.intent.executionType)
        .slice(0, 2),
    ).toEqual(["LIMIT", "LIMIT"]);
    expect(w.trade(2).status).toBe("open");
    expect(kinds(w)).toEqual([]);
  });
  test("an entry that has not filled is ended with its trade", async () => {
    const w = begin();
    w.approve();
    await w.advance(0.5);
    const asked = ask(w, "close");
    await w.advance(0.2);
    expect(resultOf(w, asked)?.text).toContain("trade 1 is cancelled");
    await nothingBroken(w);
  });
  test("a trade that is none, or has ended, is refused before anything is written", () => {
    const w = begin();
    expect(() => ask(w, "close", { tradeId: 7 })).toThrow(/TRADE_MISSING|expected the id of a trade/);
    expect(w.db.read.ownerCommands.newest(1)).toEqual([]);
  });
});

describe("resume", () => {
  test("ends pause, stop and panic, and says what still halts", async () => {
    const w = begin();
    ask(w, "pause");
    ask(w, "stop");
    w.halt("loss-day");
    await w.advance(0.1);
    const asked = ask(w, "resume");
    await w.advance(0.1);
    expect(resultOf(w, asked)?.text).toMatch(/ended: pause, stop[\s\S]*still halted:\nloss-day/);
    expect(kinds(w)).toEqual(["loss-day"]);
  });
  test("is refused while a panic is not flat", async () => {
    const w = begin({
      ...HELD,
      venue: {
        faults: (request, phase) =>
          phase === "before" && request.path === "/v1/closeOrder" && request.body?.includes("MARKET")
            ? { kind: "error", code: "ERR-5122" }
            : undefined,
      },
    });
    w.approve();
    await w.advance(4);
    ask(w, "panic");
    await w.advance(0.1);
    const asked = ask(w, "resume");
    await w.advance(0.2);
    expect(resultOf(w, asked)).toMatchObject({ outcome: "refused" });
    expect(resultOf(w, asked)?.text).toContain("not flat yet: trade 1");
    expect(kinds(w)).toContain("panic");
  });
  test("is refused while venue and book disagree, and says where", async () => {
    const w = begin();
    ask(w, "stop");
    await w.owner.order({ symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: parseCoin("0.001") });
    await w.advance(0.1);
    const asked = ask(w, "resume");
    await w.advance(1);
    expect(resultOf(w, asked)?.text).toMatch(/REFUSED\nthe venue and the book disagree: .*not in our book/);
    expect(kinds(w)).toContain("stop");
  });
  test("does not end a stop that was requested after it, also when it is carried out later", async () => {
    const w = begin();
    ask(w, "pause");
    const asked = ask(w, "resume");
    ask(w, "stop");
    await w.advance(0.1);
    expect(resultOf(w, asked)?.text).toContain("stop was requested after it");
    expect(kinds(w)).toEqual(["pause", "stop"]);
  });
  test("asked long before a worker runs it ends nothing", async () => {
    const w = begin();
    ask(w, "stop");
    const asked = ask(w, "resume");
    w.pass(6 * 60_000);
    await w.advance(0.1);
    expect(resultOf(w, asked)?.outcome).toBe("refused");
    expect(kinds(w)).toEqual(["stop"]);
  });
});

test("pause lets an open trade run to its target and an open proposal wait, and takes a working entry back", async () => {
  const w = begin({ btc: (s) => s.to(9_998_000, 2).flat(3).to(10_080_000, 16).flat(60) });
  w.approve();
  await w.advance(4);
  w.approve({ symbol: "ETH_JPY", size: "0.1" });
  await w.advance(0.2);
  const asked = ask(w, "pause");
  await w.advance(0.1);
  expect(resultOf(w, asked)?.outcome).toBe("done");
  expect(await w.owner.activeOrders("ETH_JPY")).toHaveLength(0);
  await w.runToEnd();
  expect(w.trade(1).exitReason).toBe("tp2");
  expect(w.trade(2).status).toBe("cancelled");
  await nothingBroken(w);
});

test("reject all: proposals of a person's hand, nothing is halted", async () => {
  const w = begin();
  const { id } = w.propose();
  await w.drain();
  const asked = ask(w, "rejectAll");
  await w.drain();
  expect(w.db.read.proposals.approval(id)).toMatchObject({ decision: "rejected", decidedBy: "human" });
  expect(resultOf(w, asked)?.text).toContain(id);
  expect(w.store.list({ state: "parked" })).toEqual([]);
  expect(kinds(w)).toEqual([]);
});
