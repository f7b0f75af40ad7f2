// Sends outbox messages through the Bot API: plain text, the first line bold, no markup parsing; and maps each failure
// to the delivery's result.
import { CAPTION_LIMIT, fitText, MESSAGE_LIMIT } from "../../lib/core/messageText.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import { type EpochMs, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import type { ChatText, TelegramClient } from "../../lib/io/telegram/client.ts";
import { LONGEST_RETRY_AFTER_MS, TelegramFailure } from "../../lib/io/telegram/failure.ts";
import type { Delivery, Messenger, OutgoingMessage } from "../context.ts";
import { troubleText } from "./health.ts";

const SHORTEST_PAUSE_MS = SECOND_MS;
const LONGEST_PAUSE_MS = MINUTE_MS;
/** Pause that grows while a failure lasts: from one second to one minute. */
export const pauseMs = (troubleSinceMs: EpochMs | undefined, nowMs: EpochMs): number =>
  Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, nowMs - (troubleSinceMs ?? nowMs)));
/**
 * True while nothing may be sent yet. A time further ahead than any pause was written before the clock was set back and
 * is ignored, so that it delays no alert.
 */
export const mustWait = (sendAfterMs: EpochMs, nowMs: EpochMs): boolean =>
  sendAfterMs > nowMs && sendAfterMs - nowMs <= LONGEST_RETRY_AFTER_MS;
/** A failure that only a person can fix is retried rarely. */
const BLOCKED_WAIT_MS = MINUTE_MS;
const UNAUTHORIZED_WAIT_MS = 5 * MINUTE_MS;

interface MessengerParts {
  readonly client: TelegramClient;
  readonly chatId: number;
  readonly locale: Locale;
}

export const telegramMessenger = (parts: MessengerParts): Messenger => ({
  async deliver(message, signal): Promise<Delivery> {
    let failure: TelegramFailure | undefined;
    for (const form of formsOf(message, parts.locale)) {
      try {
        return { kind: "delivered", at: await send(parts, form, signal) };
      } catch (e) {
        if (!(e instanceof TelegramFailure)) throw e;
        failure = e;
        // Refused in this form: the picture, the bold line or the buttons may be the cause. The text must be delivered.
        if (e.kind !== "refused") return deliveryOf(e);
      }
    }
    return { kind: "refused", reason: failure?.message ?? "nothing to send" };
  },
});

interface Form extends ChatText {
  readonly photo?: Uint8Array | undefined;
}

/** A picture that twice got no response may never get one (a slow line, a proxy): the text must not wait for it. */
const MOST_PHOTO_TRIES = 2;

/** The full message first, then variants with fewer parts beside the text. */
const formsOf = (message: OutgoingMessage, locale: Locale): readonly Form[] => {
  const { buttons, again = false, attempts = 0 } = message;
  const photo = again && attempts >= MOST_PHOTO_TRIES ? undefined : message.photo;
  const limit = photo === undefined ? MESSAGE_LIMIT : CAPTION_LIMIT;
  const words = again ? `${textsOf(locale).card.again} ${message.text}` : message.text;
  const text = fitText(words, limit);
  const plain = { text: fitText(words, MESSAGE_LIMIT) };
  const full: Form = { text, boldUnits: boldUnits(message.key, text), buttons, photo };
  return [full, ...(photo === undefined ? [] : [{ ...plain, buttons }]), plain];
};

/** The entity that makes the first line of a multi-line message bold. */
export const boldUnits = (key: string, text: string): number =>
  /#\d+$/.test(key) ? 0 : Math.max(0, text.indexOf("\n")) && text.slice(0, text.indexOf("\n")).trimEnd().length;

const send = async ({ client, chatId }: MessengerParts, form: Form, signal: AbortSignal) => {
  const sent =
    form.photo === undefined
      ? await client.sendMessage(chatId, form, signal)
      : await client.sendPhoto(chatId, form.photo, form, signal);
  return { ...sent, isPhoto: form.photo !== undefined };
};

/** The delivery's result for a failure. */
const deliveryOf = (e: TelegramFailure): Delivery => {
  const reason = e.kind === "refused" || e.kind === "tooMany" ? e.message : troubleText(e);
  switch (e.kind) {
    case "notSent":
    case "conflict":
      return { kind: "later", arrived: "no", reason, trouble: true };
    case "noAnswer":
      return { kind: "later", arrived: "maybe", reason, trouble: true };
    case "tooMany":
      return { kind: "later", arrived: "no", reason, waitMs: e.retryAfterMs, trouble: false };
    case "unauthorized":
      return { kind: "later", arrived: "no", reason, waitMs: UNAUTHORIZED_WAIT_MS, trouble: true };
    case "blocked":
      return { kind: "later", arrived: "no", reason, waitMs: BLOCKED_WAIT_MS, trouble: true };
    case "refused":
      return { kind: "refused", reason };
    default:
      return e.kind satisfies never;
  }
};
