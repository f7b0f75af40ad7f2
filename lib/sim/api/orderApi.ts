// Orders, changes and cancels of the simulated venue: GMO API 7.8-7.12 and 8.3-8.5. Parses the bodies, refuses invalid
// requests with the code and wire text of section 11, and passes valid ones to the machine.
import { z } from "zod";
import type { Effects, NewOrder } from "../engine/exchange.ts";
import { callRefusal } from "../engine/liquidation.ts";
import type { Machine } from "../engine/machine.ts";
import { changeLosscut } from "../engine/machine.ts";
import { checkChange, checkLosscutChange, WRONG_STATUS } from "../engine/orderChanges.ts";
import { checkBulkClose, checkClose, checkOpen } from "../engine/orderRules.ts";
import { type Checked, invalid, type Refusal, refuse } from "../engine/refusal.ts";
import { cancelSalesUntilFree } from "../engine/spotRules.ts";
import type { SimOrder } from "../engine/state.ts";
import { type ApiResult, okay, refusedWith } from "./publicApi.ts";

const Decimal = z.string().regex(/^\d{1,15}(\.\d{1,20})?$/);
const VenueId = z.int().positive();
const Side = z.enum(["BUY", "SELL"]);
const ExecutionType = z.enum(["MARKET", "LIMIT", "STOP"]);
const TimeInForce = z.enum(["FAK", "FAS", "FOK", "SOK"]);
const OrderBody = z.object({
  symbol: z.string(),
  side: Side,
  executionType: ExecutionType,
  timeInForce: TimeInForce.optional(),
  price: Decimal.optional(),
  losscutPrice: Decimal.optional(),
  size: Decimal,
  cancelBefore: z.boolean().optional(),
});
const CloseBody = OrderBody.omit({ size: true }).extend({
  settlePosition: z.array(z.object({ positionId: VenueId, size: Decimal })),
});
const BulkCloseBody = OrderBody.omit({ cancelBefore: true });
const ChangeBody = z.object({ orderId: VenueId, price: Decimal, losscutPrice: Decimal.optional() });
const CancelBody = z.object({ orderId: VenueId });
/** Maximum ids or orders per call. */
const AT_MOST = 10;
const CancelsBody = z.object({ orderIds: z.array(VenueId).min(1).max(AT_MOST) });
const BulkCancelBody = z.object({
  symbols: z.array(z.string()).min(1),
  side: Side.optional(),
  settleType: z.enum(["OPEN", "CLOSE"]).optional(),
  desc: z.boolean().optional(),
});
const LosscutBody = z.object({ positionId: VenueId, losscutPrice: Decimal });

/** undefined: no such path. All of them are POST. */
export const orderApi = (machine: Machine, path: string, body: string, effects: Effects): ApiResult | undefined => {
  switch (path) {
    case "/v1/order":
      return withBody(body, OrderBody, (request) =>
        place(machine, checkOpen(machine, request), effects, (order) => {
          if (request.cancelBefore) cancelSalesUntilFree(machine, order.symbol, order.size);
        }),
      );
    case "/v1/closeOrder":
      return withBody(body, CloseBody, (request) =>
        place(machine, checkClose(machine, request, effects), effects, (order) => {
          if (request.cancelBefore) machine.cancelCloseOrders(order.positionId!);
        }),
      );
    case "/v1/closeBulkOrder":
      return withBody(body, BulkCloseBody, (request) =>
        place(machine, checkBulkClose(machine, request, effects), effects),
      );
    case "/v1/changeOrder":
      return withBody(body, ChangeBody, (request) => {
        const call = callRefusal(machine, false);
        if (call) return refusedWith(call);
        const checked = checkChange(machine, request);
        if (checked.kind === "refused") return refusedWith(checked.refusal);
        const { order, price, losscutPrice } = checked.value;
        machine.change(order, price, losscutPrice);
        return okay();
      });
    case "/v1/cancelOrder":
      return withBody(body, CancelBody, ({ orderId }) => {
        const refusal = cancel(machine, orderId, effects);
        return refusal ? refusedWith(refusal) : okay();
      });
    case "/v1/cancelOrders":
      return withBody(body, CancelsBody, ({ orderIds }) => okay(cancelMany(machine, orderIds, effects)));
    case "/v1/cancelBulkOrder":
      return withBody(body, BulkCancelBody, (request) => cancelBulk(machine, request, effects));
    case "/v1/changeLosscutPrice":
      return withBody(body, LosscutBody, ({ positionId, losscutPrice }) => {
        const call = callRefusal(machine, false);
        if (call) return refusedWith(call);
        const checked = checkLosscutChange(machine, positionId, losscutPrice);
        if (checked.kind === "refused") return refusedWith(checked.refusal);
        changeLosscut(machine, checked.value.position, checked.value.price);
        return okay();
      });
    default:
      return undefined;
  }
};

export const withBody = <T>(body: string, schema: z.ZodType<T>, act: (request: T) => ApiResult): ApiResult => {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return refusedWith(invalid());
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return act(parsed.data);
  return refusedWith(invalid(...new Set(parsed.error.issues.map((issue) => String(issue.path[0] ?? "")))));
};

/** Only here is the order id returned as a string (GMO API 0.4). */
const place = (
  machine: Machine,
  checked: Checked<NewOrder>,
  effects: Effects,
  before: (order: NewOrder) => void = () => {},
): ApiResult => {
  if (checked.kind === "refused") return refusedWith(checked.refusal);
  before(checked.value);
  return okay(String(machine.place(checked.value, effects)));
};

const isCancellable = ({ status }: SimOrder): boolean => status === "WAITING" || status === "ORDERED";

const cancel = (machine: Machine, orderId: number, effects: Effects): Refusal | undefined => {
  const order = machine.state.orders.get(orderId);
  // Not ERR-5123: a live probe with an unknown id returned this code (GMO API 7.10).
  if (!order) return refuse("ERR-151", "Service Unavailable");
  if (!isCancellable(order)) return WRONG_STATUS;
  machine.cancel(order, effects);
  return undefined;
};

const cancelMany = (machine: Machine, orderIds: readonly number[], effects: Effects): object => {
  const success: number[] = [];
  const failed: object[] = [];
  for (const orderId of orderIds) {
    const refusal = cancel(machine, orderId, effects);
    if (refusal) failed.push({ message_code: refusal.code, message_string: refusal.text, orderId });
    else success.push(orderId);
  }
  return { success, failed };
};

/** Oldest first unless `desc`; at most ten per call; `[]` when there is nothing to cancel (GMO API 7.12). */
const cancelBulk = (
  machine: Machine,
  { symbols, side, settleType, desc = false }: z.infer<typeof BulkCancelBody>,
  effects: Effects,
): ApiResult => {
  if (!symbols.every((symbol) => machine.rules.has(symbol))) return refusedWith(invalid("symbols"));
  const matching = [...machine.state.liveOrders.values()]
    .filter(
      (order) =>
        symbols.includes(order.symbol) &&
        isCancellable(order) &&
        (side === undefined || order.side === side) &&
        (settleType === undefined || order.settleType === settleType),
    )
    .toSorted((a, b) => (desc ? b.orderId - a.orderId : a.orderId - b.orderId))
    .slice(0, AT_MOST);
  for (const order of matching) machine.cancel(order, effects);
  if (matching.length === 0 && machine.options.emptyBulkCancel === "absent") return okay();
  return okay(matching.map((order) => order.orderId));
};
