// Runs the plans of a proof and sums up what they came to: first every pair of crash point and fault of short trades, as many
// as fit, then random worlds.

import type { Product } from "../../lib/core/product.ts";
import { MINUTE_MS } from "../../lib/core/time.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { START_MS } from "../sim/world.ts";
import { canStrike, FAULT_NAMES, requestBefore, type Struck } from "./orderFaults.ts";
import { pairPlan, type RunPlan, randomPlan, SHORT_TRADES } from "./orderPlan.ts";
import { plannedWorlds, undisturbedPlan } from "./orderPlanned.ts";
import { add, emptyReport, judge, missedGoals, type OrderReport } from "./orderReport.ts";
import type { Sabotage } from "./orderSabotage.ts";
import { OrderWorld } from "./orderWorld.ts";

/** Venue time after which a run that has not ended is a failure: every time stop is over long before. */
const LONGEST_MS = 100 * MINUTE_MS;
/** Long enough for two reconciles more: what nobody looks after must show by then. */
const AFTERWARDS_MS = 11 * MINUTE_MS;

/** One world from its plan to its end. The caller closes it. `onCommit`: after each commit of the worker. */
export const runWorld = async (plan: RunPlan, onCommit?: (w: OrderWorld) => void): Promise<OrderWorld> => {
  const w = new OrderWorld(plan, onCommit);
  const idle = (): boolean => {
    const { read } = w.life.db;
    return (
      read.proposals.newest(100).length === plan.proposals.length &&
      read.trades.alive().length === 0 &&
      w.life.store.list({ state: "running" }).length === 0 &&
      w.life.store.list({ state: "ready" }).every((job) => job.name === "reconcile")
    );
  };
  await w.run(START_MS + LONGEST_MS, idle);
  w.endedAtStep = w.life.mortality.step;
  await w.run(w.nowMs + AFTERWARDS_MS, () => false);
  return w;
};

/** Steps of `execute` and of the look before the send. */
const BEFORE_THE_ORDER = 20;

export interface Pair {
  readonly trade: string;
  readonly kill: number;
  readonly fault: (typeof FAULT_NAMES)[number];
  readonly when: "before" | "after";
  readonly plan: RunPlan;
}
interface SentAt extends Struck {
  readonly step: number;
}

/** A trade nobody disturbs: what its one life passes, until the trade has ended. */
const undisturbed = async (trade: Omit<RunPlan, "seed">, seed: string) => {
  const whole = await runWorld({ ...trade, seed });
  // Ends with the trade: what follows is the clockwork's own.
  const story = whole.life.mortality.story.slice(0, whole.endedAtStep);
  whole.close();
  const requests = story.flatMap((step, i): readonly SentAt[] => {
    const request = requestBefore(step);
    return request ? [{ ...request, step: i + 1 }] : [];
  });
  // From the owner's tap on: before it there is nothing to lose.
  const first = Math.max(1, story.indexOf("before POST /v1/order") - BEFORE_THE_ORDER);
  return { story, requests, first };
};

/** Every step of the short trades with every fault, struck before the death and after it. */
export const allPairs = async (seed: string, product: Product = "margin"): Promise<readonly Pair[]> => {
  const pairs: Pair[] = [];
  for (const [name, trade] of Object.entries(SHORT_TRADES[product])) {
    const { story, requests, first } = await undisturbed(trade, seed);
    for (let kill = first; kill <= story.length; kill += 1) {
      const before = requests.filter((request) => request.step < kill);
      for (const fault of FAULT_NAMES)
        for (const when of ["before", "after"] as const) {
          const plan = pairPlan(trade, seed, kill, fault, when, before);
          if (plan) pairs.push({ trade: name, kill, fault, when, plan });
        }
    }
  }
  return pairs;
};

/**
 * The steps of a life after which something new is left behind: a commit, or a write request on its way. Who dies at any other
 * step (inside a transaction; before, during or after a read; at the answer to a write) leaves what the last of these left.
 */
