// The paths of the API (GMO API 4, 6, 7, 8, 10.3). An unknown path is refused before authentication.
const PUBLIC = ["status", "ticker", "orderbooks", "trades", "klines", "symbols"];
const PRIVATE: Readonly<Record<string, readonly string[]>> = {
  GET: [
    "account/margin",
    "account/assets",
    "account/tradingVolume",
    "account/fiatDeposit/history",
    "account/fiatWithdrawal/history",
    "account/deposit/history",
    "account/withdrawal/history",
    "account/exchangeFee/history",
    "orders",
    "activeOrders",
    "executions",
    "latestExecutions",
    "openPositions",
    "positionSummary",
  ],
  POST: [
    "account/transfer",
    "order",
    "changeOrder",
    "cancelOrder",
    "cancelOrders",
    "cancelBulkOrder",
    "closeOrder",
    "closeBulkOrder",
    "changeLosscutPrice",
  ],
};
/** Served by the server only: in process there are no access tokens. */
const TOKENS = "ws-auth";

const known = (methods: readonly string[], path: string): boolean =>
  methods.some((method) => Object.hasOwn(PRIVATE, method) && PRIVATE[method]!.some((name) => path === `/v1/${name}`));
export const isPrivatePath = (method: string, path: string): boolean => known([method], path);
/** A public or private path, with any method. */
export const isPath = (path: string): boolean =>
  known(Object.keys(PRIVATE), path) || [...PUBLIC, TOKENS].some((name) => path === `/v1/${name}`);
