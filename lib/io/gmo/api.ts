// All of GMO Coin's REST API that the system or its owner can need, one function per endpoint (GMO API 4, 6, 7, 8,
// 10.3). Reads throw AppError with a verdict. Writes are sent at most once and return a WriteResult; they throw only
// for an invalid request (permanent VENUE_REQUEST, VENUE_ID) or without a key (VENUE_NO_KEY).
// Excluded on purpose: account/transfer and the sending of coins. Our keys must not have those rights.
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import type { KeyRight, RightAnswer } from "../../core/keyRights.ts";
import type { YenE8 } from "../../core/money.ts";
import { executionProblem, orderProblem, positionProblem } from "../../core/plausible.ts";
import { type EpochMs, isoUtc, MINUTE_MS } from "../../core/time.ts";
import type { CloseOrderRequest, WriteResult } from "../../core/venue.ts";
import * as bodies from "./bodies.ts";
import type { GmoClient } from "./client.ts";
import { SCALED } from "./codecs.ts";
import { ruleOf } from "./errorCodes.ts";
import { allPages, inBatches, PAGE_SIZE } from "./pages.ts";
import { publicEndpoints } from "./publicEndpoints.ts";
import type { Judge } from "./quoteChecks.ts";
import { RIGHT_PROBES, rightAnswer } from "./rightProbes.ts";
import { onlyOf } from "./rows.ts";
import { accountReplies, ExchangeFeeReply, type FeePage } from "./wireAccount.ts";
import * as trading from "./wireTrading.ts";

export type GmoApi = ReturnType<typeof createGmoApi>;

/** A window of a deposit or withdrawal history: at most 30 minutes (ERR-846), also the default. */
interface HistoryWindow {
  readonly fromMs: EpochMs;
  readonly toMs?: EpochMs;
}
interface FeeQuery {
  /** Business dates YYYYMMDD; at most 7 days. */
  readonly fromDate: string;
  readonly toDate?: string;
}
/** One failed cancel among many; `resend` as in WriteResult, "unknown" = query the order. */
interface FailedCancel {
  readonly orderId: string;
  readonly code: string;
  readonly text: string;
  readonly resend: "never" | "later" | "unknown";
}
interface CancelledOrders {
  readonly accepted: readonly string[];
  readonly failed: readonly FailedCancel[];
  /** Requested but missing in the reply: state unknown, query them. */
  readonly unmentioned: readonly string[];
}
interface BulkCancelled {
  /** Ids whose cancel was accepted; the final state comes later. */
  readonly accepted: readonly string[];
  /** `complete`: nothing was left to cancel. Else the result that ended the rounds, or too many rounds. */
  readonly end: "complete" | "tooMany" | Exclude<WriteResult<never>, { kind: "accepted" }>;
}

const accountReply = accountReplies(SCALED);
const tradingReply = trading.tradingReplies(SCALED);

/** GMO API 6.4. */
const MAX_WINDOW_MS = 30 * MINUTE_MS;
/** 10 orders a round: far more than one account may have. */
const MAX_CANCEL_ROUNDS = 100;

export const createGmoApi = (client: GmoClient) => ({
  clock: () => client.clock(),
  ...publicEndpoints(client),
  ...accountEndpoints(client),
  ...orderReads(client),
  ...orderWrites(client),
  ...tokenEndpoints(client),
  ...rightEndpoints(client),
});

const rowsOf = <T>(
  { checks }: GmoClient,
  problemOf: (row: T, nowMs: number) => string | undefined,
): Judge<readonly T[]> | undefined => checks && ((rows, at) => checks.rows(rows, problemOf, at));

