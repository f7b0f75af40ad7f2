// What a crash run does to each process, from its seed, and the tables its handlers write to.
import type { Random } from "../../lib/io/random.ts";

export interface CrashInput {
  /** Jobs that follow in the chain. */
  readonly left: number;
  readonly lane: number;
}
export interface ChildOrder {
  readonly dbPath: string;
  readonly sideLogPath: string;
  readonly outsidePath: string;
  readonly bootId: string;
  /** Root jobs to put in. */
  readonly enqueue: number;
  /** Die by one's own hand at the nth passing of a point. */
  readonly dieAt?: { readonly point: string; readonly hit: number };
  /** Live until the queue is empty. */
  readonly finish: boolean;
}
export interface Death {
  readonly dieAt?: { readonly point: string; readonly hit: number };
  /** Killed from outside this long after `from`, at the latest: the order to begin, or the worker's start. */
  readonly afterMs: number;
  readonly from: "order" | "start";
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

/** Half of the processes die at a random time, half at a named point. */
export const planDeath = (random: Random): Death => {
  const kind = random.next();
  if (kind < 0.1) return { afterMs: random.int(40), from: "order" };
  if (kind < 0.5) return { afterMs: random.int(60), from: "start" };
  const point = CRASH_POINTS[random.int(CRASH_POINTS.length)]!;
  // Few passings, so that most of these processes come to their point; the limit is for those that never do.
  return { dieAt: { point, hit: 1 + random.int(4) }, afterMs: 200, from: "start" };
};

export const CRASH_TABLES =
  "CREATE TABLE IF NOT EXISTS crash_effects (id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL, fence INTEGER NOT NULL, kind TEXT NOT NULL) STRICT";
