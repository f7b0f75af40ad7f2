// The kinds `trader gmo decode` accepts: which schema reads which captured reply or frame.
import { z } from "zod";
import { SCALED } from "./codecs.ts";
import { ruleOf } from "./errorCodes.ts";
import { EXACT } from "./exactText.ts";
import { publicReplies } from "./wire.ts";
import { accountReplies, ExchangeFeeReply } from "./wireAccount.ts";
import { type Channel, FRAMES, framesOf } from "./wireEvents.ts";
import {
  CancelBulkOrderReply,
  CancelOrdersReply,
  NewOrderReply,
  NoDataReply,
  TokenReply,
  tradingReplies,
} from "./wireTrading.ts";

/** The source decides what an unreadable one means: a read is retried, a write may have been executed. */
export type Source = "GET" | "POST" | "publicFrame" | "privateFrame" | "error";
export interface Kind {
  readonly name: string;
  readonly source: Source;
  readonly about: string;
  /** Exact decimals, for the output. */
  readonly exact: z.ZodType;
  /** The connector's own schema; absent where the two are the same. */
  readonly connector?: z.ZodType;
}

const exact = { ...publicReplies(EXACT), ...accountReplies(EXACT), ...tradingReplies(EXACT) };
const scaled = { ...publicReplies(SCALED), ...accountReplies(SCALED), ...tradingReplies(SCALED) };

const read = (name: string, reply: keyof typeof exact, about: string): Kind => ({
  name,
  source: "GET",
  about,
  exact: exact[reply],
  connector: scaled[reply],
});
const write = (name: string, schema: z.ZodType, about: string): Kind => ({
  name,
  source: "POST",
  about,
  exact: schema,
});

const judgedCancels = CancelOrdersReply.transform(({ accepted, failed }) => ({
  accepted,
  failed: failed.map((row) => {
    const { verdict, resendPost } = ruleOf(row.code);
    return { ...row, verdict: resendPost === "unknown" ? "alert" : verdict, resendPost };
  }),
}));
/** Only for reading a capture of it (GMO API 6.4). */
const TransferReply = z
  .array(z.object({ transferredAmount: EXACT.yen }))
  .transform((rows) => rows.map(({ transferredAmount }) => ({ amount: transferredAmount })));
/** PUT and DELETE reply without data. The token opens our private stream: it is not shown. */
const token = TokenReply.transform((text) => ({ token: "[redacted]", characters: text.length }))
  .optional()
  .transform((value) => value ?? null);

const replies: readonly Kind[] = [
  read("public/status", "status", "OPEN, PREOPEN or MAINTENANCE"),
  read("public/ticker", "ticker", "best prices, a list also for one symbol"),
  read("public/orderbooks", "orderBook", "the book: asks up, bids down"),
  read("public/trades", "trades", "latest trades, each match twice"),
  read("public/klines", "klines", "candles by openMs"),
  read("public/symbols", "symbols", "sizes, steps, ticks and fees by symbol"),
  read("private/margin", "margin", "equity and margin"),
  read("private/assets", "assets", "balances by coin"),
  read("private/tradingVolume", "tradingVolume", "volume of the week, rate limit tier, what is left of today's limits"),
  read("private/fiatDeposit", "transfers", "yen paid in (history)"),
  read("private/fiatWithdrawal", "transfers", "yen paid out (history)"),
  read("private/deposit", "transfers", "coins received (history)"),
  read("private/withdrawal", "transfers", "coins sent (history)"),
  {
    name: "private/exchangeFee",
    source: "GET",
    about: "fees charged (history); rows as the venue sends them, and the cursor of the next page",
    exact: ExchangeFeeReply,
  },
  read("private/orders", "orders", "orders by id"),
  read("private/activeOrders", "orders", "live orders of a symbol"),
  read("private/executions", "executions", "fills by order or execution id"),
  read("private/latestExecutions", "executions", "fills of the last day"),
  read("private/openPositions", "positions", "open positions of a symbol"),
  read("private/positionSummary", "positionSummary", "positions summed up by symbol and side"),
  write("private/order", NewOrderReply, "a new order: its id"),
  write("private/closeOrder", NewOrderReply, "a close order: its id"),
  write("private/closeBulkOrder", NewOrderReply, "a close order over several positions: its id"),
  write("private/changeOrder", NoDataReply, "a change of price: no value"),
  write("private/cancelOrder", NoDataReply, "one cancel: no value"),
  write("private/cancelOrders", judgedCancels, "up to ten cancels, each judged by itself"),
  write("private/cancelBulkOrder", CancelBulkOrderReply, "ids whose cancel was accepted, at most ten a call"),
  write("private/changeLosscutPrice", NoDataReply, "a change of a loss-cut price: no value"),
  write(
    "private/transfer",
    TransferReply,
    "yen moved between the crypto and the FX account (the connector never does)",
  ),
  write("private/ws-auth", token, "access token of the private stream (not shown)"),
];

const ABOUT_FRAMES: Readonly<Record<Channel, string>> = {
  ticker: "best prices",
  orderbooks: "the book, 30 levels a side",
  trades: "one printed trade",
  executionEvents: "a fill of ours",
  orderEvents: "a change of an order of ours (never EXECUTED)",
  positionEvents: "a change of a position of ours",
  positionSummaryEvents: "one side of one symbol, summed up",
};
const PUBLIC_CHANNELS: ReadonlySet<string> = new Set(["ticker", "orderbooks", "trades"]);
const frames = Object.entries(framesOf(EXACT)).map(
  ([channel, schema]): Kind => ({
    name: `ws/${channel}`,
    source: PUBLIC_CHANNELS.has(channel) ? "publicFrame" : "privateFrame",
    about: ABOUT_FRAMES[channel as Channel],
    exact: schema,
    connector: FRAMES[channel as Channel],
  }),
);

/** Error replies only: never decode to a value. */
const refusals: readonly Kind[] = [
  {
    name: "ws/error",
    source: "privateFrame",
    about: "a refused command of a stream; always a failure",
    exact: NoDataReply,
  },
  { name: "error", source: "error", about: "an error reply of any call; always a failure", exact: NoDataReply },
];

export const KINDS: readonly Kind[] = [...replies, ...frames, ...refusals];

/** By name; the endpoint's whole path is accepted too ("private/account/margin", "private/account/deposit/history"). */
export const kindOf = (name: string): Kind | undefined => {
  const short = name.replace(/^private\/account\//, "private/").replace(/\/history$/, "");
  return KINDS.find((kind) => kind.name === short);
};
