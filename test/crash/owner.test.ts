// Stop and panic, cut off at a durable step (before or after a commit, before or after a request reaches the venue),
// restarted, and perhaps cut off again: the halt holds, the venue ends as promised, the owner gets one answer.
import { afterEach, describe, expect, test } from "vitest";
import { requestCommand } from "../../handlers/owner/requestCommand.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { LONG } from "../long.ts";
import { Death } from "../sim/mortal.ts";
import { World, type WorldOptions } from "../sim/world.ts";

let world: World | undefined;
afterEach(() => {
  world?.close();
  world = undefined;
});

interface Scenario {
  readonly name: string;
  readonly command: "stop" | "panic";
  readonly options: WorldOptions;
  /** Minutes after the approval at which the owner asks. */
  readonly askAfter: number;
  readonly size?: string;
}
const HELD: WorldOptions = { btc: (s) => s.to(9_998_000, 2).flat(200) };
const SCENARIOS: readonly Scenario[] = [
  { name: "panic with two protected halves", command: "panic", options: HELD, askAfter: 4 },
  { name: "panic while the entry rests", command: "panic", options: { btc: (s) => s.flat(200) }, askAfter: 0.5 },
  {
    name: "panic with half of the entry filled",
    command: "panic",
    options: { btc: (s) => s.to(9_998_000, 1, 0.002).gap(10_001_000).flat(200), venue: { partialFills: true } },
    size: "0.006",
    askAfter: 2,
  },
  { name: "stop while the entry rests", command: "stop", options: { btc: (s) => s.flat(200) }, askAfter: 0.5 },
];

/**
 * One life after another until the command has its answer; returns the world and how many steps the first life took.
 */
const live = async (scenario: Scenario, killAt?: number, again?: number): Promise<World> => {
  const w = new World({ ...scenario.options, ...(killAt === undefined ? {} : { killAt }) });
  world = w;
  const run = async (): Promise<boolean> => {
    try {
      if (w.db.read.proposals.newest(1).length === 0) {
        w.approve(scenario.size === undefined ? {} : { size: scenario.size });
        await w.advance(scenario.askAfter);
      }
      // An owner whose request died with the process sees no answer, and asks again.
      if (w.db.read.ownerCommands.newest(1).length === 0)
        requestCommand(
          { db: w.db, store: w.store, clock: w.clock },
          { command: scenario.command, actor: "telegram:1" },
        );
      const from = w.nowMs;
      await w.runUntil((from + 5 * 60_000) as typeof from, () => answers(w).length > 0);
      await w.advance(0.2);
      return true;
    } catch (e) {
      if (!(e instanceof Death)) throw e;
      w.crash();
      return false;
    }
  };
  if (await run()) return w;
  w.restart({ downMs: 3_000, ...(again === undefined ? {} : { killAt: again }) });
  if (await run()) return w;
  w.restart({ downMs: 3_000 });
  if (!(await run())) throw new Error("expected the third life to run to the end");
  return w;
};
const answers = (w: World) => w.messages().filter((text) => /^(STOP|PANIC) #\d+ done/.test(text));

describe.each(SCENARIOS.map((s) => [s.name, s] as const))("%s", (_, scenario) => {
  test("the halt holds, nothing is left at the venue, one answer, wherever it is cut off", async () => {
    const whole = await live(scenario);
    const { story } = whole.mortality;
    const check = async (w: World, label: string): Promise<void> => {
      expect(answers(w), label).toHaveLength(1);
      expect(
        w.db.read.halts.active(w.nowMs).map((h) => h.kind),
        label,
      ).toContain(scenario.command);
      expect(await w.brokenPromises(), label).toEqual([]);
      for (const trade of w.db.read.trades.newest(10))
        if (trade.status === "closed") expect(trade.exitReason, label).toBe("manual");
    };
    await check(whole, "undisturbed");
    if (scenario.size !== undefined) expect(whole.trade().positionSize).toBeLessThan(Number(scenario.size));
    whole.close();
    world = undefined;

    const random = seededRandom(`owner:${scenario.name}`);
    // From the owner's request on: what comes before is orders.test.ts.
    const from = Math.max(1, story.length - STEPS_OF_A_COMMAND);
    const count = LONG ? story.length - from : 5;
    for (let i = 0; i < count; i += 1) {
      const killAt = LONG ? from + i : from + random.int(story.length - from);
      const again = random.int(2) === 0 ? FIRST_STEP_OF_A_LIFE + random.int(20) : undefined;
      const label = `killAt ${killAt} (${story[killAt - 1]}), again ${again ?? "never"}`;
      const w = await live(scenario, killAt, again);
      await check(w, label);
      w.close();
      world = undefined;
    }
  });
});
/** A restart itself commits the halt and the reconcile job: four steps. */
const FIRST_STEP_OF_A_LIFE = 5;
const STEPS_OF_A_COMMAND = 60;
