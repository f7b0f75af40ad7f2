// A worker that dies while its entry rests: after the restart the order is compared, checked again and taken up, or cancelled
// for a reason that is written down. Never a second entry order beside it.
import { afterEach, expect, test } from "vitest";
import { raiseHalt } from "../../db/halts.ts";
import type { HaltKind } from "../../lib/core/haltKinds.ts";
import { parseCoin, yen } from "../../lib/core/money.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { LONG } from "../long.ts";
import { Death } from "../sim/mortal.ts";
import { START_PRICE, World, type WorldOptions } from "../sim/world.ts";

const BID = START_PRICE - 500;
let world: World | undefined;
afterEach(() => {
  world?.close();
  world = undefined;
});
const begin = (options: WorldOptions): World => {
  world = new World(options);
  return world;
};
/** The order rests, the process dies, `downMs` later another one starts. */
const restarted = async (w: World, downMs: number): Promise<string> => {
  await w.advance(0.5);
  const [resting] = w.orders("entry");
  expect(w.orders("entry").map((o) => o.state)).toEqual(["open"]);
  w.crash();
  w.restart({ downMs });
  return String((resting as { venueOrderId?: string }).venueOrderId);
};
const placed = (w: World): number => w.requests.filter((what) => what === "POST /v1/order").length;
const cancelled = (w: World): number => w.requests.filter((what) => what === "POST /v1/cancelOrder").length;

test.each<[string, WorldOptions, Parameters<World["approve"]>[0]]>([
  ["margin", { btc: (s) => s.flat(5).to(9_998_000, 2).to(10_080_000, 16).flat(60) }, {}],
  [
    "spot",
    { btc: (s) => s.flat(5).to(9_998_000, 2).to(10_080_000, 16).flat(60), config: { PRODUCT: "spot" } },
    { symbol: "BTC" },
  ],
])(
  "truth 16: %s: a resting entry is taken up after a restart and fills as it was approved",
  async (_, options, spec) => {
    const w = begin(options);
    w.approve(spec);
    const id = await restarted(w, 20_000);
    await w.advance(1);
    expect(w.orders("entry")).toMatchObject([{ state: "open", venueOrderId: id, intent: { price: yen(BID) } }]);
    expect(w.auditKinds().filter((kind) => kind === "entry.takenUp")).toHaveLength(1);
    expect([placed(w), cancelled(w)]).toEqual([1, 0]);
    // A second restart checks it again.
    w.crash();
    w.restart({ downMs: 1_000 });
    await w.runToEnd();
    expect(w.auditKinds().filter((kind) => kind === "entry.takenUp")).toHaveLength(2);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["filled"]);
    expect(w.trade().status).toBe("closed");
    expect(await w.brokenPromises()).toEqual([]);
  },
);

test("truth 16: a part fill before the restart: the rest rests on", async () => {
  const w = begin({
    btc: (s) => s.to(9_998_000, 1, 0.002).gap(10_001_000).flat(5).to(9_998_000, 2).to(10_080_000, 16).flat(60),
    venue: { partialFills: true },
  });
  w.approve({ size: "0.006" });
  await w.advance(2);
  expect(w.orders("entry").map((o) => o.state)).toEqual(["open"]);
  expect(w.trade().status).toBe("open");
  w.crash();
  w.restart({ downMs: 5_000 });
  await w.advance(1);
  expect(w.orders("entry").map((o) => o.state)).toEqual(["open"]);
  expect(w.auditKinds()).toContain("entry.takenUp");
  await w.runToEnd();
  expect(w.entered()).toBeLessThanOrEqual(0.006);
  expect(await w.brokenPromises()).toEqual([]);
});

