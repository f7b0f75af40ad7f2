// The only access to the Bot API. Of telegraf it uses only the client (`callApi`): the polling is ours, because
// telegraf's confirms updates before they are handled (docs/decisions/0009-dependencies.md). Every failure leaves as a
// TelegramFailure, without the token: the HTTP client's errors contain the whole address.
import { z } from "zod";
import { errorText } from "../../core/errors.ts";
import { redact } from "../../core/redact.ts";
import { SECOND_MS } from "../../core/time.ts";
import { CONNECT_TIMEOUT_MS, connectingAgent, neverConnected, type Resolve } from "../connect.ts";
import { refusalOf, silenceOf, TelegramFailure } from "./failure.ts";

interface ChatButton {
  readonly text: string;
  /** Returned with the tap; at most 64 bytes. */
  readonly data: string;
}
/** Plain text without any markup; the first `boldUnits` UTF-16 units are bold. */
export interface ChatText {
  readonly text: string;
  readonly boldUnits?: number | undefined;
  readonly buttons?: readonly (readonly ChatButton[])[] | undefined;
}
interface SentMessage {
  readonly chatId: number;
  readonly messageId: number;
}
interface BotCommand {
  readonly command: string;
  readonly description: string;
}

export interface TelegramClient {
  /** The number before the colon of the token. */
  readonly botId: number;
  getMe(signal?: AbortSignal): Promise<{ readonly id: number; readonly username: string }>;
  getChat(chatId: number, signal?: AbortSignal): Promise<{ readonly type: string }>;
  deleteWebhook(signal?: AbortSignal): Promise<void>;
  setMyCommands(commands: readonly BotCommand[], languageCode?: string, signal?: AbortSignal): Promise<void>;
  /** Long poll of up to `holdSeconds`. Confirms every update before `offset`. Updates are returned unparsed. */
  getUpdates(
    ask: { readonly offset?: number | undefined; readonly holdSeconds: number },
    signal?: AbortSignal,
  ): Promise<readonly unknown[]>;
  sendMessage(chatId: number, message: ChatText, signal?: AbortSignal): Promise<SentMessage>;
  sendPhoto(chatId: number, photo: Uint8Array, caption: ChatText, signal?: AbortSignal): Promise<SentMessage>;
  /** Edits text and buttons of our message. Resolves when it shows them, also when it did already. */
  editMessage(at: SentMessage & { readonly isPhoto: boolean }, message: ChatText, signal?: AbortSignal): Promise<void>;
  /** The short notice over the chat that ends the tap's loading state. At most 200 characters. */
  answerTap(
    tapId: string,
    notice: { readonly text: string; readonly alert?: boolean },
    signal?: AbortSignal,
  ): Promise<void>;
}

interface ClientOptions {
  readonly token: string;
  /** Without a trailing slash. */
  readonly apiUrl: string;
  /** Of each request, in addition to the long poll's hold time. Default 15 s. */
  readonly timeoutMs?: number;
  /** Default: the system's. */
  readonly resolve?: Resolve;
}

const Me = z.object({ id: z.int(), username: z.string() });
const Chat = z.object({ type: z.string() });
const Sent = z.object({ message_id: z.int(), chat: z.object({ id: z.int() }) });
const Updates = z.array(z.unknown());

const markup = (buttons: ChatText["buttons"]) => ({
  inline_keyboard: (buttons ?? []).map((row) => row.map(({ text, data }) => ({ text, callback_data: data }))),
});
/** Without what looks like a secret, whoever wrote the text: a chat is stored on servers that are not ours. */
const safe = <T extends ChatText>(message: T): T => {
  const text = redact(message.text);
  if (text === message.text) return message;
  const { boldUnits = 0 } = message;
  return { ...message, text, boldUnits: boldUnits > 0 ? Math.max(0, text.indexOf("\n")) : 0 };
};
const bold = ({ boldUnits }: ChatText) =>
  boldUnits === undefined || boldUnits === 0 ? [] : [{ type: "bold", offset: 0, length: boldUnits }];
const ours = (buttons: ChatText["buttons"]) =>
  buttons === undefined || buttons.length === 0 ? {} : { reply_markup: markup(buttons) };

