// halts: what blocks new risk. While a halt is active no job of a risk-adding handler is claimed; the claim itself
// reads this table, so a halt takes effect with its commit and survives restarts. One open row per kind.
import type { HaltKind } from "../../lib/core/haltKinds.ts";
import { redact } from "../../lib/core/redact.ts";
import { type EpochMs, epochMs, epochMsOrUndefined } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

export interface Halt {
  readonly id: number;
  /** A HaltKind, or the kind of a newer version's halt. One open row per kind. */
  readonly kind: string;
  readonly reason: string;
  readonly raisedMs: EpochMs;
  /** System clock; undefined: until it is cleared. */
  readonly untilMs: EpochMs | undefined;
  readonly clearedMs: EpochMs | undefined;
  readonly clearedBy: string | undefined;
}

interface RawRow {
  id: number;
  kind: string;
  reason: string;
  raised_ms: number;
  until_ms: number | null;
  cleared_ms: number | null;
  cleared_by: string | null;
}
const parse = (row: RawRow): Halt => ({
  id: row.id,
  kind: row.kind,
  reason: row.reason,
  raisedMs: epochMs(row.raised_ms),
  untilMs: epochMsOrUndefined(row.until_ms),
  clearedMs: epochMsOrUndefined(row.cleared_ms),
  clearedBy: row.cleared_by ?? undefined,
});

export const haltReads = (sql: Sqlite) => {
  const active = sql.prepare<[number], RawRow>(
    "SELECT * FROM halts WHERE cleared_ms IS NULL AND (until_ms IS NULL OR until_ms > ?) ORDER BY id",
  );
  const inForce = sql.prepare<[number, number, number], RawRow>(
    `SELECT * FROM halts WHERE raised_ms <= ? AND (until_ms IS NULL OR until_ms > ?)
       AND (cleared_ms IS NULL OR cleared_ms > ?) ORDER BY id`,
  );
  const all = sql.prepare<[number], RawRow>("SELECT * FROM halts ORDER BY id DESC LIMIT ?");
  const lastCleared = sql.prepare<[string], RawRow>(
    "SELECT * FROM halts WHERE kind = ? AND cleared_ms IS NOT NULL ORDER BY id DESC LIMIT 1",
  );
  return {
    /** The newest halt of this kind that has ended. */
    lastCleared(kind: HaltKind): Halt | undefined {
      const row = lastCleared.get(kind);
      return row && parse(row);
    },
    /** Halts that block risk-adding claims at `nowMs` (system clock), oldest first. */
    active: (nowMs: EpochMs): readonly Halt[] => active.all(nowMs).map(parse),
    /** Halts in force at a moment, also a past one: a report of an old day shows that day's halts. Oldest first. */
    inForceAt: (atMs: EpochMs): readonly Halt[] => inForce.all(atMs, atMs, atMs).map(parse),
    /** Newest first, cleared and ended ones too. */
    recent: (limit = 100): readonly Halt[] => all.all(limit).map(parse),
  };
};

export const haltWrites = (sql: Sqlite) => {
  const open = sql.prepare<[string], RawRow>("SELECT * FROM halts WHERE kind = ? AND cleared_ms IS NULL");
  const insert = sql.prepare("INSERT INTO halts (kind, reason, raised_ms, until_ms) VALUES (?, ?, ?, ?)");
  const clear = sql.prepare("UPDATE halts SET cleared_ms = ?, cleared_by = ? WHERE id = ?");
  return {
    /**
     * For db/halts.ts only. Changes nothing when a halt of this kind is active. A row whose `untilMs` has passed is
     * closed first (cleared by "until") and returned as `ended`.
     */
    raise(halt: { kind: HaltKind; reason: string; atMs: EpochMs; untilMs?: EpochMs | undefined }): {
      readonly raised: boolean;
      readonly ended: Halt | undefined;
    } {
      const existing = open.get(halt.kind);
      if (existing) {
        if (existing.until_ms === null || existing.until_ms > halt.atMs) return { raised: false, ended: undefined };
        clear.run(existing.until_ms, "until", existing.id);
      }
      insert.run(halt.kind, redact(halt.reason), halt.atMs, halt.untilMs ?? null);
      return { raised: true, ended: existing && parse(existing) };
    },
    /** For db/halts.ts only. Clears the open halt of this kind. Returns false when there is none. */
    clear(kind: HaltKind, by: string, atMs: EpochMs): boolean {
      const existing = open.get(kind);
      if (!existing) return false;
      clear.run(atMs, by, existing.id);
      return true;
    },
  };
};
