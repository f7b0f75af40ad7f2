// Finds out whether the database is an old copy put back (a restored backup), and quarantines it then: what it would still
// trade has perhaps been traded since. Beside the database lies `progress.json`: how far it had come. It is written after
// the commits it counts, so a database that is behind it has lost what it had. `trader restore` (backup.ts) and commands that
// find such a database before the worker does leave a mark in it.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { raiseHalt } from "../../db/halts.ts";
import { META } from "../../db/tables/meta.ts";
import type { Progress } from "../../db/tables/progress.ts";
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
import type { AppStore } from "../context.ts";
import { expireProposal } from "../proposals/expireProposal.ts";

export const progressPath = (varDir: string): string => join(varDir, "progress.json");

const Kept = z.strictObject({ databaseId: z.string(), jobs: z.int(), auditEvents: z.int() });
type Kept = z.infer<typeof Kept>;

interface Lived extends Progress {
  readonly databaseId: string | undefined;
  /** A progress.json was once written beside it. */
  readonly progressKept: boolean;
}

/** Why this database is taken for an old copy, or undefined. Pure. */
export const restoredBecause = (database: Lived, kept: Kept | "none" | "unreadable"): string | undefined => {
  const { databaseId, jobs, auditEvents } = database;
  if (kept === "unreadable") return "progress.json beside it cannot be read";
  if (databaseId === undefined && (kept === "none" || jobs === 0)) return undefined; // New, or from before there was such a file.
  // Its first start was killed before there was such a file.
  if (kept === "none" && !database.progressKept) return undefined;
  if (kept === "none") return "it has run before, but not in this folder: there is no progress.json beside it";
  if (kept.databaseId !== databaseId) return "progress.json beside it belongs to another database";
  if (jobs >= kept.jobs && auditEvents >= kept.auditEvents) return undefined;
  return `it has ${jobs} jobs and ${auditEvents} audit events, but had ${kept.jobs} and ${kept.auditEvents} before`;
};

const readKept = (varDir: string): Kept | "none" | "unreadable" => {
  if (!existsSync(progressPath(varDir))) return "none";
  try {
    return Kept.parse(JSON.parse(readFileSync(progressPath(varDir), "utf8")));
  } catch {
    return "unreadable";
  }
};

/** Why this folder's database is an old copy, or undefined. */
const whyRestored = (db: Database, varDir: string): string | undefined => {
  // Before the database: what a worker commits between the two looks makes it further than its file, never behind.
  const kept = readKept(varDir);
  const databaseId = db.read.meta.get(META.databaseId);
  const progressKept = db.read.meta.get(META.progressKept) !== undefined;
  return restoredBecause({ ...db.read.progress.now(), databaseId, progressKept }, kept);
};

/**
 * For a command that is about to change something: what it adds could bring an old copy level with progress.json before a
 * worker has looked. It leaves a mark then, so that the next worker quarantines the database in any case.
 */
export const markIfRestored = (db: Database, varDir: string): void => {
  if (db.read.meta.get(META.restored)) return;
  const why = whyRestored(db, varDir);
  if (why === undefined || isLocked(varDir)) return; // A worker that runs has looked when it started.
  db.transaction((tx) => tx.meta.set(META.restored, why));
};

interface Opened {
  readonly db: Database;
  readonly store: AppStore;
  readonly clock: Clock;
  readonly locale: Locale;
}

/**
 * To be called before the first job runs. In one transaction: entries are halted, open proposals rejected, the validity of
 * approved ones ended, waiting risk-adding jobs cancelled, the owner told. Returns the reason, or undefined for a database
 * that is what it was. Happens again when we die before `keepProgress`.
 */
export const quarantineIfRestored = ({ db, store, clock, locale }: Opened, varDir: string): string | undefined => {
  const why = db.read.meta.get(META.restored) || whyRestored(db, varDir);
  const isNew = db.read.meta.get(META.databaseId) === undefined;
  if (why === undefined && !isNew) return undefined;
  db.transaction((tx) => {
    if (isNew) tx.meta.set(META.databaseId, entropyHex(8));
    tx.meta.set(META.restored, "");
    if (why !== undefined) quarantine(tx, store, { atMs: clock.nowMs(), locale }, why);
  });
  return why;
};

const quarantine = (
  tx: Tx,
  store: AppStore,
  at: { readonly atMs: EpochMs; readonly locale: Locale },
  why: string,
): void => {
  const { atMs, locale } = at;
  // What waited when the backup was made has long been sent: it comes marked as a repetition, and notes not at all.
  tx.outbox.doubtWaiting("a backup was restored: it may have been sent before");
  const proposals = tx.proposals.pending();
  for (const proposal of proposals)
    expireProposal(tx, proposal, { actor: QUARANTINE, atMs, locale }, { key: "beforeRestore" });
  tx.proposals.endValidity(atMs);
  const adding = tx.jobs.unfinishedAdding();
  for (const job of adding) store.cancel(job.id, QUARANTINE);
  const reason = `a restored backup: ${why}`;
  const data = { reason, proposals: proposals.map((p) => p.id), jobs: adding.map((job) => job.id) };
  tx.audit.append({ atMs, kind: "database.quarantined", actor: "worker", data });
  const text = textsOf(locale).alerts.quarantine({ proposals: proposals.length, jobs: adding.length });
  const alert = composeAlert(locale, { key: QUARANTINE, severity: "critical", atMs }, text);
  raiseHalt(tx, { kind: QUARANTINE, reason, by: { atMs, actor: "worker" }, alert });
};

/**
 * Writes down how far the database has come. Rejects with AppError (NOT_WRITABLE, DISK_FULL, PROGRESS_NOT_KEPT); the old
 * content is there then.
 */
export const keepProgress = async (db: Database, varDir: string): Promise<void> => {
  const databaseId = db.read.meta.get(META.databaseId) ?? "";
  const text = `${JSON.stringify({ databaseId, ...db.read.progress.now() })}\n`;
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
/** Key of the alert that tells of a progress.json which cannot be written. */
const PROGRESS_ALERT = "progress";
const MOST_WHY_CHARS = 200;

export interface ProgressKeeper {
  /** Red while progress.json cannot be written. */
  health(): Health;
  /** Writes it a last time. Never rejects. */
  end(): Promise<void>;
}

/**
 * Keeps progress.json up to date until `end`. Rejects when it cannot be written the first time (as keepProgress): a database
 * that works without it would not be told from its backup. A later failure is told by log, light and alert, and tried again.
 */
export const startKeepingProgress = async (p: {
  readonly db: Database;
  readonly varDir: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly locale: Locale;
  /** Default 10 s. */
  readonly everyMs?: number;
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
