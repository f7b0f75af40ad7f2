// The owner with a phone, and everybody else: what they type, tap, reply and forward arrives at the bot as updates.
import { type FakeTelegram, OWNER_ID, type Shown } from "./server.ts";

export interface Who {
  readonly userId?: number;
  readonly chatId?: number;
  readonly chatType?: string;
}

export class Owner {
  #taps = 0;
  constructor(readonly telegram: FakeTelegram) {}

  /** Types a text, perhaps as a reply, perhaps forwarded from somewhere. Returns the update's id. */
  says(text: string, more: Who & { readonly replyTo?: Shown; readonly forwarded?: boolean } = {}): number {
    const messageId = this.telegram.takeMessageId();
    return this.telegram.push({
      message: {
        message_id: messageId,
        date: 0,
        text,
        ...this.#from(more),
        ...(more.replyTo ? { reply_to_message: { message_id: more.replyTo.messageId, date: 0 } } : {}),
        ...(more.forwarded ? { forward_origin: { type: "user", date: 0 }, forward_date: 0 } : {}),
      },
    });
  }
  /** Taps the button that says so; `data` is what an altered client would send in its place. */
  taps(message: Shown, button: string | RegExp, more: Who & { readonly data?: string } = {}): string {
    const found = message.keyboard?.inline_keyboard.flat().find((b) => b.text.match(button));
    if (!found && more.data === undefined)
      throw new Error(`no button ${String(button)} under:\n${message.text}\n${JSON.stringify(message.keyboard)}`);
    return this.tapsData(message.messageId, more.data ?? found?.callback_data ?? "", more);
  }
  /** What the button that says so sends, for a tap after it is gone. */
  dataOf(message: Shown, button: string | RegExp): string {
    const found = message.keyboard?.inline_keyboard.flat().find((b) => b.text.match(button));
    if (!found) throw new Error(`no button ${String(button)} under:\n${message.text}`);
    return found.callback_data;
  }
  /** A tap whose button may be gone from the screen by now (another device, an old screen). Returns the tap's id. */
  tapsData(messageId: number, data: string, more: Who = {}): string {
    this.#taps += 1;
    const tapId = `tap-${this.#taps}`;
    this.telegram.openTaps.add(tapId);
    const { from, chat } = this.#from(more);
    const shown = this.telegram.messages.find((m) => m.messageId === messageId);
    const photo = shown?.photo === undefined ? {} : { photo: [{ file_id: "x" }] };
    this.telegram.push({
      callback_query: {
        id: tapId,
        from,
        chat_instance: "1",
        data,
        message: { message_id: messageId, date: 0, chat, ...photo },
      },
    });
    return tapId;
  }
  notice(tapId: string): string | undefined {
    return this.telegram.notices.find((n) => n.tapId === tapId)?.text;
  }
  #from({ userId = OWNER_ID, chatId = OWNER_ID, chatType = "private" }: Who) {
    return {
      from: { id: userId, is_bot: false, first_name: "x" },
      chat: { id: chatId, type: chatType },
    };
  }
}