test.each<[string, WorldOptions, number, RegExp, HaltKind | undefined]>([
  ["the approval's time is over", { btc: (s) => s.flat(60) }, 20 * 60_000, /time is over/, undefined],
  [
    "the price has left the approved band",
    { btc: (s) => s.flat(1).gap(10_200_000).flat(60) },
    90_000,
    /band/,
    undefined,
  ],
  ["the owner has stopped entries", { btc: (s) => s.flat(60) }, 1_000, /stopped by you/, "stop"],
  ["the day's loss limit is reached", { btc: (s) => s.flat(60) }, 1_000, /daily loss limit/, "loss-day"],
])("truth 16: %s: the resting entry is cancelled for that reason", async (_, options, downMs, why, halt) => {
  const w = begin(options);
  w.approve();
  await restarted(w, downMs);
  if (halt !== undefined)
    w.db.transaction((tx) => {
      raiseHalt(tx, { kind: halt, reason: "test", by: { atMs: w.nowMs, actor: "test" }, alert: undefined });
    });
  await w.advance(1);
  await w.runToEnd();
  expect(w.orders("entry").map((o) => o.state)).toEqual(["cancelled"]);
  expect(w.trade()).toMatchObject({ status: "cancelled", cancelReason: expect.stringMatching(why) });
  expect([placed(w), cancelled(w)]).toEqual([1, 1]);
  expect(await w.brokenPromises()).toEqual([]);
});

test("truth 16: while the venue cannot be compared, nothing is sent and nothing is cancelled", async () => {
  let down = false;
  const w = begin({
    btc: (s) => s.flat(5).to(9_998_000, 2).to(10_080_000, 16).flat(60),
    onReply: (_w, what, reply) =>
      down && what === "GET /v1/account/margin" ? { ...reply, httpStatus: 503, body: "down" } : undefined,
  });
  w.approve();
  await restarted(w, 1_000);
  down = true;
  await w.advance(1);
  expect(w.db.read.halts.active(w.nowMs).map((h) => h.kind)).toContain("start");
  expect(w.orders("entry").map((o) => o.state)).toEqual(["open"]);
  expect([placed(w), cancelled(w)]).toEqual([1, 0]);
  down = false;
  await w.runToEnd();
  expect(w.orders("entry").map((o) => o.state)).toEqual(["filled"]);
  expect(await w.brokenPromises()).toEqual([]);
});

test("truth 16: an account whose funds the resting entry uses up is no reason to cancel it", async () => {
  const w = begin({
    btc: (s) => s.flat(5).to(9_998_000, 2).to(10_080_000, 16).flat(60),
    config: { PRODUCT: "spot", MAX_POSITION_RATIO: "1", CAPITAL_LIMIT_JPY: "1000000" },
  });
  w.approve({ symbol: "BTC", size: "0.09" });
  await restarted(w, 1_000);
  await w.advance(1);
  expect(w.orders("entry").map((o) => o.state)).toEqual(["open"]);
  await w.runToEnd();
  expect(w.entered()).toBeLessThanOrEqual(Number(parseCoin("0.09")) / 1e8);
});

test("truth 16: wherever the second life dies too, one entry order is all there ever is", async () => {
  const options: WorldOptions = { btc: (s) => s.flat(5).to(9_998_000, 2).to(10_080_000, 16).flat(60) };
  const life = async (killAt: number): Promise<readonly string[]> => {
    const w = begin(options);
    w.approve();
    await w.advance(0.5);
    w.crash();
    try {
      // The first steps belong to the start itself.
      w.restart({ downMs: 2_000, killAt });
      await w.runToEnd();
    } catch (e) {
      if (!(e instanceof Death)) throw e;
      w.crash();
      w.restart({ downMs: 2_000 });
      await w.runToEnd();
    }
    const { story } = w.mortality;
    expect(
      w.orders("entry").map((o) => o.state),
      `killAt ${killAt}`,
    ).toEqual(["filled"]);
    expect(placed(w), `killAt ${killAt}`).toBe(1);
    expect(await w.brokenPromises(), `killAt ${killAt}`).toEqual([]);
    w.close();
    world = undefined;
    return story;
  };
  const story = await life(Number.POSITIVE_INFINITY);
  const random = seededRandom("restingEntry");
  // Until the take-up is long past.
  const steps = Array.from({ length: Math.min(60, story.length) }, (_, i) => i + 1);
  for (const killAt of LONG ? steps : steps.filter(() => random.int(5) === 0)) await life(killAt);
}, 240_000);
