// The last look at a write before it leaves this process: its bytes are read again, without the code that made them, and
// shown to a judge that knows the book (handlers/orders/bookFence.ts). Whatever is not understood does not leave.
import { z } from "zod";
import { type CoinE8, parseCoin, parseYen, type YenE8 } from "../../core/money.ts";
import type { ExecutionType, Side } from "../../core/venue.ts";
import { isRightProbe } from "./rightProbes.ts";
import type { Transport, TransportRequest } from "./transport.ts";

interface FencedOrder {
  readonly symbol: string;
  readonly side: Side;
  readonly executionType: ExecutionType;
  /** undefined for MARKET. */
  readonly price: YenE8 | undefined;
  readonly size: CoinE8;
}
export type FencedWrite =
  | (FencedOrder & { readonly kind: "order"; readonly losscutPrice: YenE8 | undefined })
  | (FencedOrder & { readonly kind: "closeOrder"; readonly positionId: string })
  | { readonly kind: "cancelOrder"; readonly orderId: string };

/** Why this write must not leave; undefined: it may. */
export type Fence = (write: FencedWrite) => string | undefined;

/** Nothing was sent, and the same request would be held back again. */
export class FenceError extends Error {
  override readonly name = "FenceError";
}

const decimal = z.string().regex(/^\d+(\.\d{1,8})?$/);
const id = z.number().int().positive();
const order = {
  symbol: z.string(),
  side: z.enum(["BUY", "SELL"]),
  executionType: z.enum(["LIMIT", "STOP", "MARKET"]),
  timeInForce: z.string().optional(),
  price: decimal.optional(),
};
const ORDER = z.strictObject({ ...order, losscutPrice: decimal.optional(), size: decimal });
const CLOSE = z.strictObject({
  ...order,
  settlePosition: z.array(z.strictObject({ positionId: id, size: decimal })).length(1),
});
const CANCEL = z.strictObject({ orderId: id });

/** Nothing is traded with it: the token of the account's stream (GMO API 10.3). */
const TOKEN_PATH = "/v1/ws-auth";

const yenOf = (text: string | undefined): YenE8 | undefined => (text === undefined ? undefined : parseYen(text));

/** undefined: no write that this system makes. Throws for a body of another shape. */
const readWrite = ({ method, path, body }: TransportRequest): FencedWrite | undefined => {
  if (method !== "POST") return undefined;
  const read = <T>(schema: z.ZodType<T>): T => schema.parse(JSON.parse(body ?? ""));
  switch (path) {
    case "/v1/order": {
      const { symbol, side, executionType, price, losscutPrice, size } = read(ORDER);
      const prices = { price: yenOf(price), losscutPrice: yenOf(losscutPrice) };
      return { kind: "order", symbol, side, executionType, ...prices, size: parseCoin(size) };
    }
    case "/v1/closeOrder": {
      const { symbol, side, executionType, price, settlePosition } = read(CLOSE);
      const { positionId, size } = settlePosition[0]!;
      const common = { symbol, side, executionType, price: yenOf(price), size: parseCoin(size) };
      return { kind: "closeOrder", ...common, positionId: String(positionId) };
    }
    case "/v1/cancelOrder":
      return { kind: "cancelOrder", orderId: String(read(CANCEL).orderId) };
    default:
      return undefined;
  }
};

/** `transport` behind the fence: `send` throws FenceError for a write that must not leave. */
export const fenced = (transport: Transport, judge: Fence): Transport => ({
  send: async (request) => {
    const why = whyNot(request, judge);
    if (why === undefined) return transport.send(request);
    throw new FenceError(`${request.method} ${request.path} was held back: ${why}`);
  },
});

const whyNot = (request: TransportRequest, judge: Fence): string | undefined => {
  if (request.method === "GET" || request.path === TOKEN_PATH || isRightProbe(request)) return undefined;
  let write: FencedWrite | undefined;
  try {
    write = readWrite(request);
  } catch {
    return "its body is of another shape than our orders have";
  }
  return write === undefined ? "this system makes no such request" : judge(write);
};
