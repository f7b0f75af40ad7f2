// Worlds that every proof begins with, whatever its seed: between them each promise is put to the test where it could
// break. Random worlds alone may miss the one moment: between a request and its answer there are a few of some hundred
// steps.
import type { Product } from "../../lib/core/product.ts";
import { type RunPlan, SHORT_TRADES } from "./orderPlan.ts";

/** The price that the owner's panic meets: between the stop and the targets, and it stays there. */
const PANIC_AFTER_MS = 100_000;
/** Of the price path before the world begins. */
const LEAD_MS = 120_000;
const REFUSED_CLOSES = 2;

const BASE: Readonly<Record<Product, string>> = { margin: "bothTargets", spot: "spotBothTargets" };

/** The steps of an undisturbed life of `trade`, told by `story`, after which it passes a place first; 0: it never does. */
const stepOf = (story: readonly string[], place: string): number => story.indexOf(place) + 1;

/**
 * `story`: the steps of the undisturbed trade of this product and seed, `undisturbedPlan` played to its end. Each world is
 * its own closure, so the list is made anew for each proof.
 */
export const plannedWorlds = (seed: string, product: Product, story: readonly string[]): readonly RunPlan[] => {
  const whole = undisturbedPlan(seed, product);
  const named = (name: string, changes: Partial<RunPlan>): RunPlan => ({
    ...whole,
    name: `planned: ${name}`,
    ...changes,
  });
  return [
    whole,
    named("the entry's answer is lost", { fault: entryAnswerLost() }),
    // The request is out, and the process that knows of it is gone: only the committed intention remains.
    named("killed with the entry on its way", { kills: [stepOf(story, "on the way POST /v1/order")] }),
    named("panic, its closes refused", {
      btc: (s) => s.to(9_998_000, 1).flat(1),
      owner: [{ afterMs: PANIC_AFTER_MS, act: { kind: "panic" } }],
      fault: closesRefused(),
    }),
  ];
};
export const undisturbedPlan = (seed: string, product: Product): RunPlan => ({
  ...SHORT_TRADES[product][BASE[product]]!,
  name: "planned: undisturbed",
  seed,
});

const entryAnswerLost = (): RunPlan["fault"] => {
  let struck = false;
  return ({ path, sale }) => {
    if (struck || path !== "/v1/order" || sale) return undefined;
    struck = true;
    return "replyLost";
  };
};
/** The first closes that a panic sends, each in place of a stop that was given up for it. */
const closesRefused = (): RunPlan["fault"] => {
  let refused = 0;
  return ({ path, sale, market }, { nowMs }) => {
    const close = (path === "/v1/closeOrder" || sale) && market;
    if (!close || nowMs < LEAD_MS + PANIC_AFTER_MS || refused >= REFUSED_CLOSES) return undefined;
    refused += 1;
    return "ERR-254";
  };
};
