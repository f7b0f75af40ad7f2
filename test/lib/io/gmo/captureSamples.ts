// Rows of captured replies and frames as the venue writes them, for the tests of `trader gmo decode`.
import type { Decoded } from "../../../../lib/io/gmo/decode.ts";

export const TIME = "2026-09-20T01:02:03.456Z";
export const TIME_MS = Date.parse(TIME);
export const ok = (data?: unknown): string => JSON.stringify({ status: 0, data, responsetime: TIME });
export const ofValue = (decoded: Decoded): unknown => {
  if (decoded.ok) return decoded.value;
  throw new Error(`expected a value, found ${JSON.stringify(decoded)}`);
};
export const TICKER = {
  ask: "13660265",
  bid: "13658273",
  high: "13685467",
  last: "13659211",
  low: "13540729",
  symbol: "BTC_JPY",
  timestamp: TIME,
  volume: "963.33",
};
export const ORDER = {
  rootOrderId: 8819977864,
  orderId: 8819977864,
  symbol: "BTC_JPY",
  side: "BUY",
  orderType: "NORMAL",
  executionType: "LIMIT",
  settleType: "OPEN",
  size: "0.01",
  executedSize: "0",
  price: "13500000",
  losscutPrice: "0",
  status: "ORDERED",
  timeInForce: "SOK",
  timestamp: TIME,
};
export const EXECUTION = {
  executionId: 921239120,
  orderId: 8819977870,
  positionId: 289850034,
  symbol: "BTC_JPY",
  side: "SELL",
  settleType: "CLOSE",
  size: "0.01",
  price: "13720000",
  lossGain: "-2200",
  fee: "-0.5",
  timestamp: TIME,
};
export const POSITION = {
  positionId: 289850034,
  symbol: "BTC_JPY",
  side: "BUY",
  size: "0.01",
  orderdSize: "0.005",
  price: "13500000",
  lossGain: "1592",
  leverage: "2",
  losscutPrice: "10125000",
  timestamp: TIME,
};
export const MARGIN = {
  actualProfitLoss: "1520340",
  availableAmount: "1383740",
  margin: "136600",
  marginCallStatus: "NORMAL",
  marginRatio: "1112.9",
  profitLoss: "-2040",
  transferableAmount: "1381700",
};
export const KLINE = { openTime: "1735678800000", open: "1", high: "4", low: "1", close: "2", volume: "6.2826" };
export const SYMBOL = {
  symbol: "BTC",
  minOrderSize: "0.00001",
  maxOrderSize: "5",
  sizeStep: "0.00001",
  tickSize: "1",
  takerFee: "0.0005",
  makerFee: "-0.0001",
};
export const VOLUME = {
  jpyVolume: "12345678",
  tierLevel: 1,
  limit: [{ symbol: "BTC/JPY", todayLimitOpenSize: "2999.9", takerFee: "0", makerFee: "0" }],
};
export const SUMMARY = {
  averagePositionRate: "13500000.5",
  positionLossGain: "-1",
  side: "SELL",
  sumOrderQuantity: "0",
  sumPositionQuantity: "0.01",
  symbol: "BTC_JPY",
};
export const FILL = {
  channel: "executionEvents",
  orderId: 8819977864,
  executionId: 921239111,
  symbol: "BTC_JPY",
  settleType: "OPEN",
  executionType: "LIMIT",
  side: "BUY",
  executionPrice: "13500000",
  executionSize: "0.006",
  positionId: 289850034,
  orderTimestamp: TIME,
  executionTimestamp: TIME,
  lossGain: "0",
  fee: "0",
  orderPrice: "13500000",
  orderSize: "0.01",
  orderExecutedSize: "0.006",
  timeInForce: "FAS",
  msgType: "ER",
};
export const ORDER_EVENT = {
  channel: "orderEvents",
  orderId: 8819977864,
  symbol: "BTC_JPY",
  settleType: "OPEN",
  executionType: "LIMIT",
  side: "BUY",
  orderStatus: "EXPIRED",
  cancelType: "EXPIRED_SOK",
  orderTimestamp: TIME,
  orderPrice: "13500000",
  orderSize: "0.01",
  orderExecutedSize: "0",
  losscutPrice: "0",
  timeInForce: "SOK",
  msgType: "ER",
};
export const without = (row: object, key: string): object =>
  Object.fromEntries(Object.entries(row).filter(([k]) => k !== key));
