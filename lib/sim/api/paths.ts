// Which paths there are (GMO API 4, 6, 7, 8, 10.3). A path that does not exist is refused before anybody asks who is calling.
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
/** The server's: in process there are no access tokens. */
const TOKENS = "ws-auth";

const known = (methods: readonly string[], path: string): boolean =>
  methods.some((method) => Object.hasOwn(PRIVATE, method) && PRIVATE[method]!.some((name) => path === `/v1/${name}`));
export const isPrivatePath = (method: string, path: string): boolean => known([method], path);
/** Of either half, whatever the method. */
export const isPath = (path: string): boolean =>
  known(Object.keys(PRIVATE), path) || [...PUBLIC, TOKENS].some((name) => path === `/v1/${name}`);
