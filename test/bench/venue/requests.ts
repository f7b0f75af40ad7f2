// Requests one after the other and eight at a time: through `answer` bare, through the connector in process, over
// loopback.
import { parseE8, yenE8 } from "../../../lib/core/money.ts";
import { orderBody } from "../../../lib/io/gmo/bodies.ts";
import { authHeaders, type Credentials } from "../../../lib/io/gmo/sign.ts";
import type { TransportReply } from "../../../lib/io/gmo/transport.ts";
import { type ApiRequest, answer } from "../../../lib/sim/api/api.ts";
import { Machine } from "../../../lib/sim/engine/machine.ts";
import { venueOptions } from "../../../lib/sim/engine/options.ts";
import { SimState } from "../../../lib/sim/engine/state.ts";
import type { OpenVenue } from "../../../lib/sim/server/openVenue.ts";
import { SERVED_VENUE_OPTIONS } from "../../../lib/sim/server/optionTable.ts";
import { quantile } from "../queue/statistics.ts";
import { EQUITY, type GmoApi, RESTING_ORDERS, restingOrder, SEED, START_MS, SYMBOL, VENUE_OPTIONS } from "./world.ts";

/** Each returns what is to be timed; making it is not. */
export interface Subject {
  ticker(): () => unknown;
  activeOrders(): () => unknown;
  /** Resolves with the order's id. */
  order(): () => string | Promise<string>;
  cancelOrder(orderId: string): () => unknown;
}
export type Numbers = Record<string, number>;

/** Rounding to the tick happens once, the order is always the same. */
export const connectorSubject = async (api: GmoApi): Promise<Subject> => {
  const request = restingOrder((await api.ticker(SYMBOL)).last);
  return {
    ticker: () => () => api.ticker(SYMBOL),
    activeOrders: () => () => api.activeOrders(SYMBOL),
    order: () => async () => {
      const placed = await api.order(request);
      if (placed.kind !== "accepted") throw new Error(`expected an accepted order, found ${placed.code}`);
      return placed.value;
    },
    cancelOrder: (orderId) => async () => {
      const cancelled = await api.cancelOrder(orderId);
      if (cancelled.kind !== "accepted") throw new Error(`expected an accepted cancel, found ${cancelled.code}`);
    },
  };
};

/**
 * The state machine and `answer` alone: no store, no connector. Signatures are made beforehand and checked in the timed
 * part.
 */
export const bareSubject = ({ market, rules, simulator }: OpenVenue): Subject => {
  const state = new SimState(START_MS);
  state.post("deposit", EQUITY, 0);
  const traded = new Map(rules.filter((row) => market.symbols.includes(row.symbol)).map((row) => [row.symbol, row]));
  const options = venueOptions({ ...SERVED_VENUE_OPTIONS, ...VENUE_OPTIONS });
  const machine = new Machine({ state, market, rules: traded, options, seed: SEED });
  const credentials: Credentials = simulator.credentials();
  const auth = { credentials, authClock: () => START_MS };
  const send = (request: ApiRequest): TransportReply => {
    const reply = answer(machine, auth, request);
    // What the simulator does after each request, without its file and its listeners.
    state.takeEvents();
    state.takeChanges();
    return reply;
  };
  const signed = (method: "GET" | "POST", path: `/v1/${string}`, body?: string): ApiRequest => ({
    area: "private",
    method,
    path,
    headers: authHeaders(credentials, START_MS, method, path, body),
    ...(body === undefined ? { query: `symbol=${SYMBOL}&page=1&count=100` } : { body }),
  });
  const sendOkay = (request: ApiRequest) => (): TransportReply => {
    const reply = send(request);
    if (!reply.body.startsWith(`{"status":0`)) throw new Error(`expected a success, found ${reply.body}`);
    return reply;
  };
  const ticker = sendOkay({
    area: "public",
    method: "GET",
    path: "/v1/ticker",
    query: `symbol=${SYMBOL}`,
    headers: {},
  });
  const last = yenE8(parseE8((JSON.parse(ticker().body) as { data: { last: string }[] }).data[0]!.last));
  const placed = sendOkay(signed("POST", "/v1/order", JSON.stringify(orderBody(restingOrder(last)))));
  const active = sendOkay(signed("GET", "/v1/activeOrders"));
  return {
    ticker: () => ticker,
    activeOrders: () => active,
    order: () => () => /"data":"(\d+)"/.exec(placed().body)![1]!,
    cancelOrder: (orderId) => sendOkay(signed("POST", "/v1/cancelOrder", JSON.stringify({ orderId: Number(orderId) }))),
  };
};

