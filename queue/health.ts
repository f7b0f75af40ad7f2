// The worker's light: red while something of its own work fails, green again when that very thing works.
export type Health =
  | { readonly ok: true }
  /** `sinceMs`: real clock. */
  | { readonly ok: false; readonly sinceMs: number; readonly why: string };

export class ActiveFaults {
  readonly #now = new Map<string, { readonly sinceMs: number; readonly why: string }>();

  /** `part` names the work that fails; a trouble that goes on keeps its first time. */
  note(part: string, why: string, realNowMs: number): void {
    if (!this.#now.has(part)) this.#now.set(part, { sinceMs: realNowMs, why });
  }

  over(part: string): void {
    this.#now.delete(part);
  }

  /** The oldest trouble. */
  health(): Health {
    const [first] = [...this.#now.values()].sort((a, b) => a.sinceMs - b.sinceMs);
    return first ? { ok: false, ...first } : { ok: true };
  }
}