const accountEndpoints = (client: GmoClient) => {
  const { checks } = client;
  const transfers = (
    path: `/v1/account/${string}/history`,
    { fromMs, toMs }: HistoryWindow,
    symbol: string | undefined,
    signal: AbortSignal | undefined,
  ) => {
    if (toMs !== undefined && (toMs <= fromMs || toMs - fromMs > MAX_WINDOW_MS))
      throw bodies.badRequest("a window of at most 30 minutes", `${toMs - fromMs} ms`);
    const toTimestamp = toMs === undefined ? undefined : isoUtc(toMs);
    return client.get(
      "private",
      path,
      { symbol, fromTimestamp: isoUtc(fromMs), toTimestamp },
      accountReply.transfers,
      signal,
    );
  };
  const exchangeFeePage = ({ fromDate, toDate }: FeeQuery, cursor?: string, signal?: AbortSignal): Promise<FeePage> =>
    client.get(
      "private",
      "/v1/account/exchangeFee/history",
      { fromDate, toDate, count: PAGE_SIZE, cursor },
      ExchangeFeeReply,
      signal,
    );
  return {
    margin: (signal?: AbortSignal) =>
      client.get(
        "private",
        "/v1/account/margin",
        {},
        accountReply.margin,
        signal,
        checks && ((value, at) => checks.margin(value, at)),
      ),
    assets: (signal?: AbortSignal) =>
      client.get(
        "private",
        "/v1/account/assets",
        {},
        accountReply.assets,
        signal,
        checks && ((value, at) => checks.assets(value, at)),
      ),
    /** Also sets the connector's tier, and with it its request rate. */
    async tradingVolume(signal?: AbortSignal) {
      const path = "/v1/account/tradingVolume";
      const volume = await client.get("private", path, {}, accountReply.tradingVolume, signal);
      client.pace.setTier(volume.tier);
      return volume;
    },
    fiatDeposits: async (window: HistoryWindow, signal?: AbortSignal) =>
      transfers("/v1/account/fiatDeposit/history", window, undefined, signal),
    fiatWithdrawals: async (window: HistoryWindow, signal?: AbortSignal) =>
      transfers("/v1/account/fiatWithdrawal/history", window, undefined, signal),
    deposits: async (symbol: string, window: HistoryWindow, signal?: AbortSignal) =>
      transfers("/v1/account/deposit/history", window, symbol, signal),
    withdrawals: async (symbol: string, window: HistoryWindow, signal?: AbortSignal) =>
      transfers("/v1/account/withdrawal/history", window, symbol, signal),
    exchangeFeePage,
    /** All rows of the days; throws AppError alert VENUE_REPLY when a cursor repeats. */
    async exchangeFees(query: FeeQuery, signal?: AbortSignal): Promise<FeePage["rows"]> {
      const rows: FeePage["rows"][number][] = [];
      const seen = new Set<string>();
      let cursor: string | undefined;
      do {
        const page = await exchangeFeePage(query, cursor, signal);
        rows.push(...page.rows);
        cursor = page.cursor;
        if (cursor !== undefined && (seen.has(cursor) || page.rows.length === 0)) {
          const found = `the cursor ${cursor} ${page.rows.length === 0 ? "after an empty page" : "again"}`;
          throw new AppError("alert", "VENUE_REPLY", `exchangeFee/history: expected a last page, found ${found}`);
        }
        if (cursor !== undefined) seen.add(cursor);
      } while (cursor !== undefined);
      return rows;
    },
  };
};

