// The problems of a file from outside: every one is counted, the first ones are kept. A long file of wrong lines fills
// neither the memory nor the screen.

const PROBLEMS_KEPT = 20;
const LONGEST = 300;

export class Problems {
  count = 0;
  readonly #first: string[] = [];
  /** `problem` is called only for one that is kept. */
  push(problem: string | (() => string)): void {
    this.count += 1;
    if (this.#first.length >= PROBLEMS_KEPT) return;
    const text = typeof problem === "string" ? problem : problem();
    this.#first.push(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
  }
  /** The kept ones in order, then how many more there are; empty without any. */
  lines(): readonly string[] {
    const more = this.count - this.#first.length;
    return more > 0 ? [...this.#first, `and ${more} more`] : this.#first;
  }
}
