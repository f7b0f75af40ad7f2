// What the Bot API refuses, in its own words (Bot API, limits of sendMessage, sendPhoto, InlineKeyboardButton,
// setMyCommands).
import type { Payload } from "./multipart.ts";

export class Refusal extends Error {
  constructor(
    readonly code: number,
    readonly description: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(description);
  }
}
export const bad = (description: string): Refusal => new Refusal(400, `Bad Request: ${description}`);

interface Entity {
  readonly type: string;
  readonly offset: number;
  readonly length: number;
}
export interface Keyboard {
  readonly inline_keyboard: readonly (readonly { readonly text: string; readonly callback_data: string }[])[];
}

const halfCharacter = (text: string): boolean =>
  /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);

export const checkText = (payload: Payload, field: "text" | "caption", limit: number): string => {
  const text = payload[field];
  if (typeof text !== "string" || text.trim() === "") {
    if (field === "caption" && (text === undefined || text === "")) return "";
    throw bad("message text is empty");
  }
  if (payload["parse_mode"] !== undefined) throw new Error("this project sends no markup");
  if (halfCharacter(text)) throw bad("strings must be encoded in UTF-8");
  if (text.length > limit) throw bad(field === "text" ? "message is too long" : "message caption is too long");
  for (const e of (payload[field === "text" ? "entities" : "caption_entities"] ?? []) as Entity[]) {
    const end = e.offset + e.length;
    if (e.length < 1 || e.offset < 0 || end > text.length || halfCharacter(text.slice(e.offset, end)))
      throw bad(`can't parse entities: entity ${e.type} ${e.offset}+${e.length} does not fit the text`);
  }
  return text;
};

export const checkKeyboard = (payload: Payload): Keyboard | undefined => {
  const keyboard = payload["reply_markup"] as Keyboard | undefined;
  if (keyboard === undefined || keyboard.inline_keyboard.length === 0) return undefined;
  for (const button of keyboard.inline_keyboard.flat()) {
    if (button.text === "") throw bad("Text buttons are unallowed in the inline keyboard");
    const bytes = Buffer.byteLength(button.callback_data);
    if (bytes < 1 || bytes > 64) throw bad("BUTTON_DATA_INVALID");
  }
  return keyboard;
};

export const checkCommands = (payload: Payload): void => {
  const commands = payload["commands"] as { command: string; description: string }[];
  if (commands.length > 100) throw bad("BOT_COMMANDS_TOO_MUCH");
  for (const { command, description } of commands) {
    if (!/^[a-z0-9_]{1,32}$/.test(command)) throw bad("BOT_COMMAND_INVALID");
    if (description.length < 1 || description.length > 256) throw bad("BOT_COMMAND_DESCRIPTION_INVALID");
  }
};
