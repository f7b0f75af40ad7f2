// Answers raw requests as GMO Coin does: envelope, status numbers, HTTP statuses, signature check (GMO API 1, 2, 16).
import { createHmac } from "node:crypto";
import { type EpochMs, isoUtc } from "../core/time.ts";
import type { Credentials } from "../io/gmo/sign.ts";
import type { TransportReply } from "../io/gmo/transport.ts";
import type { Machine } from "./machine.ts";
import { type OrderRuleOptions, type Refusal, refuse } from "./orderRules.ts";
import { privateApi } from "./privateApi.ts";
import { type ApiResult, okay, publicApi, refusedWith } from "./publicApi.ts";

/** What reaches the venue, however it travelled. */
export interface ApiRequest {
  readonly area: "public" | "private";
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ApiOptions extends OrderRuleOptions {
  readonly credentials: Credentials;
  /** Largest difference between API-TIMESTAMP and the clock, each way. GMO's is not published. */
  readonly signatureWindowMs: number;
  /** The clock API-TIMESTAMP is checked against: the venue's own in process, the wall clock as a server (DESIGN 6). */
  readonly authClock: () => EpochMs;
}

const STATUS_OF_CODE: Readonly<Record<string, number>> = { "ERR-5207": 2, "ERR-5003": 4, "ERR-5201": 5, "ERR-5202": 5 };
const HTTP_OF_CODE: Readonly<Record<string, number>> = { "ERR-5204": 404, "ERR-5207": 404 };

export const refusalReply = ({ code, text }: Refusal, nowMs: EpochMs): TransportReply => ({
  httpStatus: HTTP_OF_CODE[code] ?? 200,
  body: JSON.stringify({
    status: STATUS_OF_CODE[code] ?? 1,
    messages: [{ message_code: code, message_string: text }],
    responsetime: isoUtc(nowMs),
  }),
});

export const answer = (machine: Machine, options: ApiOptions, request: ApiRequest): TransportReply => {
  const nowMs = machine.state.nowMs;
  const result = resultOf(machine, options, request);
  if (result.kind === "refused") return refusalReply(result.refusal, nowMs);
  const { data } = result;
  return {
    httpStatus: 200,
    body: JSON.stringify({ status: 0, ...(data === undefined ? {} : { data }), responsetime: isoUtc(nowMs) }),
  };
};

const resultOf = (machine: Machine, options: ApiOptions, request: ApiRequest): ApiResult => {
  const { area, method, path, body = "" } = request;
  const query = new URLSearchParams(request.query ?? "");
  const status = machine.status();
  if (area === "public") {
    if (status === "MAINTENANCE") return path === "/v1/status" ? okay({ status }) : refusedWith(maintenance);
    const result = method === "GET" ? publicApi(machine, path, query) : undefined;
    return result ?? refusedWith(refuse("ERR-5207", "Not found"));
  }
  if (status === "MAINTENANCE") return refusedWith(maintenance);
  const denied = authenticate(options, request);
  if (denied) return refusedWith(denied);
  if (status === "PREOPEN" && (path === "/v1/order" || path === "/v1/closeOrder"))
    return refusedWith(refuse("ERR-5203", "Pre-open. Orders are not accepted yet."));
  return privateApi(machine, options, method, path, query, body) ?? refusedWith(refuse("ERR-5204", "Forbidden"));
};

const maintenance = refuse("ERR-5201", "MAINTENANCE. Please wait for a while");

const authenticate = (options: ApiOptions, request: ApiRequest): Refusal | undefined => {
  const header = (name: string): string | undefined =>
    Object.entries(request.headers).find(([key]) => key.toUpperCase() === name)?.[1];
  const key = header("API-KEY");
  const timestamp = header("API-TIMESTAMP") ?? "";
  if (key === undefined) return refuse("ERR-5011", "API-KEY is not specified.");
  if (!/^\d{10,16}$/.test(timestamp)) return refuse("ERR-5007", "API-TIMESTAMP is invalid.");
  if (key !== options.credentials.apiKey) return refuse("ERR-5012", "Invalid API-KEY, IP, or permissions for action.");
  // The direction follows the English text: 5008 = later than the server, 5009 = earlier (GMO API 2.1).
  const skewMs = Number(timestamp) - options.authClock();
  if (skewMs > options.signatureWindowMs) return refuse("ERR-5008", "Timestamp for this request is too late.");
  if (skewMs < -options.signatureWindowMs) return refuse("ERR-5009", "Timestamp for this request is too early.");
  // PUT and DELETE are signed without their body, GET has none; the query is never part of it.
  const body = request.method === "POST" ? (request.body ?? "") : "";
  const expected = createHmac("sha256", options.credentials.secret)
    .update(`${timestamp}${request.method}${request.path}${body}`)
    .digest("hex");
  return header("API-SIGN") === expected ? undefined : refuse("ERR-5010", "Signature for this request is not valid.");
};
