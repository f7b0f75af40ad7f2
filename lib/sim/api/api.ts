// Answers raw requests like GMO Coin: envelope, status numbers, HTTP statuses, signature check (GMO API 1, 2, 16).
import { createHmac } from "node:crypto";
import { type EpochMs, isoUtc } from "../../core/time.ts";
import type { Credentials } from "../../io/gmo/sign.ts";
import type { TransportReply } from "../../io/gmo/transport.ts";
import type { Effects } from "../engine/exchange.ts";
import type { Machine } from "../engine/machine.ts";
import type { VenueOptions } from "../engine/options.ts";
import { type Refusal, refuse } from "../engine/refusal.ts";
import { isPrivatePath } from "./paths.ts";
import { privateApi } from "./privateApi.ts";
import { type ApiResult, okay, publicApi, refusedWith } from "./publicApi.ts";

/** A request as the venue receives it, independent of the transport. */
export interface ApiRequest {
  readonly area: "public" | "private";
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly body?: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ApiOptions {
  readonly credentials: Credentials;
  /** The clock API-TIMESTAMP is checked against: the venue's own in process, the wall clock as a server (DESIGN 6). */
  readonly authClock: () => EpochMs;
}

const STATUS_OF_CODE: Readonly<Record<string, number>> = { "ERR-5207": 2, "ERR-5003": 4, "ERR-5201": 5, "ERR-5202": 5 };
const HTTP_OF_CODE: Readonly<Record<string, number>> = { "ERR-5204": 404, "ERR-5207": 404 };

export const refusalReply = (
  { code, text }: Refusal,
  nowMs: EpochMs,
  { maintenanceHttpStatus }: Pick<VenueOptions, "maintenanceHttpStatus">,
): TransportReply => ({
  httpStatus: HTTP_OF_CODE[code] ?? (STATUS_OF_CODE[code] === 5 ? maintenanceHttpStatus : 200),
  body: JSON.stringify({
    status: STATUS_OF_CODE[code] ?? 1,
    messages: [{ message_code: code, message_string: text }],
    responsetime: isoUtc(nowMs),
  }),
});
/** `data` undefined: a success without payload. */
export const successReply = (data: unknown, nowMs: EpochMs): TransportReply => ({
  httpStatus: 200,
  body: JSON.stringify({ status: 0, ...(data === undefined ? {} : { data }), responsetime: isoUtc(nowMs) }),
});

export const answer = (
  machine: Machine,
  options: ApiOptions,
  request: ApiRequest,
  effects: Effects = {},
): TransportReply => {
  const nowMs = machine.state.nowMs;
  const result = resultOf(machine, options, request, effects);
  return result.kind === "refused"
    ? refusalReply(result.refusal, nowMs, machine.options)
    : successReply(result.data, nowMs);
};

/** Refused in pre-open; all other paths work (GMO API 12). */
const NOT_IN_PREOPEN = new Set([
  "/v1/order",
  "/v1/changeOrder",
  "/v1/closeOrder",
  "/v1/closeBulkOrder",
  "/v1/changeLosscutPrice",
]);

const resultOf = (machine: Machine, options: ApiOptions, request: ApiRequest, effects: Effects): ApiResult => {
  const { area, method, path, body = "" } = request;
  const query = new URLSearchParams(request.query ?? "");
  const closed = closedRefusal(machine);
  if (area === "public") {
    if (closed)
      return path === "/v1/status" && machine.options.statusInMaintenance === "data"
        ? okay({ status: "MAINTENANCE" })
        : refusedWith(closed);
    const result = method === "GET" ? publicApi(machine, path, query) : undefined;
    return result ?? refusedWith(refuse("ERR-5207", "Not found"));
  }
  // An unknown path is refused before its signature is checked.
  const unknown = isPrivatePath(method, path) ? undefined : refuse("ERR-5204", "Forbidden");
  const denied = closed ?? unknown ?? authenticate(machine, options, request);
  if (denied) return refusedWith(denied);
  if (machine.status() === "PREOPEN" && NOT_IN_PREOPEN.has(path))
    return refusedWith(refuse("ERR-5203", "Pre-open. Orders are not accepted yet."));
  return privateApi(machine, method, path, query, body, effects) ?? refusedWith(refuse("ERR-5204", "Forbidden"));
};

/** The refusal of every request while the venue is closed; undefined when it is open or in pre-open. */
export const closedRefusal = (machine: Machine): Refusal | undefined => {
  const closure = machine.hours.closedBy(machine.state.nowMs);
  if (closure === undefined || closure.kind === "preopen") return undefined;
  return closure.kind === "emergency"
    ? refuse("ERR-5202", "EMERGENCY MAINTENANCE. Please wait for a while")
    : refuse("ERR-5201", "MAINTENANCE. Please wait for a while");
};

/** Checks key, timestamp and signature of a private request (GMO API 2); undefined when all three are valid. */
export const authenticate = (machine: Machine, options: ApiOptions, request: ApiRequest): Refusal | undefined => {
  const header = (name: string): string | undefined =>
    Object.entries(request.headers).find(([key]) => key.toUpperCase() === name)?.[1];
  const key = header("API-KEY");
  const timestamp = header("API-TIMESTAMP") ?? "";
  if (key === undefined) return refuse("ERR-5011", "API-KEY is not specified.");
  if (!/^\d{10,16}$/.test(timestamp)) return refuse("ERR-5007", "API-TIMESTAMP is invalid.");
  if (key !== options.credentials.apiKey) return refuse("ERR-5012", "Invalid API-KEY, IP, or permissions for action.");
  const { signatureWindowMs, timestampAheadCode } = machine.options;
  const skewMs = Number(timestamp) - options.authClock();
  if (Math.abs(skewMs) > signatureWindowMs)
    return skewMs > 0 === (timestampAheadCode === "ERR-5008")
      ? refuse("ERR-5008", "Timestamp for this request is too late.")
      : refuse("ERR-5009", "Timestamp for this request is too early.");
  // PUT and DELETE are signed without their body, GET has none; the query is never part of the signature.
  const body = request.method === "POST" ? (request.body ?? "") : "";
  const expected = createHmac("sha256", options.credentials.secret)
    .update(`${timestamp}${request.method}${request.path}${body}`)
    .digest("hex");
  return header("API-SIGN") === expected ? undefined : refuse("ERR-5010", "Signature for this request is not valid.");
};
