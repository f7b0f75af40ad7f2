// What is open of a trade or a position at the newest price, as `--json` prints it everywhere.
import { z } from "zod";
import { toNumber } from "../../../lib/core/money.ts";
import { type OpenResult, openRatio } from "../../../lib/core/openResult.ts";
import type { EpochMs } from "../../../lib/core/time.ts";
import { Time, timeOrNull } from "./values.ts";

export const OpenResultJson = z.strictObject({
  size: z.number(),
  price: z.number().nullable(),
  priceAt: Time.nullable(),
  pnlJpy: z.number().nullable(),
  pnlPercent: z.number().nullable(),
  priceAgeMs: z.number().nullable(),
});
/** Without a current price `price` and P&L are null, and `priceAt` says when the last one was. */
export const openResultJson = (r: OpenResult): z.infer<typeof OpenResultJson> => {
  const { price } = r;
  const ratio = openRatio(r);
  const atMs: EpochMs | undefined = price.kind === "now" ? price.atMs : price.sinceMs;
  return {
    size: toNumber(r.size),
    price: price.kind === "now" ? toNumber(price.price) : null,
    priceAt: timeOrNull(atMs),
    pnlJpy: r.pnl === undefined ? null : toNumber(r.pnl),
    pnlPercent: ratio === undefined ? null : ratio * 100,
    priceAgeMs: price.kind === "now" ? price.ageMs : null,
  };
};
