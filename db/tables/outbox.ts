// outbox and alerts: messages to the owner, durable before they are delivered. The key prevents a second message.
// Critical alerts go first, then alerts, answers, proposals, the others; within one priority in the order of writing.
import { CAPTION_LIMIT, fitText, MARK_ROOM, MESSAGE_LIMIT, splitText } from "../../lib/core/messageText.ts";
import { redact } from "../../lib/core/redact.ts";
import { type EpochMs, jstText } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

/** `answer`: reply to a command or a tap of the owner; never muted. */
export type MessageKind = "proposal" | "trade" | "alert" | "report" | "info" | "answer";
/** One button under a message: its label and the callback data it sends back (at most 64 bytes). */
export interface Button {
  readonly text: string;
  readonly data: string;
}
export interface NewMessage {
  readonly key: string;
  readonly kind: MessageKind;
  readonly proposalId?: string | undefined;
  readonly text: string;
  /** A PNG above the text. */
  readonly photo?: Uint8Array | undefined;
  /** Rows of buttons under the (last part of the) message. */
  readonly buttons?: readonly (readonly Button[])[] | undefined;
  readonly atMs: EpochMs;
  /**
   * A critical alert, or its end: delivered before every other message, and not held back when there are many alerts.
   */
  readonly critical?: boolean | undefined;
}
/** `sending`: a request is or was in flight; the message may have arrived. `dropped`: given up, `error` says why. */
type MessageState = "waiting" | "sending" | "sent" | "dropped";
export interface OutboxMessage {
  readonly id: number;
  readonly key: string;
  readonly kind: MessageKind;
  readonly critical: boolean;
  readonly proposalId: string | undefined;
  readonly text: string;
  readonly photo: Uint8Array | undefined;
  readonly buttons: readonly (readonly Button[])[];
  readonly createdMs: EpochMs;
  readonly state: MessageState;
  /** Requests that may have delivered it. */
  readonly attempts: number;
  readonly error: string | undefined;
  /** Its chat and message id, once known. */
  readonly messageId: number | undefined;
}
/** A message in the chat with buttons that is no proposal. */
export interface Prompt extends Pick<OutboxMessage, "id" | "key" | "text" | "buttons"> {
  readonly chatId: number;
  readonly messageId: number;
}
interface Row {
  id: number;
  key: string;
  kind: MessageKind;
  priority: number;
  proposal_id: string | null;
  text: string;
  photo: Uint8Array | null;
  buttons: string | null;
  created_ms: EpochMs;
  state: MessageState;
  attempts: number;
  error: string | null;
  chat_id: number | null;
  message_id: number | null;
}
const toMessage = (row: Row): OutboxMessage => ({
  id: row.id,
  key: row.key,
  kind: row.kind,
  critical: row.priority >= CRITICAL_PRIORITY,
  proposalId: row.proposal_id ?? undefined,
  text: row.text,
  photo: row.photo ?? undefined,
  buttons: row.buttons === null ? [] : (JSON.parse(row.buttons) as Button[][]),
  createdMs: row.created_ms,
  state: row.state,
  attempts: row.attempts,
  error: row.error ?? undefined,
  messageId: row.message_id ?? undefined,
});

/** Higher is delivered first. */
const PRIORITY: Readonly<Record<MessageKind, number>> = {
  alert: 100,
  answer: 75,
  proposal: 50,
  trade: 0,
  report: 0,
  info: 0,
};
/** The end of an alert has the same priority, or it could overtake the next alert of its kind. */
const CRITICAL_PRIORITY = 110;
const UNDELIVERED = "state IN ('waiting', 'sending')";
const ALERTS_SENT = "kind = 'alert' AND state = 'sent' AND sent_ms >= ?";
/** In a flood an alert without a job for its delivery is held back (handlers/telegram/alertDigest.ts). */
const NOT_HELD = `(kind <> 'alert' OR (SELECT count(*) FROM outbox WHERE ${ALERTS_SENT}) < ?
  OR EXISTS (SELECT 1 FROM jobs WHERE name = 'sendTelegram' AND jobs.key = 'send:' || outbox.id))`;

