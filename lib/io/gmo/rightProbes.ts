// One harmless request per right of a key: deliberately invalid, so that the exchange refuses it whatever the key may do.
// Refused with ERR-5012 the right is missing; with a complaint about the request it is there (GMO API 2.3).
import { KEY_RIGHTS, type KeyRight, NO_RIGHT, type RightAnswer } from "../../core/keyRights.ts";
import type { WriteResult } from "../../core/venue.ts";
import type { TransportRequest } from "./transport.ts";

interface Probe {
  readonly path: TransportRequest["path"];
  readonly body: object;
}
/** No market has this name. */
const symbol = "ZZZ_INVALID";
const market = { symbol, side: "BUY", executionType: "MARKET" };

export const RIGHT_PROBES: Readonly<Record<KeyRight, Probe>> = {
  order: { path: "/v1/order", body: { ...market, size: "1" } },
  closeOrder: { path: "/v1/closeOrder", body: { ...market, settlePosition: [{ positionId: 1, size: "1" }] } },
  cancelOrder: { path: "/v1/cancelOrder", body: { orderId: 1 } },
  changeOrder: { path: "/v1/changeOrder", body: { orderId: 1, price: "1" } },
  changeLosscutPrice: { path: "/v1/changeLosscutPrice", body: { positionId: 1, losscutPrice: "1" } },
  closeBulkOrder: { path: "/v1/closeBulkOrder", body: { ...market, size: "1" } },
  cancelBulkOrder: { path: "/v1/cancelBulkOrder", body: { symbols: [symbol] } },
  transfer: { path: "/v1/account/transfer", body: { amount: "0", transferType: "NONE" } },
};
const HARMLESS = new Set(
  KEY_RIGHTS.map((right) => `${RIGHT_PROBES[right].path} ${JSON.stringify(RIGHT_PROBES[right].body)}`),
);

/** Whether a request is one of the probes, to the byte. */
export const isRightProbe = ({ method, path, body }: Pick<TransportRequest, "method" | "path" | "body">): boolean =>
  method === "POST" && HARMLESS.has(`${path} ${body ?? ""}`);

/**
 * Complaints about the request itself: the right is there. ERR-151 is what an unknown order id was answered with (GMO API
 * 7.10); every other code (maintenance, rate, time, signature) says nothing of rights.
 */
const COMPLAINTS: ReadonlySet<string> = new Set([
  ...[
    "ERR-151",
    "ERR-254",
    "ERR-422",
    "ERR-430",
    "ERR-5106",
    "ERR-5111",
    "ERR-5114",
    "ERR-5122",
    "ERR-5123",
    "ERR-5126",
    "ERR-5207",
  ],
]);
export const rightAnswer = (result: WriteResult<unknown>): RightAnswer => {
  if (result.kind === "accepted" || COMPLAINTS.has(result.code)) return "allowed";
  return result.code === NO_RIGHT ? "denied" : "unknown";
};
