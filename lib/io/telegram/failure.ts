// Failures between us and the Bot API, classified: did the request take effect, and who must act.

import { redact } from "../../core/redact.ts";

/**
 * `notSent`: certainly without effect (no connection). `noAnswer`: it may have taken effect (timeout, reset, 5xx, an
 * unreadable reply). `unauthorized`: the token is refused (401, 404). `conflict`: another program polls with this
 * token, or a webhook is set (409). `tooMany`: wait `retryAfterMs` (429). `blocked`: the chat does not accept our
 * messages (403, or the chat is not found). `refused`: this request is wrong (any other 4xx); without effect.
 */
type FailureKind = "notSent" | "noAnswer" | "unauthorized" | "conflict" | "tooMany" | "blocked" | "refused";

export class TelegramFailure extends Error {
  override readonly name = "TelegramFailure";
  constructor(
    readonly kind: FailureKind,
    /** "sendMessage: 400 Bad Request: chat not found". Without the token. */
    message: string,
    readonly retryAfterMs: number = 0,
  ) {
    super(redact(message));
  }
}

/** Upper limit of the wait after a 429; when the server wants longer, it answers 429 again. */
export const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

/** An error reply of the Bot API. */
export const refusalOf = (
  method: string,
  code: number,
  description: string,
  retryAfterSeconds = 0,
): TelegramFailure => {
  const text = `${method}: ${code} ${description}`;
  if (code === 401 || code === 404) return new TelegramFailure("unauthorized", text);
  if (code === 409) return new TelegramFailure("conflict", text);
  if (code === 429) return new TelegramFailure("tooMany", text, retryAfterMs(retryAfterSeconds));
  if (code === 403 || /chat not found|chat_id is empty|user is deactivated/i.test(description))
    return new TelegramFailure("blocked", text);
  if (code >= 500) return new TelegramFailure("noAnswer", text);
  return new TelegramFailure("refused", text);
};

const retryAfterMs = (seconds: number): number =>
  Number.isFinite(seconds) ? Math.min(Math.max(1, seconds) * 1_000, LONGEST_RETRY_AFTER_MS) : 1_000;

/** No reply of the Bot API at all. `notSent`: no connection was made, the server cannot have received the request. */
export const silenceOf = (method: string, what: string, notSent = false): TelegramFailure =>
  new TelegramFailure(notSent ? "notSent" : "noAnswer", `${method}: ${what}`);
