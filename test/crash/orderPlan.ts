// What happens in one run, drawn from its seed before it begins: market, venue, owner, faults, deaths. Nothing in here looks
// at what the program does, so a plan can be told, repeated and compared.
import { type CoinE8, parseCoin } from "../../lib/core/money.ts";
import type { Product } from "../../lib/core/product.ts";
import { epochMs, HOUR_MS, MINUTE_MS } from "../../lib/core/time.ts";
import { type Random, seededRandom } from "../../lib/io/random.ts";
import type { SimulatorOptions } from "../../lib/sim/simulator.ts";
import type { ProposalSpec } from "../sim/proposals.ts";
import type { Script } from "../sim/script.ts";
import { START_MS, START_PRICE } from "../sim/world.ts";
import { canStrike, FAULT_NAMES, type FaultName, MARKET_FAULTS, type Struck } from "./orderFaults.ts";
import type { Sabotage } from "./orderSabotage.ts";

export type OwnerAct =
  | { readonly kind: "closeByHand" | "cancelStop" | "ownPosition"; readonly symbol: string }
  /** Orders of ours on the exchange's page, in place or cancelled; `draw` chooses which and how. */
  | { readonly kind: "changeOrders"; readonly symbol: string; readonly draw: number }
  | { readonly kind: "halt" }
  /** By our own program, as the command line or the phone would. */
  | { readonly kind: "stop" | "panic" }
  | { readonly kind: "clockBack"; readonly ms: number };

export interface RequestFacts {
  /** 1 for the first process. */
  readonly life: number;
  /** 1 for the first request of this process. */
  readonly request: number;
  /** Milliseconds since the world began. */
  readonly nowMs: number;
}

export interface RunPlan {
  readonly name: string;
  readonly seed: string;
  readonly btc: (script: Script) => Script;
  readonly eth?: (script: Script) => Script;
  readonly venue: Omit<SimulatorOptions, "faults" | "authClock">;
  readonly config: Readonly<Record<string, string>>;
  /** Spot: coins the owner has already. */
  readonly coins?: Readonly<Record<string, CoinE8>>;
  /** The owner's approvals, milliseconds after the start. */
  readonly proposals: readonly { readonly afterMs: number; readonly spec: ProposalSpec }[];
  /** Step of each life at which it dies; lives beyond these live on. */
  readonly kills: readonly number[];
  /** Venue time between a death and the next start. */
  readonly downMs: number;
  readonly fault: (request: Struck, facts: RequestFacts) => FaultName | undefined;
  /** Share of the account's events, 0 to 1, that reach the process; of the price watches all or none. */
  readonly heard: number;
  readonly pollMs: number;
  readonly owner: readonly { readonly afterMs: number; readonly act: OwnerAct }[];
  /** As the worker starts: entries halted until the first reconcile agrees. Later lives always begin so. */
  readonly strictBoot: boolean;
  readonly sabotage?: Sabotage;
  /** Short trades: the place from which on it meets what no trade above it in the list has met. */
  readonly newFrom?: string;
  /** The venue's clock; undefined: it shows the world's time. */
  readonly venueClock?: VenueClockPlan;
  /** Keep the story, for a person to read. */
  readonly story?: boolean;
}

/** How far the venue's clock is from the world's, milliseconds. */
export interface VenueClockPlan {
  readonly startMs: number;
  /** Milliseconds a second, from the start on. */
  readonly drift: number;
  readonly jumps: readonly { readonly afterMs: number; readonly byMs: number }[];
}
export const venueClockAt = (plan: VenueClockPlan | undefined, sinceMs: number): number =>
  plan === undefined
    ? 0
    : Math.round(
        plan.startMs +
          (plan.drift * sinceMs) / 1_000 +
          plan.jumps.filter((jump) => sinceMs >= jump.afterMs).reduce((sum, jump) => sum + jump.byMs, 0),
      );

/**
 * Jumps in a row stay within an hour in all: beyond two hours the venue refuses every signature, which is not covered
 * (docs/orders.md).
 */
const withinAnHour = (jumps: VenueClockPlan["jumps"]): VenueClockPlan["jumps"] => {
  let sum = 0;
  return [...jumps]
    .sort((a, b) => a.afterMs - b.afterMs)
    .map(({ afterMs, byMs }) => {
      const before = sum;
      sum = Math.max(-HOUR_MS, Math.min(HOUR_MS, sum + byMs));
      return { afterMs, byMs: sum - before };
    });
};

