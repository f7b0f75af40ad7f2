// The state of a stream, for the health check and for code that must not trust an old view.
import type { AppError } from "../../../core/errors.ts";
import type { EpochMs } from "../../../core/time.ts";

/**
 * `connecting`: the first connection is being made. `repairing`: connected, but the missed changes are still being
 * read over REST. `live`: the data is complete. `down`: no connection; `final` when there will be no retry. `sinceMs`
 * is when that began, except that a stream repairing after a loss keeps the time of the loss: since then the view is
 * not reliable.
 */
export type StreamState =
  | { readonly kind: "connecting"; readonly sinceMs: EpochMs }
  | { readonly kind: "repairing"; readonly sinceMs: EpochMs }
  | { readonly kind: "live"; readonly sinceMs: EpochMs }
  | { readonly kind: "down"; readonly sinceMs: EpochMs; readonly reason: string; readonly final: boolean };

/** Reports each problem once, until the stream works again. */
export class ReportOnce {
  readonly #reported = new Set<string>();
  constructor(private readonly tell: (error: AppError) => void) {}
  problem(error: AppError, about = ""): void {
    const key = `${error.code} ${about}`;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    this.tell(error);
  }
  /** From now on every problem is reported again. */
  clear(): void {
    this.#reported.clear();
  }
}
