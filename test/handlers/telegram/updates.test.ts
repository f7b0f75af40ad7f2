// Which updates are the owner's word: every way in which a message or a tap can come from somewhere else.
import { describe, expect, test } from "vitest";
import { readUpdate } from "../../../handlers/telegram/updates.ts";

const OWNERS = { chatId: 42, userIds: [42, 43] };
const FROM = { id: 42, is_bot: false, first_name: "x" };
const CHAT = { id: 42, type: "private" };
const BOT = { id: 9, is_bot: true, first_name: "another bot" };
const ORIGIN = { type: "user", date: 0, sender_user: FROM };

const message = (over: Record<string, unknown> = {}) => ({
  update_id: 7,
  message: { message_id: 1, date: 0, from: FROM, chat: CHAT, text: "/panic", ...over },
});
/** `under`: changes of the message that the button stands under. */
const tap = (over: Record<string, unknown> = {}, under: Record<string, unknown> = {}) => ({
  update_id: 7,
  callback_query: {
    id: "t",
    from: FROM,
    chat_instance: "1",
    data: "a|btc1|1",
    message: { message_id: 1, date: 0, chat: CHAT, from: BOT, ...under },
    ...over,
  },
});
const kindOf = (update: unknown): string => readUpdate(update, OWNERS).kind;

describe("truth 22: the owner's word", () => {
  test("is a text in the private chat, by each configured user", () => {
    expect(readUpdate(message(), OWNERS)).toEqual({
      kind: "text",
      updateId: 7,
      userId: 42,
      chatId: 42,
      messageId: 1,
      text: "/panic",
      replyTo: undefined,
    });
    expect(readUpdate(message({ from: { ...FROM, id: 43 } }), OWNERS)).toMatchObject({ kind: "text", userId: 43 });
  });
  test("is a tap under a message in the private chat, by each configured user", () => {
    expect(readUpdate(tap(), OWNERS)).toMatchObject({ kind: "tap", userId: 42, chatId: 42, data: "a|btc1|1" });
    expect(readUpdate(tap({ from: { ...FROM, id: 43 } }), OWNERS)).toMatchObject({ kind: "tap", userId: 43 });
  });

  test.each<[string, unknown, "stranger" | "other"]>([
    ["a text through an inline bot", message({ via_bot: BOT }), "other"],
    ["a text with the origin of a forward", message({ forward_origin: ORIGIN }), "other"],
    ["a text with the date of a forward alone", message({ forward_date: 0 }), "other"],
    ["a photo with a caption", message({ text: undefined, photo: [], caption: "/panic" }), "other"],
    ["a text by another user", message({ from: { ...FROM, id: 44 } }), "stranger"],
    ["a text by the owner in another private chat", message({ chat: { ...CHAT, id: 43 } }), "stranger"],
    ["a text by the owner in a group", message({ chat: { id: -42, type: "group" } }), "stranger"],
    ["a text in a group that has the chat's number", message({ chat: { ...CHAT, type: "supergroup" } }), "stranger"],
    ["a text without a sender", message({ from: undefined }), "other"],
    ["a text of a channel in the name of the chat", message({ from: undefined, sender_chat: CHAT }), "other"],
    ["an edited text", { update_id: 7, edited_message: message().message }, "other"],
    ["a post of a channel", { update_id: 7, channel_post: message().message }, "other"],
    ["an edited post of a channel", { update_id: 7, edited_channel_post: message().message }, "other"],
    ["a text of a business account", { update_id: 7, business_message: message().message }, "other"],
    ["an inline query", { update_id: 7, inline_query: { id: "1", from: FROM, query: "/panic", offset: "" } }, "other"],
    ["a tap by another user", tap({ from: { ...FROM, id: 44 } }), "stranger"],
    ["a tap in another private chat", tap({}, { chat: { ...CHAT, id: 43 } }), "stranger"],
    ["a tap in a group", tap({}, { chat: { ...CHAT, type: "group" } }), "stranger"],
    ["a tap under a forwarded message", tap({}, { forward_origin: ORIGIN }), "other"],
    ["a tap under a message with the date of a forward alone", tap({}, { forward_date: 0 }), "other"],
    ["a tap under a message that is gone", tap({ message: undefined }), "other"],
    ["a tap under a message sent through an inline bot", tap({}, { via_bot: BOT }), "other"],
    ["a tap under an inline message", tap({ message: undefined, inline_message_id: "i" }), "other"],
    [
      "a stranger's tap under a message that is gone",
      tap({ from: { ...FROM, id: 44 }, message: undefined }),
      "stranger",
    ],
  ])("is not %s", (_, update, kind) => {
    expect(kindOf(update)).toBe(kind);
  });

  test("an update with a text and a tap is judged by the tap's sender alone", () => {
    const both = { ...message(), ...tap({ from: { ...FROM, id: 44 } }) };
    expect(readUpdate(both, OWNERS)).toMatchObject({ kind: "stranger", userId: 44 });
    const other = { ...message({ from: { ...FROM, id: 44 } }), ...tap() };
    expect(readUpdate(other, OWNERS)).toMatchObject({ kind: "tap", userId: 42 });
  });
});
