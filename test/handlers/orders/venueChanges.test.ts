// The owner, or anyone with the account, changes our orders in place on the exchange's page: the book takes over what
// rests there, the owner is told at once, and nothing is moved back without an answer.
import { afterEach, describe, expect, test } from "vitest";
import { requestCommand } from "../../../handlers/owner/requestCommand.ts";
import { parseCoin, toNumber, yen } from "../../../lib/core/money.ts";
import { createGmoApi } from "../../../lib/io/gmo/api.ts";
import { GmoClient } from "../../../lib/io/gmo/client.ts";
import { noTimers } from "../../../lib/io/gmo/timers.ts";
import { silentLogger } from "../../../lib/io/logger.ts";
import { START_PRICE, World, type WorldOptions } from "../../sim/world.ts";

const worlds: World[] = [];
const start = (options: Partial<WorldOptions> = {}): World => {
  const world = new World({ btc: (s) => s.flat(1).to(9_998_000, 2).flat(300), pollMs: 2_000, ...options });
  worlds.push(world);
  return world;
};
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});
/** The account's own API, as the exchange's page uses it. */
const page = (w: World) =>
  createGmoApi(
    new GmoClient({
      transport: w.simulator.transport(),
      credentials: w.simulator.credentials(),
      clock: w.clock,
      log: silentLogger(),
      timers: noTimers,
    }),
  );
/** Filled and protected by two stops at 9,949,...: two legs of 0.002. */
const holding = async (options: Partial<WorldOptions> = {}, spec = {}): Promise<World> => {
  const w = start(options);
  w.approve(spec);
  await w.runUntil((w.nowMs + 600_000) as never, () => w.orders("stop").filter((o) => o.state === "open").length >= 2);
  return w;
};
const openStops = (w: World) =>
  w.orders("stop").flatMap((o) => (o.state === "open" ? [{ ...o, venueId: Number(o.venueOrderId) }] : []));
const halts = (w: World) => w.db.read.halts.active(w.nowMs).map((h) => h.kind);
const alerts = (w: World) => w.db.read.alerts.open().map((a) => a.key);
const told = (w: World, word: RegExp) => w.messages().filter((text) => word.test(text));
const seconds = (w: World, count: number) => w.advance(count / 60);
const legs = (w: World) => w.db.read.tradeLegs.ofTrade(1);
const atVenue = (w: World, id: number) => w.simulator.orders().find((o) => o.orderId === id)!;
const answer = (w: World, command: "keepStop" | "restoreStop", questionId?: number) =>
  requestCommand({ db: w.db, store: w.store, clock: w.clock }, { command, actor: "cli", tradeId: 1, questionId });
const events = (w: World, kind: string) => w.db.read.audit.after(0, 100_000).filter((e) => e.kind === kind);

