// What a crash run does to each process, from its seed, and the tables its handlers write to.
import { type Random, seededRandom } from "../../lib/io/random.ts";

export interface CrashInput {
  /** Jobs that follow in the chain. */
  readonly left: number;
  readonly lane: number;
}

/** Ways to break a promise on purpose, each with the columns that must see it. */
export const SABOTAGES = {
  /** The acknowledgement is written before the job is committed. */
  ackFirst: ["lost"],
  /** The effect is committed before the transaction that finishes the job, which may then run again. */
  effectFirst: ["effectsTwice", "staleCommits"],
  /** The effect is committed after the job is done. */
  effectLater: ["effectsMissing"],
  /** The child is enqueued before its parent is done. */
  childFirst: ["orphans"],
  /** The child is enqueued after its parent is done. */
  childLater: ["childless"],
  /** The worker never looks again by itself: nothing wakes retries, snoozes or what a dead process left. */
  deaf: ["stranded"],
} as const;
export type Sabotage = keyof typeof SABOTAGES;

export interface ChildOrder {
  readonly dbPath: string;
  readonly sideLogPath: string;
  readonly outsidePath: string;
  readonly bootId: string;
  /** Root jobs to put in. */
  readonly enqueue: number;
  /** Die by one's own hand at the nth passing of a point. */
  readonly dieAt?: { readonly point: string; readonly hit: number } | undefined;
  /** "killed": until it is killed. "caughtUp": says so when nothing is due. "empty": lives until the queue is empty. */
  readonly until: "killed" | "caughtUp" | "empty";
  /** Without any change for this long, a "caughtUp" or "empty" process gives up: what is left is stranded. */
  readonly giveUpMs: number;
  readonly sabotage?: Sabotage | undefined;
}
export interface Death {
  readonly dieAt?: { readonly point: string; readonly hit: number } | undefined;
  /** Killed from outside this long after `from`, at the latest: the order to begin, or the worker's start. */
  readonly afterMs: number;
  readonly from: "order" | "start";
  /**
   * This process puts nothing in and dies only when it has nothing due left: what earlier deaths left must have run.
   */
  readonly quiet?: boolean;
}

export const CRASH_POINTS = [
  "beforeClaim",
  "afterClaim",
  "beforeHandler",
  "insideStep",
  "insideCommit",
  "afterCommit",
  "insideTick",
  "afterEffect",
  "beforeAck",
] as const;

const QUIET_EVERY = 20;

/** Half of the processes die at a random time, half at a named point. */
const planDeath = (random: Random): Death => {
  const kind = random.next();
  if (kind < 0.1) return { afterMs: random.int(40), from: "order" };
  if (kind < 0.5) return { afterMs: random.int(60), from: "start" };
  const point = CRASH_POINTS[random.int(CRASH_POINTS.length)]!;
  // Few passings, so that most of these processes come to their point; the limit is for those that never do.
  return { dieAt: { point, hit: 1 + random.int(4) }, afterMs: 200, from: "start" };
};

export interface LanePlan {
  /** Names the processes and seeds their jitter. */
  readonly seed: string;
  /** Processes that live on the lane's file at the same time; each dies in this order, and the next takes its place. */
  readonly runners: readonly (readonly Death[])[];
}

/** Two files: on the first one process at a time, on the second two. The same seed plans the same deaths. */
export const planRun = (kills: number, seed: string): readonly LanePlan[] => {
  const single = Math.ceil(kills / 2);
  const first = Math.ceil((kills - single) / 2);
  const plan = (count: number, name: string, quiet: boolean): readonly Death[] => {
    const random = seededRandom(`${seed}-${name}`);
    return Array.from({ length: count }, (_, i) => {
      const death = planDeath(random);
      return quiet && i % QUIET_EVERY === QUIET_EVERY - 1 ? { quiet, afterMs: 0, from: "start" } : death;
    });
  };
  const lanes = [
    { seed: `${seed}-0`, runners: [plan(single, "0", true)] },
    { seed: `${seed}-1`, runners: [plan(first, "1", false), plan(kills - single - first, "2", false)] },
  ];
  return lanes
    .map((lane) => ({ ...lane, runners: lane.runners.filter((deaths) => deaths.length > 0) }))
    .filter((lane) => lane.runners.length > 0);
};

/** One process at a time, every one dying at the given points in turn: `rounds` times each, at its first passing. */
export const planPoints = (points: readonly string[], rounds: number, seed: string): readonly LanePlan[] => [
  {
    seed,
    runners: [
      Array.from({ length: points.length * rounds }, (_, i) => ({
        dieAt: { point: points[i % points.length]!, hit: 1 },
        afterMs: 30_000,
        from: "start" as const,
      })),
    ],
  },
];

export const CRASH_TABLES =
  "CREATE TABLE IF NOT EXISTS crash_effects (id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL, fence INTEGER NOT NULL, kind TEXT NOT NULL) STRICT";
