// The private API of the simulated venue (GMO API 6-8): routing and the reads. orderApi.ts handles orders and changes,
// accountApi.ts account figures and histories.
import { E8, floorToStep } from "../../core/money.ts";
import { DAY_MS } from "../../core/time.ts";
import type { Effects } from "../engine/exchange.ts";
import type { Machine } from "../engine/machine.ts";
import { invalid, refuse } from "../engine/refusal.ts";
import { isSpot, type SimOrder } from "../engine/state.ts";
import { summariesOf } from "../engine/summary.ts";
import { accountApi } from "./accountApi.ts";
import { orderApi } from "./orderApi.ts";
import { type ApiResult, okay, pageOf, paging, refusedWith } from "./publicApi.ts";
import { executionView, orderView, positionView, summaryView } from "./wireViews.ts";

/** undefined: no such path. */
export const privateApi = (
  machine: Machine,
  method: string,
  path: string,
  query: URLSearchParams,
  body: string,
  effects: Effects,
): ApiResult | undefined => {
  if (method === "POST")
    return orderApi(machine, path, body, effects) ?? accountApi(machine, method, path, query, body);
  if (method !== "GET") return undefined;
  switch (path) {
    case "/v1/orders":
      return ordersById(machine, query);
    case "/v1/activeOrders":
      return listOf(machine, query, "any", (symbol) =>
        [...machine.state.liveOrders.values()].filter((order) => order.symbol === symbol).map(orderView),
      );
    case "/v1/executions":
      return executionsById(machine, query);
    case "/v1/latestExecutions": {
      const sinceMs = machine.state.nowMs - DAY_MS;
      return listOf(machine, query, "any", (symbol) =>
        machine.state.executions.filter((row) => row.symbol === symbol && row.atMs > sinceMs).map(executionView),
      );
    }
    case "/v1/openPositions":
      return listOf(machine, query, "margin", (symbol) =>
        [...machine.state.openPositions.values()]
          .filter((position) => position.symbol === symbol)
          .map((position) =>
            positionView(
              position,
              machine.state.reservedOf(position.positionId),
              floorToStep(machine.openGain(position), E8),
            ),
          ),
      );
    case "/v1/positionSummary":
      return positionSummary(machine, query);
    default:
      return accountApi(machine, method, path, query, body);
  }
};

/** `{}` when empty; `symbol` is required (GMO API 0.18). */
const listOf = (
  machine: Machine,
  query: URLSearchParams,
  kind: "any" | "margin",
  rowsOf: (symbol: string) => readonly object[],
): ApiResult => {
  const symbol = query.get("symbol");
  if (symbol === null || !machine.rules.has(symbol) || (kind === "margin" && isSpot(symbol)))
    return refusedWith(invalid("symbol"));
  const limits = paging(query);
  if ("code" in limits) return refusedWith(limits);
  const { page, count } = limits;
  const rows = rowsOf(symbol);
  const ordered = machine.options.listOrder === "newest" ? rows.toReversed() : rows;
  return pageOf(machine, ordered.slice((page - 1) * count, page * count), limits);
};

const positionSummary = (machine: Machine, query: URLSearchParams): ApiResult => {
  const symbol = query.get("symbol") ?? undefined;
  if (symbol !== undefined && (!machine.rules.has(symbol) || isSpot(symbol))) return refusedWith(invalid("symbol"));
  const list = summariesOf(machine.state, (name) => machine.quoteYen(name), symbol).map(summaryView);
  return okay(list.length === 0 ? {} : { list });
};

const ids = (text: string | null): readonly number[] | undefined => {
  if (text === null || !/^\d{1,16}(,\d{1,16}){0,9}$/.test(text)) return undefined;
  return [...new Set(text.split(",").map(Number))];
};

const ordersById = (machine: Machine, query: URLSearchParams): ApiResult => {
  const wanted = ids(query.get("orderId"));
  if (!wanted) return refusedWith(invalid("orderId"));
  const { state, options } = machine;
  const known = (order: SimOrder): boolean =>
    order.endedMs === undefined ||
    options.orderRetentionMs === undefined ||
    state.nowMs < order.endedMs + options.orderRetentionMs;
  const list = wanted.flatMap((id) => state.orders.get(id) ?? []).filter(known);
  return okay(list.length === 0 ? {} : { list: list.map(orderView) });
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
