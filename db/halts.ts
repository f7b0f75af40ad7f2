// The one door to the halts table: row, audit event and alert are written together, in the caller's transaction, so that the
// audit log alone answers "why were entries paused at 09:00?". Nothing else raises or clears a halt (test/tidy.test.ts).
import type { HaltKind } from "../lib/core/haltKinds.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { Tx } from "./open.ts";

/** Who acts, when (system clock), in which trace. */
export interface HaltActor {
  readonly atMs: EpochMs;
  /** A handler's name, "queue", "worker", "cli", "telegram:<id>". */
  readonly actor: string;
  readonly traceId?: string | undefined;
}
/** An alert composed in the owner's language (lib/core/text/composeAlert.ts). */
type HaltAlert = Parameters<Tx["alerts"]["raise"]>[0];

export interface NewHalt {
  readonly kind: HaltKind;
  /** English, for the row, the audit log and the status. */
  readonly reason: string;
  /** System clock; undefined: until it is cleared. */
  readonly untilMs?: EpochMs | undefined;
  readonly by: HaltActor;
  /** undefined: the owner knows already (it is the owner's own command), or another message says it. */
  readonly alert: HaltAlert | undefined;
  /** Beside kind and reason, for the audit event. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * Raises a halt. Returns false when one of its kind is active already: then only the alert is written, which is idempotent by
 * its key. A halt of the same kind whose time has passed is closed first, with an audit event of its own.
 */
export const raiseHalt = (tx: Tx, { kind, reason, untilMs, by, alert, data = {} }: NewHalt): boolean => {
  const { raised, ended } = tx.halts.raise({ kind, reason, atMs: by.atMs, untilMs });
  if (ended !== undefined) append(tx, "halt.cleared", by, { kind, by: "until", untilMs: ended.untilMs });
  if (raised) append(tx, "halt.raised", by, { kind, reason, ...(untilMs === undefined ? {} : { untilMs }), ...data });
  if (alert !== undefined) tx.alerts.raise(alert);
  return raised;
};

interface HaltEnd {
  readonly kind: HaltKind;
  readonly by: HaltActor;
  /** The key of the alert that ends with the halt; undefined: its alerts have keys and ends of their own. */
  readonly alertKey: string | undefined;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Clears the open halt of this kind and ends its alert. Returns false when no halt of this kind is open. */
export const clearHalt = (tx: Tx, { kind, by, alertKey, data = {} }: HaltEnd): boolean => {
  const cleared = tx.halts.clear(kind, by.actor, by.atMs);
  if (cleared) append(tx, "halt.cleared", by, { kind, ...data });
  if (alertKey !== undefined) tx.alerts.resolve(alertKey, by.atMs);
  return cleared;
};

const append = (tx: Tx, kind: string, { atMs, actor, traceId }: HaltActor, data: Record<string, unknown>): void =>
  tx.audit.append({ atMs, kind, actor, traceId, data });
