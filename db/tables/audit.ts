// audit_events: append-only and hash-chained. Each row's hash covers its content and the hash before it, so a changed,
// removed or reordered row is detected. It alone must answer "why did we hold this at 14:05?".
import { createHash } from "node:crypto";
import { redact } from "../../lib/core/redact.ts";
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

interface AuditEvent {
  readonly atMs: EpochMs;
  /** "order.sent", "proposal.approved", ... */
  readonly kind: string;
  /** Who: a handler's name, "cli", "owner", "script". */
  readonly actor: string;
  readonly traceId?: string | undefined;
  /** Ids, before -> after, model id, config hash. bigint is written as a decimal string. */
  readonly data: Readonly<Record<string, unknown>>;
}
export interface AuditRow extends AuditEvent {
  readonly seq: number;
  readonly prevHash: string;
  readonly hash: string;
}

const GENESIS = "0".repeat(64);
const hashOf = (
  seq: number,
  atMs: number,
  kind: string,
  actor: string,
  traceId: string | null,
  data: string,
  prev: string,
) =>
  createHash("sha256")
    .update(JSON.stringify([seq, atMs, kind, actor, traceId, data, prev]))
    .digest("hex");

const toJson = (data: Readonly<Record<string, unknown>>): string =>
  redact(JSON.stringify(data, (_, value) => (typeof value === "bigint" ? value.toString() : value)));

interface RawRow {
  seq: number;
  at_ms: number;
  kind: string;
  actor: string;
  trace_id: string | null;
  data: string;
  prev_hash: string;
  hash: string;
}

export const auditReads = (sql: Sqlite) => {
  const all = sql.prepare<[number, number], RawRow>("SELECT * FROM audit_events WHERE seq > ? ORDER BY seq LIMIT ?");
  const last = sql.prepare<[], RawRow>("SELECT * FROM audit_events ORDER BY seq DESC LIMIT 1");
  const parse = (row: RawRow): AuditRow => ({
    seq: row.seq,
    atMs: epochMs(row.at_ms),
    kind: row.kind,
    actor: row.actor,
    traceId: row.trace_id ?? undefined,
    data: JSON.parse(row.data) as Record<string, unknown>,
    prevHash: row.prev_hash,
    hash: row.hash,
  });
  return {
    after: (seq: number, limit = 1_000): readonly AuditRow[] => all.all(seq, limit).map(parse),
    last: (): AuditRow | undefined => {
      const row = last.get();
      return row && parse(row);
    },
    /** All events of a kind, oldest first. Reads the whole table: for commands, never in a loop. */
    ofKind: (kind: string): readonly AuditRow[] =>
      sql.prepare<[string], RawRow>("SELECT * FROM audit_events WHERE kind = ? ORDER BY seq").all(kind).map(parse),
    /** Verifies the chain. Returns the first broken sequence number, or undefined when it is intact. */
    firstBroken(): number | undefined {
      let prev = GENESIS;
      let expected = 1;
      for (const row of sql.prepare<[], RawRow>("SELECT * FROM audit_events ORDER BY seq").iterate()) {
        const hash = hashOf(row.seq, row.at_ms, row.kind, row.actor, row.trace_id, row.data, prev);
        if (row.seq !== expected || row.prev_hash !== prev || row.hash !== hash) return row.seq;
        prev = row.hash;
        expected += 1;
      }
      return undefined;
    },
  };
};

export const auditWrites = (sql: Sqlite) => {
  const last = sql.prepare<[], { seq: number; hash: string }>(
    "SELECT seq, hash FROM audit_events ORDER BY seq DESC LIMIT 1",
  );
  const insert = sql.prepare(
    "INSERT INTO audit_events (seq, at_ms, kind, actor, trace_id, data, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  return {
    append(event: AuditEvent): void {
      const previous = last.get();
      const seq = (previous?.seq ?? 0) + 1;
      const prev = previous?.hash ?? GENESIS;
      const data = toJson(event.data);
      const traceId = event.traceId ?? null;
      insert.run(
        seq,
        event.atMs,
        event.kind,
        event.actor,
        traceId,
        data,
        prev,
        hashOf(seq, event.atMs, event.kind, event.actor, traceId, data, prev),
      );
    },
  };
};
