// telegram_*: the inbox offset and the state of the connection, the handled updates, the messages of proposals in the
// chat, and commands that wait for their confirmation.
import { redact } from "../../lib/core/redact.ts";
import { DAY_MS, type EpochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

/** The fault of one of the two directions (polling, sending), and since when. */
interface TelegramTrouble {
  readonly why: string;
  readonly sinceMs: EpochMs;
}
export interface TelegramState {
  /** 0: no bot has run with this database yet. */
  readonly botId: number;
  /** "@name", once the bot's own data has been read. */
  readonly botName: string | undefined;
  /** The first update that is not handled yet; 0: not known. */
  readonly nextUpdateId: number;
  readonly lastUpdateMs: EpochMs | undefined;
  readonly polledMs: EpochMs | undefined;
  readonly pollTrouble: TelegramTrouble | undefined;
  readonly sendTrouble: TelegramTrouble | undefined;
  /** No request to send before this time. */
  readonly sendAfterMs: EpochMs;
  readonly muted: readonly string[];
}
/** A message of a proposal in the chat. */
export interface ChatMessage {
  readonly chatId: number;
  readonly messageId: number;
  readonly proposalId: string;
  readonly isPhoto: boolean;
  readonly shown: string;
}
interface Confirmation {
  readonly token: string;
  readonly command: unknown;
  readonly userId: number;
  readonly expiresMs: EpochMs;
  readonly usedMs: EpochMs | undefined;
}

/** Longer than Telegram keeps an update (24 hours): it is never delivered again after that. */
const KEEP_UPDATES_MS = 30 * DAY_MS;

interface StateRow {
  bot_id: number;
  bot_name: string | null;
  next_update_id: number;
  last_update_ms: EpochMs | null;
  polled_ms: EpochMs | null;
  poll_trouble: string | null;
  poll_trouble_ms: EpochMs | null;
  send_trouble: string | null;
  send_trouble_ms: EpochMs | null;
  send_after_ms: EpochMs;
  muted: string;
}
const trouble = (why: string | null, sinceMs: EpochMs | null): TelegramTrouble | undefined =>
  why === null || sinceMs === null ? undefined : { why, sinceMs };

export const telegramReads = (sql: Sqlite) => {
  const state = sql.prepare<[], StateRow>("SELECT * FROM telegram_state WHERE id = 1");
  const handled = sql.prepare<[number], number>("SELECT 1 FROM telegram_updates WHERE update_id = ?").pluck();
  const ignored = sql
    .prepare<[number], number>("SELECT count(*) FROM telegram_updates WHERE received_ms >= ? AND kind = 'stranger'")
    .pluck();
  const select = "SELECT chat_id, message_id, proposal_id, is_photo, shown FROM telegram_messages";
  interface MessageRow {
    chat_id: number;
    message_id: number;
    proposal_id: string;
    is_photo: number;
    shown: string;
  }
  const open = sql.prepare<[], MessageRow>(`${select} WHERE final = 0 ORDER BY sent_ms`);
  const message = sql.prepare<[number, number], MessageRow>(`${select} WHERE chat_id = ? AND message_id = ?`);
  const confirmation = sql.prepare<
    [string],
    { token: string; command: string; user_id: number; expires_ms: EpochMs; used_ms: EpochMs | null }
  >("SELECT * FROM telegram_confirmations WHERE token = ?");
  const toMessage = (r: MessageRow): ChatMessage => ({
    chatId: r.chat_id,
    messageId: r.message_id,
    proposalId: r.proposal_id,
    isPhoto: r.is_photo === 1,
    shown: r.shown,
  });
  return {
    state(): TelegramState {
      const row = state.get();
      if (!row) throw new Error("telegram_state: expected its one row, found none");
      return {
        botId: row.bot_id,
        botName: row.bot_name ?? undefined,
        nextUpdateId: row.next_update_id,
        lastUpdateMs: row.last_update_ms ?? undefined,
        polledMs: row.polled_ms ?? undefined,
        pollTrouble: trouble(row.poll_trouble, row.poll_trouble_ms),
        sendTrouble: trouble(row.send_trouble, row.send_trouble_ms),
        sendAfterMs: row.send_after_ms,
        muted: JSON.parse(row.muted) as string[],
      };
    },
    wasHandled: (updateId: number): boolean => handled.get(updateId) !== undefined,
    /** Updates of users who may not use the bot, since `fromMs`. */
    strangersSince: (fromMs: EpochMs): number => ignored.get(fromMs) ?? 0,
    /** Messages of proposals that may still have to be edited. */
    openMessages: (): readonly ChatMessage[] => open.all().map(toMessage),
    message: (chatId: number, messageId: number): ChatMessage | undefined => {
      const row = message.get(chatId, messageId);
      return row && toMessage(row);
    },
    confirmation: (token: string): Confirmation | undefined => {
      const row = confirmation.get(token);
      return (
        row && {
          token: row.token,
          command: JSON.parse(row.command) as unknown,
          userId: row.user_id,
          expiresMs: row.expires_ms,
          usedMs: row.used_ms ?? undefined,
        }
      );
    },
  };
};

export const telegramWrites = (sql: Sqlite) => {
  const newBot = sql.prepare(
    "UPDATE telegram_state SET bot_id = ?, bot_name = NULL, next_update_id = 0, last_update_ms = NULL, polled_ms = NULL WHERE id = 1",
  );
  // Update and message numbers are per bot: those of the previous bot would be mistaken for this bot's.
  const forgetUpdates = sql.prepare("DELETE FROM telegram_updates");
  const renameAnswers = sql.prepare("UPDATE outbox SET key = 'bot' || ? || ':' || key WHERE key GLOB 'answer:[0-9]*'");
  const forgetPlaces = sql.prepare("UPDATE outbox SET chat_id = NULL, message_id = NULL WHERE message_id IS NOT NULL");
  const forgetMessages = sql.prepare("DELETE FROM telegram_messages");
  const bot = sql.prepare("UPDATE telegram_state SET bot_name = ? WHERE id = 1");
  const handled = sql.prepare(
    "INSERT INTO telegram_updates (update_id, kind, received_ms, payload, outcome) VALUES (?, ?, ?, ?, ?)",
  );
  const offset = sql.prepare("UPDATE telegram_state SET next_update_id = ?, last_update_ms = ? WHERE id = 1");
  const prune = sql.prepare("DELETE FROM telegram_updates WHERE received_ms < ?");
  const polled = sql.prepare(
    "UPDATE telegram_state SET polled_ms = ?, poll_trouble = NULL, poll_trouble_ms = NULL WHERE id = 1",
  );
  const pollTrouble = sql.prepare(
    "UPDATE telegram_state SET poll_trouble = ?, poll_trouble_ms = coalesce(poll_trouble_ms, ?) WHERE id = 1",
  );
  const sendTrouble = sql.prepare(
    "UPDATE telegram_state SET send_trouble = ?, send_trouble_ms = coalesce(send_trouble_ms, ?), send_after_ms = ? WHERE id = 1",
  );
  const sendWorks = sql.prepare(
    "UPDATE telegram_state SET send_trouble = NULL, send_trouble_ms = NULL, send_after_ms = 0 WHERE id = 1 AND (send_trouble IS NOT NULL OR send_after_ms <> 0)",
  );
  const sendAfter = sql.prepare("UPDATE telegram_state SET send_after_ms = ? WHERE id = 1");
  const muted = sql.prepare("UPDATE telegram_state SET muted = ? WHERE id = 1");
  const insertMessage = sql.prepare(
    `INSERT INTO telegram_messages (chat_id, message_id, proposal_id, is_photo, shown, sent_ms) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const shown = sql.prepare("UPDATE telegram_messages SET shown = ?, final = ? WHERE chat_id = ? AND message_id = ?");
  const confirm = sql.prepare(
    "INSERT INTO telegram_confirmations (token, command, user_id, created_ms, expires_ms) VALUES (?, ?, ?, ?, ?)",
  );
  const use = sql.prepare("UPDATE telegram_confirmations SET used_ms = ? WHERE token = ? AND used_ms IS NULL");
  const pruneConfirmations = sql.prepare("DELETE FROM telegram_confirmations WHERE created_ms < ?");
  return {
    /** Another bot than before: resets updates and messages. Messages sent by the old bot are not edited any more. */
    startWithBot(botId: number): void {
      const { botId: before } = telegramReads(sql).state();
      newBot.run(botId);
      // 0 is no bot: the previous one may come back.
      if (before === 0 || botId === 0 || before === botId) return;
      forgetUpdates.run();
      renameAnswers.run(String(before));
      forgetPlaces.run();
      forgetMessages.run();
    },
    setBotName: (name: string): void => void bot.run(name),
    /** Called in the transaction of its effect. Throws when the update was handled before. */
    handled(u: {
      readonly updateId: number;
      readonly kind: string;
      readonly payload: unknown;
      readonly outcome: string;
      readonly atMs: EpochMs;
    }): void {
      handled.run(u.updateId, u.kind, u.atMs, JSON.stringify(u.payload), u.outcome);
      offset.run(u.updateId + 1, u.atMs);
      prune.run(u.atMs - KEEP_UPDATES_MS);
    },
    /** Updates up to here are handled, the last of them at an earlier time. */
    polled: (atMs: EpochMs): void => void polled.run(atMs),
    pollTrouble: (why: string, atMs: EpochMs): void => void pollTrouble.run(redact(why), atMs),
    sendTrouble: (why: string, atMs: EpochMs, sendAfterMs: EpochMs): void =>
      void sendTrouble.run(redact(why), atMs, sendAfterMs),
    sendAfter: (sendAfterMs: EpochMs): void => void sendAfter.run(sendAfterMs),
    sendWorks: (): void => void sendWorks.run(),
    setMuted: (kinds: readonly string[]): void => void muted.run(JSON.stringify(kinds)),
    addMessage: (m: ChatMessage, atMs: EpochMs): void =>
      void insertMessage.run(m.chatId, m.messageId, m.proposalId, m.isPhoto ? 1 : 0, m.shown, atMs),
    messageShows: (m: Pick<ChatMessage, "chatId" | "messageId">, fingerprint: string, final: boolean): void =>
      void shown.run(fingerprint, final ? 1 : 0, m.chatId, m.messageId),
    askToConfirm(c: Omit<Confirmation, "usedMs">, atMs: EpochMs): void {
      pruneConfirmations.run(atMs - KEEP_UPDATES_MS);
      confirm.run(c.token, JSON.stringify(c.command), c.userId, atMs, c.expiresMs);
    },
    /** Returns false when it was used before. */
    useConfirmation: (token: string, atMs: EpochMs): boolean => use.run(atMs, token).changes === 1,
  };
};
