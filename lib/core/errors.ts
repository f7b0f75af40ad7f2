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

/**
 * What an error says, with what Node leaves out of the message: the parts of an AggregateError (address, port, family, code), and the
 * code and address of a failed system call.
 */
export const errorText = (e: unknown): string => {
  if (!(e instanceof Error)) return String(e);
  if (e instanceof AggregateError && e.errors.length > 0) {
    const parts = e.errors.map(errorText).join("; ");
    return e.message === "" ? parts : `${e.message}: ${parts}`;
  }
  const {
    code: given,
    address,
    port,
    message,
  } = e as { code?: unknown; address?: string; port?: number; message: string };
  const code = typeof given === "string" ? given : undefined; // That of a DOMException is a number.
  const family = address === undefined ? "" : ` (IPv${address.includes(":") ? 6 : 4})`;
  const where = address === undefined || message.includes(address) ? family : ` ${address}:${port ?? ""}${family}`;
  const what = message === "" ? (code ?? (e.cause === undefined ? e.name : errorText(e.cause))) : message;
  return `${what}${code === undefined || code.startsWith("ERR_") || what.includes(code) ? "" : ` (${code})`}${where}`;
};

/** An unforeseen error is a bug, and a bug must be reported louder than a network failure. */
export const toAppError = (e: unknown): AppError =>
  e instanceof AppError
    ? e
    : new AppError(
        "alert",
        "UNCLASSIFIED",
        e instanceof AggregateError ? `${e.name}: ${errorText(e)}` : String(e),
        {},
        { cause: e },
      );

/** Wrong use of the command line or of the settings: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  constructor(message: string, options?: ErrorOptions) {
    super(redact(message), options);
  }
}
