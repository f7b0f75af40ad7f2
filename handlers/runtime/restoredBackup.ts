// Detects a restored backup and quarantines it: the jobs it still holds may have traded since the backup was made.
// `progress.json` beside the database holds its last known counts. It is written after the commits it counts, so a
// database behind it has lost commits. `trader restore` (cli/setup/restore.ts), and commands that find such a database
// before the worker does, mark it.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { raiseHalt } from "../../db/halts.ts";
import { META } from "../../db/tables/meta.ts";
import type { Progress, ProgressMark } from "../../db/tables/progress.ts";
import { AppError } from "../../lib/core/errors.ts";
import { QUARANTINE } from "../../lib/core/haltKinds.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import { cut } from "../../lib/core/text/format.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import { writeFileDurably } from "../../lib/io/atomicFile.ts";
import type { Clock } from "../../lib/io/clock.ts";
import { isLocked } from "../../lib/io/lock.ts";
import type { Logger } from "../../lib/io/logger.ts";
import { entropyHex } from "../../lib/io/random.ts";
import { storageError } from "../../lib/io/storageTrouble.ts";
import type { Health } from "../../queue/health.ts";
import type { Database, Tx } from "../../queue/types.ts";
import type { AppStore, CommandCtx } from "../context.ts";
import { expireProposal } from "../proposals/expireProposal.ts";

export const progressPath = (varDir: string): string => join(varDir, "progress.json");

/** A newer version's file may say more: that is no reason to take its database for an old copy. */
const Kept = z.object({
  databaseId: z.string(),
  jobs: z.int(),
  auditEvents: z.int(),
  /** The newest job and audit event when it was written; absent in files of older versions and where there was none. */
  job: z.string().optional(),
  auditHash: z.string().optional(),
});
type Kept = z.infer<typeof Kept>;

interface Lived extends Progress {
  readonly databaseId: string | undefined;
  /** A progress.json was written for this database before. */
  readonly progressKept: boolean;
  /** The job and the audit event at the positions that progress.json names. */
  readonly mark: ProgressMark;
}

/** Why this database is considered a restored backup, or undefined. Pure. */
export const restoredBecause = (database: Lived, kept: Kept | "none" | "unreadable"): string | undefined => {
  const { databaseId, jobs, auditEvents } = database;
  if (kept === "unreadable") return "progress.json beside it cannot be read";
  if (databaseId === undefined && (kept === "none" || jobs === 0)) return undefined; // New, or from before there was such a file.
  // Its first start was killed before the file was written.
  if (kept === "none" && !database.progressKept) return undefined;
  if (kept === "none") return "it has run before, but not in this folder: there is no progress.json beside it";
  if (kept.databaseId !== databaseId) return "progress.json beside it belongs to another database";
  if (jobs >= kept.jobs && auditEvents >= kept.auditEvents) return otherHistory(database.mark, kept);
  return `it has ${jobs} jobs and ${auditEvents} audit events, but had ${kept.jobs} and ${kept.auditEvents} before`;
};

/**
 * A copy that was used since may have the recorded counts again: then its job and audit event differ from the recorded
 * ones.
 */
const otherHistory = ({ job, auditHash }: ProgressMark, kept: Kept): string | undefined => {
  if (isOtherEvent({ job, auditHash }, kept))
    return `its audit event ${kept.auditEvents} is not the one recorded in progress.json`;
  // A finished job may have been pruned meanwhile.
  if (kept.job !== undefined && job !== undefined && job !== kept.job)
    return `its job ${kept.jobs} is ${job}, but was ${kept.job}`;
  return undefined;
};

const isOtherEvent = ({ auditHash }: ProgressMark, kept: Kept): boolean =>
  kept.auditHash !== undefined && auditHash !== kept.auditHash;

/** What progress.json holds of the database beside it. */
export const keptProgress = (varDir: string): Kept | "none" | "unreadable" => {
  if (!existsSync(progressPath(varDir))) return "none";
  try {
    return Kept.parse(JSON.parse(readFileSync(progressPath(varDir), "utf8")));
  } catch {
    return "unreadable";
  }
};

