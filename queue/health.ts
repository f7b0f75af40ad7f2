// Worker health: the parts of its own work that fail now. A part is healthy again when the same work succeeds.
export type Health =
  | { readonly ok: true }
  /** `sinceMs`: real clock. */
  | { readonly ok: false; readonly sinceMs: number; readonly why: string };

export class ActiveFaults {
  readonly #now = new Map<string, { readonly sinceMs: number; readonly why: string }>();

  /** `part` names the work that fails; a fault that persists keeps its first time. */
  report(part: string, why: string, realNowMs: number): void {
    if (!this.#now.has(part)) this.#now.set(part, { sinceMs: realNowMs, why });
  }

  clear(part: string): void {
    this.#now.delete(part);
  }

  /** The oldest active fault. */
  health(): Health {
    const [first] = [...this.#now.values()].sort((a, b) => a.sinceMs - b.sinceMs);
    return first ? { ok: false, ...first } : { ok: true };
  }
}