const pagesOf = async <T extends { readonly symbol: string }>(
  client: GmoClient,
  path: `/v1/${string}`,
  symbol: string,
  schema: z.ZodType<readonly T[]>,
  idOf: (row: T) => string,
  problemOf: (row: T, nowMs: number) => string | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly T[]> => {
  const read = (page: number) =>
    client.get("private", path, { symbol, page, count: PAGE_SIZE }, schema, signal, rowsOf(client, problemOf));
  return onlyOf(path, "symbol", [symbol], await allPages(path, read, idOf));
};

const orderReads = (client: GmoClient) => ({
  /** Unknown ids are simply absent. */
  async orders(orderIds: readonly string[], signal?: AbortSignal) {
    const path = "/v1/orders";
    const rows = await inBatches(orderIds, (orderId) =>
      client.get("private", path, { orderId }, tradingReply.orders, signal, rowsOf(client, orderProblem)),
    );
    return onlyOf(path, "orderId", orderIds, rows);
  },
  activeOrders: (symbol: string, signal?: AbortSignal) =>
    pagesOf(client, "/v1/activeOrders", symbol, tradingReply.orders, (order) => order.orderId, orderProblem, signal),
  async executions(orderId: string, signal?: AbortSignal) {
    const path = "/v1/executions";
    const rows = await client.get(
      "private",
      path,
      { orderId },
      tradingReply.executions,
      signal,
      rowsOf(client, executionProblem),
    );
    return onlyOf(path, "orderId", [orderId], rows);
  },
  async executionsById(executionIds: readonly string[], signal?: AbortSignal) {
    const path = "/v1/executions";
    const rows = await inBatches(executionIds, (executionId) =>
      client.get("private", path, { executionId }, tradingReply.executions, signal, rowsOf(client, executionProblem)),
    );
    return onlyOf(path, "executionId", executionIds, rows);
  },
  /** Only the last day. */
  latestExecutions: (symbol: string, signal?: AbortSignal) =>
    pagesOf(
      client,
      "/v1/latestExecutions",
      symbol,
      tradingReply.executions,
      (fill) => fill.executionId,
      executionProblem,
      signal,
    ),
  openPositions: (symbol: string, signal?: AbortSignal) =>
    pagesOf(
      client,
      "/v1/openPositions",
      symbol,
      tradingReply.positions,
      (position) => position.positionId,
      positionProblem,
      signal,
    ),
  /** Without a symbol: all of them. */
  positionSummary: (symbol?: string, signal?: AbortSignal) =>
    client.get("private", "/v1/positionSummary", { symbol }, tradingReply.positionSummary, signal),
});

const orderWrites = (client: GmoClient) => {
  const cancelBulkOrder = async (request: bodies.CancelBulkRequest, signal?: AbortSignal) =>
    client.post("/v1/cancelBulkOrder", bodies.cancelBulkOrderBody(request), trading.CancelBulkOrderReply, signal);
  return {
    order: async (request: bodies.NewOrderRequest, signal?: AbortSignal) =>
      client.post("/v1/order", bodies.orderBody(request), trading.NewOrderReply, signal),
    closeOrder: async (request: CloseOrderRequest, signal?: AbortSignal) =>
      client.post("/v1/closeOrder", bodies.closeOrderBody(request), trading.NewOrderReply, signal),
    /** One order over several positions; each fill names its position. */
    closeBulkOrder: async (request: bodies.CloseBulkRequest, signal?: AbortSignal) =>
      client.post("/v1/closeBulkOrder", bodies.closeBulkOrderBody(request), trading.NewOrderReply, signal),
    /** Price only; accepted is not done: the order is MODIFYING, then ORDERED, or an event refuses the change. */
    changeOrder: async (
      change: { readonly orderId: string; readonly price: YenE8; readonly losscutPrice?: YenE8 },
      signal?: AbortSignal,
    ) => {
      const body = bodies.changeOrderBody(change.orderId, change.price, change.losscutPrice);
      return client.post("/v1/changeOrder", body, trading.NoDataReply, signal);
    },
    changeLosscutPrice: async (
      change: { readonly positionId: string; readonly losscutPrice: YenE8 },
      signal?: AbortSignal,
    ) => {
      const body = bodies.changeLosscutPriceBody(change.positionId, change.losscutPrice);
      return client.post("/v1/changeLosscutPrice", body, trading.NoDataReply, signal);
    },
    cancelOrder: async (orderId: string, signal?: AbortSignal) =>
      client.post("/v1/cancelOrder", { orderId: bodies.idNumber(orderId) }, trading.NoDataReply, signal),
    /** At most 10 ids. Accepted means the venue decided each id separately: see the per-id results. */
    cancelOrders: async (orderIds: readonly string[], signal?: AbortSignal): Promise<WriteResult<CancelledOrders>> => {
      const body = bodies.cancelOrdersBody(orderIds);
      const result = await client.post("/v1/cancelOrders", body, trading.CancelOrdersReply, signal);
      if (result.kind !== "accepted") return result;
      const { accepted, failed } = result.value;
      const mentioned = new Set([...accepted, ...failed.map((row) => row.orderId)]);
      return {
        kind: "accepted",
        value: {
          accepted,
          failed: failed.map((row) => ({ ...row, resend: ruleOf(row.code).resendPost })),
          unmentioned: orderIds.filter((id) => !mentioned.has(id)),
        },
      };
    },
    /** At most 10 orders a call; the ids whose cancel was accepted. */
    cancelBulkOrder,
    /**
     * Repeats until nothing is left to cancel. Each call is a request of its own, none is a resend: the first one that
     * is
     * not accepted ends it.
     */
    async cancelAll(request: bodies.CancelBulkRequest, signal?: AbortSignal): Promise<BulkCancelled> {
      const accepted = new Set<string>();
      for (let round = 0; round < MAX_CANCEL_ROUNDS; round++) {
        const result = await cancelBulkOrder(request, signal);
        if (result.kind !== "accepted") return { accepted: [...accepted], end: result };
        const before = accepted.size;
        for (const id of result.value) accepted.add(id);
        // Orders whose cancel is in progress are listed again. A reply with only known ids ends it unless the reply is
        // full: a full reply may have left out other orders.
        if (accepted.size === before && result.value.length < bodies.IDS_PER_CALL)
          return { accepted: [...accepted], end: "complete" };
      }
      return { accepted: [...accepted], end: "tooMany" };
    },
  };
};

/** Access tokens of the private WebSocket: 60 minutes, five per account (GMO API 10.3). A token is a secret. */
const rightEndpoints = (client: GmoClient) => ({
  /** Asks with a request that cannot trade whether the key has this right (rightProbes.ts). */
  async right(right: KeyRight, signal?: AbortSignal): Promise<RightAnswer> {
    const { path, body } = RIGHT_PROBES[right];
    return rightAnswer(await client.post(path, body, z.unknown(), signal));
  },
});

const tokenEndpoints = (client: GmoClient) => ({
  issueToken: (signal?: AbortSignal) => client.write("POST", "/v1/ws-auth", {}, trading.TokenReply, signal),
  /** Good for another 60 minutes from now. */
  extendToken: (token: string, signal?: AbortSignal) =>
    client.write("PUT", "/v1/ws-auth", { token }, trading.NoDataReply, signal),
  deleteToken: (token: string, signal?: AbortSignal) =>
    client.write("DELETE", "/v1/ws-auth", { token }, trading.NoDataReply, signal),
});