/** What `trader restore` writes into META.restored begins so. */
export const RESTORED_BY_COMMAND = "trader restore put";
const NO_MARK: ProgressMark = { job: undefined, auditHash: undefined };
/** Why this folder's database is a restored backup, or undefined. */
const whyRestored = (db: Database, varDir: string): string | undefined => {
  // Read before the database: a commit between the two reads then puts the database ahead of the file, never behind.
  const kept = keptProgress(varDir);
  const databaseId = db.read.meta.get(META.databaseId);
  const progressKept = db.read.meta.get(META.progressKept) !== undefined;
  const mark = typeof kept === "string" ? NO_MARK : db.read.progress.at(kept);
  return restoredBecause({ ...db.read.progress.now(), databaseId, progressKept, mark }, kept);
};

/**
 * For a command that is about to change something: its rows could bring a restored backup level with progress.json
 * before a worker checks it. Marks such a database, so that the next worker quarantines it in any case.
 */
export const markIfRestored = (db: Database, varDir: string): void => {
  if (db.read.meta.get(META.restored)) return;
  const why = whyRestored(db, varDir);
  if (why === undefined || isLocked(varDir)) return; // A running worker has checked at its start.
  db.transaction((tx) => tx.meta.set(META.restored, why));
};

interface Opened extends CommandCtx {
  readonly locale: Locale;
}

/**
 * Call before the first job runs. In one transaction: halts entries, expires open proposals, ends the validity of
 * approved ones, cancels waiting risk-adding jobs and alerts the owner. Returns the reason, or undefined when the
 * database is no restored backup. Runs again at the next start when the process dies before `keepProgress`.
 */
export const quarantineIfRestored = ({ db, store, clock, locale }: Opened, varDir: string): string | undefined => {
  const why = db.read.meta.get(META.restored) || whyRestored(db, varDir);
  const kept = keptProgress(varDir);
  // progress.json is written anew after this: from then on only this event says what was missing (auditWitness.ts).
  const loss = {
    held: db.read.progress.now().auditEvents,
    witnessed: typeof kept === "string" ? null : kept.auditEvents,
    // As long as before, or longer, with another event in the recorded one's place.
    rewritten: typeof kept !== "string" && isOtherEvent(db.read.progress.at(kept), kept),
    restored: db.read.meta.get(META.restored)?.startsWith(RESTORED_BY_COMMAND) === true,
  };
  const isNew = db.read.meta.get(META.databaseId) === undefined;
  if (why === undefined && !isNew) return undefined;
  db.transaction((tx) => {
    if (isNew) tx.meta.set(META.databaseId, entropyHex(8));
    tx.meta.set(META.restored, "");
    if (why !== undefined) quarantine(tx, store, { atMs: clock.nowMs(), locale }, why, loss);
  });
  return why;
};

const quarantine = (
  tx: Tx,
  store: AppStore,
  at: { readonly atMs: EpochMs; readonly locale: Locale },
  why: string,
  loss: Readonly<Record<string, unknown>>,
): void => {
  const { atMs, locale } = at;
  // Messages that waited in the backup have probably been sent: they are marked as repetitions, and notes are not sent.
  tx.outbox.doubtWaiting("a backup was restored: it may have been sent before");
  const proposals = tx.proposals.pending();
  for (const proposal of proposals)
    expireProposal(tx, proposal, { actor: QUARANTINE, atMs, locale }, { key: "beforeRestore" });
  tx.proposals.endValidity(atMs);
  const adding = tx.jobs.unfinishedAdding();
  for (const job of adding) store.cancel(job.id, QUARANTINE);
  const reason = `a restored backup: ${why}`;
  const data = { reason, proposals: proposals.map((p) => p.id), jobs: adding.map((job) => job.id), ...loss };
  tx.audit.append({ atMs, kind: "database.quarantined", actor: "worker", data });
  const text = textsOf(locale).alerts.quarantine({ proposals: proposals.length, jobs: adding.length });
  const alert = composeAlert(locale, { key: QUARANTINE, severity: "critical", atMs }, text);
  raiseHalt(tx, { kind: QUARANTINE, reason, by: { atMs, actor: "worker" }, alert });
};

