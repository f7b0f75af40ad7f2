// The venue's clock differs from ours, and answers get lost: one approval is one entry at most, whatever the clocks say.
import { afterEach, describe, expect, test } from "vitest";
import { yen } from "../../../lib/core/money.ts";
import type { Faults } from "../../../lib/sim/simulator.ts";
import { once } from "../../sim/lost.ts";
import { ANY_SIGNATURE_TIME, shifted } from "../../sim/venueClock.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());

const LOSING = (s: Parameters<WorldOptions["btc"]>[0]) => s.flat(3).to(9_998_000, 2).to(9_940_000, 10).flat(30);
/** `clock`: venue minus us, milliseconds, at this moment. */
const start = (clock: (w: World) => number, faults: Faults, options: Partial<WorldOptions> = {}): World => {
  world = new World({
    btc: LOSING,
    ...options,
    venue: { ...ANY_SIGNATURE_TIME, ...options.venue, faults },
    onReply: (w, what, reply) => {
      const answer = options.onReply?.(w, what, reply) ?? reply;
      return shifted(answer, clock(w));
    },
  });
  return world;
};
const entries = () => world.simulator.orders().filter((o) => o.settleType === "OPEN");
const halts = () => world.db.read.halts.active(world.nowMs).map((h) => h.kind);
const alerts = () => world.db.read.alerts.open().map((a) => a.key);
const ALL_LOST: Faults = (request, phase) =>
  request.path === "/v1/order" && phase === "after" ? { kind: "dropReply" } : undefined;
const NO_FAULT: Faults = () => undefined;
const reconcile = async (w: World, key: string): Promise<void> => {
  w.enqueue({ name: "reconcile", key, input: {} });
  await w.drain();
};

describe("truth 0: every answer to an entry is lost", () => {
  test.each([-5, -3, -0.4, 0.4, 3, 5].map((s) => s * 0.99))(
    "venue %d s from us: one entry, found and protected",
    async (s) => {
      const w = start(() => s * 1_000, ALL_LOST);
      w.approve();
      await w.runToEnd();
      expect(entries()).toHaveLength(1);
      expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
      expect(await w.brokenPromises()).toEqual([]);
    },
  );

  test.each([-3_600, -600, -70, -40, -20, -5.1, 5.1, 20, 40, 70, 600, 3_600])(
    "venue %d s from us: no entry is sent, and the owner is told",
    async (s) => {
      const w = start(() => s * 1_000, ALL_LOST);
      w.approve();
      await w.advance(20);
      expect(entries()).toEqual([]);
      expect(halts()).toEqual(["clock"]);
      expect(alerts()).toEqual(["clock"]);
      expect(w.messages().join("\n")).toContain(`${Math.abs(s).toFixed(1)} s ${s < 0 ? "behind" : "ahead of"}`);
    },
  );

  test.each([-3_600, -70, -36, -6, 6, 36, 70, 3_600])(
    "a clock jumps by %d s while the answer is on its way: one entry, found and protected",
    async (s) => {
      const w = start((it) => (it.requests.includes("POST /v1/order") ? s * 1_000 : 0), ALL_LOST);
      w.approve();
      await w.runToEnd();
      expect(entries()).toHaveLength(1);
      expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss", positionSize: 0.004 });
      expect(await w.brokenPromises()).toEqual([]);
    },
  );

  test.each([-3_600, -70, 70, 3_600])(
    "a clock jumps by %d s while the request is lost: nothing is sent beside the halt",
    async (s) => {
      const w = start(
        (it) => (it.requests.includes("POST /v1/order") ? s * 1_000 : 0),
        once("/v1/order", "before", { kind: "dropReply" }),
      );
      w.approve();
      await w.runToEnd();
      expect(entries()).toEqual([]);
      expect(w.requests.filter((r) => r === "POST /v1/order")).toHaveLength(1);
      expect(w.trade().status).toBe("cancelled");
    },
  );

  test("a clock that drifts from 20 s behind to 20 s ahead within minutes, order after order: never two entries", async () => {
    const w = start((it) => -20_000 + it.minute * 4_000, ALL_LOST, { btc: (s) => s.flat(60) });
    for (let i = 0; i < 12; i += 1) {
      w.approve();
      await w.advance(1);
      await reconcile(w, `r${i}`);
      expect(entries().filter((o) => o.status === "ORDERED").length).toBeLessThanOrEqual(1);
    }
    expect(w.db.read.halts.recent().some((h) => h.kind === "clock")).toBe(true);
  });
});

