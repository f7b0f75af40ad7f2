// Decodes Telegram updates into what the owner can do: tap, type, reply. Authorised are only the configured users in
// the configured private chat. A forwarded message, one sent through another bot, or one from another chat is not an
// input of the owner.
import { z } from "zod";

const From = z.object({ id: z.int() });
const Chat = z.object({ id: z.int(), type: z.string() });
const Message = z.object({
  message_id: z.int(),
  from: From.optional(),
  chat: Chat,
  text: z.string().optional(),
  reply_to_message: z.object({ message_id: z.int() }).optional(),
  forward_origin: z.unknown().optional(),
  forward_date: z.unknown().optional(),
  via_bot: z.unknown().optional(),
});
const Update = z.object({
  update_id: z.int(),
  message: Message.optional(),
  callback_query: z
    .object({
      id: z.string(),
      from: From,
      data: z.string().optional(),
      message: z
        .object({
          message_id: z.int(),
          chat: Chat,
          photo: z.unknown().optional(),
          forward_origin: z.unknown().optional(),
          forward_date: z.unknown().optional(),
          via_bot: z.unknown().optional(),
        })
        .optional(),
    })
    .optional(),
});

interface Said {
  readonly updateId: number;
  readonly userId: number;
  readonly chatId: number;
  readonly messageId: number;
}
export type Incoming =
  | (Said & { readonly kind: "tap"; readonly tapId: string; readonly data: string; readonly isPhoto: boolean })
  | (Said & { readonly kind: "text"; readonly text: string; readonly replyTo: number | undefined })
  /** Another user or another chat. */
  | { readonly kind: "stranger"; readonly updateId: number; readonly userId: number; readonly chatId: number }
  /** An update without effect: a photo, a forwarded text, an unknown kind. */
  | { readonly kind: "other"; readonly updateId: number; readonly what: string; readonly tapId?: string };

export interface Owners {
  readonly chatId: number;
  readonly userIds: readonly number[];
}

/** Throws RangeError when the update id is missing: then it is not an update. */
export const readUpdate = (raw: unknown, owners: Owners): Incoming => {
  const bare = z.object({ update_id: z.int() }).safeParse(raw);
  if (!bare.success) throw new RangeError("expected an update with an update_id, found none");
  const updateId = bare.data.update_id;
  const parsed = Update.safeParse(raw);
  if (!parsed.success) return { kind: "other", updateId, what: "an update of another shape" };
  const { message, callback_query: tap } = parsed.data;
  // An update has one kind. Should one ever have two, the sender of the text must not be taken for the sender of the
  // tap.
  const { from, chat } = tap === undefined ? { ...message } : { from: tap.from, chat: tap.message?.chat };
  if (from === undefined) return { kind: "other", updateId, what: "an update without a sender" };
  // One of our buttons, under a message that Telegram no longer stores.
  if (tap !== undefined && tap.message === undefined && owners.userIds.includes(from.id))
    return { kind: "other", updateId, what: "a button of a message that is gone", tapId: tap.id };
  if (!isOwner(from.id, chat, owners)) return { kind: "stranger", updateId, userId: from.id, chatId: chat?.id ?? 0 };
  const said = { updateId, userId: from.id, chatId: owners.chatId };
  if (tap?.message !== undefined) {
    const { message_id: messageId, photo } = tap.message;
    if (isNotTheirOwn(tap.message))
      return { kind: "other", updateId, what: "a button of a forwarded message", tapId: tap.id };
    return { kind: "tap", ...said, messageId, tapId: tap.id, data: tap.data ?? "", isPhoto: photo !== undefined };
  }
  if (message === undefined) return { kind: "other", updateId, what: "no message" };
  if (isNotTheirOwn(message)) return { kind: "other", updateId, what: "a forwarded message" };
  if (message.text === undefined) return { kind: "other", updateId, what: "a message without text" };
  const replyTo = message.reply_to_message?.message_id;
  return { kind: "text", ...said, messageId: message.message_id, text: message.text, replyTo };
};

/** Forwarded from somewhere, or sent through an inline bot: somebody else may have written it. */
const isNotTheirOwn = (m: Pick<z.infer<typeof Message>, "forward_origin" | "forward_date" | "via_bot">): boolean =>
  m.forward_origin !== undefined || m.forward_date !== undefined || m.via_bot !== undefined;

const isOwner = (userId: number, chat: z.infer<typeof Chat> | undefined, owners: Owners): boolean =>
  chat !== undefined && chat.type === "private" && chat.id === owners.chatId && owners.userIds.includes(userId);
