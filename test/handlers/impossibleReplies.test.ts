// One impossible reply decides nothing: no stop is given up, no halt raised, no entry made by it. What a second look confirms
// is acted upon at once.
import { afterEach, describe, expect, test } from "vitest";
import { yen } from "../../lib/core/money.ts";
import type { TransportReply } from "../../lib/io/gmo/transport.ts";
import { World, type WorldOptions } from "../sim/world.ts";

let world: World | undefined;
afterEach(() => {
  world?.close();
  world = undefined;
});

type Bend = (body: string) => string;
/** Replies to the call `what` are bent while `faults.left` lasts. */
const bending = (options: Omit<WorldOptions, "onReply">, what: RegExp, bend: Bend) => {
  const faults = { left: 0, bent: 0 };
  world = new World({
    ...options,
    onReply: (_, name, reply): TransportReply | undefined => {
      if (faults.left <= 0 || !what.test(name)) return undefined;
      faults.left -= 1;
      faults.bent += 1;
      return { ...reply, body: bend(reply.body) };
    },
  });
  return { w: world, faults };
};
const prices =
  (to: (price: number) => number): Bend =>
  (body) =>
    body.replace(
      /"(ask|bid|last|price|high|low)":"(\d+)"/g,
      (_, name, price) => `"${name}":"${Math.round(to(Number(price)))}"`,
    );
const ZEROS = prices(() => 0);
const halts = (w: World) => w.db.read.halts.active(w.nowMs).map((h) => h.kind);
const reconcile = (w: World, key: string) => w.enqueue({ name: "reconcile", key, input: {} });

const TRADE = {
  btc: (s: Parameters<WorldOptions["btc"]>[0]) => s.flat(1).to(9_998_000, 1).flat(20).to(9_940_000, 5).flat(5),
};
const PRODUCTS = [
  ["margin", {}, {}],
  ["spot", { config: { PRODUCT: "spot" } }, { symbol: "BTC" }],
] as const;

describe.each(PRODUCTS)("truth 20: on %s", (_, product, spec) => {
  test.each([
    ["zeros", ZEROS],
    ["prices of 22 digits", prices((p) => p * 1e15)],
    ["a ten-thousandth of the market", prices((p) => p / 10_000)],
    ["4 % above, beyond both targets", prices((p) => p * 1.04)],
    ["4 % below, beyond the stop", prices((p) => p * 0.96)],
    ["40 % below", prices((p) => p * 0.6)],
  ] as const)("one ticker of %s gives up no stop and raises no halt", async (__, bend) => {
    const { w, faults } = bending({ ...TRADE, ...product, pollMs: 15_000 }, /ticker/, bend);
    w.approve(spec);
    await w.advance(4);
    const stops = w.orders("stop").length;
    expect(stops).toBeGreaterThan(0);
    for (let i = 0; i < 4; i += 1) {
      faults.left = 1;
      reconcile(w, `r${i}`);
      await w.advance(1);
    }
    expect(faults.bent).toBe(4);
    expect(w.orders("stop").length).toBe(stops);
    expect(w.orders("takeProfit")).toEqual([]);
    expect(halts(w)).toEqual([]);
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
    expect(await w.brokenPromises()).toEqual([]);
  });

  test("a ticker of zeros that stays: protection stands, nothing halts, no stop is given up", async () => {
    const { w, faults } = bending({ ...TRADE, ...product, pollMs: 30_000 }, /ticker/, ZEROS);
    w.approve(spec);
    await w.advance(4);
    faults.left = Number.POSITIVE_INFINITY;
    await w.advance(5);
    expect(w.orders("takeProfit")).toEqual([]);
    expect(halts(w).filter((kind) => kind.startsWith("loss"))).toEqual([]);
    expect(w.simulator.bareStats(w.trade().symbol).longestMs).toBeLessThan(1_000);
    faults.left = 0;
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
  });

  test("a real crash of 20 % is believed by the second look: the position is closed, and nothing was bare for a second", async () => {
    world = new World({ btc: (s) => s.flat(1).to(9_998_000, 1).flat(2).gap(8_000_000).flat(20), ...product });
    world.approve(spec);
    await world.runToEnd(30);
    expect(world.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
    const symbol = world.trade().symbol;
    // Known again as the price: the next entry is planned from it.
    expect(Number((await world.venue.ticker(symbol)).last) / 1e8).toBe(8_000_000);
    expect(world.simulator.bareStats(symbol).longestMs).toBeLessThan(1_000);
    expect(await world.brokenPromises()).toEqual([]);
  });

  test("one account of nothing raises no loss halt; an account that stays empty does", async () => {
    const empty: Bend = (body) =>
      body.replace(/"(actualProfitLoss|availableAmount|amount|available)":"[^"]+"/g, '"$1":"0"');
    const { w, faults } = bending({ btc: (s) => s.flat(60), ...product }, /account\/(margin|assets)/, empty);
    reconcile(w, "first");
    await w.advance(1);
    // A day begins with an equity point.
    w.db.transaction((tx) => tx.equity.record(w.nowMs, yen(1_000_000), yen(0)));
    faults.left = 1;
    reconcile(w, "once");
    await w.advance(1);
    expect(faults.bent).toBe(1);
    expect(halts(w)).toEqual([]);
    faults.left = 1_000;
    reconcile(w, "stays");
    await w.advance(1);
    expect(halts(w)).toEqual(expect.arrayContaining(["loss-day"]));
  });

  test("an account 4 % lower on one reply reaches the daily limit, and raises no halt either", async () => {
    const lower: Bend = (body) => body.replace(/"(actualProfitLoss|amount)":"1000000"/g, '"$1":"960000"');
    const { w, faults } = bending({ btc: (s) => s.flat(60), ...product }, /account\/(margin|assets)/, lower);
    reconcile(w, "first");
    await w.advance(1);
    w.db.transaction((tx) => tx.equity.record(w.nowMs, yen(1_000_000), yen(0)));
    faults.left = 1;
    reconcile(w, "once");
    await w.advance(1);
    expect(faults.bent).toBe(1);
    expect(halts(w)).toEqual([]);
  });
});

test("truth 20: no entry is made by an impossible book; one such reply is only asked again", async () => {
  const { w, faults } = bending({ btc: (s) => s.flat(60) }, /orderbooks/, ZEROS);
  faults.left = 1;
  w.approve();
  await w.advance(1);
  expect(faults.bent).toBe(1);
  expect(w.orders("entry").map((o) => o.state)).toEqual(["open"]);
  faults.left = Number.POSITIVE_INFINITY;
  w.approve({ symbol: "ETH_JPY", size: "0.04" });
  await w.advance(1);
  expect(w.orders("entry")).toHaveLength(1);
  expect(w.messages().join()).toMatch(/the exchange sent prices that cannot be true; its reply is in the log/);
});

test("truth 20: a position list with a price of 22 digits is not booked, and its stop stays", async () => {
  const { w, faults } = bending(
    { ...TRADE, pollMs: 15_000 },
    /openPositions/,
    prices((p) => p * 1e15),
  );
  w.approve();
  await w.advance(4);
  const before = w.orders().length;
  faults.left = 1;
  reconcile(w, "r");
  await w.advance(1);
  expect(w.orders()).toHaveLength(before);
  expect(halts(w)).toEqual([]);
  await w.runToEnd();
  expect(await w.brokenPromises()).toEqual([]);
});