describe("truth 0: the halt clock", () => {
  test("is raised by reconcile, too, and ends with its alert once the clocks agree", async () => {
    let ms = -70_000;
    const w = start(() => ms, NO_FAULT);
    await reconcile(w, "r1");
    expect([halts(), alerts()]).toEqual([["clock"], ["clock"]]);
    ms = 100;
    await w.advance(1);
    await reconcile(w, "r2");
    await reconcile(w, "r3");
    expect([halts(), alerts()]).toEqual([[], []]);
    expect(w.auditKinds().filter((kind) => kind.startsWith("halt."))).toEqual(["halt.raised", "halt.cleared"]);
  });
  test("open positions are protected and closed while it stands, with requests signed by the venue's time", async () => {
    const w = start((it) => (it.db.read.positions.open().length > 0 ? 3_600_000 : 0), NO_FAULT);
    w.approve();
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
    expect(w.simulator.bareStats("BTC_JPY").longestMs).toBe(0);
  });
  test.each([-3_600, -60, 60, 3_600])(
    "set by %d s just before a time stop, the clock delays neither its time stop nor the close",
    async (seconds) => {
      const soon = (it: World): boolean => it.nowMs > (it.db.read.trades.byId(1)?.timeStopMs ?? Infinity) - 20_000;
      const w = start((it) => (soon(it) ? seconds * 1_000 : 0), NO_FAULT, {
        btc: (s) => s.flat(3).to(9_998_000, 2).flat(300),
        config: { TIME_STOP_HOURS: "0.5" },
        pollMs: 2_000,
      });
      w.approve();
      await w.runToEnd();
      const { timeStopMs } = w.trade();
      expect(w.trade()).toMatchObject({ status: "closed", exitReason: "time_stop" });
      expect(w.nowMs - timeStopMs!).toBeLessThan(20_000);
    },
  );
  test("one reply with a strange time raises nothing", async () => {
    let replies = 0;
    const w = start(() => (++replies === 9 ? -7_200_000 : 0), NO_FAULT);
    w.approve();
    await w.runToEnd();
    expect(w.db.read.halts.recent()).toEqual([]);
    expect(w.trade().status).toBe("closed");
  });
});

test("truth 0: the time stop counts from the fill on our clock, not on the venue's", async () => {
  const w = start(() => 4_500, NO_FAULT, { btc: (s) => s.flat(3).to(9_998_000, 2).flat(300) });
  w.approve();
  await w.advance(20);
  const { timeStopMs } = w.trade();
  const fill = w.db.read.executions.ofTrade(1)[0]!;
  const hours = w.config.TIME_STOP_HOURS * 3_600_000;
  expect(Math.abs(timeStopMs! - (fill.atMs - 4_500 + hours))).toBeLessThanOrEqual(2);
});

describe("truth 0: what may be the lost entry blocks a second one", () => {
  /** The `nth` order of all, the owner's included. */
  const lostRequest = (nth = 1) => once("/v1/order", "before", { kind: "dropReply" }, nth);
  const sent = (w: World) => w.requests.filter((r) => r === "POST /v1/order").length;

  test.each([
    ["another price", { price: yen(9_990_000), size: 400_000n }],
    ["another size", { price: yen(10_000_000), size: 300_000n }],
  ])("an order of the owner, newer than the send, with %s", async (_, over) => {
    const w = start(() => 0, lostRequest(), { btc: (s) => s.flat(60) });
    w.approve();
    await w.drain();
    const order = { symbol: "BTC_JPY", side: "BUY", executionType: "LIMIT", timeInForce: "FAS", ...over } as const;
    await w.owner.order(order as never);
    await w.advance(10);
    expect(sent(w)).toBe(1);
    expect(w.orders("entry").map((o) => [o.state, "detail" in o && o.detail])).toEqual([["neverSent", "UNEXPLAINED"]]);
    expect(w.trade().status).toBe("cancelled");
    expect(w.messages().join("\n")).toContain("may be an earlier entry of this trade");
  });

  test("the venue's lists lack the fill for minutes, its positions do not", async () => {
    // ETH has no post-only: the price jumps below our limit while the order is on its way, so it fills at once.
    const w = start(() => 0, ALL_LOST, {
      btc: (s) => s.flat(60),
      eth: (s) => s.flat(1).gap(499_700).flat(60),
      onRequest: (it, what) => {
        if (what === "POST /v1/order") it.pass(4_000);
      },
      onReply: (_, what, reply) =>
        what === "GET /v1/latestExecutions"
          ? { ...reply, body: reply.body.replace(/"list":\[.*\]/, '"list":[]') }
          : undefined,
    });
    await w.advance(0.95);
    w.approve({ symbol: "ETH_JPY", size: "0.04" });
    await w.advance(3);
    expect(sent(w)).toBe(1);
    expect(w.simulator.positions().filter((p) => p.size > 0n)).toHaveLength(1);
    expect(w.orders("entry").map((o) => "detail" in o && o.detail)).toEqual(["UNEXPLAINED"]);
  });

  test("an older order of the owner with the same look is neither taken for ours nor in the way", async () => {
    const w = start(() => 0, lostRequest(2), { btc: (s) => s.flat(60) });
    const look = { symbol: "BTC_JPY", side: "BUY", executionType: "LIMIT", timeInForce: "FAS" } as const;
    const bid = (await w.owner.orderBook("BTC_JPY")).bids[0]!.price;
    const size = 400_000n as never;
    await w.owner.order({ ...look, price: bid, size });
    w.approve();
    await w.drain();
    const [first] = w.orders("entry");
    expect(first?.intent.plannedPrice).toBe(bid);
    expect(
      w
        .orders("entry")
        .filter((o) => o.state === "unknown")
        .map((o) => o.intent.price),
    ).toEqual([bid - yen(1)]);
    await w.advance(13 / 60);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["neverSent", "neverSent", "open"]);
  });
});
