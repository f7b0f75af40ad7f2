// What may go wrong with one request at the simulated venue, as types: scripts (faultFile.ts) and their effects (faults.ts) share them.
import type { EpochMs } from "../../core/time.ts";
import type { ApiRequest } from "../api/api.ts";
import type { Effects } from "../engine/exchange.ts";

export type FaultPhase = "before" | "after";
export interface Fault {
  /**
   * dropReply: nothing comes back (timeout). reset: the connection breaks. httpError: HTTP `httpStatus`. html: HTTP 200 with a
   * page. truncate: the answer is cut in the middle. error: an envelope with `code`. late: the answer comes after `ms`.
   */
  readonly kind: "dropReply" | "reset" | "httpError" | "html" | "truncate" | "error" | "late";
  /** Only for `error`; default ERR-554. */
  readonly code?: string;
  /** Only for `httpError`; default 502. */
  readonly httpStatus?: number;
  /** Only for `late`: how long the answer takes, milliseconds; default 0. */
  readonly ms?: number;
}
/**
 * Asked twice per request, "before" first; undefined = no fault. `effects` is asked between the two, of a request that
 * arrives.
 */
export interface Faults {
  (request: ApiRequest, phase: FaultPhase, nowMs: EpochMs): Fault | undefined;
  readonly effects?: () => Effects | undefined;
}
