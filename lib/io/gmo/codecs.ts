// Decimal strings of the wire become scaled integers here, ids become strings, times become epoch ms. Nothing passes
// through a double except candle fields, which are doubles by design (lib/core/candle.ts).
import { z } from "zod";
import { type CoinE8, formatE8, parseE8, type RatioE8, type YenE8 } from "../../core/money.ts";
import type { EpochMs } from "../../core/time.ts";

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

/** Exact; more than 8 decimals do not parse. */
export const Yen = decimalCodec<YenE8>(parseE8);
export const Coin = decimalCodec<CoinE8>(parseE8);
export const Ratio = decimalCodec<RatioE8>(parseE8);

/** Balances and volumes of any coin may carry more than 8 decimals: the rest is cut, never rounded up. */
const parseCut = (text: string): bigint => parseE8(text.replace(/(\.\d{8})\d+$/, "$1"));
export const YenCut = decimalCodec<YenE8>(parseCut);
export const CoinCut = decimalCodec<CoinE8>(parseCut);

/** A price that means "none" when absent, empty or "0" (MARKET orders, unset losscutPrice; GMO API 7.1). */
export const OptionalPrice = z
  .string()
  .optional()
  .transform((text, ctx): YenE8 | undefined => {
    if (text === undefined || text === "") return undefined;
    const parsed = Yen.safeParse(text);
    if (parsed.success) return parsed.data === 0n ? undefined : parsed.data;
    ctx.issues.push({ code: "custom", input: text, message: parsed.error.issues[0]!.message });
    return z.NEVER;
  });

/** Ids are numbers in reads and a string in the answer to a new order: one type here (GMO API 14.5). */
export const Id = z.union([z.int().positive(), z.string().regex(/^\d{1,19}$/)]).transform(String);

/** ISO-8601 UTC. */
export const Instant = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/, { error: "expected an ISO-8601 UTC time" })
  .transform((text, ctx): EpochMs => {
    const ms = Date.parse(text);
    if (!Number.isNaN(ms)) return ms as EpochMs;
    ctx.issues.push({ code: "custom", input: text, message: "expected a real date" });
    return z.NEVER;
  });

/** Candle fields only. */
export const Double = z
  .string()
  .regex(/^-?\d{1,20}(\.\d{1,20})?$/, { error: "expected a plain decimal" })
  .transform(Number);
