// A small Bot API on loopback: the methods this project uses, with the real limits and refusals, a held getUpdates for
// one poller at a time, and failures on demand. It records every call and keeps the chat as the owner's phone would
// show it.
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Payload, readPayload } from "./multipart.ts";
import { bad, checkCommands, checkKeyboard, checkText, type Keyboard, Refusal } from "./rules.ts";

export const TOKEN = "123456789:AAE-test_token_of_no_bot_abcdefghijk";
export const OWNER_ID = 42;

export interface Call {
  readonly method: string;
  readonly payload: Payload;
}
/** What the phone shows. */
export interface Shown {
  readonly messageId: number;
  readonly chatId: number;
  text: string;
  readonly photo: Uint8Array | undefined;
  bold: string;
  keyboard: Keyboard | undefined;
  edits: number;
}
/**
 * `lost`: the request has its effect, the answer never comes (reset). `hang`: neither effect nor answer, for as long as
 * the client waits.
 */
export type Fault =
  | { readonly kind: "error"; readonly code: number; readonly description: string; readonly retryAfterSeconds?: number }
  | { readonly kind: "html"; readonly status: number }
  | { readonly kind: "reset" }
  | { readonly kind: "lost" }
  | { readonly kind: "hang" };
export interface Update {
  readonly update_id: number;
  readonly [kind: string]: unknown;
}

interface Poller {
  readonly respond: (updates: readonly Update[]) => void;
  readonly refuse: (refusal: Refusal) => void;
}

export class FakeTelegram {
  readonly calls: Call[] = [];
  readonly messages: Shown[] = [];
  /** Notices that taps got, in order. */
  readonly notices: { readonly tapId: string; readonly text: string; readonly alert: boolean }[] = [];
  /** Taps that still wait for their notice. */
  readonly openTaps = new Set<string>();
  commands: Record<string, readonly { command: string; description: string }[]> = {};
  /** Asked before each call has any effect; the first one that says something decides. */
  fault: ((call: Call) => Fault | undefined) | undefined;
  /** Every batch of updates is handed out once more. */
  duplicates = false;
  blocked = false;
  webhook = false;
  token = TOKEN;
  #updates: Update[] = [];
  #confirmed: readonly Update[] = [];
  #nextUpdateId = 700_000_001;
  #nextMessageId = 1_000;
  #poller: Poller | undefined;
  #server: Server;
  #hanging = new Set<ServerResponse>();

  private constructor(readonly chatIds: readonly number[]) {
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }
  static async start(chatIds: readonly number[] = [OWNER_ID]): Promise<FakeTelegram> {
    const fake = new FakeTelegram(chatIds);
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }
  /** For TELEGRAM_API_URL. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  get settings(): Record<string, string> {
    return { TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_CHAT_ID: String(OWNER_ID), TELEGRAM_API_URL: this.url };
  }
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
  callsOf(method: string): readonly Payload[] {
    return this.calls.filter((c) => c.method === method).map((c) => c.payload);
  }
  get texts(): readonly string[] {
    return this.messages.map((m) => m.text);
  }
  /** The newest message that says so. */
  message(pattern: RegExp): Shown {
    const found = this.messages.findLast((m) => pattern.test(m.text));
    if (!found) throw new Error(`no message like ${pattern} among:\n${this.texts.join("\n---\n")}`);
    return found;
  }
  /** Hands an update to the bot, now or at its next getUpdates. */
  push(update: Readonly<Record<string, unknown>>): number {
    const id = this.#nextUpdateId++;
    this.#updates.push({ update_id: id, ...update });
    this.#serve();
    return id;
  }
  /** Update ids begin anew somewhere else, as after a week without any. */
  jumpTo(updateId: number): void {
    this.#nextUpdateId = updateId;
  }
  get unconfirmed(): readonly number[] {
    return this.#updates.map((u) => u.update_id);
  }
  /** Another bot counts the messages of the chat anew. */
  numberMessagesFrom(messageId: number): void {
    this.#nextMessageId = messageId;
  }
  takeMessageId(): number {
    return this.#nextMessageId++;
  }

