// The private half of the simulated venue: GMO API 6-8. Bodies are parsed here; what may not be is refused with the code
// and the wire text of section 11; everything that passes goes to the machine.
import { z } from "zod";
import { E8, floorDiv, floorToStep, formatE8, type YenE8, yenE8 } from "../core/money.ts";
import { DAY_MS } from "../core/time.ts";
import type { Machine } from "./machine.ts";
import { checkClose, checkOpen, invalid, type OrderRuleOptions, refuse } from "./orderRules.ts";
import { type ApiResult, okay, paging, refusedWith } from "./publicApi.ts";
import { executionView, orderView, positionView } from "./wireViews.ts";

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
const CloseBody = OrderBody.omit({ size: true, losscutPrice: true }).extend({
  settlePosition: z.array(z.object({ positionId: VenueId, size: Decimal })),
});
const CancelBody = z.object({ orderId: VenueId });

/** undefined: no such path. */
export const privateApi = (
  machine: Machine,
  options: OrderRuleOptions,
  method: string,
  path: string,
  query: URLSearchParams,
  body: string,
): ApiResult | undefined => {
  switch (`${method} ${path}`) {
    case "GET /v1/account/margin":
      return okay(marginView(machine));
    case "GET /v1/account/assets":
      return okay(assetsView(machine));
    case "GET /v1/orders":
      return ordersById(machine, query);
    case "GET /v1/activeOrders":
      return listOf(machine, query, (symbol) =>
        [...machine.state.liveOrders.values()].filter((order) => order.symbol === symbol).map(orderView),
      );
    case "GET /v1/executions":
      return executionsById(machine, query);
    case "GET /v1/latestExecutions": {
      const sinceMs = machine.state.nowMs - DAY_MS;
      return listOf(machine, query, (symbol) =>
        machine.state.executions.filter((row) => row.symbol === symbol && row.atMs > sinceMs).map(executionView),
      );
    }
    case "GET /v1/openPositions":
      return listOf(machine, query, (symbol) =>
        [...machine.state.openPositions.values()]
          .filter((position) => position.symbol === symbol)
          .map((position) =>
            positionView(position, machine.state.reservedOf(position.positionId), wholeYen(machine.openGain(position))),
          ),
      );
    case "POST /v1/order":
      return withBody(body, OrderBody, (request) => {
        const checked = checkOpen(machine, request, options);
        return checked.kind === "refused" ? refusedWith(checked.refusal) : okay(String(machine.place(checked.value)));
      });
    case "POST /v1/closeOrder":
      return withBody(body, CloseBody, (request) => {
        const checked = checkClose(machine, request, options);
        if (checked.kind === "refused") return refusedWith(checked.refusal);
        if (request.cancelBefore) machine.cancelCloseOrders(checked.value.positionId!);
        return okay(String(machine.place(checked.value)));
      });
    case "POST /v1/cancelOrder":
      return withBody(body, CancelBody, ({ orderId }) => cancel(machine, orderId));
    default:
      return undefined;
  }
};

const withBody = <T>(body: string, schema: z.ZodType<T>, act: (request: T) => ApiResult): ApiResult => {
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

/** Newest first, `{}` when empty; `symbol` is required (GMO API 0.18). */
const listOf = (machine: Machine, query: URLSearchParams, rowsOf: (symbol: string) => readonly object[]): ApiResult => {
  const symbol = query.get("symbol");
  if (symbol === null || !machine.rules.has(symbol)) return refusedWith(invalid("symbol"));
  const limits = paging(query);
  if ("code" in limits) return refusedWith(limits);
  const { page, count } = limits;
  const list = rowsOf(symbol)
    .toReversed()
    .slice((page - 1) * count, page * count);
  return okay(list.length === 0 ? {} : { pagination: { currentPage: page, count: list.length }, list });
};

const ids = (text: string | null): readonly number[] | undefined => {
  if (text === null || !/^\d{1,16}(,\d{1,16}){0,9}$/.test(text)) return undefined;
  return text.split(",").map(Number);
};

const ordersById = (machine: Machine, query: URLSearchParams): ApiResult => {
  const wanted = ids(query.get("orderId"));
  if (!wanted) return refusedWith(invalid("orderId"));
  const list = wanted.flatMap((id) => machine.state.orders.get(id) ?? []).map(orderView);
  return okay(list.length === 0 ? {} : { list });
};

const executionsById = (machine: Machine, query: URLSearchParams): ApiResult => {
  const orderId = query.get("orderId");
  const executionId = query.get("executionId");
  if (orderId !== null && executionId !== null)
    return refusedWith(refuse("ERR-5208", "orderId and executionId cannot be specified together."));
  if (orderId === null && executionId === null) return refusedWith(invalid("orderId", "executionId"));
  const wanted = ids(orderId ?? executionId);
  if (!wanted || (orderId !== null && wanted.length > 1)) return refusedWith(refuse("ERR-430", "Invalid parameter."));
  const list = machine.state.executions
    .filter((row) => wanted.includes(orderId === null ? row.executionId : row.orderId))
    .map(executionView);
  return okay(list.length === 0 ? {} : { list });
};

const cancel = (machine: Machine, orderId: number): ApiResult => {
  const order = machine.state.orders.get(orderId);
  // Not ERR-5123: a live probe with an unknown id got this one (GMO API 7.10).
  if (!order) return refusedWith(refuse("ERR-151", "Service Unavailable"));
  if (order.status !== "WAITING" && order.status !== "ORDERED")
    return refusedWith(refuse("ERR-5122", "The request is invalid due to the status of the specified order."));
  machine.cancel(order);
  return okay();
};

const wholeYen = (value: YenE8): YenE8 => floorToStep(value, E8);

const marginView = (machine: Machine): object => {
  const account = machine.account();
  const available = wholeYen(account.available);
  return {
    actualProfitLoss: formatE8(wholeYen(account.equity)),
    availableAmount: formatE8(available),
    margin: formatE8(account.used),
    marginCallStatus: "NORMAL",
    // Percent with one decimal, rounded down; missing without positions.
    ...(account.used > 0n
      ? { marginRatio: formatE8(floorDiv(account.equity * 1000n, account.used) * (E8 / 10n)) }
      : {}),
    profitLoss: formatE8(wholeYen(account.unrealised)),
    transferableAmount: formatE8(available),
  };
};

const assetsView = (machine: Machine): readonly object[] => {
  const account = machine.account();
  const coins = machine.market.symbols.map((symbol) => ({
    amount: "0",
    available: "0",
    conversionRate: formatE8(machine.quoteYen(symbol)?.last ?? yenE8(0n)),
    symbol: symbol.replace(/_JPY$/, ""),
  }));
  return [
    {
      amount: formatE8(account.cash),
      available: formatE8(wholeYen(account.available)),
      conversionRate: "1",
      symbol: "JPY",
    },
    ...coins,
  ];
};