export const outboxReads = (sql: Sqlite) => {
  const next = sql.prepare<[number, number, number], Row>(
    `SELECT * FROM outbox WHERE ${UNDELIVERED} AND created_ms >= ? AND ${NOT_HELD} ORDER BY priority DESC, id LIMIT 1`,
  );
  const waitingIds = sql
    .prepare<[number], number>(
      `SELECT id FROM outbox WHERE ${UNDELIVERED} AND created_ms >= ? ORDER BY priority DESC, id`,
    )
    .pluck();
  const byId = sql.prepare<[number], Row>("SELECT * FROM outbox WHERE id = ?");
  const byKey = sql.prepare<[string], Row>("SELECT * FROM outbox WHERE key = ?");
  const after = sql.prepare<[number], Row>("SELECT * FROM outbox WHERE id > ? ORDER BY id");
  const at = sql.prepare<[number, number], Row>(
    "SELECT * FROM outbox WHERE chat_id = ? AND message_id = ? AND message_id IS NOT NULL LIMIT 1",
  );
  const undeliveredAlerts = sql.prepare<[number], Row>(
    `SELECT * FROM outbox WHERE ${UNDELIVERED} AND kind = 'alert' AND created_ms >= ? ORDER BY priority DESC, id`,
  );
  const alertsSent = sql.prepare<[number], { key: string; sent_ms: EpochMs; priority: number }>(
    `SELECT key, sent_ms, priority FROM outbox WHERE ${ALERTS_SENT} ORDER BY sent_ms`,
  );
  const prompts = sql.prepare<[number], Row>(
    `SELECT * FROM outbox WHERE created_ms >= ? AND buttons IS NOT NULL AND message_id IS NOT NULL AND chat_id IS NOT NULL
       AND kind <> 'proposal' AND state = 'sent' ORDER BY created_ms, id`,
  );
  return {
    /** Since `fromMs`; their buttons have not been taken away yet. */
    prompts: (fromMs: EpochMs): readonly Prompt[] =>
      prompts.all(fromMs).map((row) => {
        const { id, key, text, buttons } = toMessage(row);
        return { id, key, text, buttons, chatId: row.chat_id!, messageId: row.message_id! };
      }),
    /**
     * The next message to deliver: the highest priority, then the oldest, none from before `fromMs`. No alert that is
     * held back: `flood` says how many in which time are one.
     */
    next: (
      fromMs: EpochMs,
      flood: { readonly fromMs: EpochMs; readonly alerts: number },
    ): OutboxMessage | undefined => {
      const row = next.get(fromMs, flood.fromMs, flood.alerts);
      return row && toMessage(row);
    },
    /** None from before `fromMs`; in the order of their delivery. */
    undeliveredAlerts: (fromMs: EpochMs): readonly OutboxMessage[] => undeliveredAlerts.all(fromMs).map(toMessage),
    /** Alerts sent since `fromMs`, oldest first. */
    alertsSent: (
      fromMs: EpochMs,
    ): readonly { readonly key: string; readonly sentMs: EpochMs; readonly critical: boolean }[] =>
      alertsSent.all(fromMs).map((row) => ({
        key: row.key,
        sentMs: row.sent_ms,
        critical: row.priority >= CRITICAL_PRIORITY,
      })),
    byId: (id: number): OutboxMessage | undefined => {
      const row = byId.get(id);
      return row && toMessage(row);
    },
    byKey: (key: string): OutboxMessage | undefined => {
      const row = byKey.get(key);
      return row && toMessage(row);
    },
    /** Ids of the messages since `fromMs` that are not delivered yet, in the order of their delivery. */
    waitingIds: (fromMs: EpochMs): readonly number[] => waitingIds.all(fromMs),
    after: (id: number): readonly OutboxMessage[] => after.all(id).map(toMessage),
    /** The message that stands there in the chat. */
    at: (chatId: number, messageId: number): OutboxMessage | undefined => {
      const row = at.get(chatId, messageId);
      return row && toMessage(row);
    },
  };
};

/**
 * The rows of a message: itself, or its parts. A photo takes the text as its caption when that fits; a longer text
 * follows the photo, which then says the first line. Buttons stand under the last part.
 */
const partsOf = (m: NewMessage): readonly Pick<NewMessage, "key" | "text" | "photo" | "buttons">[] => {
  if (m.photo !== undefined && m.text.length <= CAPTION_LIMIT - MARK_ROOM) return [m];
  const texts = splitText(m.text, MESSAGE_LIMIT - MARK_ROOM);
  if (texts.length === 0) throw new RangeError(`expected a text in message ${m.key}, found a blank one`);
  const parts = texts.map((text, i) => ({
    key: i === 0 ? m.key : `${m.key}#${i + 1}`,
    text,
    buttons: i === texts.length - 1 ? m.buttons : undefined,
  }));
  if (m.photo === undefined) return parts;
  const caption = fitText(m.text.split("\n", 1)[0] ?? "", CAPTION_LIMIT - MARK_ROOM);
  return [{ key: `${m.key}#photo`, text: caption, photo: m.photo }, ...parts];
};

