// A venue whose clock differs from the simulator's: every time in its replies and events is moved.
import type { TransportReply } from "../../lib/io/gmo/transport.ts";

const ISO = /"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z)"/g;

/** The same reply as a venue would write it whose clock is `ms` ahead; negative: behind. */
export const shifted = (reply: TransportReply, ms: number): TransportReply =>
  ms === 0
    ? reply
    : {
        ...reply,
        body: reply.body.replace(ISO, (_, at: string) => `"${new Date(Date.parse(at) + ms).toISOString()}"`),
      };

/** A signature is valid whatever the time in it: the moved clock is not the simulator's own. */
export const ANY_SIGNATURE_TIME = { signatureWindowMs: 365 * 86_400_000 } as const;
