// The catalogue of what the venue and the network may do to one request. Each fault says where it strikes; the rest of the
// request's way (how long it takes there and back) belongs to the world.
import type { ApiRequest, Fault } from "../../lib/sim/simulator.ts";

/** What strikes a request. All of it happens in venue time. */
export interface Strike {
  /** The venue never sees it, or its answer is spoiled. */
  readonly spoil?: { readonly phase: "before" | "after"; readonly fault: Fault };
  /** What the venue itself does. */
  readonly effects?: {
    readonly expireSok?: boolean;
    readonly fillShare?: number;
    readonly cancelLoses?: boolean;
    readonly notClosableMs?: number;
  };
  /** The answer is a list that lacks its newest row. */
  readonly short?: boolean;
  /** The answer is the one given to the same question this long ago, where there was one. */
  readonly oldMs?: number;
  /** The request is on its way that much longer; the client may have given up by then (it waits 5 s). */
  readonly thereMs?: number;
  /** The answer is. */
  readonly backMs?: number;
}

const error = (code: string, phase: "before" | "after" = "before"): Strike => ({
  spoil: { phase, fault: { kind: "error", code } },
});
const lost = (kind: "dropReply" | "reset" | "httpError" | "html" | "truncate", phase: "before" | "after"): Strike => ({
  spoil: { phase, fault: { kind } },
});

type Where = "market" | "any" | "write" | "open" | "close" | "send" | "cancel" | "fills";
/** What a fault looks at. */
export interface Struck extends Pick<ApiRequest, "method" | "path"> {
  /** Spot: an order that sells coins, where the others buy. */
  readonly sale: boolean;
  /** A MARKET order; undefined where only the story of a life is known. */
  readonly market?: boolean;
}
export const struckOf = ({ method, path, body }: Pick<ApiRequest, "method" | "path" | "body">): Struck => ({
  method,
  path,
  market: /"executionType":"MARKET"/.test(body ?? ""),
  sale: path === "/v1/order" && /"symbol":"(BTC|ETH)"/.test(body ?? "") && /"side":"SELL"/.test(body ?? ""),
});
/** As a life's story tells a request. */
export const nameOf = ({ method, path, sale }: Struck): string => `${method} ${path}${sale ? " (sale)" : ""}`;
/** The request a step of a story is about to send. */
export const requestBefore = (step: string): Struck | undefined => {
  const found = /^before (GET|POST) (\S+)( \(sale\))?$/.exec(step);
  return found ? { method: found[1] as "GET" | "POST", path: found[2]!, sale: found[3] !== undefined } : undefined;
};
const WHERE: Readonly<Record<Where, (request: Struck) => boolean>> = {
  any: () => true,
  market: ({ method, path }) => method === "GET" && /^\/v1\/(ticker|orderbooks|trades|status)$/.test(path),
  write: ({ method }) => method === "POST",
  open: (request) => request.path === "/v1/order" && !request.sale,
  close: (request) => request.path === "/v1/closeOrder" || request.sale,
  send: ({ path }) => path === "/v1/order" || path === "/v1/closeOrder",
  cancel: ({ path }) => path === "/v1/cancelOrder",
  fills: ({ path }) => path === "/v1/executions" || path === "/v1/latestExecutions",
};

const CATALOGUE = {
  requestLost: ["any", lost("dropReply", "before")],
  replyLost: ["write", lost("dropReply", "after")],
  resetOnTheWay: ["any", lost("reset", "before")],
  resetAfterwards: ["write", lost("reset", "after")],
  badGateway: ["any", lost("httpError", "before")],
  badGatewayAfterwards: ["write", lost("httpError", "after")],
  htmlPage: ["any", lost("html", "after")],
  cutJson: ["any", lost("truncate", "after")],
  "ERR-5003": ["any", error("ERR-5003")],
  "ERR-5008": ["any", error("ERR-5008")],
  "ERR-5201": ["any", error("ERR-5201")],
  "ERR-5202": ["any", error("ERR-5202")],
  "ERR-5203": ["send", error("ERR-5203")],
  "ERR-554": ["any", error("ERR-554")],
  "ERR-554 afterwards": ["write", error("ERR-554", "after")],
  "ERR-626 afterwards": ["write", error("ERR-626", "after")],
  "ERR-151": ["write", error("ERR-151")],
  "ERR-151 afterwards": ["write", error("ERR-151", "after")],
  unknownCode: ["any", error("ERR-9999")],
  "unknownCode afterwards": ["write", error("ERR-9999", "after")],
  "ERR-200": ["close", error("ERR-200")],
  "ERR-254": ["close", error("ERR-254")],
  "ERR-5106": ["close", error("ERR-5106")],
  "ERR-5129": ["close", error("ERR-5129")],
  "ERR-201": ["open", error("ERR-201")],
  "ERR-5122": ["cancel", error("ERR-5122")],
  expiresAsTaker: ["open", { effects: { expireSok: true } }],
  partialFill: ["send", { effects: { fillShare: 0.3 } }],
  cancelLosesTheRace: ["cancel", { effects: { cancelLoses: true } }],
  executionsShort: ["fills", { short: true }],
  notYetClosable: ["close", { effects: { notClosableMs: 700 } }],
  slowReply: ["any", { backMs: 1_500 }],
  lateReply: ["write", { backMs: 6_000 }],
  arrivesLate: ["write", { thereMs: 4_000, backMs: 2_000 }],
} as const satisfies Readonly<Record<string, readonly [Where, Strike]>>;

/**
 * Market data that freeze, lag and come late. Drawn apart from the others: the seeds of those stay what they were.
 */
const MARKET = {
  frozenMarket: ["market", { oldMs: 60_000 }],
  laggingMarket: ["market", { oldMs: 12_000 }],
  slightlyOldMarket: ["market", { oldMs: 3_000 }],
  lateMarket: ["market", { backMs: 4_000 }],
  veryLateMarket: ["market", { backMs: 8_000 }],
} as const satisfies Readonly<Record<string, readonly [Where, Strike]>>;

type RequestFault = keyof typeof CATALOGUE;
export type MarketFault = keyof typeof MARKET;
export type FaultName = RequestFault | MarketFault;
export const FAULT_NAMES = Object.keys(CATALOGUE) as readonly RequestFault[];
export const MARKET_FAULTS = Object.keys(MARKET) as readonly MarketFault[];
const ALL: Readonly<Record<FaultName, readonly [Where, Strike]>> = { ...CATALOGUE, ...MARKET };
export const strikeOf = (name: FaultName): Strike => ALL[name][1];
export const canStrike = (name: FaultName, request: Struck): boolean => WHERE[ALL[name][0]](request);
