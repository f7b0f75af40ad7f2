// The example replies of the reference, and what the connector makes of them (GMO API 1.1, 4, 6, 7, 8).
import { parseCoin, yen } from "../../../../lib/core/money.ts";
import type { Venue } from "../../../../lib/core/venue.ts";
import { body, stub } from "./stub.ts";

export const at = (iso: string): number => Date.parse(iso);
export const withData = (data: string) =>
  body(`{ "status": 0, "data": ${data}, "responsetime": "2026-09-20T01:02:03.456Z" }`);
/** What the connector makes of one reply with this `data`. */
export const decoded = <T>(data: string, call: (venue: Venue) => Promise<T>): Promise<T> =>
  call(stub([withData(data)]).venue);

export const BOOK = `{
  "asks": [ { "price": "13660704", "size": "0.001" }, { "price": "13660910", "size": "0.012" } ],
  "bids": [ { "price": "13658802", "size": "0.008" }, { "price": "13658299", "size": "0.03" } ],
  "symbol": "BTC_JPY", "timestamp": "2026-09-20T01:02:02.980Z" }`;
export const TRADES = `{ "pagination": { "currentPage": 1, "count": 100 }, "list": [
  { "price": "13659677", "side": "BUY",  "size": "0.003", "timestamp": "2026-09-20T01:02:01.286Z" },
  { "price": "13659677", "side": "SELL", "size": "0.003", "timestamp": "2026-09-20T01:02:01.286Z" } ] }`;
export const ORDER = `{ "rootOrderId": 8819977864, "orderId": 8819977864, "symbol": "BTC_JPY", "side": "BUY", "orderType": "NORMAL",
  "executionType": "LIMIT", "settleType": "OPEN", "size": "0.01", "executedSize": "0", "price": "13500000",
  "losscutPrice": "0", "status": "EXPIRED", "cancelType": "EXPIRED_SOK", "timeInForce": "SOK",
  "timestamp": "2026-09-20T01:02:01.117Z" }`;
export const EXECUTION = `{ "executionId": 921239120, "orderId": 8819977870, "positionId": 289850034, "symbol": "BTC_JPY",
  "side": "SELL", "settleType": "CLOSE", "size": "0.01", "price": "13720000", "lossGain": "2200", "fee": "0",
  "timestamp": "2026-09-20T03:11:07.331Z" }`;
export const POSITION = `{ "positionId": 289850034, "symbol": "BTC_JPY", "side": "BUY", "size": "0.01", "orderdSize": "0.01",
  "price": "13500000", "lossGain": "1592", "leverage": "2", "losscutPrice": "10125000",
  "timestamp": "2026-09-20T01:02:01.226Z" }`;
export const MARGIN = `{ "actualProfitLoss": "1520340", "availableAmount": "1383740", "margin": "136600", "marginCallStatus": "NORMAL",
  "marginRatio": "1112.9", "profitLoss": "-2040", "transferableAmount": "1381700" }`;
export const TICKER = `{ "ask": "13660265", "bid": "13658273", "high": "13685467", "last": "13659211", "low": "13540729",
  "symbol": "BTC_JPY", "timestamp": "2026-09-20T01:02:02.951Z", "volume": "963.33" }`;

export const order = {
  orderId: "8819977864",
  rootOrderId: "8819977864",
  symbol: "BTC_JPY",
  side: "BUY",
  orderType: "NORMAL",
  executionType: "LIMIT",
  settleType: "OPEN",
  size: 1_000_000n,
  executedSize: 0n,
  price: 1_350_000_000_000_000n,
  losscutPrice: undefined,
  status: "EXPIRED",
  cancelType: "EXPIRED_SOK",
  timeInForce: "SOK",
  timestampMs: at("2026-09-20T01:02:01.117Z"),
} as const;
export const execution = {
  executionId: "921239120",
  orderId: "8819977870",
  positionId: "289850034",
  symbol: "BTC_JPY",
  side: "SELL",
  settleType: "CLOSE",
  size: 1_000_000n,
  price: 1_372_000_000_000_000n,
  lossGain: 220_000_000_000n,
  fee: 0n,
  timestampMs: at("2026-09-20T03:11:07.331Z"),
} as const;
export const position = {
  positionId: "289850034",
  symbol: "BTC_JPY",
  side: "BUY",
  size: 1_000_000n,
  orderedSize: 1_000_000n,
  price: 1_350_000_000_000_000n,
  lossGain: 159_200_000_000n,
  losscutPrice: 1_012_500_000_000_000n,
  timestampMs: at("2026-09-20T01:02:01.226Z"),
} as const;
export const book = {
  symbol: "BTC_JPY",
  asks: [
    { price: yen(13660704), size: parseCoin("0.001") },
    { price: yen(13660910), size: parseCoin("0.012") },
  ],
  bids: [
    { price: yen(13658802), size: parseCoin("0.008") },
    { price: yen(13658299), size: parseCoin("0.03") },
  ],
  timestampMs: at("2026-09-20T01:02:02.980Z"),
} as const;
export const margin = {
  equity: yen(1520340),
  available: yen(1383740),
  used: yen(136600),
  unrealised: yen(-2040),
  callStatus: "NORMAL",
} as const;
export const trade = { price: yen(13659677), size: 300_000n, timestampMs: at("2026-09-20T01:02:01.286Z") } as const;
