// One attempt in this process: its abort signal, its ctx, the handler call, and how its failure is classified.
import type { Database, Tx } from "../db/open.ts";
import type { Job } from "../db/tables/jobs.ts";
import { AppError, toAppError } from "../lib/core/errors.ts";
import type { Clock } from "../lib/io/clock.ts";
import type { Logger } from "../lib/io/logger.ts";
import type { Registry } from "./registry.ts";
import { abortSlot, type Slot } from "./slots.ts";
import { parseInput } from "./store.ts";
import type { Ctx, NewJob, Outcome } from "./types.ts";

export type Result =
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  | { readonly kind: "error"; readonly error: unknown };

export interface AttemptDeps<S extends object> {
  readonly registry: Registry;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly services: S;
  readonly commit: <T>(job: Job, write: (tx: Tx) => T, next?: readonly NewJob[]) => T;
  readonly beforeHandler?: ((job: Job) => void) | undefined;
}

/** Resolves when the handler has really ended, however long after its timeout. Never rejects. */
export const runHandler = async <S extends object>(slot: Slot, deps: AttemptDeps<S>): Promise<Result> => {
  const { job, abort } = slot;
  const handler = deps.registry.get(job.name);
  if (!handler) {
    const found = `this program has no handler ${JSON.stringify(job.name)}; another version enqueued it`;
    return { kind: "error", error: new AppError("permanent", "UNKNOWN_HANDLER", found) };
  }
  const ctx: Ctx & S = {
    ...deps.services,
    job: {
      id: job.id,
      name: job.name,
      key: job.key,
      attempt: job.attempts,
      fence: job.fence,
      traceId: job.traceId,
      parentId: job.parentId,
      deadlinePassed: job.deadlinePassed,
    },
    signal: abort.signal,
    clock: deps.clock,
    db: deps.db.read,
    commit: (write, next) => deps.commit(job, write, next),
    log: deps.log.child({ jobId: job.id, job: job.name, attempt: job.attempts, traceId: job.traceId }),
  };
  deps.beforeHandler?.(job);
  if (abort.signal.aborted) return { kind: "error", error: abort.signal.reason }; // Aborted before it began.
  const timer = setTimeout(() => abortSlot(slot, "timeout", timeoutError(job, handler.timeoutMs)), handler.timeoutMs);
  try {
    return { kind: "outcome", outcome: await handler.run(parseInput(handler, job.input), ctx) };
  } catch (error) {
    return { kind: "error", error };
  } finally {
    clearTimeout(timer);
  }
};

/** A handler without outside risk is retried; with outside risk its effect is in doubt: alert. */
const timeoutError = (job: Job, timeoutMs: number, cause?: unknown): AppError =>
  new AppError(
    job.risk === "neutral" ? "retry" : "alert",
    "TIMEOUT",
    `${job.name} was expected to end within ${timeoutMs} ms and did not; its signal was aborted`,
    { timeoutMs },
    cause === undefined ? undefined : { cause },
  );

/** An error the handler has classified itself is kept; any other error after a timeout becomes TIMEOUT. */
export const failureOf = (slot: Slot, error: unknown, timeoutMs: number): AppError =>
  slot.why === "timeout" && !(error instanceof AppError) ? timeoutError(slot.job, timeoutMs, error) : toAppError(error);
