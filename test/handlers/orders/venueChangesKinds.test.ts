// Changes on the exchange's page beyond a margin stop and an entry: a take-profit, coins, another kind of order; noticed
// by reconcile alone, by several handlers at once, and by the comparison that doctor prints.
import { afterEach, describe, expect, test } from "vitest";
import { requestCommand } from "../../../handlers/owner/requestCommand.ts";
import { ledgerDifferences } from "../../../handlers/reconcile.ts";
import { toNumber, yen } from "../../../lib/core/money.ts";
import { epochMs } from "../../../lib/core/time.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});
const start = (options: Partial<WorldOptions> = {}): World => {
  const world = new World({ btc: (s) => s.flat(1).to(9_998_000, 2).flat(300), pollMs: 2_000, ...options });
  worlds.push(world);
  return world;
};
const resting = (w: World, type: "STOP" | "LIMIT", side = "SELL") =>
  w.simulator
    .orders()
    .filter((o) => o.executionType === type && o.side === side && ["WAITING", "ORDERED"].includes(o.status));
const until = (w: World, ready: () => boolean) => w.runUntil(epochMs(w.nowMs + 1_800_000), ready);
const told = (w: World, word: RegExp) => w.messages().filter((text) => word.test(text)).length;
const halts = (w: World) => w.db.read.halts.active(w.nowMs).map((h) => h.kind);
const seconds = (w: World, count: number) => w.advance(count / 60);

describe("truth 2: other orders of ours", () => {
  test("a take-profit at another price becomes the leg's target", async () => {
    const w = start({
      btc: (s) => s.flat(1).to(9_998_000, 2).to(10_030_000, 10).flat(1).to(10_010_000, 3).flat(60),
      config: { TAKE_PROFIT_REST_SECONDS: "30" },
    });
    w.approve({ size: "0.001" });
    await until(w, () => w.orders("takeProfit").some((o) => o.state === "open"));
    const [order] = resting(w, "LIMIT");
    const wanted = order!.price! + yen(4_000);
    expect(w.simulator.changeOnPage(order!.orderId, { price: String(toNumber(wanted)) })).toBe(true);
    await seconds(w, 5);
    expect(told(w, /the take-profit of BTC\/JPY was changed/)).toBe(1);
    expect(w.db.read.tradeLegs.ofTrade(1)[0]!.targetPrice).toBe(wanted);
    expect(w.orders("takeProfit").at(-1)!.intent.price).toBe(wanted);
  });

  test("coins: a stop that risks more is asked about, and ours is put back with its coins covered", async () => {
    const w = start({ config: { PRODUCT: "spot" } });
    w.approve({ symbol: "BTC", size: "0.004" });
    await until(w, () => resting(w, "STOP").length === 2);
    const [stop] = resting(w, "STOP");
    expect(w.simulator.changeOnPage(stop!.orderId, { price: "9900000" })).toBe(true);
    await seconds(w, 3);
    expect(halts(w)).toEqual(["stopMoved"]);
    expect(told(w, /CRITICAL the stop of 0\.002 BTC/)).toBe(1);
    requestCommand({ db: w.db, store: w.store, clock: w.clock }, { command: "restoreStop", actor: "cli", tradeId: 1 });
    await seconds(w, 10);
    expect(halts(w)).toEqual([]);
    expect(resting(w, "STOP").map((o) => toNumber(o.price!) > 9_940_000)).toEqual([true, true]);
    expect(w.simulator.bareSize("BTC")).toBe(0n);
  });

  test("a stop that the venue shows as another kind of order is cancelled, and its leg gets a stop again", async () => {
    let altered = "";
    const w = start({
      onReply: (_, what, reply) => {
        if (altered === "" || !what.includes("/v1/orders") || !reply.body.includes(altered)) return undefined;
        const body = JSON.parse(reply.body) as { data: { list: { orderId: number; executionType: string }[] } };
        for (const row of body.data.list) if (String(row.orderId) === altered) row.executionType = "LIMIT";
        return { ...reply, body: JSON.stringify(body) };
      },
    });
    w.approve();
    await until(w, () => resting(w, "STOP").length === 2);
    altered = String(resting(w, "STOP")[0]!.orderId);
    await seconds(w, 5);
    expect(w.simulator.orders().find((o) => String(o.orderId) === altered)!.status).toBe("CANCELED");
    expect(told(w, /CRITICAL the stop of BTC\/JPY was changed/)).toBe(1);
    expect(resting(w, "STOP")).toHaveLength(2);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
  });
});

describe("truth 2: who notices", () => {
  test("reconcile alone, between two looks", async () => {
    const w = start({ pollMs: 600_000 });
    w.approve();
    await until(w, () => resting(w, "STOP").length === 2);
    await seconds(w, 1);
    w.simulator.changeOnPage(resting(w, "STOP")[0]!.orderId, { price: "9900000" });
    w.enqueue({ name: "reconcile", key: "now", input: {} });
    await seconds(w, 0.5);
    expect(told(w, /CRITICAL the stop of 0\.002 BTC/)).toBe(1);
    expect(halts(w)).toContain("stopMoved");
  });

  test("several handlers at once tell it once", async () => {
    const w = start({ concurrency: 4 });
    w.approve();
    await until(w, () => resting(w, "STOP").length === 2);
    for (const price of ["9930000", "9900000", "9930000"]) {
      w.simulator.changeOnPage(resting(w, "STOP")[0]!.orderId, { price });
      w.enqueue({ name: "reconcile", key: `now:${price}:${w.nowMs}`, input: {} });
      await seconds(w, 4);
    }
    const events = w.db.read.audit.after(0, 10_000).filter((e) => e.kind === "order.changedAtVenue");
    expect(events.map((e) => (e.data as { after: { price: string } }).after.price)).toEqual([
      "9930000",
      "9900000",
      "9930000",
    ]);
  });

  test("the comparison that doctor and the summaries print names it until the next look", async () => {
    const w = start({ pollMs: 600_000 });
    w.approve();
    await until(w, () => resting(w, "STOP").length === 2);
    const [stop] = resting(w, "STOP");
    expect(await ledgerDifferences({ db: w.db.read, venue: w.venue }, w.symbols)).toEqual([]);
    w.simulator.changeOnPage(stop!.orderId, { price: "9900000" });
    const found = await ledgerDifferences({ db: w.db.read, venue: w.venue }, w.symbols);
    expect(found.map((d) => d.key)).toEqual([`changed:${stop!.orderId}`]);
    expect(found[0]!.text).toMatch(/price 9900000 at the venue, 99\d+ in our book/);
  });
});
