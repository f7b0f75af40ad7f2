// Reads a raw reply: success, an explicit refusal with a code, or garbage (5xx, HTML, cut JSON). HTTP 200 is not
// success and a missing `data` is never an empty list (GMO API 1.1, 14.1).

import type { Credentials } from "./sign.ts";
import type { TransportReply } from "./transport.ts";
import { Envelope } from "./wire.ts";

export type ReadReply =
  | { readonly kind: "ok"; readonly data: unknown }
  | { readonly kind: "refused"; readonly code: string; readonly text: string }
  /** Nobody knows what the venue did. */
  | { readonly kind: "garbled"; readonly reason: string };

export const readReply = (reply: TransportReply): ReadReply => {
  if (reply.httpStatus >= 500) return { kind: "garbled", reason: `HTTP ${reply.httpStatus}` };
  let json: unknown;
  try {
    json = JSON.parse(reply.body);
  } catch {
    const what = /^\s*</.test(reply.body) ? "an HTML page" : reply.body === "" ? "an empty body" : "cut or broken JSON";
    return { kind: "garbled", reason: `HTTP ${reply.httpStatus} with ${what}` };
  }
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) return { kind: "garbled", reason: `HTTP ${reply.httpStatus} with JSON that is no envelope` };
  const { status, data, messages } = envelope.data;
  if (status === 0) return { kind: "ok", data };
  const first = messages?.[0];
  return first
    ? { kind: "refused", code: first.message_code, text: first.message_string ?? "" }
    : { kind: "garbled", reason: `status ${status} without a message code` };
};

const KEEP_CHARS = 2_000;
/** The body as evidence: secrets and anything shaped like a token removed, cut to 2,000 characters. */
export const redactBody = (body: string, credentials?: Credentials): string => {
  let text = body;
  for (const secret of credentials ? [credentials.apiKey, credentials.secret] : [])
    if (secret !== "") text = text.replaceAll(secret, "[redacted]");
  text = text.replace(/[A-Za-z0-9+/_-]{32,}/g, "[redacted]");
  return text.length > KEEP_CHARS ? `${text.slice(0, KEEP_CHARS)}… (${text.length} characters)` : text;
};