/** Every third world has one of its own: near or up to an hour off, drifting, jumping. Drawn apart from the rest. */
const venueClockPlan = (seed: string): VenueClockPlan | undefined => {
  const random = seededRandom(`${seed}:venueClock`);
  if (random.int(3) !== 0) return undefined;
  const sign = (): number => (random.int(2) === 0 ? 1 : -1);
  const far = (): number => sign() * pick(random, [6_000, 20_000, 40_000, 70_000, 600_000, 3_600_000]);
  const near = sign() * random.int(4_500);
  const jump = () => ({ afterMs: 1_000 + random.int(6 * MINUTE_MS), byMs: random.int(3) === 0 ? near : far() });
  const drift = sign() * pick(random, [0.1, 5, 50]);
  const still = { startMs: near, drift: 0, jumps: [] };
  const kinds: readonly VenueClockPlan[] = [
    still,
    { ...still, startMs: far() },
    { ...still, drift },
    { ...still, jumps: [jump()] },
    { ...still, jumps: withinAnHour([jump(), jump(), jump()]) },
  ];
  return pick(random, kinds);
};

const NO_FAULT = (): undefined => undefined;
const SHORT: Omit<RunPlan, "name" | "seed" | "btc" | "proposals"> = {
  venue: { partialFills: false },
  config: {},
  kills: [],
  downMs: 3_000,
  fault: NO_FAULT,
  // Events tell, so that there are few steps and each one matters; worlds that hear nothing are among the random ones.
  heard: 1,
  pollMs: 60_000,
  owner: [],
  strictBoot: false,
};

const SPOT = { config: { PRODUCT: "spot" } } as const;
/** The same on spot: long only; the second one beside coins of the owner. */
const SPOT_TRADES: Readonly<Record<string, Omit<RunPlan, "seed">>> = {
  spotStopped: {
    ...SHORT,
    ...SPOT,
    name: "spotStopped",
    coins: { BTC: parseCoin("0.5") },
    btc: (s) => s.to(9_998_000, 1).to(9_940_000, 1),
    proposals: [{ afterMs: 0, spec: { symbol: "BTC", size: "0.001" } }],
  },
  spotBothTargets: {
    ...SHORT,
    ...SPOT,
    name: "spotBothTargets",
    newFrom: "before POST /v1/cancelOrder",
    btc: (s) => s.to(9_998_000, 1).to(10_070_000, 2),
    proposals: [{ afterMs: 0, spec: { symbol: "BTC", size: "0.002" } }],
  },
};

/** Short trades whose every step is a place to die; together they meet every kind of order. */
const MARGIN_TRADES: Readonly<Record<string, Omit<RunPlan, "seed">>> = {
  shortStopped: {
    ...SHORT,
    name: "shortStopped",
    btc: (s) => s.to(10_002_000, 1).to(10_060_000, 1),
    proposals: [{ afterMs: 0, spec: { direction: "short", size: "0.001" } }],
  },
  bothTargets: {
    ...SHORT,
    name: "bothTargets",
    newFrom: "before POST /v1/closeOrder",
    btc: (s) => s.to(9_998_000, 1).to(10_070_000, 2),
    proposals: [{ afterMs: 0, spec: { size: "0.002" } }],
  },
};

export const SHORT_TRADES: Readonly<Record<Product, Readonly<Record<string, Omit<RunPlan, "seed">>>>> = {
  margin: MARGIN_TRADES,
  spot: SPOT_TRADES,
};

/** The same trade, killed at a step and struck by a fault, before the kill or after it. */
export const pairPlan = (
  trade: Omit<RunPlan, "seed">,
  seed: string,
  kill: number,
  fault: FaultName,
  when: "before" | "after",
  /** Of an undisturbed life: which requests go out before the step. */
  requestsBefore: readonly Struck[],
): RunPlan | undefined => {
  const last = requestsBefore.findLastIndex((request) => canStrike(fault, request)) + 1;
  if (when === "before" && last === 0) return undefined;
  let struck = false;
  return {
    ...trade,
    name: `${trade.name}: step ${kill}, ${fault} ${when}`,
    seed,
    kills: [kill],
    fault: (request, { life, request: number }) => {
      if (struck || !canStrike(fault, request)) return undefined;
      if (when === "before" ? life !== 1 || number !== last : life === 1) return undefined;
      struck = true;
      return fault;
    },
  };
};

const optional = <K extends string, T>(key: K, value: T | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: T };
const pick = <T>(random: Random, values: readonly T[]): T => values[random.int(values.length)]!;

