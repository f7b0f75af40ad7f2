// Faults of single requests. On the way there (`before`): the venue never saw the request. On the way back (`after`): it
// answered, and has committed; what is lost is the answer, the case every order must survive (GMO API 9). Effects are faults
// that only the venue itself can commit. Scripts of them are faultFile.ts's.

import type { EpochMs } from "../../core/time.ts";
import { TransportError, type TransportFailure, type TransportReply } from "../../io/gmo/transport.ts";
import { refusalReply } from "../api/api.ts";
import { refuse } from "../engine/refusal.ts";
import type { Fault } from "./faultTypes.ts";

export { type FaultScript, parseFaults } from "./faultFile.ts";

/** What becomes of an answer. `delayMs` is for the wire: in process an answer takes no time. */
export type Delivery =
  | { readonly kind: "reply"; readonly reply: TransportReply; readonly delayMs: number }
  | { readonly kind: "lost"; readonly failure: Extract<TransportFailure, "timeout" | "reset"> };

export const page = (httpStatus: number): string =>
  `<html><head><title>${httpStatus}</title></head><body>${httpStatus}</body></html>`;

/** What the client gets instead. `reply` is undefined when the venue never saw the request. */
export const applyFault = (fault: Fault, reply: TransportReply | undefined, nowMs: EpochMs): Delivery => {
  const instead = (httpStatus: number, body: string): Delivery => ({
    kind: "reply",
    reply: { httpStatus, body },
    delayMs: 0,
  });
  switch (fault.kind) {
    case "dropReply":
      return { kind: "lost", failure: "timeout" };
    case "reset":
      return { kind: "lost", failure: "reset" };
    case "httpError":
      return instead(fault.httpStatus ?? 502, page(fault.httpStatus ?? 502));
    case "html":
      return instead(200, page(502));
    case "truncate": {
      const body = reply?.body ?? `{"status":0,"responsetime":"`;
      return instead(200, body.slice(0, Math.floor(body.length / 2)));
    }
    case "error":
      return {
        kind: "reply",
        reply: refusalReply(refuse(fault.code ?? "ERR-554", "simulated fault"), nowMs, { maintenanceHttpStatus: 200 }),
        delayMs: 0,
      };
    case "late":
      // Late and never arrived would be a timeout: that is dropReply.
      return reply === undefined
        ? { kind: "lost", failure: "timeout" }
        : { kind: "reply", reply, delayMs: fault.ms ?? 0 };
    default:
      return fault.kind satisfies never;
  }
};

/** The delivery of a client in the same process. Throws TransportError for a lost reply. */
export const delivered = (delivery: Delivery): TransportReply => {
  if (delivery.kind === "reply") return delivery.reply;
  throw new TransportError(
    delivery.failure,
    delivery.failure === "timeout" ? "simulated fault: no reply" : "simulated fault: connection reset",
  );
};
