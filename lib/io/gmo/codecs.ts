// Decodes the wire: decimal strings become scaled integers, ids become strings, times become epoch ms. Nothing passes
// through a double except candle fields, which are doubles by design (lib/core/candle.ts).
import { z } from "zod";
import { type CoinE8, formatE8, parseE8, type RatioE8, type YenE8 } from "../../core/money.ts";
import { type EpochMs, epochMs } from "../../core/time.ts";

const decimalCodec = <T extends bigint>(parse: (text: string) => bigint) =>
  z.codec(
    z.string(),
    z.custom<T>((value) => typeof value === "bigint"),
    {
      decode: (text, ctx) => {
        try {
          return parse(text) as T;
        } catch (e) {
          ctx.issues.push({ code: "custom", input: text, message: (e as Error).message });
          return z.NEVER;
        }
      },
      encode: (value) => formatE8(value),
    },
  );
const notNegative = (parse: (text: string) => bigint) => (text: string) => {
  const value = parse(text);
  if (value < 0n) throw new RangeError(`expected no negative number, found ${JSON.stringify(text)}`);
  return value;
};

/** Exact; more than 8 decimals do not parse. May be negative: profits, fees. */
const Yen = decimalCodec<YenE8>(parseE8);
const Ratio = decimalCodec<RatioE8>(parseE8);
/** Exact and never negative: the price and the size of an order, a level, a fill or a position. */
const Price = decimalCodec<YenE8>(notNegative(parseE8));
const Coin = decimalCodec<CoinE8>(notNegative(parseE8));

/** Balances and volumes of any coin may have more than 8 decimals: further decimals are cut, never rounded up. */
const parseCut = (text: string): bigint => {
  const match = /^(-?\d+\.\d{8})(\d+)$/.exec(text);
  if (!match) return parseE8(text);
  const kept = parseE8(match[1]!);
  // Away from zero for negative values: a debt or a loss is never understated.
  return text.startsWith("-") && /[1-9]/.test(match[2]!) ? kept - 1n : kept;
};
const YenCut = decimalCodec<YenE8>(parseCut);
const CoinCut = decimalCodec<CoinE8>(parseCut);
const RatioCut = decimalCodec<RatioE8>(parseCut);
const SizeCut = decimalCodec<CoinE8>(notNegative(parseCut));

/** An optional field may also be null: undocumented, but it can mean nothing else. */
export const missing = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value): z.output<T> | undefined => value ?? undefined);

/** A price that means "none" when missing, empty or "0" (MARKET orders, unset losscutPrice; GMO API 7.1). */
const OptionalPrice = z
  .string()
  .nullish()
  .transform((text, ctx): YenE8 | undefined => {
    if (text === undefined || text === null || text === "") return undefined;
    const parsed = Price.safeParse(text);
    if (parsed.success) return parsed.data === 0n ? undefined : parsed.data;
    ctx.issues.push({ code: "custom", input: text, message: parsed.error.issues[0]!.message });
    return z.NEVER;
  });

/**
 * Ids are numbers in reads and a string in the reply to a new order: one type here (GMO API 14.5). A JSON number above
 * 2^53 was rounded before we read it, so it is refused; as a string any id up to 19 digits is exact.
 */
export const Id = z
  .union([z.int().positive(), z.string().regex(/^[1-9]\d{0,18}$/)], {
    error: "expected an id: a whole number up to 2^53, or a string of up to 19 digits",
  })
  .transform(String);

/** ISO-8601 UTC. */
export const Instant = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/, { error: "expected an ISO-8601 UTC time" })
  .transform((text, ctx): EpochMs => {
    const ms = Date.parse(text);
    // Date.parse takes February 30th for March 2nd: a date that does not round-trip is invalid.
    if (!Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text.slice(0, 10)) return epochMs(ms);
    ctx.issues.push({ code: "custom", input: text, message: "expected a real date" });
    return z.NEVER;
  });

/** Candle fields only. */
const Double = z
  .string()
  .regex(/^\d{1,20}(\.\d{1,20})?$/, { error: "expected a plain decimal" })
  .transform(Number);

/** The number types of a decoded reply: scaled integers for the program, text for `trader gmo decode`. */
export interface Numbers {
  readonly yen: z.ZodType<YenE8>;
  readonly price: z.ZodType<YenE8>;
  readonly size: z.ZodType<CoinE8>;
  readonly ratio: z.ZodType<RatioE8>;
  readonly yenCut: z.ZodType<YenE8>;
  readonly coinCut: z.ZodType<CoinE8>;
  readonly ratioCut: z.ZodType<RatioE8>;
  readonly sizeCut: z.ZodType<CoinE8>;
  readonly optionalPrice: z.ZodType<YenE8 | undefined>;
  readonly candleField: z.ZodType<number>;
  /** Negative when `a` is less. */
  readonly compare: (a: YenE8, b: YenE8) => number;
}
export const SCALED: Numbers = {
  yen: Yen,
  price: Price,
  size: Coin,
  ratio: Ratio,
  yenCut: YenCut,
  coinCut: CoinCut,
  ratioCut: RatioCut,
  sizeCut: SizeCut,
  optionalPrice: OptionalPrice,
  candleField: Double,
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
};
