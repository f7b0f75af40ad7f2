// Worker health: the parts of its own work that fail now. A part is healthy again when the same work succeeds.
export type Health =
  | { readonly ok: true }
  /** `sinceMs`: real clock. */
  | { readonly ok: false; readonly sinceMs: number; readonly why: string };

/** Red when one of the parts is red, with the oldest reason. */
export const worstHealth = (...parts: readonly (() => Health)[]): Health => {
  const red = parts.map((health) => health()).filter((health) => !health.ok);
  return red.sort((a, b) => a.sinceMs - b.sinceMs)[0] ?? { ok: true };
};

export class ActiveFaults {
  readonly #now = new Map<string, { readonly sinceMs: number; readonly why: string }>();

  /** `part` names the work that fails; a fault that persists keeps its first time. */
  report(part: string, why: string, realNowMs: number): void {
    if (!this.#now.has(part)) this.#now.set(part, { sinceMs: realNowMs, why });
  }

  clear(part: string): void {
    this.#now.delete(part);
  }

  /** Clears the faults whose names begin with `start` and are not in `parts`. */
  keepOnly(start: string, parts: ReadonlySet<string>): void {
    for (const part of this.#now.keys()) if (part.startsWith(start) && !parts.has(part)) this.#now.delete(part);
  }

  /** The oldest active fault. */
  health(): Health {
    const [first] = [...this.#now.values()].sort((a, b) => a.sinceMs - b.sinceMs);
    return first ? { ok: false, ...first } : { ok: true };
  }
}
