// outbox and alerts: what the owner is to be told, durable before it is delivered. A key makes telling twice telling once.
import type { EpochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

export type MessageKind = "proposal" | "trade" | "alert" | "report" | "info";
export interface NewMessage {
  readonly key: string;
  readonly kind: MessageKind;
  readonly proposalId?: string | undefined;
  readonly text: string;
  readonly atMs: EpochMs;
}
export interface OutboxMessage {
  readonly id: number;
  readonly key: string;
  readonly kind: MessageKind;
  readonly proposalId: string | undefined;
  readonly text: string;
  readonly createdMs: EpochMs;
  readonly state: "waiting" | "sending" | "sent";
}
interface Row {
  id: number;
  key: string;
  kind: MessageKind;
  proposal_id: string | null;
  text: string;
  created_ms: EpochMs;
  state: "waiting" | "sending" | "sent";
}
const toMessage = (row: Row): OutboxMessage => ({
  id: row.id,
  key: row.key,
  kind: row.kind,
  proposalId: row.proposal_id ?? undefined,
  text: row.text,
  createdMs: row.created_ms,
  state: row.state,
});

export const outboxReads = (sql: Sqlite) => {
  const waiting = sql.prepare<[], Row>("SELECT * FROM outbox WHERE state <> 'sent' ORDER BY id LIMIT 1");
  const waitingIds = sql
    .prepare<[number], number>("SELECT id FROM outbox WHERE state <> 'sent' AND created_ms >= ? ORDER BY id")
    .pluck();
  const byId = sql.prepare<[number], Row>("SELECT * FROM outbox WHERE id = ?");
  const after = sql.prepare<[number], Row>("SELECT * FROM outbox WHERE id > ? ORDER BY id");
  return {
    /** The next message to deliver, in order. State `sending` means an earlier attempt may have delivered it. */
    next: (): OutboxMessage | undefined => {
      const row = waiting.get();
      return row && toMessage(row);
    },
    byId: (id: number): OutboxMessage | undefined => {
      const row = byId.get(id);
      return row && toMessage(row);
    },
    /** Ids of the messages since `fromMs` that are not delivered yet, in order. */
    waitingIds: (fromMs: EpochMs): readonly number[] => waitingIds.all(fromMs),
    after: (id: number): readonly OutboxMessage[] => after.all(id).map(toMessage),
  };
};
export const outboxWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    "INSERT INTO outbox (key, kind, proposal_id, text, created_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
  );
  const mark = sql.prepare("UPDATE outbox SET state = ?, sent_ms = ? WHERE id = ?");
  return {
    /** Idempotent by key: a second insert of the same key is ignored. */
    insert: (m: NewMessage): void => void insert.run(m.key, m.kind, m.proposalId ?? null, m.text, m.atMs),
    markSending: (id: number): void => void mark.run("sending", null, id),
    markSent: (id: number, atMs: EpochMs): void => void mark.run("sent", atMs, id),
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
    "INSERT INTO alerts (key, severity, text, raised_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const resolve = sql.prepare("UPDATE alerts SET resolved_ms = ? WHERE key = ? AND resolved_ms IS NULL");
  const message = outboxWrites(sql);
  return {
    /**
     * Raises an alert and tells the owner, once while it is open. Returns false when it was open already.
     */
    raise(alert: { key: string; severity: "warning" | "critical"; text: string; atMs: EpochMs }): boolean {
      const inserted = insert.run(alert.key, alert.severity, alert.text, alert.atMs);
      if (inserted.changes === 0) return false;
      message.insert({
        key: `alert:${Number(inserted.lastInsertRowid)}`,
        kind: "alert",
        text: `${alert.severity.toUpperCase()}: ${alert.text}`,
        atMs: alert.atMs,
      });
      return true;
    },
    resolve: (key: string, atMs: EpochMs): boolean => resolve.run(atMs, key).changes > 0,
  };
};