/** telegraf takes half a second to load on a small machine: loaded only when there is a bot. */
export const createTelegramClient = async (options: ClientOptions): Promise<TelegramClient> => {
  const { Telegram, TelegramError } = await import("telegraf");
  const timeoutMs = options.timeoutMs ?? 15 * SECOND_MS;
  const telegram = new Telegram(options.token, { apiRoot: options.apiUrl, webhookReply: false });
  const agent = connectingAgent(options.apiUrl.startsWith("http://") ? "http:" : "https:", {
    // Earlier than the request's own end, so that what never connected is known as such.
    timeoutMs: Math.min(CONNECT_TIMEOUT_MS, 0.8 * timeoutMs),
    keepAlive: true,
    scheduling: "lifo",
    ...(options.resolve ? { resolve: options.resolve } : {}),
  });
  // Not by the constructor, which drops the agent of an address without TLS (telegraf 4.16.3, core/network/client.js).
  Object.assign(telegram.options, { agent });
  const without = (text: string): string => text.replaceAll(options.token, "[token]");

  /** One request; throws only TelegramFailure. `holdMs`: how long the server may hold the request on purpose. */
  const call = async <T>(
    method: string,
    payload: Readonly<Record<string, unknown>>,
    result: z.ZodType<T>,
    signal: AbortSignal | undefined,
    holdMs = 0,
  ): Promise<T> => {
    const giveUp = new AbortController();
    const onAbort = (): void => giveUp.abort();
    const timer = setTimeout(onAbort, timeoutMs + holdMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (signal?.aborted) giveUp.abort();
    let reply: unknown;
    try {
      reply = await (telegram.callApi as (m: string, p: object, o: object) => Promise<unknown>).call(
        telegram,
        method,
        { ...payload },
        { signal: giveUp.signal },
      );
    } catch (e) {
      // Without the error as a cause: printing it would print the address, and with it the token.
      if (e instanceof TelegramError)
        throw refusalOf(method, e.code, without(e.description ?? ""), e.parameters?.retry_after);
      if (giveUp.signal.aborted && !signal?.aborted)
        throw silenceOf(method, `no answer within ${(timeoutMs + holdMs) / SECOND_MS} s`);
      // "request to <address> failed, reason: socket hang up": only the reason is useful and safe.
      throw silenceOf(method, without(errorText(e)).replace(/^request to .* failed, reason: /, ""), neverConnected(e));
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
    const parsed = result.safeParse(reply);
    if (!parsed.success)
      throw silenceOf(method, `an answer of another shape: ${parsed.error.issues[0]?.message ?? "unknown"}`);
    return parsed.data;
  };
  const done = z.unknown().transform((): void => undefined);
  const sent = Sent.transform((m): SentMessage => ({ chatId: m.chat.id, messageId: m.message_id }));

  return {
    botId: Number(options.token.split(":")[0]),
    getMe: (signal) => call("getMe", {}, Me, signal),
    getChat: (chatId, signal) => call("getChat", { chat_id: chatId }, Chat, signal),
    deleteWebhook: (signal) => call("deleteWebhook", {}, done, signal),
    setMyCommands: (commands, languageCode, signal) =>
      call(
        "setMyCommands",
        { commands, scope: { type: "all_private_chats" }, ...(languageCode ? { language_code: languageCode } : {}) },
        done,
        signal,
      ),
    getUpdates: ({ offset, holdSeconds }, signal) =>
      call(
        "getUpdates",
        {
          ...(offset === undefined ? {} : { offset }),
          timeout: holdSeconds,
          limit: 50,
          // An edited message is ignored: the original text counts.
          allowed_updates: ["message", "callback_query"],
        },
        Updates,
        signal,
        holdSeconds * SECOND_MS,
      ),
    sendMessage(chatId, given, signal) {
      const message = safe(given);
      return call(
        "sendMessage",
        {
          chat_id: chatId,
          text: message.text,
          entities: bold(message),
          link_preview_options: { is_disabled: true },
          ...ours(message.buttons),
        },
        sent,
        signal,
      );
    },
    sendPhoto(chatId, photo, given, signal) {
      const caption = safe(given);
      return call(
        "sendPhoto",
        {
          chat_id: chatId,
          photo: { source: Buffer.from(photo), filename: "chart.png" },
          caption: caption.text,
          caption_entities: bold(caption),
          ...ours(caption.buttons),
        },
        sent,
        signal,
      );
    },
    async editMessage(at, given, signal) {
      const message = safe(given);
      const where = { chat_id: at.chatId, message_id: at.messageId, reply_markup: markup(message.buttons) };
      const what = at.isPhoto
        ? (["editMessageCaption", { caption: message.text, caption_entities: bold(message) }] as const)
        : ([
            "editMessageText",
            { text: message.text, entities: bold(message), link_preview_options: { is_disabled: true } },
          ] as const);
      try {
        await call(what[0], { ...where, ...what[1] }, done, signal);
      } catch (e) {
        if (e instanceof TelegramFailure && /message is not modified/i.test(e.message)) return;
        throw e;
      }
    },
    answerTap: (tapId, { text, alert }, signal) =>
      call(
        "answerCallbackQuery",
        { callback_query_id: tapId, text: redact(text), show_alert: alert === true },
        done,
        signal,
      ),
  };
};