describe("truth 2: a stop that now risks more than approved", () => {
  test("is asked about with both numbers, the book follows, entries pause, nothing moves it back", async () => {
    const w = await holding();
    const [first] = openStops(w);
    expect((await page(w).changeOrder({ orderId: String(first!.venueId), price: yen(9_900_000) })).kind).toBe(
      "accepted",
    );
    await seconds(w, 3);
    const asked = told(w, /CRITICAL the stop of 0\.002 BTC/);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/now risks ¥199, approved were ¥100/);
    expect(halts(w)).toEqual(["stopMoved"]);
    expect(w.db.read.orders.byId(first!.id)!.intent.price).toBe(yen(9_900_000));
    expect(legs(w)[0]!.stop).toBe(yen(9_900_000));
    const [event] = events(w, "order.changedAtVenue");
    expect(event!.data).toMatchObject({
      before: { price: expect.stringMatching(/^994950[34]$/) },
      after: { price: "9900000" },
      effect: "asked",
    });
    await w.advance(5);
    expect(atVenue(w, first!.venueId)).toMatchObject({ status: "WAITING", price: yen(9_900_000) });
    expect(told(w, /now risks/)).toHaveLength(1);
    expect(events(w, "order.changedAtVenue")).toHaveLength(1);
    expect(halts(w)).toEqual(["stopMoved"]);
  });

  test("keep: it counts as approved, entries are allowed again, and a move back to there asks nothing", async () => {
    const w = await holding();
    const [first] = openStops(w);
    await page(w).changeOrder({ orderId: String(first!.venueId), price: yen(9_900_000) });
    await seconds(w, 3);
    const asked = answer(w, "keepStop");
    expect(asked.text).toMatch(/stays where it was put \(¥9,900,000\)/);
    await seconds(w, 5);
    expect(halts(w)).toEqual([]);
    expect(w.db.read.ownerCommands.byId(asked.commandId)?.result?.outcome).toBe("done");
    await page(w).changeOrder({ orderId: String(first!.venueId), price: yen(9_930_000) });
    await seconds(w, 3);
    await page(w).changeOrder({ orderId: String(first!.venueId), price: yen(9_900_000) });
    await seconds(w, 3);
    expect(halts(w)).toEqual([]);
    expect(told(w, /the stop of BTC\/JPY was changed/)).toHaveLength(2);
    await page(w).changeOrder({ orderId: String(first!.venueId), price: yen(9_890_000) });
    await seconds(w, 3);
    expect(halts(w)).toEqual(["stopMoved"]);
    expect(told(w, /approved were ¥199/)).toHaveLength(1);
  });

  test("restore: ours stands at the venue again, and the answer is done only then", async () => {
    const w = await holding();
    const [first] = openStops(w);
    await page(w).changeOrder({ orderId: String(first!.venueId), price: yen(9_900_000) });
    await seconds(w, 3);
    const asked = answer(w, "restoreStop");
    await seconds(w, 10);
    expect(w.db.read.ownerCommands.byId(asked.commandId)?.result).toMatchObject({ outcome: "done" });
    expect(halts(w)).toEqual([]);
    expect(alerts(w)).toEqual([]);
    expect(openStops(w).map((o) => toNumber(o.intent.plannedPrice!))).toEqual([9_949_503, 9_949_503]);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    expect(() => answer(w, "restoreStop")).toThrow(/STOP_ANSWERED|waits for an answer/);
  });

  test("the owner moves it back himself: that is the answer", async () => {
    const w = await holding();
    const [first] = openStops(w);
    await page(w).changeOrder({ orderId: String(first!.venueId), price: yen(9_900_000) });
    await seconds(w, 3);
    expect(halts(w)).toEqual(["stopMoved"]);
    await page(w).changeOrder({ orderId: String(first!.venueId), price: yen(9_949_503) });
    await seconds(w, 3);
    expect(halts(w)).toEqual([]);
    expect(w.db.read.stopQuestions.open()).toEqual([]);
  });

  test("both stops to the same price, twice: one question each, with the first stop as ours", async () => {
    const w = await holding();
    for (const price of [9_900_000, 9_880_000]) {
      for (const stop of openStops(w)) await page(w).changeOrder({ orderId: String(stop.venueId), price: yen(price) });
      await seconds(w, 3);
    }
    expect(w.db.read.stopQuestions.open().map((q) => [toNumber(q.ours), toNumber(q.theirs)])).toEqual([
      [9_949_503, 9_880_000],
      [9_949_503, 9_880_000],
    ]);
    answer(w, "keepStop", w.db.read.stopQuestions.open()[0]!.id);
    expect(halts(w)).toEqual(["stopMoved"]);
    answer(w, "restoreStop");
    expect(halts(w)).toEqual([]);
    await seconds(w, 5);
    expect(
      openStops(w)
        .map((o) => toNumber(o.intent.plannedPrice!))
        .toSorted(),
    ).toEqual([9_880_000, 9_949_503]);
  });

  test("a short: the same the other way round", async () => {
    const w = await holding({ btc: (s) => s.to(10_002_000, 3).flat(300) }, { direction: "short" });
    const [first] = openStops(w);
    const before = toNumber(first!.intent.price!);
    await page(w).changeOrder({ orderId: String(first!.venueId), price: yen(before + 50_000) });
    await seconds(w, 3);
    expect(halts(w)).toEqual(["stopMoved"]);
    await page(w).changeOrder({ orderId: String(first!.venueId), price: yen(before - 10_000) });
    await seconds(w, 3);
    expect(halts(w)).toEqual([]);
  });

  test("it is closed meanwhile: the question and the halt end with it", async () => {
    const w = await holding({ btc: (s) => s.flat(1).to(9_998_000, 2).flat(10).to(9_890_000, 10).flat(60) });
    const [first] = openStops(w);
    await page(w).changeOrder({ orderId: String(first!.venueId), price: yen(9_900_000) });
    await w.runToEnd();
    expect(w.trade().exitReason).toBe("stop_loss");
    expect(halts(w)).toEqual([]);
    expect(w.db.read.stopQuestions.open()).toEqual([]);
    expect(await w.brokenPromises()).toEqual([]);
  });

  test("moved and triggered between two looks: told as critical, booked as it filled", async () => {
    const w = await holding({
      btc: (s) => s.flat(1).to(9_998_000, 2).flat(4).to(9_890_000, 1).flat(60),
      pollMs: 60_000,
    });
    const [first] = openStops(w);
    await page(w).changeOrder({ orderId: String(first!.venueId), price: yen(9_900_000) });
    const seen: string[] = [];
    await w.runToEnd();
    seen.push(...w.messages());
    expect(seen.filter((m) => /CRITICAL (the stop of BTC\/JPY was changed|the stop of)/.test(m))).toHaveLength(1);
    expect(await w.brokenPromises()).toEqual([]);
  });
});

