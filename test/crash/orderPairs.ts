// Every crash point of a short trade with every fault: a fifth of the pairs, others each time, all of them in the
// long run. One test file per trade, so that both cores work.
import { expect, test } from "vitest";
import type { Product } from "../../lib/core/product.ts";
import { entropyHex } from "../../lib/io/random.ts";
import { LONG } from "../long.ts";
import { canStrike, FAULT_NAMES, requestBefore } from "./orderFaults.ts";
import { crashPointsOf, everyPair, proveOrders, runWorld, somePairs } from "./orderHarness.ts";
import { SHORT_TRADES } from "./orderPlan.ts";
import { missedGoals } from "./orderReport.ts";

const SEED = process.env["CRASH_SEED"] ?? "ordinary";
/** Which fifth of the pairs runs. */
const DRAW = process.env["CRASH_DRAW"] ?? entropyHex(4);
const named = LONG
  ? `seed ${SEED} (CRASH_SEED repeats it)`
  : `seed ${SEED}, draw ${DRAW} (CRASH_SEED, CRASH_DRAW repeat it)`;

export const provePairs = (trade: string, product: Product = "margin"): void => {
  test(`${named}, ${trade}: every pair of crash point and fault meets every goal`, async () => {
    const all = await everyPair(trade, SEED, product);
    const pairs = LONG ? all : somePairs(all, Math.ceil(all.length / 5), DRAW);
    const report = await proveOrders({ seed: SEED, product, pairs, random: 0 });
    expect(report.failures).toEqual([]);
    expect(missedGoals(report)).toEqual([]);
    expect(report.runs).toBe(pairs.length);
    // A fault before the death may move it behind the end of the trade; few do.
    expect(report.kills).toBeGreaterThan(0.9 * pairs.length);
    expect(report.faults).toBeGreaterThan(0.9 * pairs.length);
  }, 1_800_000);

  test(`${trade}: the pairs are all there are`, async () => {
    const pairs = await everyPair(trade, SEED, product);
    const whole = await runWorld({ ...SHORT_TRADES[product][trade]!, seed: SEED });
    const story = whole.life.mortality.story.slice(0, whole.endedAtStep);
    whole.close();
    const points = crashPointsOf(story).filter((point) => point >= pairs[0]!.kill);
    expect(points.length).toBeGreaterThan(20);
    const requests = story.flatMap((step) => requestBefore(step) ?? []);
    const faults = FAULT_NAMES.filter((fault) => requests.some((request) => canStrike(fault, request)));
    expect(faults.length).toBeGreaterThan(FAULT_NAMES.length - 3);
    expect(new Set(pairs.map(({ kill, fault }) => `${kill} ${fault}`))).toEqual(
      new Set(points.flatMap((kill) => faults.map((fault) => `${kill} ${fault}`))),
    );
    expect(new Set(pairs.map(({ when }) => when))).toEqual(new Set(["before", "after"]));
  });
};
