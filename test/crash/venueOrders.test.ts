// invariants 6, 7 and 8 one by one: what is durable before the venue hears of an order, that a retry looks before it
// acts, and that a fill is protected or shouted about. Death at every step of whole trades: orders.test.ts.
import { afterEach, describe, expect, test } from "vitest";
import { seededRandom } from "../../lib/io/random.ts";
import { openSqlite } from "../../lib/io/sqlite.ts";
import { LONG } from "../long.ts";
import { once } from "../sim/lost.ts";
import { Death } from "../sim/mortal.ts";
import { World, type WorldOptions } from "../sim/world.ts";

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});
const OPTIONS: WorldOptions = { btc: (s) => s.to(9_998_000, 2).to(10_080_000, 16).flat(60) };
const SENDS = /^POST \/v1\/(order|closeOrder)$/;
const isSend = (step: string): boolean => SENDS.test(step.replace(/^(before|after) /, ""));

const begin = (changes: Partial<WorldOptions>): World => {
  const world = new World({ ...OPTIONS, ...changes });
  worlds.push(world);
  return world;
};
/** Approves and runs to the end, or to its death. Returns whether it lived. */
const live = async (w: World): Promise<boolean> => {
  try {
    if (w.db.read.proposals.newest(1).length === 0) w.approve();
    await w.runToEnd();
    return true;
  } catch (e) {
    if (!(e instanceof Death)) throw e;
    w.crash();
    return false;
  }
};
/** Steps of an undisturbed trade; the n-th is killAt n. */
const storyOf = async (): Promise<readonly string[]> => {
  const w = begin({});
  expect(await live(w)).toBe(true);
  const { story } = w.mortality;
  expect(story.filter(isSend).length).toBeGreaterThan(6);
  return story;
};
/** Orders whose intention to send is in the file, as another process sees it. */
const durableIntents = (w: World): number => {
  const sql = openSqlite(w.db.path, { readonly: true });
  try {
    return sql.prepare<[], number>("SELECT count(*) FROM orders WHERE state <> 'intended'").pluck().get() ?? 0;
  } finally {
    sql.close();
  }
};
const entries = (w: World) => w.simulator.orders().filter((order) => order.settleType === "OPEN");

describe("invariant 6: no order is sent without a durable intent", () => {
  test("at every request that sends one, its intent is in the file for others to see", async () => {
    const seen: [sent: number, intents: number][] = [];
    const w = begin({
      onRequest: (world, what) => {
        if (SENDS.test(what)) seen.push([seen.length + 1, durableIntents(world)]);
      },
    });
    expect(await live(w)).toBe(true);
    expect(seen.length).toBeGreaterThan(3);
    for (const [sent, intents] of seen) expect(intents, `request ${sent}`).toBeGreaterThanOrEqual(sent);
  });

  test("killed before and after every such request: the intent was there first", async () => {
    const story = await storyOf();
    const sends = [...story.entries()].filter(([, step]) => isSend(step));
    // Both sides of the entry and of its first protection, and what follows; in the long run every one.
    for (const [i, step] of LONG ? sends : sends.slice(0, 6)) {
      const w = begin({ killAt: i + 1 });
      expect(await live(w)).toBe(false);
      const sent = w.mortality.story.filter((done) => done.startsWith("before POST") && isSend(done)).length;
      expect(sent).toBeGreaterThan(0);
      expect(durableIntents(w), `killed ${step}, step ${i + 1}`).toBeGreaterThanOrEqual(sent);
      worlds.pop()?.close();
    }
  });
});

describe("invariant 7: a retry of execute never sends a second order", () => {
  const KILLS = LONG ? 500 : 8;
  test(`the venue accepts, then the answer is lost or we are killed, ${KILLS} times: it looks first, and there is one order`, async () => {
    const story = await storyOf();
    const accepted = story.indexOf("after POST /v1/order") + 1;
    const random = seededRandom("venueOrders:7");
    for (let kill = 0; kill < KILLS; kill += 1) {
      // In turn: killed as the venue answers; its answer lost; its answer lost and killed a few steps later, or twice.
      const kind = kill % 4;
      const drop = once("/v1/order", "after", { kind: "dropReply" });
      const later = accepted + 1 + random.int(6);
      const w = begin({
        ...(kind === 1 || kind === 2 ? { venue: { faults: drop } } : {}),
        ...(kind === 1 ? {} : { killAt: kind === 2 ? later : accepted }),
      });
      const label = `kill ${kill}, kind ${kind}, killAt ${kind === 2 ? later : accepted}`;
      let lived = await live(w);
      if (kind !== 1) expect(lived, label).toBe(false);
      const again = 5 + random.int(12); // Beyond the steps of the restart itself.
      for (let life = 2; !lived; life += 1) {
        const heard = w.requests.length;
        const downMs = [0, 3_000, 40_000][random.int(3)] ?? 0;
        w.restart({ downMs, ...(kind === 3 && life === 2 ? { killAt: again } : {}) });
        lived = await live(w);
        const after = w.requests.slice(heard);
        const send = after.indexOf("POST /v1/order");
        expect(send, `${label}: ${after.slice(0, 8).join(", ")}`).toBe(-1);
        if (lived) expect(after.some((what) => what.startsWith("GET"))).toBe(true);
      }
      expect(entries(w), label).toHaveLength(1);
      expect(await w.brokenPromises(), label).toEqual([]);
      worlds.pop()?.close();
    }
  }, 900_000);
});

describe("invariant 8: a filled entry ends protected, or in a loud alert with entries paused", () => {
  test("killed between fill and protection while the venue takes no stops: entries pause and the owner is called; then the stop", async () => {
    const story = await storyOf();
    const stop = story.indexOf("before POST /v1/closeOrder") + 1;
    expect(stop).toBeGreaterThan(0);
    let refusing = true;
    const w = begin({
      killAt: stop,
      venue: {
        faults: (request, phase) =>
          refusing && phase === "before" && request.path === "/v1/closeOrder"
            ? { kind: "error", code: "ERR-5201" }
            : undefined,
      },
    });
    expect(await live(w)).toBe(false);
    w.restart({ downMs: 1_000 });
    await w.advance(1);
    expect(w.simulator.bareSize("BTC_JPY")).toBeGreaterThan(0n);
    expect(w.db.read.halts.active(w.nowMs).map((halt) => halt.kind)).toEqual(["bare"]);
    expect(w.messages().some((text) => text.startsWith("CRITICAL"))).toBe(true);
    refusing = false;
    await w.advance(0.2);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    await w.runToEnd();
    expect(await w.brokenPromises()).toEqual([]);
  });
});