/** A random walk of minutes that visits entry, targets and stop in some order, with gaps and spikes. */
const path = (random: Random, start: number, direction: "long" | "short") => {
  const sign = direction === "long" ? 1 : -1;
  const at = (ratio: number): number => Math.round(start * (1 + sign * ratio));
  const moves: ((s: Script) => Script)[] = [
    // To where the entry fills: a little against it. Sometimes it runs away first, and comes back, or never does.
    ...(random.int(4) === 0 ? [(s: Script) => s.to(at(0.0006), 1).flat(1)] : []),
    ...(random.int(12) === 0
      ? [(s: Script) => s.to(at(0.004), 3)]
      : [(s: Script) => s.to(at(-0.0003), 1, random.int(2) === 0 ? 0.02 : 100)]),
  ];
  for (let i = 0; i < 1 + random.int(3); i++) {
    const kind = random.int(9);
    const minutes = 1 + random.int(2);
    if (kind === 0) moves.push((s) => s.to(at(0.0033), minutes));
    else if (kind === 1) moves.push((s) => s.to(at(0.0065), minutes + 1));
    else if (kind === 2) moves.push((s) => s.to(at(-0.0055), minutes));
    else if (kind === 3) moves.push((s) => s.gap(at(-0.008)).flat(1));
    else if (kind === 4) moves.push((s) => s.spike(at(0.0031)));
    else if (kind === 5) moves.push((s) => s.spike(at(-0.0052)));
    else if (kind === 6) moves.push((s) => s.to(at(0.0031), 1).to(at(0), 1).to(at(0.0062), 2));
    else moves.push((s) => s.to(at((random.next() - 0.5) * 0.004), minutes));
  }
  const settled = random.int(4);
  if (settled > 0) moves.push((s) => s.to(at(settled === 1 ? 0.008 : settled === 2 ? -0.006 : 0.0031), 2));
  return (s: Script): Script => moves.reduce((script, move) => move(script), s);
};

/** Sizes of coins that partly fill below the smallest order (ETH 0.001). */
const SPOT_SIZES = { BTC: ["0.00033", "0.001", "0.002", "0.006"], ETH: ["0.001", "0.0033", "0.01", "0.05"] } as const;

/** The same number and seed give the same plan: margin's, turned into coins, long only, sometimes beside the owner's. */
const spotPlan = (seed: string, run: number): RunPlan => {
  const plan = marginPlan(`${seed}:spot`, run, ["long"]);
  const random = seededRandom(`${seed}:spot:${run}`);
  const coins = random.int(2) === 0 ? { BTC: parseCoin("0.5"), ETH: parseCoin("3") } : undefined;
  const coin = (symbol: string): "BTC" | "ETH" => (symbol.startsWith("ETH") ? "ETH" : "BTC");
  const owner = plan.owner.flatMap<RunPlan["owner"][number]>(({ afterMs, act }) => {
    if (!("symbol" in act)) return [{ afterMs, act }];
    // A position of another hand has no likeness here; and beside coins of his own nobody can say which ones he sells.
    if (act.kind === "ownPosition" || (act.kind === "closeByHand" && coins !== undefined)) return [];
    return [{ afterMs, act: { ...act, symbol: coin(act.symbol) } }];
  });
  return {
    ...plan,
    config: { ...plan.config, PRODUCT: "spot" },
    ...(coins === undefined ? {} : { coins }),
    owner,
    proposals: plan.proposals.map(({ afterMs, spec }) => {
      const symbol = coin(spec.symbol ?? "");
      return { afterMs, spec: { ...spec, symbol, size: pick(random, SPOT_SIZES[symbol]) } };
    }),
  };
};

/** The same number and seed give the same plan. */
export const randomPlan = (seed: string, run: number, product: Product = "margin"): RunPlan =>
  product === "spot" ? spotPlan(seed, run) : marginPlan(seed, run, ["long", "short"]);

/** In one world of three, market data freeze, lag or come late: for a while, or now and then. */
const marketFaults = (seed: string, run: number): RunPlan["fault"] => {
  const random = seededRandom(`${seed}:run:${run}:market`);
  if (random.int(3) > 0) return NO_FAULT;
  const name = pick(random, MARKET_FAULTS);
  const fromMs = (2 + random.next() * 4) * MINUTE_MS;
  const untilMs = fromMs + 5_000 + random.int(3 * MINUTE_MS);
  const share = pick(random, [0, 0, 0.1, 0.4]);
  return (request, { nowMs }) => {
    if (!canStrike(name, request) || nowMs > 12 * MINUTE_MS) return undefined;
    const isStretch = share === 0 && nowMs >= fromMs && nowMs < untilMs;
    return isStretch || (share > 0 && random.next() < share) ? name : undefined;
  };
};

