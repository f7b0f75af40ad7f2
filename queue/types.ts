// The shapes every step shares: a handler is (input, ctx) -> outcome, and everything durable goes through the outcome
// or through ctx.commit. The queue knows nothing about trading; it is given the handler registry.
import type { z } from "zod";
import type { Database, Reads, Tx } from "../db/open.ts";
import type { JobRisk } from "../db/tables/jobs.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { WakeTopic } from "../lib/core/wakeTopics.ts";
import type { Clock } from "../lib/io/clock.ts";
import type { Logger } from "../lib/io/logger.ts";

export type { Database, Reads, Tx };

/** A job to enqueue. `input` is validated by the handler's schema on enqueue and again on claim. */
export interface NewJob {
  readonly name: string;
  /** Unique per name for the retention period: a second enqueue with the same key changes nothing. */
  readonly key: string;
  readonly input: unknown;
  /** System clock; default now. */
  readonly runAtMs?: EpochMs;
  /** System clock; a job not started by then ends `expired` instead of running. */
  readonly expiresAtMs?: EpochMs;
  /** Due jobs with a higher priority start first; default the handler's, else 0. */
  readonly priority?: number;
  /** Default: the parent's. */
  readonly traceId?: string;
}

/** What a handler asks the queue to make durable, in one transaction with the acknowledgement. */
export type Outcome<J extends NewJob = NewJob> =
  | { readonly kind: "done"; readonly write?: (tx: Tx) => void; readonly next?: readonly J[] }
  /** A person decides; at the deadline (system clock) the job runs again with `ctx.job.deadlinePassed` and decides. */
  | {
      readonly kind: "park";
      readonly deadlineMs: EpochMs;
      readonly write?: (tx: Tx) => void;
      readonly next?: readonly J[];
    }
  /** Run again at `untilMs` (system clock), or when a topic wakes it; uses up no attempt. */
  | {
      readonly kind: "snooze";
      readonly untilMs: EpochMs;
      readonly reason: string;
      readonly wakeOn?: readonly WakeTopic[];
      readonly write?: (tx: Tx) => void;
      readonly next?: readonly J[];
    }
  /** Ended on purpose (state done); only `next` follows, when needed (an alert, a message). */
  | {
      readonly kind: "stop";
      readonly reason: string;
      readonly write?: (tx: Tx) => void;
      readonly next?: readonly J[];
    };

interface JobInfo {
  readonly id: number;
  readonly name: string;
  readonly key: string;
  /** 1 for the first attempt. Snoozes do not count. */
  readonly attempt: number;
  readonly fence: number;
  readonly traceId: string;
  readonly parentId: number | undefined;
  /** True when a parked job runs again because its deadline passed. */
  readonly deadlinePassed: boolean;
}

export interface Ctx<J extends NewJob = NewJob> {
  readonly job: JobInfo;
  /** Aborted at the handler's timeout, on loss of the lease and on shutdown. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Reads outside any transaction. */
  readonly db: Reads;
  /**
   * A durable step in the middle of a handler (an intent, a result): one BEGIN IMMEDIATE transaction, fenced by this
   * attempt. Throws StaleAttemptError when the attempt has lost its lease; nothing is written then.
   */
  commit<T>(write: (tx: Tx) => T, next?: readonly J[]): T;
  readonly log: Logger;
}

/** At most `limit` starts (reruns after a snooze count) in any span of `perMs` on the system's clock. */
export interface RateLimit {
  readonly limit: number;
  readonly perMs: number;
}

/** `J`: the jobs that it may enqueue; a system narrows them to its own. */
export interface Handler<P, C extends Ctx = Ctx, J extends NewJob = NewJob> {
  readonly name: string;
  readonly input: z.ZodType<P>;
  readonly maxAttempts: number;
  /** Real clock. The signal aborts then; the slot is freed only when the handler has really ended. */
  readonly timeoutMs: number;
  readonly risk: JobRisk;
  /** Default 0. Protection jobs use more. */
  readonly priority?: number;
  /** Jobs with the same serial key run one at a time, in order of creation (a failing first one blocks the others). */
  serialKey?(input: P): string | undefined;
  /** Maximum number of concurrent handlers of this name in this worker; default the worker's limit. */
  readonly concurrency?: number;
  /** Default none. Holds across restarts and processes. */
  readonly rate?: RateLimit;
  /** Exponential backoff with jitter: min(cap, base * 2^(attempt-1)) * (0.5..1). Defaults 1 s and 5 min. */
  readonly backoff?: { readonly baseMs: number; readonly capMs: number };
  run(input: P, ctx: C): Promise<Outcome<J>>;
}

/** A handler of any input type, as stored in the registry. */
// biome-ignore lint/suspicious/noExplicitAny: a heterogeneous registry; inputs are parsed by each handler's own schema.
export type AnyHandler<C extends Ctx = any> = Handler<any, C>;

/** The attempt no longer owns its job (lease lost, cancelled, recovered): its writes are refused. */
export class StaleAttemptError extends Error {
  override readonly name = "StaleAttemptError";
}