describe("truth 2: a stop that risks less", () => {
  test("is taken over and told; TP1 of the other half still moves it to the entry", async () => {
    const w = await holding({
      btc: (s) => s.flat(1).to(9_998_000, 2).flat(5).to(10_045_000, 20).to(9_990_000, 30).flat(60),
    });
    const [, second] = openStops(w);
    await page(w).changeOrder({ orderId: String(second!.venueId), price: yen(9_970_000) });
    await seconds(w, 3);
    expect(halts(w)).toEqual([]);
    expect(told(w, /WARNING the stop of BTC\/JPY was changed/)).toHaveLength(1);
    expect(legs(w)[1]!.stop).toBe(yen(9_970_000));
    await w.runToEnd();
    expect(w.orders("stop").at(-1)!.intent.plannedPrice).toBe(yen(START_PRICE - 500));
    expect(alerts(w)).toEqual([]);
    expect(await w.brokenPromises()).toEqual([]);
  });

  test("no false alarm in a whole trade with two targets, partial fills and a stop moved by us", async () => {
    const w = start({
      btc: (s) => s.flat(1).to(9_998_000, 2).to(10_000_000, 2).to(10_080_000, 20).flat(30),
      venue: { partialFills: true, cancelAfterMs: 300 },
    });
    w.approve();
    await w.runToEnd();
    expect(events(w, "order.changedAtVenue")).toEqual([]);
    expect(events(w, "position.losscutChanged")).toEqual([]);
    expect(w.db.read.halts.recent().filter((h) => h.kind === "stopMoved")).toEqual([]);
    expect(w.orders("stop").length).toBeGreaterThan(2);
  });
});

describe("truth 2: the size of a stop", () => {
  test("halved: the rest counts as unprotected, and the whole is covered again at once", async () => {
    const w = await holding();
    const [first] = openStops(w);
    expect(w.simulator.changeOnPage(first!.venueId, { size: parseCoin("0.001") })).toBe(true);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(parseCoin("0.001"));
    await seconds(w, 5);
    expect(told(w, /CRITICAL 0\.001 BTC BTC\/JPY has no protection/)).toHaveLength(1);
    expect(told(w, /RESOLVED 0\.001 BTC BTC\/JPY has no protection/)).toHaveLength(1);
    expect(told(w, /size 0\.002 → 0\.001/)).toHaveLength(1);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    expect(openStops(w).map((o) => toNumber(o.intent.size))).toEqual([0.002, 0.002]);
    expect(halts(w)).toEqual([]);
    expect(w.db.read.halts.recent().map((h) => h.kind)).toContain("bare");
  });
});

