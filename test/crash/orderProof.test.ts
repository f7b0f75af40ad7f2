// The proof of the orders (docs/orders.md, "What is proven"), in the small: random worlds and spot. Every promise broken on
// purpose: orderSabotage.test.ts. Every pair of crash point and fault: orderPairs*.test.ts. All of it: npm run
// crash:orders, and TEST_LONG=1.
import { describe, expect, test } from "vitest";
import { entropyHex } from "../../lib/io/random.ts";
import { LONG } from "../long.ts";
import { requestBefore } from "./orderFaults.ts";
import { allPairs, proveOrders, runWorld } from "./orderHarness.ts";
import { isAfterKill, unexcusedMs } from "./orderMeasure.ts";
import { pairPlan, type RunPlan, randomPlan, SHORT_TRADES } from "./orderPlan.ts";
import { judge, missedGoals, type OrderReport } from "./orderReport.ts";

const SEED = process.env["CRASH_SEED"] ?? (LONG ? entropyHex(4) : "ordinary");
const PAIRS = LONG ? 4_000 : 10;
const WORLDS = LONG ? 1_000 : 8;

const play = async (plan: RunPlan): Promise<OrderReport> => {
  const w = await runWorld(plan);
  const { report } = await judge(w);
  w.close();
  return report;
};
const trade = (changes: Partial<RunPlan>): RunPlan => ({
  ...SHORT_TRADES.margin["bothTargets"]!,
  seed: "proof",
  ...changes,
});
describe(`seed ${SEED} (CRASH_SEED repeats it)`, () => {
  test(`${PAIRS} of all pairs of step and fault, around reads and inside transactions too: every goal met`, async () => {
    const report = await proveOrders({ seed: SEED, pairs: PAIRS, random: 0 });
    expect(report.failures).toEqual([]);
    expect(missedGoals(report)).toEqual([]);
    expect(report.kills).toBeGreaterThan(PAIRS / 2);
    expect(report.faults).toBeGreaterThan(PAIRS / 2);
  }, 3_600_000);

  test(`${WORLDS} random worlds: every goal met`, async () => {
    const report = await proveOrders({ seed: SEED, pairs: 0, random: WORLDS });
    expect(report.failures).toEqual([]);
    expect(missedGoals(report)).toEqual([]);
  }, 3_600_000);
});

test(`seed ${SEED} on spot: coins instead of positions, sometimes beside coins of the owner`, async () => {
  const report = await proveOrders({
    seed: SEED,
    product: "spot",
    pairs: LONG ? 2_000 : 5,
    random: LONG ? 500 : 5,
  });
  expect(report.failures).toEqual([]);
  expect(missedGoals(report)).toEqual([]);
}, 3_600_000);

test("truth 24: on spot beside coins of the owner, a lost stop around a death leaves the position bare no longer than on margin", async () => {
  const spot = SHORT_TRADES.spot["spotStopped"]!;
  const undisturbed = await runWorld({ ...spot, seed: SEED });
  const { story } = undisturbed.life.mortality;
  undisturbed.close();
  const sale = story.indexOf("before POST /v1/order (sale)");
  expect(sale).toBeGreaterThan(0);
  const before = story.slice(0, sale + 1).flatMap((step) => requestBefore(step) ?? []);
  for (const fault of ["requestLost", "resetOnTheWay", "badGateway", "ERR-554", "replyLost", "arrivesLate"] as const)
    for (const kill of [sale + 2, sale + 3]) {
      const plan = pairPlan(spot, SEED, kill, fault, "before", before);
      const report = await play(plan!);
      expect({ fault, kill, missed: missedGoals(report) }).toEqual({ fault, kill, missed: [] });
      expect(report.barePositionSecondsMaxAfterKill).toBeLessThanOrEqual(5);
      expect(report.barePositionSecondsMax).toBeLessThanOrEqual(1);
    }
});

describe("the proof itself", () => {
  test("meets every kind of place to die: around and inside commits, before, on the way and after requests, reads too", async () => {
    const w = await runWorld(trade({}));
    const { story } = w.life.mortality;
    w.close();
    for (const place of [
      "before commit",
      "after commit",
      "before POST /v1/order",
      "on the way POST /v1/closeOrder",
      "after POST /v1/cancelOrder",
      "before GET /v1/openPositions",
      "on the way GET /v1/orders",
      "after GET /v1/executions",
    ])
      expect(story, place).toContain(place);
  });

  test("the same seed gives the same events", async () => {
    const stories: string[][] = [];
    for (let i = 0; i < 2; i += 1) {
      const w = await runWorld({ ...randomPlan("same", 6), story: true });
      stories.push([...w.story, ...w.deaths]);
      w.close();
    }
    expect(stories[0]!.length).toBeGreaterThan(5);
    expect(stories[1]).toEqual(stories[0]);
  });

  test("contains the API watch: three errors in a row halt entries, and three good checks end the halt", async () => {
    // From the first protective order on, every request fails for eight seconds.
    const silent = { fromMs: 0, untilMs: 0 };
    const w = await runWorld(
      trade({
        pollMs: 2_000,
        fault: ({ path }, { nowMs }) => {
          if (path === "/v1/closeOrder" && silent.fromMs === 0)
            Object.assign(silent, { fromMs: nowMs, untilMs: nowMs + 8_000 });
          return nowMs < silent.untilMs ? "badGateway" : undefined;
        },
      }),
    );
    const { report, notes } = await judge(w);
    const halts = w.life.db.read.halts
      .recent()
      .map(({ kind, clearedMs }) => ({ kind, cleared: clearedMs !== undefined }));
    w.close();
    expect(halts).toContainEqual({ kind: "api", cleared: true });
    expect(notes).toEqual([]);
    expect(missedGoals(report)).toEqual([]);
  });

  test("a pair strikes where it says", async () => {
    const pairs = await allPairs("proof");
    expect(pairs.length).toBeGreaterThan(5_000);
    const after = pairs.find((pair) => pair.fault === "ERR-200" && pair.when === "after");
    const report = await play(after!.plan);
    expect(report.kills).toBe(1);
  });
});

describe("bare time", () => {
  const at = (fromMs: number, untilMs: number) => ({ fromMs, untilMs });
  test.each([
    ["nothing excused", at(0, 5_000), [], 5_000],
    ["an excuse in the middle", at(0, 5_000), [at(1_000, 2_000)], 4_000],
    ["two that overlap count once", at(0, 5_000), [at(1_000, 3_000), at(2_000, 4_000)], 2_000],
    ["one that lies outside counts for nothing", at(0, 5_000), [at(6_000, 9_000)], 5_000],
    ["one around all of it leaves nothing", at(1_000, 5_000), [at(0, 9_000)], 0],
  ] as const)("%s", (_, stretch, excuses, left) => {
    expect(unexcusedMs(stretch, excuses)).toBe(left);
  });
  test("belongs to a kill when the kill fell into it, or came within ten seconds before it", () => {
    const kills = [{ atMs: 1_000, backMs: 4_000 }];
    expect(isAfterKill(at(500, 1_500), kills)).toBe(true);
    expect(isAfterKill(at(13_000, 15_000), kills)).toBe(true);
    expect(isAfterKill(at(14_500, 15_000), kills)).toBe(false);
    expect(isAfterKill(at(0, 900), kills)).toBe(false);
  });
});
