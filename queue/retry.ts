// What follows a failed attempt. Pure: takes the time, the verdict and one random number.
import type { Verdict } from "../lib/core/errors.ts";
import { type EpochMs, epochMs, MINUTE_MS, SECOND_MS } from "../lib/core/time.ts";

interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}
export const DEFAULT_BACKOFF: Backoff = { baseMs: SECOND_MS, capMs: 5 * MINUTE_MS };

/**
 * Wait before the attempt after `attempt` (1 = the first failed): min(cap, base * 2^(attempt-1)) * (0.5..1), whole ms.
 * `random` is uniform in [0, 1): jobs that failed together are not retried together.
 */
export const backoffMs = (attempt: number, backoff: Backoff, random: number): number => {
  // 2^1023 is the largest finite power; the cap is reached long before.
  const full = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(attempt - 1, 1_000));
  return Math.round(full * (0.5 + random / 2));
};

type AfterFailure = { readonly kind: "retry"; readonly runAtMs: EpochMs } | { readonly kind: "dead" };

/** `permanent` dies at once; the others are retried until `maxAttempts` attempts have been made. */
export const afterFailure = (
  failure: { verdict: Verdict; attempt: number; maxAttempts: number; backoff: Backoff | undefined },
  nowMs: EpochMs,
  random: number,
): AfterFailure => {
  if (failure.verdict === "permanent" || failure.attempt >= failure.maxAttempts) return { kind: "dead" };
  const waitMs = backoffMs(failure.attempt, failure.backoff ?? DEFAULT_BACKOFF, random);
  return { kind: "retry", runAtMs: epochMs(nowMs + waitMs) };
};
