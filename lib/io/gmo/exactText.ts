// Decimals as exact text, for `trader gmo decode`: a captured reply is shown to its last digit, also where the program
// itself keeps 8 decimals or refuses more. The connector's schemas with text as the number type (codecs.ts).
import { z } from "zod";
import { formatE8 } from "../../core/money.ts";
import { missing, type Numbers } from "./codecs.ts";

const DECIMAL = /^(-?)0*(\d{1,60}?)(?:\.(\d{1,60}?)0*)?$/;

/** Longer text is no number of this API and is not scanned. */
const LONGEST = 100;

/** "0010.50" is "10.5", "-0.0" is "0"; no digit passes through a float. undefined: no plain decimal. */
export const canonicalDecimal = (text: string): string | undefined => {
  const match = text.length > LONGEST ? null : DECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign = "", whole = "", fraction = ""] = match;
  const kept = fraction === "0" ? "" : fraction;
  const magnitude = `${whole}${kept === "" ? "" : `.${kept}`}`;
  return magnitude === "0" ? "0" : `${sign}${magnitude}`;
};

/** Compares two canonical decimals that are not negative. */
export const compareDecimals = (a: string, b: string): number => {
  const [[wholeA = "", fractionA = ""], [wholeB = "", fractionB = ""]] = [a.split("."), b.split(".")];
  if (wholeA.length !== wholeB.length) return wholeA.length - wholeB.length;
  const [left, right] = [wholeA + fractionA, wholeB + fractionB];
  return left < right ? -1 : left > right ? 1 : 0;
};

const decimal = (allowed: "signed" | "notNegative") =>
  z.string().transform((text, ctx): string => {
    const exact = canonicalDecimal(text);
    if (exact !== undefined && (allowed === "signed" || !exact.startsWith("-"))) return exact;
    const expected = exact === undefined ? 'a plain decimal such as "0.001"' : "no negative number";
    ctx.issues.push({ code: "custom", input: text, message: `expected ${expected}, found ${JSON.stringify(text)}` });
    return z.NEVER;
  });
const signed = decimal("signed");
const notNegative = decimal("notNegative");
/** As OptionalPrice of codecs.ts. */
const optionalPrice = missing(
  z.union(
    [z.literal("").transform(() => undefined), notNegative.transform((text) => (text === "0" ? undefined : text))],
    { error: "expected a plain decimal that is not negative" },
  ),
);

// The schemas only pass these values on, so text can replace the program's scaled integers.
export const EXACT = {
  yen: signed,
  price: notNegative,
  size: notNegative,
  ratio: signed,
  yenCut: signed,
  coinCut: signed,
  ratioCut: signed,
  sizeCut: notNegative,
  optionalPrice,
  candleField: notNegative,
  compare: compareDecimals,
} as unknown as Numbers;

/** For JSON: scaled integers as decimal strings, "none" as null, keys kept in their order. */
export const plainValue = (value: unknown): unknown => {
  if (typeof value === "bigint") return formatE8(value);
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(plainValue);
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainValue(inner)]));
  return value;
};