const timed = async <T>(times: number[], work: () => T | Promise<T>): Promise<T> => {
  const fromNs = process.hrtime.bigint();
  const result = work();
  const value = result instanceof Promise ? await result : result;
  times.push(Number(process.hrtime.bigint() - fromNs) / 1_000);
  return value;
};
const tell = (numbers: Numbers, name: string, times: readonly number[]): void => {
  numbers[`${name}P50Us`] = quantile(times, 0.5);
  numbers[`${name}P99Us`] = quantile(times, 0.99);
};
const perSecond = (...series: readonly (readonly number[])[]): number => {
  const all = series.flat();
  return (all.length / all.reduce((sum, us) => sum + us, 0)) * 1e6;
};

const restOrders = async (subject: Subject): Promise<void> => {
  for (let i = 0; i < RESTING_ORDERS; i += 1) await subject.order()();
};

/** One after the other, `samples` of each. */
export const measureRequests = async (subject: Subject, samples: number, warmUp: number): Promise<Numbers> => {
  await restOrders(subject);
  await inTurn(subject, warmUp);
  return inTurn(subject, samples);
};
const inTurn = async (subject: Subject, samples: number): Promise<Numbers> => {
  const ticker: number[] = [];
  const active: number[] = [];
  const order: number[] = [];
  const cancel: number[] = [];
  for (let i = 0; i < samples; i += 1) await timed(ticker, subject.ticker());
  for (let i = 0; i < samples; i += 1) await timed(active, subject.activeOrders());
  for (let i = 0; i < samples; i += 1) {
    const orderId = await timed(order, subject.order());
    await timed(cancel, subject.cancelOrder(orderId));
  }
  const numbers: Numbers = {
    tickerPerSecond: perSecond(ticker),
    activeOrdersPerSecond: perSecond(active),
    orderAndCancelPerSecond: perSecond(order, cancel),
  };
  tell(numbers, "ticker", ticker);
  tell(numbers, "activeOrders", active);
  tell(numbers, "order", order);
  tell(numbers, "cancelOrder", cancel);
  return numbers;
};

/** Requests a second with several on their way; each order is followed by its cancel. */
export const measureAtOnce = async (subject: Subject, samples: number, atOnce: number): Promise<Numbers> => ({
  [`tickerPerSecondAt${atOnce}`]: await crowd(samples, atOnce, 1, async () => subject.ticker()()),
  [`orderAndCancelPerSecondAt${atOnce}`]: await crowd(samples, atOnce, 2, async () =>
    subject.cancelOrder(await subject.order()())(),
  ),
});
const crowd = async (
  calls: number,
  atOnce: number,
  requests: number,
  call: () => Promise<unknown>,
): Promise<number> => {
  let left = calls;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await call();
    }
  };
  const from = performance.now();
  await Promise.all(Array.from({ length: atOnce }, one));
  return ((calls * requests) / (performance.now() - from)) * 1_000;
};

/** What the same client gets from a server that does nothing. */
export const measureProbe = async (ask: () => Promise<unknown>, samples: number, warmUp: number): Promise<Numbers> => {
  for (let i = 0; i < warmUp; i += 1) await ask();
  const times: number[] = [];
  for (let i = 0; i < samples; i += 1) await timed(times, ask);
  const numbers: Numbers = { perSecond: perSecond(times) };
  tell(numbers, "", times);
  return { perSecond: numbers["perSecond"]!, p50Us: numbers["P50Us"]!, p99Us: numbers["P99Us"]! };
};