export const crashPointsOf = (story: readonly string[]): readonly number[] =>
  story.flatMap((step, i) => (step === "after commit" || step.startsWith("on the way POST ") ? [i + 1] : []));

/**
 * Every crash point of a short trade with every fault that can meet it, each pair once: struck before the death or after it,
 * by turns where both are possible. `from`: places before the first of which another trade has been at already.
 */
export const everyPair = async (name: string, seed: string, product: Product = "margin"): Promise<readonly Pair[]> => {
  const trade = SHORT_TRADES[product][name]!;
  const { story, requests, first } = await undisturbed(trade, seed);
  const begin = trade.newFrom === undefined ? first : story.indexOf(trade.newFrom) + 1;
  const points = crashPointsOf(story).filter((kill) => kill >= begin);
  return points.flatMap((kill, i) =>
    FAULT_NAMES.flatMap((fault, j): readonly Pair[] => {
      const before = requests.filter((request) => request.step < kill);
      const turns = (i + j) % 2 === 0 ? (["after", "before"] as const) : (["before", "after"] as const);
      // What the next life sends is, by and large, what this one had still to send.
      const meets = { before, after: requests.filter((request) => request.step >= kill) };
      const when = turns.find((turn) => meets[turn].some((request) => canStrike(fault, request)));
      const plan = when && pairPlan(trade, seed, kill, fault, when, before);
      return plan ? [{ trade: name, kill, fault, when, plan }] : [];
    }),
  );
};

/** `count` of them, spread over all crash points and faults, others with another seed. */
export const somePairs = (pairs: readonly Pair[], count: number, seed: string): readonly Pair[] => {
  if (count >= pairs.length) return pairs;
  const random = seededRandom(`${seed}:pairs`);
  const rest = [...pairs];
  for (let i = 0; i < count; i += 1) {
    const j = i + random.int(rest.length - i);
    [rest[i], rest[j]] = [rest[j]!, rest[i]!];
  }
  return rest.slice(0, count);
};

export interface Proof {
  readonly seed: string;
  /** Pairs of crash point and fault: these, or so many of all of them. */
  readonly pairs: number | readonly Pair[];
  /** Random worlds, numbered from `from`. */
  readonly random: number;
  readonly from?: number;
  readonly product?: Product;
  readonly sabotage?: Sabotage;
  /** Whether the planned worlds of orderPlanned.ts come first. Default: unless the pairs are given one by one. */
  readonly planned?: boolean;
  /** End with the first world that misses a goal: enough to see that a sabotage is noticed. Default false. */
  readonly untilMissed?: boolean;
  readonly tell?: (done: number, of: number) => void;
}

export const proveOrders = async (proof: Proof): Promise<OrderReport> => {
  const { seed, product = "margin" } = proof;
  const total = emptyReport(seed);
  const places = new Set<string>();
  const pairs =
    typeof proof.pairs !== "number"
      ? proof.pairs
      : proof.pairs === 0
        ? []
        : somePairs(await allPairs(seed, product), proof.pairs, seed);
  const planned =
    (proof.planned ?? typeof proof.pairs === "number")
      ? plannedWorlds(seed, product, (await undisturbed(undisturbedPlan(seed, product), seed)).story)
      : [];
  const plans = function* (): Generator<RunPlan> {
    yield* planned;
    for (const { plan } of pairs) yield plan;
    for (let i = 0; i < proof.random; i += 1) yield randomPlan(seed, (proof.from ?? 0) + i, product);
  };
  let done = 0;
  for (const plan of plans()) {
    const w = await runWorld(proof.sabotage ? { ...plan, sabotage: proof.sabotage } : plan);
    add(total, (await judge(w)).report);
    for (const [i, place] of w.deaths.entries()) places.add(`${i + 1} ${place}`);
    w.close();
    done += 1;
    if (proof.untilMissed && missedGoals(total).length > 0) break;
    proof.tell?.(done, planned.length + pairs.length + proof.random);
  }
  total.crashPoints = places.size;
  return total;
};
