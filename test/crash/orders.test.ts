// Dies at every durable step of a trade (before and after each commit, before and after each request that reaches the venue),
// starts again on the two files, and must end with: at most the approved size entered, no order in doubt, no bare position,
// book equal to venue. kill -9 of real processes is test/crash of the queue and the replay's own end-to-end run.
import { afterEach, describe, expect, test } from "vitest";
import { parseCoin } from "../../lib/core/money.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { LONG } from "../long.ts";
import { Death } from "../sim/mortal.ts";
import { type ProposalSpec, World, type WorldOptions } from "../sim/world.ts";

interface Scenario {
  readonly name: string;
  readonly options: WorldOptions;
  readonly approve: ProposalSpec;
  /** Steps to die at in the short run; default 4. */
  readonly points?: number;
}
const SCENARIOS: readonly Scenario[] = [
  {
    name: "both targets",
    options: { btc: (s) => s.to(9_998_000, 2).to(10_080_000, 16).flat(60) },
    approve: {},
  },
  {
    name: "part fills, a re-quote, the stop",
    options: {
      btc: (s) => s.to(10_004_000, 3).to(9_998_000, 2, 0.004).to(9_997_000, 2, 0.01).to(9_940_000, 6).flat(60),
      venue: { partialFills: true },
    },
    approve: { size: "0.006" },
  },
  {
    name: "a short, first target, break-even, slow cancels",
    options: {
      btc: (s) => s.to(10_002_000, 2).to(9_965_000, 8).to(10_020_000, 8).flat(60),
      venue: { cancelAfterMs: 300, positionVisibleAfterMs: 150 },
    },
    approve: { direction: "short" },
  },
  {
    name: "the time stop",
    options: { btc: (s) => s.to(9_998_000, 2).flat(120), config: { TIME_STOP_HOURS: "0.5" } },
    approve: {},
  },
  {
    name: "spot: both targets, beside coins of the owner",
    options: {
      btc: (s) => s.to(9_998_000, 2).to(10_080_000, 16).flat(60),
      config: { PRODUCT: "spot" },
      coins: { BTC: parseCoin("0.5") },
    },
    approve: { symbol: "BTC" },
    points: 2,
  },
  {
    name: "spot: part fills too small to sell alone, a re-quote, the stop",
    options: {
      btc: (s) => s.flat(60),
      eth: (s) => s.to(500_200, 3).to(499_800, 2, 0.0052).to(499_700, 2, 0.01).to(496_000, 6).flat(60),
      venue: { partialFills: true },
      config: { PRODUCT: "spot" },
    },
    approve: { symbol: "ETH", size: "0.02" },
    points: 2,
  },
  {
    name: "spot: the time stop, slow cancels",
    options: {
      btc: (s) => s.to(9_998_000, 2).flat(120),
      venue: { cancelAfterMs: 300 },
      config: { TIME_STOP_HOURS: "0.5", PRODUCT: "spot" },
    },
    approve: { symbol: "BTC" },
    points: 2,
  },
];

let world: World | undefined;
afterEach(() => {
  world?.close();
  world = undefined;
});

/** Runs to the end; dies at `killAt` and again at `again` steps into the second life. Returns what each life did. */
const live = async (scenario: Scenario, killAt?: number, downMs = 0, again?: number): Promise<World> => {
  const w = new World({ ...scenario.options, ...(killAt === undefined ? {} : { killAt }) });
  world = w;
  const run = async (): Promise<boolean> => {
    try {
      // The approval is part of the life: dying inside it leaves it undone, and nothing to trade.
      if (w.db.read.proposals.newest(1).length === 0) w.approve(scenario.approve);
      await w.runToEnd();
      return true;
    } catch (e) {
      if (!(e instanceof Death)) throw e;
      w.crash();
      return false;
    }
  };
  if (await run()) return w;
  w.restart({ downMs, ...(again === undefined ? {} : { killAt: again }) });
  if (await run()) return w;
  w.restart({ downMs });
  if (!(await run())) throw new Error("expected the third life to run to the end");
  return w;
};

describe.each(SCENARIOS.map((s) => [s.name, s] as const))("%s", (_, scenario) => {
  test("invariants 6, 7, 8: ends in order, wherever it is cut off", async () => {
    const whole = await live(scenario);
    expect(await whole.brokenPromises()).toEqual([]);
    expect(whole.trade().status).toBe("closed");
    const { story } = whole.mortality;
    whole.close();
    expect(story.length).toBeGreaterThan(40);

    const random = seededRandom(`orders:${scenario.name}`);
    const count = LONG ? story.length : (scenario.points ?? 4);
    const offset = random.int(Math.max(1, Math.floor(story.length / count)));
    for (let i = 0; i < count; i++) {
      const killAt = LONG ? i + 1 : 1 + offset + Math.floor((i * (story.length - 1 - offset)) / (count - 1));
      const downMs = [0, 3_000, 40_000][random.int(3)] ?? 0;
      const again = random.int(3) === 0 ? 5 + random.int(60) : undefined;
      const label = `killAt ${killAt} (${story[killAt - 1]}), down ${downMs} ms, again ${again ?? "never"}`;
      const w = await live(scenario, killAt, downMs, again);
      const broken = await w.brokenPromises();
      const trades = w.db.read.trades.newest(10);
      w.close();
      world = undefined;
      expect(broken, label).toEqual([]);
      expect(trades.length, label).toBeLessThanOrEqual(1);
    }
  });
});

test("invariant 8: a stop is back within three seconds of a restart, wherever the entry's fill was cut off", async () => {
  const scenario = SCENARIOS[0] as Scenario;
  const whole = await live(scenario);
  const { story } = whole.mortality;
  whole.close();
  // Steps around the fill and its protection: from the entry's order to the second stop.
  const first = story.indexOf("after POST /v1/order");
  const last = story.findLastIndex((s, i) => s === "after POST /v1/closeOrder" && i < first + 60);
  const steps = Array.from({ length: last - first + 1 }, (_, i) => first + 1 + i);
  for (const killAt of LONG ? steps : steps.filter((_, i) => i % 3 === 0)) {
    const w = new World({ ...scenario.options, killAt });
    world = w;
    w.approve(scenario.approve);
    await w.runToEnd().catch((e: unknown) => {
      if (!(e instanceof Death)) throw e;
    });
    w.crash();
    w.restart({ downMs: 1_000 });
    await w.advance(3.5 / 60);
    expect(w.simulator.bareSize("BTC_JPY"), `killAt ${killAt} (${story[killAt - 1]})`).toBe(0n);
    w.close();
  }
  world = undefined;
});
