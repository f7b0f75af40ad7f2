// The shapes of GMO Coin's replies about the account (GMO API 6): margin, assets, volume and tier, histories.
import { z } from "zod";
import type { CoinE8, RatioE8, YenE8 } from "../../core/money.ts";
import type { EpochMs } from "../../core/time.ts";
import type { Asset, Margin } from "../../core/venue.ts";
import { Instant, missing, type Numbers } from "./codecs.ts";

interface AccountMargin extends Margin {
  readonly transferable: YenE8 | undefined;
  /** Maintenance ratio in percent, scaled 1e-8; undefined without positions. */
  readonly marginRatioPercent: RatioE8 | undefined;
}
/** What may still be traded today in one symbol, and its fees. Margin rows have `openSize`, spot rows the other two. */
interface SymbolAllowance {
  /** "BTC_JPY" also where the venue writes "BTC/JPY" (GMO API 6.3). */
  readonly symbol: string;
  readonly openSize: CoinE8 | undefined;
  readonly buySize: CoinE8 | undefined;
  readonly sellSize: CoinE8 | undefined;
  readonly takerFee: RatioE8;
  readonly makerFee: RatioE8;
}
interface TradingVolume {
  /** This week's volume in yen. */
  readonly volume: YenE8;
  /** Rate limit tier, 1 and up (GMO API 3). */
  readonly tier: number;
  readonly limits: readonly SymbolAllowance[];
}
/** A deposit or withdrawal. `status` is the venue's own text: its values are not documented. */
interface Transfer {
  readonly symbol: string;
  readonly amount: CoinE8;
  readonly fee: CoinE8 | undefined;
  readonly status: string;
  readonly address: string | undefined;
  readonly txHash: string | undefined;
  readonly timestampMs: EpochMs;
}
export interface FeePage {
  /** As the venue sent them: only `feeType` and `deliveryDatetime` are known (GMO API 6.4). */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** undefined on the last page. */
  readonly cursor: string | undefined;
}

/** A list in any of the venue's wrappings: `[]`, `{ list: [] }`, or `{}` for none. Its shape is not documented here. */
const rowsOf = <T extends z.ZodType>(row: T) =>
  z
    .union([z.array(row), z.object({ list: z.array(row) }), z.strictObject({})], { error: "expected a list of rows" })
    .transform((d) => (Array.isArray(d) ? d : "list" in d ? d.list : []) as readonly z.output<T>[]);

/** `marginRatio` may be missing or empty without positions. */
const emptyIsNone = <T>(schema: z.ZodType<T>) =>
  missing(z.union([z.literal("").transform(() => undefined), schema], { error: "expected a plain decimal" }));

export const accountReplies = (n: Numbers) => {
  const margin = z
    .object({
      actualProfitLoss: n.yenCut,
      availableAmount: n.yenCut,
      margin: n.yenCut,
      profitLoss: n.yenCut,
      marginCallStatus: z.enum(["NORMAL", "MARGIN_CALL", "LOSSCUT"]),
      transferableAmount: emptyIsNone(n.yenCut),
      marginRatio: emptyIsNone(n.ratioCut),
    })
    .transform(
      (row): AccountMargin => ({
        equity: row.actualProfitLoss,
        available: row.availableAmount,
        used: row.margin,
        unrealised: row.profitLoss,
        callStatus: row.marginCallStatus,
        transferable: row.transferableAmount,
        marginRatioPercent: row.marginRatio,
      }),
    );

  const assetRow = z.object({
    symbol: z.string(),
    amount: n.coinCut,
    available: n.coinCut,
    conversionRate: n.yenCut,
  });
  const assets = z.array(assetRow).transform((rows): readonly Asset[] => rows);

  const allowance = z
    .object({
      symbol: z.string(),
      todayLimitOpenSize: missing(n.coinCut),
      todayLimitBuySize: missing(n.coinCut),
      todayLimitSellSize: missing(n.coinCut),
      takerFee: n.ratio,
      makerFee: n.ratio,
    })
    .transform(
      (row): SymbolAllowance => ({
        symbol: row.symbol.replace("/", "_"),
        openSize: row.todayLimitOpenSize,
        buySize: row.todayLimitBuySize,
        sellSize: row.todayLimitSellSize,
        takerFee: row.takerFee,
        makerFee: row.makerFee,
      }),
    );
  const tradingVolume = z
    .object({ jpyVolume: n.yenCut, tierLevel: z.int().positive(), limit: z.array(allowance) })
    .transform((d): TradingVolume => ({ volume: d.jpyVolume, tier: d.tierLevel, limits: d.limit }));

  const transferRow = z
    .object({
      symbol: z.string(),
      amount: n.coinCut,
      fee: missing(n.coinCut),
      status: z.string(),
      address: missing(z.string()),
      txHash: missing(z.string()),
      timestamp: Instant,
    })
    .transform(
      ({ timestamp, fee, address, txHash, ...row }): Transfer => ({
        ...row,
        fee,
        address,
        txHash,
        timestampMs: timestamp,
      }),
    );

  return { margin, assets, tradingVolume, transfers: rowsOf(transferRow) };
};

const FeeRow = z.looseObject({ feeType: z.string().optional(), deliveryDatetime: z.string().optional() });
const CursorText = z.union([z.string(), z.int().transform(String), z.null()]).optional();
/** The newest endpoint, fields unknown: rows are kept unchanged, the cursor is read where such APIs usually have it. */
export const ExchangeFeeReply = z.union(
  [
    z.array(FeeRow).transform((rows): FeePage => ({ rows, cursor: undefined })),
    z
      .object({
        list: z.array(FeeRow).optional(),
        cursor: CursorText,
        nextCursor: CursorText,
        pagination: z.object({ cursor: CursorText, nextCursor: CursorText }).optional(),
      })
      .transform((d): FeePage => {
        const cursor = d.nextCursor ?? d.cursor ?? d.pagination?.nextCursor ?? d.pagination?.cursor ?? undefined;
        return { rows: d.list ?? [], cursor: cursor === "" ? undefined : cursor };
      }),
  ],
  { error: "expected rows of fees" },
);
