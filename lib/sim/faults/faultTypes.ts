// Types of the faults of one request at the simulated venue, shared by the scripts (faultFile.ts) and their effects
// (faults.ts).
import type { EpochMs } from "../../core/time.ts";
import type { TransportReply } from "../../io/gmo/transport.ts";
import type { ApiRequest } from "../api/api.ts";
import type { Effects } from "../engine/exchange.ts";

export type FaultPhase = "before" | "after";
export interface Fault {
  /**
   * dropReply: no reply (timeout). reset: the connection is reset. httpError: HTTP `httpStatus`. html: HTTP 200 with a
   * page. truncate: the first half of the reply. error: an envelope with `code`. late: the reply is delayed by `ms`.
   */
  readonly kind: "dropReply" | "reset" | "httpError" | "html" | "truncate" | "error" | "late";
  /** Only for `error`; default ERR-554. */
  readonly code?: string;
  /** Only for `httpError`; default 502. */
  readonly httpStatus?: number;
  /** Only for `late`: delay of the reply, milliseconds; default 0. */
  readonly ms?: number;
}
/**
 * Called twice per request, first with "before"; undefined = no fault. `effects` is called between the two when the
 * request reaches the venue.
 */
export interface Faults {
  (request: ApiRequest, phase: FaultPhase, nowMs: EpochMs): Fault | undefined;
  readonly effects?: () => Effects | undefined;
  /** Called with each reply: the same, or an older one in its place. */
  readonly recall?: (request: ApiRequest, reply: TransportReply, nowMs: EpochMs) => TransportReply;
}
