// One section of a LightGBM model text (the header or a tree): its keys, read strictly. Every error is an AppError
// permanent MODEL_FILE that names the section and the key, what was expected and what was found.
import { AppError } from "../lib/core/errors.ts";

/** Quoted for a message, long text cut. */
export const shorten = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
export const refuse = (where: string, message: string): never => {
  throw new AppError("permanent", "MODEL_FILE", `model file: ${where}: ${message}`);
};

// No digit can match two parts of these patterns: `\d+\.?\d*` backtracks for hours on a long damaged number.
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?$/;
const SPECIAL = /^[+-]?(inf|nan)$/i;

/** The keys of one section. `where` = "header" or "tree 7"; it starts every message. */
export class Section {
  readonly #values = new Map<string, string>();
  constructor(readonly where: string) {}

  add(line: string): void {
    const cut = line.indexOf("=");
    const key = cut < 0 ? line : line.slice(0, cut);
    if (this.#values.has(key)) refuse(this.where, `key ${shorten(key)} appears twice`);
    this.#values.set(key, cut < 0 ? "" : line.slice(cut + 1));
  }
  optional(key: string): string | undefined {
    return this.#values.get(key);
  }
  required(key: string): string {
    return (
      this.#values.get(key) ?? refuse(this.where, `expected the key "${key}", found none; the file is not complete`)
    );
  }
  fail(key: string, message: string): never {
    return refuse(`${this.where}, ${key}`, message);
  }

  whole(key: string, minimum: number, maximum: number): number {
    return this.parseWhole(key, this.required(key), minimum, maximum);
  }
  parseWhole(key: string, text: string, minimum: number, maximum: number): number {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= minimum && value <= maximum))
      this.fail(key, `expected a whole number from ${minimum} to ${maximum}, found ${shorten(text)}`);
    return value;
  }
  tokens(key: string, count: number): string[] {
    const text = this.required(key).trim();
    const found = text === "" ? [] : text.split(/ +/);
    if (found.length !== count) this.fail(key, `expected ${count} values, found ${found.length}`);
    return found;
  }
  wholes(key: string, count: number, minimum: number, maximum: number): number[] {
    return this.tokens(key, count).map((text) => this.parseWhole(key, text, minimum, maximum));
  }
  doubles(key: string, count: number): number[] {
    return this.tokens(key, count).map((text) => {
      const value = NUMBER.test(text) ? Number(text) : Number.NaN;
      if (!Number.isFinite(value)) this.fail(key, `expected a finite number, found ${shorten(text)}`);
      return value;
    });
  }
  /** Statistics that no prediction uses: right length and number-like, infinities allowed. */
  checkUnused(key: string, count: number): void {
    if (this.optional(key) === undefined) return;
    for (const text of this.tokens(key, count))
      if (!NUMBER.test(text) && !SPECIAL.test(text)) this.fail(key, `expected a number, found ${shorten(text)}`);
  }
}