/**
 * Writes progress.json. Rejects with AppError (NOT_WRITABLE, DISK_FULL, PROGRESS_NOT_KEPT); the old content is kept
 * then.
 */
export const keepProgress = async (db: Database, varDir: string): Promise<void> => {
  const databaseId = db.read.meta.get(META.databaseId) ?? "";
  const now = db.read.progress.now();
  const text = `${JSON.stringify({ databaseId, ...now, ...db.read.progress.at(now) } satisfies Kept)}\n`;
  const path = progressPath(varDir);
  try {
    await writeFileDurably(path, text);
  } catch (e) {
    throw storageError(e, path) ?? notKept(path, e);
  }
  if (db.read.meta.get(META.progressKept) === undefined) db.transaction((tx) => tx.meta.set(META.progressKept, "1"));
};
const notKept = (path: string, cause: unknown): AppError =>
  new AppError(
    "retry",
    "PROGRESS_NOT_KEPT",
    `expected to write ${path}, found: ${(cause as Error).message}; without it a restored backup could not be told from the real database: remove what is in its place`,
    {},
    { cause },
  );

const KEEP_EVERY_MS = 10_000;
/** Key of the alert "progress.json cannot be written". */
const PROGRESS_ALERT = "progress";
const MOST_WHY_CHARS = 200;

export interface ProgressKeeper {
  /** Red while progress.json cannot be written. */
  health(): Health;
  /** Writes it a last time. Never rejects. */
  end(): Promise<void>;
}

/**
 * Keeps progress.json up to date until `end`. Rejects when the first write fails (as keepProgress): without the file, a
 * database cannot be distinguished from its backup. A later failure is logged, turns the health red, alerts, and is
 * retried.
 */
export const startKeepingProgress = async (p: {
  readonly db: Database;
  readonly varDir: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly locale: Locale;
  /** Default 10 s. */
  readonly everyMs?: number;
  /** Throws when the folder is another one now: nothing is written there, and no alert is raised. */
  readonly mayWrite?: () => void;
}): Promise<ProgressKeeper> => {
  const { db, varDir, log, clock, locale } = p;
  const state = (): string => JSON.stringify(db.read.progress.now());
  let written = state();
  await keepProgress(db, varDir);
  let trouble: { readonly sinceMs: number; readonly why: string } | undefined;
  const resolve = (): void => {
    trouble = undefined;
    db.transaction((tx) => tx.alerts.resolve(PROGRESS_ALERT, clock.nowMs()));
  };
  resolve();
  const fail = (error: unknown): void => {
    log.error({ err: error }, "progress.notWritten");
    const first = trouble === undefined;
    const why = `progress.json: ${(error as Error).message}`;
    trouble ??= { sinceMs: clock.realNowMs(), why };
    if (!first) return;
    try {
      const at = { key: PROGRESS_ALERT, severity: "critical", atMs: clock.nowMs() } as const;
      const alert = composeAlert(locale, at, textsOf(locale).alerts.progress({ why: cut(why, MOST_WHY_CHARS) }));
      db.transaction((tx) => tx.alerts.raise(alert));
    } catch (alertError) {
      log.error({ err: alertError }, "progress.alertFailed");
    }
  };
  const keep = async (): Promise<void> => {
    try {
      p.mayWrite?.();
      const now = state();
      if (now === written && trouble === undefined) return;
      await keepProgress(db, varDir);
      written = now;
      if (trouble !== undefined) resolve();
    } catch (error) {
      fail(error);
    }
  };
  let writing = Promise.resolve();
  const timer = setInterval(() => {
    writing = writing.then(keep);
  }, p.everyMs ?? KEEP_EVERY_MS);
  return {
    health: () => (trouble === undefined ? { ok: true } : { ok: false, ...trouble }),
    end: () => {
      clearInterval(timer);
      writing = writing.then(keep);
      return writing;
    },
  };
};