export const outboxWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    `INSERT INTO outbox (key, kind, priority, proposal_id, text, photo, buttons, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (key) DO NOTHING`,
  );
  const sending = sql.prepare("UPDATE outbox SET state = 'sending', attempts = attempts + 1 WHERE id = ?");
  const waiting = sql.prepare("UPDATE outbox SET state = 'waiting', error = ? WHERE id = ?");
  const doubt = sql.prepare("UPDATE outbox SET error = ? WHERE id = ?");
  const doubtWaiting = sql.prepare("UPDATE outbox SET state = 'sending', error = ? WHERE state = 'waiting'");
  const sent = sql.prepare(
    "UPDATE outbox SET state = 'sent', error = NULL, sent_ms = ?, chat_id = ?, message_id = ?, photo = NULL WHERE id = ?",
  );
  const dropped = sql.prepare("UPDATE outbox SET state = 'dropped', error = ?, photo = NULL WHERE id = ?");
  const noButtons = sql.prepare("UPDATE outbox SET buttons = NULL WHERE id = ?");
  return {
    /**
     * Idempotent by key: a second insert of the same key is ignored. Returns whether it was new. Throws RangeError for
     * a blank text.
     */
    insert(m: NewMessage): boolean {
      let created = false;
      for (const part of partsOf({ ...m, text: redact(m.text) })) {
        const { changes } = insert.run(
          part.key,
          m.kind,
          m.critical ? CRITICAL_PRIORITY : PRIORITY[m.kind],
          m.proposalId ?? null,
          part.text,
          part.photo ?? null,
          part.buttons === undefined || part.buttons.length === 0 ? null : JSON.stringify(part.buttons),
          m.atMs,
        );
        created ||= changes > 0;
      }
      return created;
    },
    markSending: (id: number): void => void sending.run(id),
    /** It certainly did not arrive. */
    markWaiting: (id: number, error: string): void => void waiting.run(redact(error), id),
    /** Still `sending`: it may have arrived. */
    markDoubtful: (id: number, error: string): void => void doubt.run(redact(error), id),
    /** All that waits may have arrived: the file is an older copy of itself. */
    doubtWaiting: (error: string): void => void doubtWaiting.run(error),
    /** The picture has done its work: the file need not keep it. */
    markSent: (id: number, atMs: EpochMs, at?: { readonly chatId: number; readonly messageId: number }): void =>
      void sent.run(atMs, at?.chatId ?? null, at?.messageId ?? null, id),
    markDropped: (id: number, error: string): void => void dropped.run(redact(error), id),
    /** They do not show in the chat any more. */
    clearButtons: (id: number): void => void noButtons.run(id),
  };
};

export interface Alert {
  readonly id: number;
  readonly key: string;
  readonly severity: "warning" | "critical";
  readonly text: string;
  readonly raisedMs: EpochMs;
}
export const alertReads = (sql: Sqlite) => {
  const open = sql.prepare<
    [],
    { id: number; key: string; severity: "warning" | "critical"; text: string; raised_ms: EpochMs }
  >("SELECT id, key, severity, text, raised_ms FROM alerts WHERE resolved_ms IS NULL ORDER BY id");
  return {
    open: (): readonly Alert[] =>
      open.all().map((r) => ({ id: r.id, key: r.key, severity: r.severity, text: r.text, raisedMs: r.raised_ms })),
  };
};
export const alertWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    "INSERT INTO alerts (key, severity, text, resolved_text, raised_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const resolve = sql.prepare<
    [number, string],
    { id: number; severity: Alert["severity"]; resolved_text: string | null; raised_ms: EpochMs }
  >(
    `UPDATE alerts SET resolved_ms = ? WHERE key = ? AND resolved_ms IS NULL
     RETURNING id, severity, resolved_text, raised_ms`,
  );
  const message = outboxWrites(sql);
  return {
    /**
     * Raises an alert and tells the owner, once while it is open. Returns false when it was open already. `resolved` is
     * the line that tells of its end (lib/core/text/alertTexts.ts composes both); without it the end is silent.
     */
    raise(alert: {
      readonly key: string;
      readonly severity: "warning" | "critical";
      readonly text: string;
      readonly resolved?: string;
      readonly atMs: EpochMs;
      readonly buttons?: NewMessage["buttons"];
    }): boolean {
      const inserted = insert.run(alert.key, alert.severity, redact(alert.text), alert.resolved ?? null, alert.atMs);
      if (inserted.changes === 0) return false;
      message.insert({
        key: `alert:${Number(inserted.lastInsertRowid)}`,
        kind: "alert",
        text: alert.text,
        atMs: alert.atMs,
        critical: alert.severity === "critical",
        ...(alert.buttons === undefined ? {} : { buttons: alert.buttons }),
      });
      return true;
    },
    /** Ends the alert and tells so, once. Returns false when none was open. */
    resolve(key: string, atMs: EpochMs): boolean {
      const ended = resolve.get(atMs, key);
      if (ended === undefined) return false;
      if (ended.resolved_text !== null)
        message.insert({
          key: `alert:${ended.id}:resolved`,
          kind: "alert",
          text: `${ended.resolved_text}\n${jstText(ended.raised_ms)} – ${jstText(atMs)}`,
          atMs,
          critical: ended.severity === "critical",
        });
      return true;
    },
  };
};
