// Reads a raw reply: success, an explicit refusal with a code, or garbage (5xx, HTML, cut JSON). HTTP 200 is not
// success and a missing `data` is never an empty list (GMO API 1.1, 14.1).
import type { z } from "zod";
import { redact } from "../../core/redact.ts";
import type { EpochMs } from "../../core/time.ts";
import { Instant } from "./codecs.ts";
import { isMaintenance } from "./errorCodes.ts";
import type { Credentials } from "./sign.ts";
import type { TransportReply } from "./transport.ts";
import { Envelope } from "./wire.ts";

export type ReadReply =
  | { readonly kind: "ok"; readonly data: unknown; readonly venueMs?: EpochMs; readonly remark?: string }
  | { readonly kind: "refused"; readonly code: string; readonly text: string; readonly venueMs?: EpochMs }
  /**
   * The effect is unknown. `closedCode`: a gateway's failure that carries the venue's code for "closed" (ERR-5201,
   * ERR-5202): enough to know the venue's state, not enough to say that a write was not executed (GMO API 11).
   */
  | { readonly kind: "garbled"; readonly reason: string; readonly closedCode?: string; readonly venueMs?: undefined };

/** `venueMs` is the venue's clock when it replied, where the reply has it. */
export const readReply = (reply: TransportReply): ReadReply => {
  const read = readEnvelope(reply.body);
  // Refusals come with 200, 404, or a gateway's 4xx (GMO API 1.3); any other status is not the venue's reply.
  if (reply.httpStatus >= 500 || (reply.httpStatus >= 300 && reply.httpStatus < 400)) {
    const closed = read.kind === "refused" && isMaintenance(read.code) ? { closedCode: read.code } : {};
    return { kind: "garbled", reason: `HTTP ${reply.httpStatus}`, ...closed };
  }
  if (read.kind === "garbled") return { kind: "garbled", reason: `HTTP ${reply.httpStatus} with ${read.reason}` };
  // Success is always 200; a gateway's own reply must not pass for the venue's.
  if (read.kind === "ok" && (reply.httpStatus < 200 || reply.httpStatus > 299))
    return { kind: "garbled", reason: `HTTP ${reply.httpStatus} with a success inside` };
  return read;
};

/** The body alone, without a leading byte order mark. */
export const readEnvelope = (body: string): ReadReply => {
  const text = body.replace(/^\uFEFF/, "");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    const what = /^\s*</.test(text) ? "an HTML page" : text.trim() === "" ? "an empty body" : "cut or broken JSON";
    return { kind: "garbled", reason: what };
  }
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) return { kind: "garbled", reason: "JSON that is no envelope" };
  const { status, data, messages: first, responsetime } = envelope.data;
  const time = Instant.safeParse(responsetime);
  const venue = time.success ? { venueMs: time.data } : {};
  if (status === 0) {
    // `status` alone decides (GMO API 0.1); a message beside a success is logged.
    const remark = first ? { remark: `status 0 with the message ${first.message_code}` } : {};
    return { kind: "ok", data, ...venue, ...remark };
  }
  return first
    ? { kind: "refused", code: first.message_code, text: first.message_string ?? "", ...venue }
    : { kind: "garbled", reason: `status ${status} without a message code` };
};

const KEEP_CHARS = 2_000;
/** The body as evidence: secrets and anything shaped like a token removed, cut to 2,000 characters. */
export const redactBody = (body: string, credentials?: Credentials): string => {
  let text = redact(body);
  for (const secret of credentials ? [credentials.apiKey, credentials.secret] : [])
    if (secret !== "") text = text.replaceAll(secret, "[redacted]");
  text = text.replace(/("(?:token|accessToken|apiKey|api-key|secret|sign)"\s*:\s*")[^"]*/gi, "$1[redacted]");
  text = text.replace(/[A-Za-z0-9+/_-]{32,}/g, "[redacted]");
  return text.length > KEEP_CHARS ? `${text.slice(0, KEEP_CHARS)}… (${text.length} characters)` : text;
};
/** The reply to a request for an access token holds nothing but the token: none of it is kept. */
export const evidenceOf = (path: string, body: string, credentials?: Credentials): string =>
  path === "/v1/ws-auth" && !/"message_code"/.test(body)
    ? `[${body.length} characters that may hold an access token]`
    : redactBody(body, credentials);

/** The first problem in `data`, and where. */
export const issueText = (error: z.ZodError): string => {
  const issue = error.issues[0]!;
  return `${issue.message} at data${issue.path.map((key) => `.${String(key)}`).join("")}`;
};
