// How a stream is, for the health check and for whoever must not trust an old view.
import type { AppError } from "../../../core/errors.ts";
import type { EpochMs } from "../../../core/time.ts";

/**
 * `connecting`: the first connection is being made. `repairing`: connected, but what happened meanwhile is still being read over REST.
 * `live`: what comes is complete. `down`: no connection; `final` when nothing will be tried again. `sinceMs` is when that began, except
 * that a stream repairing after a loss keeps the time of the loss: so long have we been without a trustworthy view.
 */
export type StreamState =
  | { readonly kind: "connecting"; readonly sinceMs: EpochMs }
  | { readonly kind: "repairing"; readonly sinceMs: EpochMs }
  | { readonly kind: "live"; readonly sinceMs: EpochMs }
  | { readonly kind: "down"; readonly sinceMs: EpochMs; readonly reason: string; readonly final: boolean };

/** Tells each problem once, until things were well again. */
export class ToldOnce {
  readonly #told = new Set<string>();
  constructor(private readonly tell: (error: AppError) => void) {}
  problem(error: AppError, about = ""): void {
    const key = `${error.code} ${about}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.tell(error);
  }
  /** What comes now is news again. */
  clear(): void {
    this.#told.clear();
  }
}
