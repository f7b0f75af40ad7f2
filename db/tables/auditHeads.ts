// audit_heads: the newest audit event (number and hash) at the time of each daily report. A log that lost its end, or was
// written anew, disagrees with them.
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

interface AuditHead {
  readonly seq: number;
  readonly hash: string;
  readonly atMs: EpochMs;
}

export const auditHeadReads = (sql: Sqlite) => {
  const all = sql.prepare<[], { seq: number; hash: string; at_ms: number }>("SELECT * FROM audit_heads ORDER BY seq");
  return {
    /** Oldest first. */
    all: (): readonly AuditHead[] => all.all().map((r) => ({ seq: r.seq, hash: r.hash, atMs: epochMs(r.at_ms) })),
  };
};

export const auditHeadWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    "INSERT INTO audit_heads (seq, hash, at_ms) VALUES (?, ?, ?) ON CONFLICT (seq) DO NOTHING",
  );
  return { insert: ({ seq, hash, atMs }: AuditHead): void => void insert.run(seq, hash, atMs) };
};