  async #handle(request: Parameters<typeof readPayload>[0], response: ServerResponse): Promise<void> {
    const [, token, method = ""] = /^\/bot([^/]+)\/(\w+)$/.exec(request.url ?? "") ?? [];
    const payload = await readPayload(request);
    const call = { method, payload };
    this.calls.push(call);
    const fault = this.fault?.(call);
    try {
      if (token !== this.token) throw new Refusal(401, "Unauthorized");
      if (fault && fault.kind !== "lost") return this.#fail(fault, response);
      if (method === "getUpdates") return this.#poll(payload, response);
      const result = this.#act(method, payload);
      if (fault) return void response.destroy();
      this.#reply(response, 200, { ok: true, result });
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      this.#refuse(response, e);
    }
  }
  #fail(fault: Exclude<Fault, { kind: "lost" }>, response: ServerResponse): void {
    switch (fault.kind) {
      case "error":
        throw new Refusal(fault.code, fault.description, fault.retryAfterSeconds);
      case "html":
        return void response.writeHead(fault.status, { "content-type": "text/html" }).end("<html>a gateway</html>");
      case "reset":
        return void response.destroy();
      case "hang":
        this.#hanging.add(response);
        return;
    }
  }
  #reply(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }
  #refuse(response: ServerResponse, { code, description, retryAfterSeconds }: Refusal): void {
    const parameters = retryAfterSeconds === undefined ? {} : { parameters: { retry_after: retryAfterSeconds } };
    this.#reply(response, code, { ok: false, error_code: code, description, ...parameters });
  }

  #poll(payload: Payload, response: ServerResponse): void {
    if (this.webhook)
      throw new Refusal(
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
      );
    this.#poller?.refuse(
      new Refusal(
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
      ),
    );
    this.#poller = undefined;
    const offset = payload["offset"] as number | undefined;
    if (offset !== undefined) {
      this.#confirmed = this.#updates.filter((u) => u.update_id < offset);
      this.#updates = this.#updates.filter((u) => u.update_id >= offset);
    }
    const again = this.duplicates ? this.#confirmed : [];
    this.#confirmed = [];
    let timer: NodeJS.Timeout | undefined;
    const end = (send: () => void): void => {
      clearTimeout(timer);
      if (this.#poller === poller) this.#poller = undefined;
      if (!response.destroyed) send();
    };
    const poller: Poller = {
      respond: (updates) => end(() => this.#reply(response, 200, { ok: true, result: updates })),
      refuse: (refusal) => end(() => this.#refuse(response, refusal)),
    };
    this.#poller = poller;
    // A poller that has gone away waits for nothing.
    response.on("close", () => end(() => {}));
    if (again.length > 0 || this.#updates.length > 0) {
      poller.respond([...again, ...this.#updates]);
      return;
    }
    const holdMs = Number(payload["timeout"] ?? 0) * 1_000;
    timer = setTimeout(() => poller.respond([]), holdMs);
  }
  #serve(): void {
    if (this.#updates.length > 0) this.#poller?.respond(this.#updates);
  }

  #act(method: string, payload: Payload): unknown {
    switch (method) {
      case "getMe":
        return { id: Number(TOKEN.split(":")[0]), is_bot: true, first_name: "test", username: "test_bot" };
      case "deleteWebhook":
        this.webhook = false;
        return true;
      case "getChat":
        this.#mustReach(payload);
        return { id: payload["chat_id"], type: "private" };
      case "setMyCommands":
        checkCommands(payload);
        this.commands[String(payload["language_code"] ?? "")] = payload["commands"] as [];
        return true;
      case "sendMessage":
        return this.#show(payload, checkText(payload, "text", 4_096), undefined, "entities");
      case "sendPhoto": {
        const { photo } = payload;
        if (!(photo instanceof Uint8Array) || photo.length === 0) throw bad("there is no photo in the request");
        return this.#show(payload, checkText(payload, "caption", 1_024), photo, "caption_entities");
      }
      case "editMessageText":
        return this.#edit(payload, checkText(payload, "text", 4_096), false);
      case "editMessageCaption":
        return this.#edit(payload, checkText(payload, "caption", 1_024), true);
      case "answerCallbackQuery": {
        const tapId = String(payload["callback_query_id"]);
        const text = String(payload["text"] ?? "");
        if (text.length > 200) throw bad("MESSAGE_TOO_LONG");
        if (!this.openTaps.delete(tapId))
          throw bad("query is too old and response timeout expired or query ID is invalid");
        this.notices.push({ tapId, text, alert: payload["show_alert"] === true });
        return true;
      }
      default:
        throw new Refusal(404, "Not Found");
    }
  }
  #mustReach(payload: Payload): number {
    const chatId = payload["chat_id"];
    if (this.blocked) throw new Refusal(403, "Forbidden: bot was blocked by the user");
    if (typeof chatId !== "number" || !this.chatIds.includes(chatId)) throw bad("chat not found");
    return chatId;
  }
  #boldOf(payload: Payload, text: string, field: string): string {
    const entities = (payload[field] ?? []) as { type: string; offset: number; length: number }[];
    return entities
      .filter((e) => e.type === "bold")
      .map((e) => text.slice(e.offset, e.offset + e.length))
      .join("");
  }
  #show(payload: Payload, text: string, photo: Uint8Array | undefined, entities: string): unknown {
    const chatId = this.#mustReach(payload);
    const keyboard = checkKeyboard(payload);
    const messageId = this.takeMessageId();
    this.messages.push({
      messageId,
      chatId,
      text,
      photo,
      keyboard,
      bold: this.#boldOf(payload, text, entities),
      edits: 0,
    });
    return { message_id: messageId, chat: { id: chatId, type: "private" }, date: 0 };
  }
  #edit(payload: Payload, text: string, photo: boolean): unknown {
    const chatId = this.#mustReach(payload);
    const message = this.messages.find((m) => m.chatId === chatId && m.messageId === payload["message_id"]);
    if (!message) throw bad("message to edit not found");
    if ((message.photo !== undefined) !== photo)
      throw bad(photo ? "there is no caption in the message to edit" : "there is no text in the message to edit");
    const keyboard = checkKeyboard(payload);
    if (message.text === text && JSON.stringify(message.keyboard) === JSON.stringify(keyboard))
      throw bad(
        "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
      );
    message.text = text;
    message.keyboard = keyboard;
    message.bold = this.#boldOf(payload, text, photo ? "caption_entities" : "entities");
    message.edits += 1;
    return { message_id: message.messageId, chat: { id: chatId, type: "private" }, date: 0 };
  }
}
