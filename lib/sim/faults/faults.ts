// Applies faults to single requests. `before`: the venue never received the request. `after`: the venue executed and
// committed it and only the reply is lost or damaged, the case that every order must survive (GMO API 9). Effects are
// faults inside the venue itself. faultFile.ts reads the scripts.
import type { EpochMs } from "../../core/time.ts";
import { TransportError, type TransportFailure, type TransportReply } from "../../io/gmo/transport.ts";
import { refusalReply } from "../api/api.ts";
import { refuse } from "../engine/refusal.ts";
import type { Fault } from "./faultTypes.ts";

export { type FaultScript, parseFaults } from "./faultFile.ts";

/** How a reply is delivered. `delayMs` applies to the server only; in process there is no delay. */
export type Delivery =
  | { readonly kind: "reply"; readonly reply: TransportReply; readonly delayMs: number }
  | { readonly kind: "lost"; readonly failure: Extract<TransportFailure, "timeout" | "reset"> };

const page = (httpStatus: number): string =>
  `<html><head><title>${httpStatus}</title></head><body>${httpStatus}</body></html>`;

/** The delivery with the fault applied. `reply` is undefined when the venue never received the request. */
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
      // A late reply to a request that never arrived is a timeout, as in dropReply.
      return reply === undefined
        ? { kind: "lost", failure: "timeout" }
        : { kind: "reply", reply, delayMs: fault.ms ?? 0 };
    default:
      return fault.kind satisfies never;
  }
};

/** Delivers to a client in the same process. Throws TransportError for a lost reply. */
export const delivered = (delivery: Delivery): TransportReply => {
  if (delivery.kind === "reply") return delivery.reply;
  throw new TransportError(
    delivery.failure,
    delivery.failure === "timeout" ? "simulated fault: no reply" : "simulated fault: connection reset",
  );
};
