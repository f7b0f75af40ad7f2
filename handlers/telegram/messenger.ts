// Outbox messages as requests to the Bot API: plain text, the first line bold, nothing that could be taken for markup; and what each
// failure means for the message.
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
/** Longer and longer while a trouble lasts: a second at first, a minute at most. */
export const pauseMs = (troubleSinceMs: EpochMs | undefined, nowMs: EpochMs): number =>
  Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, nowMs - (troubleSinceMs ?? nowMs)));
/**
 * Nothing may be sent yet. A time further ahead than any pause was written by a clock that has been set back since: it holds up
 * nothing, least of all an alert.
 */
export const mustWait = (sendAfterMs: EpochMs, nowMs: EpochMs): boolean =>
  sendAfterMs > nowMs && sendAfterMs - nowMs <= LONGEST_RETRY_AFTER_MS;
/** What only a person can mend is tried again rarely. */
const BLOCKED_WAIT_MS = MINUTE_MS;
const UNAUTHORIZED_WAIT_MS = 5 * MINUTE_MS;

export interface MessengerParts {
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
        // Refused as it is: perhaps its picture, its bold line or its buttons were wrong. The words must arrive.
        if (e.kind !== "refused") return deliveryOf(e);
      }
    }
    return { kind: "refused", reason: failure?.message ?? "nothing to send" };
  },
});

interface Form extends ChatText {
  readonly photo?: Uint8Array | undefined;
}

/** A picture that twice got no answer may be what never gets one (a slow line, a proxy): the words must not wait for it. */
const MOST_PHOTO_TRIES = 2;

/** As it should be, then with less and less beside the words. */
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

/** The first line of what begins a message of several lines. */
export const boldUnits = (key: string, text: string): number =>
  /#\d+$/.test(key) ? 0 : Math.max(0, text.indexOf("\n")) && text.slice(0, text.indexOf("\n")).trimEnd().length;

const send = async ({ client, chatId }: MessengerParts, form: Form, signal: AbortSignal) => {
  const sent =
    form.photo === undefined
      ? await client.sendMessage(chatId, form, signal)
      : await client.sendPhoto(chatId, form.photo, form, signal);
  return { ...sent, isPhoto: form.photo !== undefined };
};

/** What a failure means for the message that met it. */
export const deliveryOf = (e: TelegramFailure): Delivery => {
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
