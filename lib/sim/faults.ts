// Faults on the way to and from the simulated venue. `before`: the venue never saw the request. `after`: it answered, and
// has committed; what is lost is the answer. The second is the case every order must survive (GMO API 9).

import type { EpochMs } from "../core/time.ts";
import { TransportError, type TransportReply } from "../io/gmo/transport.ts";
import { type ApiRequest, refusalReply } from "./api.ts";
import { refuse } from "./orderRules.ts";

export type FaultPhase = "before" | "after";
export interface Fault {
  /**
   * dropReply: nothing comes back (timeout). reset: the connection breaks. httpError: HTTP 502. html: HTTP 200 with a page.
   * truncate: the answer is cut in the middle. error: an envelope with `code`.
   */
  readonly kind: "dropReply" | "reset" | "httpError" | "html" | "truncate" | "error";
  /** Only for `error`; default ERR-554. */
  readonly code?: string;
}
/** Asked twice per request; undefined = no fault. */
export type Faults = (request: ApiRequest, phase: FaultPhase) => Fault | undefined;

const PAGE = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>";

/** What the client gets instead. Throws TransportError for a lost reply. */
export const faultyReply = (fault: Fault, reply: TransportReply | undefined, nowMs: EpochMs): TransportReply => {
  switch (fault.kind) {
    case "dropReply":
      throw new TransportError("timeout", "simulated fault: no reply");
    case "reset":
      throw new TransportError("reset", "simulated fault: connection reset");
    case "httpError":
      return { httpStatus: 502, body: PAGE };
    case "html":
      return { httpStatus: 200, body: PAGE };
    case "truncate": {
      const body = reply?.body ?? `{"status":0,"responsetime":"`;
      return { httpStatus: 200, body: body.slice(0, Math.floor(body.length / 2)) };
    }
    case "error":
      return refusalReply(refuse(fault.code ?? "ERR-554", "simulated fault"), nowMs);
    default:
      return fault.kind satisfies never;
  }
};
