// Three verdicts decide what the queue does with a failure (docs/queue.md): retry, permanent, alert.
import { redact } from "./redact.ts";

export type Verdict = "retry" | "permanent" | "alert";

/**
 * `retry`: temporary and safe to repeat. `permanent`: a repetition cannot succeed; the job dies at once.
 * `alert`: money or state in doubt; entries pause, a reconcile is queued, the owner is alerted.
 * The message says what was expected, what was found and what to do; what looks like a secret is removed from it (redact.ts).
 * `data` never holds a secret.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  constructor(
    readonly verdict: Verdict,
    readonly code: string,
    message: string,
    readonly data: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(redact(message), options);
  }
}

/** An unforeseen error is a bug, and a bug must be reported louder than a network failure. */
export const toAppError = (e: unknown): AppError =>
  e instanceof AppError ? e : new AppError("alert", "UNCLASSIFIED", String(e), {}, { cause: e });

/** Wrong use of the command line or of the settings: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  constructor(message: string, options?: ErrorOptions) {
    super(redact(message), options);
  }
}