const marginPlan = (seed: string, run: number, directions: readonly ("long" | "short")[]): RunPlan => {
  const random = seededRandom(`${seed}:run:${run}`);
  const chance = (one: number): boolean => random.int(one) === 0;
  const direction = pick(random, directions);
  const ethDirection = pick(random, directions);
  const both = chance(3);
  const kills = Array.from(
    { length: pick(random, [0, 1, 1, 1, 2, 2, 3, 5]) },
    () => 3 + random.int(chance(3) ? 60 : 260),
  );
  const faultyUntilMs = (4 + random.int(10)) * MINUTE_MS;
  const share = pick(random, [0, 0, 0.01, 0.03, 0.08, 0.2]);
  const names = chance(2) ? FAULT_NAMES : [pick(random, FAULT_NAMES), pick(random, FAULT_NAMES)];
  const outage = chance(8)
    ? { fromMs: (2 + random.next() * 4) * MINUTE_MS, ms: 1_000 + random.int(20_000) }
    : undefined;
  const outageFault = pick(random, ["requestLost", "badGateway", "ERR-554", "ERR-5003"] as const);
  const draws = seededRandom(`${seed}:run:${run}:faults`);
  const owner: { afterMs: number; act: OwnerAct }[] = [];
  const later = (): number => 30_000 + random.int(5 * MINUTE_MS);
  const symbol = both && chance(2) ? "ETH_JPY" : "BTC_JPY";
  if (chance(8)) owner.push({ afterMs: later(), act: { kind: "closeByHand", symbol } });
  if (chance(12)) owner.push({ afterMs: later(), act: { kind: "cancelStop", symbol } });
  if (chance(12)) owner.push({ afterMs: later(), act: { kind: "ownPosition", symbol } });
  if (chance(12)) owner.push({ afterMs: later(), act: { kind: "halt" } });
  if (chance(12)) owner.push({ afterMs: later(), act: { kind: "stop" } });
  if (chance(12)) owner.push({ afterMs: later(), act: { kind: "panic" } });
  if (chance(12)) owner.push({ afterMs: later(), act: { kind: "clockBack", ms: 1_000 + random.int(24_000) } });
  // Draws of its own: the worlds stay what they were in everything else.
  const page = seededRandom(`${seed}:run:${run}:page`);
  if (page.int(3) === 0)
    for (let i = 0; i <= page.int(3); i += 1)
      owner.push({
        afterMs: 5_000 + page.int(5 * MINUTE_MS),
        act: { kind: "changeOrders", symbol, draw: page.int(1_000_000) },
      });
  const marketFault = marketFaults(seed, run);
  const closedMs = epochMs(START_MS + 2 * MINUTE_MS + later());
  const openMs = epochMs(closedMs + 20_000 + random.int(2 * MINUTE_MS));
  const spec = (symbolName: string, way: "long" | "short", lots: string): ProposalSpec => ({
    symbol: symbolName,
    direction: way,
    size: lots,
    validMinutes: 3 + random.int(4),
  });
  return {
    name: `run ${run}`,
    seed: `${seed}:${run}`,
    ...optional("venueClock", venueClockPlan(`${seed}:run:${run}`)),
    btc: path(random, START_PRICE, direction),
    ...(both ? { eth: path(random, 500_000, ethDirection) } : {}),
    venue: {
      partialFills: chance(2),
      cancelAfterMs: pick(random, [0, 20, 300, 1_200]),
      positionVisibleAfterMs: pick(random, [0, 100, 150, 600]),
      positionNotVisibleCode: pick(random, ["ERR-254", "ERR-5106"] as const),
      positionGranularity: pick(random, ["execution", "execution", "order"] as const),
      stopTrigger: pick(random, ["last", "last", "touch"] as const),
      uncoveredOrders: "cancel",
      statusInMaintenance: pick(random, ["data", "refusal"] as const),
      ...(chance(8)
        ? {
            closures: [
              { kind: pick(random, ["maintenance", "emergency"] as const), fromMs: closedMs, untilMs: openMs },
              { kind: "preopen" as const, fromMs: openMs, untilMs: epochMs(openMs + 30_000) },
            ],
          }
        : {}),
    },
    config: { TIME_STOP_HOURS: "0.25" },
    proposals: [
      {
        afterMs: random.int(5_000),
        spec: spec("BTC_JPY", direction, pick(random, ["0.001", "0.002", "0.003", "0.006"])),
      },
      ...(both
        ? [{ afterMs: random.int(60_000), spec: spec("ETH_JPY", ethDirection, pick(random, ["0.01", "0.02", "0.05"])) }]
        : []),
    ],
    kills,
    downMs: pick(random, [3_000, 3_000, 3_000, 0, 1_000, 30_000]),
    fault: (request, facts) => {
      const { nowMs } = facts;
      const ofMarket = marketFault(request, facts);
      if (ofMarket !== undefined) return ofMarket;
      if (nowMs > 2 * MINUTE_MS + faultyUntilMs) return undefined;
      if (outage && nowMs >= outage.fromMs && nowMs < outage.fromMs + outage.ms) return outageFault;
      if (draws.next() >= share) return undefined;
      const name = names[draws.int(names.length)]!;
      return canStrike(name, request) ? name : undefined;
    },
    heard: pick(random, [0, 0.5, 1, 1]),
    pollMs: 2_000,
    owner,
    strictBoot: chance(2),
  };
};