describe("truth 2: an entry", () => {
  const entry = (w: World) => w.orders("entry").at(-1)!;
  const resting = async (options: Partial<WorldOptions> = {}) => {
    const w = start({ btc: (s) => s.flat(300), ...options });
    w.approve();
    await seconds(w, 2);
    return { w, id: Number((entry(w) as { venueOrderId?: string }).venueOrderId) };
  };

  test("outside its band is cancelled, told, and no other follows", async () => {
    const { w, id } = await resting();
    expect((await page(w).changeOrder({ orderId: String(id), price: yen(9_900_000) })).kind).toBe("accepted");
    await seconds(w, 3);
    expect(atVenue(w, id).status).toBe("CANCELED");
    expect(told(w, /the entry order of BTC\/JPY was changed/)).toHaveLength(1);
    await w.advance(3);
    expect(w.orders("entry")).toHaveLength(1);
    expect(w.trade()).toMatchObject({ status: "cancelled" });
    expect(alerts(w)).toEqual([]);
  });

  test("inside its band stays where it was put, also when the market leaves it behind", async () => {
    const { w, id } = await resting({ btc: (s) => s.flat(1).to(10_005_000, 5).flat(300) });
    await page(w).changeOrder({ orderId: String(id), price: yen(9_995_000) });
    await w.advance(5);
    expect(atVenue(w, id)).toMatchObject({ status: "ORDERED", price: yen(9_995_000) });
    expect(entry(w).intent.price).toBe(yen(9_995_000));
    expect(w.orders("entry")).toHaveLength(1);
  });

  test("made larger is cancelled; made smaller is taken over", async () => {
    const large = await resting();
    large.w.simulator.changeOnPage(large.id, { size: parseCoin("0.008") });
    await seconds(large.w, 3);
    expect(atVenue(large.w, large.id).status).toBe("CANCELED");
    const small = await resting();
    small.w.simulator.changeOnPage(small.id, { size: parseCoin("0.002") });
    await seconds(small.w, 3);
    expect(atVenue(small.w, small.id).status).toBe("ORDERED");
    expect(entry(small.w).intent.size).toBe(parseCoin("0.002"));
  });

  test("cancelled on the page stays cancelled", async () => {
    const { w, id } = await resting();
    await w.owner.cancelOrder(String(id));
    await w.advance(2);
    expect(w.orders("entry")).toHaveLength(1);
    expect(w.trade()).toMatchObject({ status: "cancelled" });
  });

  test("another loss-cut price, of the order and then of the position: told, the book shows it", async () => {
    const { w, id } = await resting({ btc: (s) => s.flat(2).to(9_998_000, 3).flat(300) });
    const price = entry(w).intent.price!;
    await page(w).changeOrder({ orderId: String(id), price, losscutPrice: yen(9_600_000) });
    await w.runUntil((w.nowMs + 600_000) as never, () => w.db.read.positions.open().length > 0);
    await seconds(w, 3);
    expect(told(w, /loss-cut price \d+ → 9600000/)).toHaveLength(1);
    const [position] = w.db.read.positions.open();
    expect(position!.losscut).toBe(yen(9_600_000));
    await page(w).changeLosscutPrice({ positionId: position!.positionId, losscutPrice: yen(9_960_000) });
    await seconds(w, 3);
    expect(told(w, /CRITICAL the loss-cut price of a BTC\/JPY position/)).toHaveLength(1);
    expect(w.db.read.positions.open()[0]!.losscut).toBe(yen(9_960_000));
    await w.advance(2);
    expect(told(w, /loss-cut price of a BTC\/JPY position/)).toHaveLength(1);
  });
});
