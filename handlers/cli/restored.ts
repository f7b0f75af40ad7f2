// Finds out whether the database is an old copy put back (a restored backup), and quarantines it then: what it would still
// trade has perhaps been traded since. Beside the database lies `progress.json`: how far it had come. It is written after
// the commits it counts, so a database that is behind it has lost what it had.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Progress } from "../../db/tables/progress.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import { writeFileDurably } from "../../lib/io/atomicFile.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Logger } from "../../lib/io/logger.ts";
import { entropyHex } from "../../lib/io/random.ts";
import type { JobStore } from "../../queue/store.ts";
import type { Database, Tx } from "../../queue/types.ts";
import { expireProposal } from "../awaitApproval.ts";
import { QUARANTINE } from "../reconcile.ts";
import { META } from "./state.ts";

export const progressPath = (varDir: string): string => join(varDir, "progress.json");

const Kept = z.strictObject({ databaseId: z.string(), jobs: z.int(), auditEvents: z.int() });
type Kept = z.infer<typeof Kept>;

/** Why this database is taken for an old copy, or undefined. Pure. */
export const restoredBecause = (
  database: Progress & { readonly databaseId: string | undefined },
  kept: Kept | "none" | "unreadable",
): string | undefined => {
  const { databaseId, jobs, auditEvents } = database;
  if (kept === "unreadable") return "progress.json beside it cannot be read";
  if (databaseId === undefined && (kept === "none" || jobs === 0)) return undefined; // New, or from before there was such a file.
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

interface Opened {
  readonly db: Database;
  readonly store: JobStore;
  readonly clock: Clock;
}

/**
 * To be called before the first job runs. In one transaction: entries are halted, open proposals rejected, the validity of
 * approved ones ended, waiting risk-adding jobs cancelled, the owner told. Returns the reason, or undefined for a database
 * that is what it was. Happens again when we die before `keepProgress`.
 */
export const quarantineIfRestored = ({ db, store, clock }: Opened, varDir: string): string | undefined => {
  const known = db.read.meta.get(META.databaseId);
  const why = restoredBecause({ ...db.read.progress.now(), databaseId: known }, readKept(varDir));
  if (why === undefined && known !== undefined) return undefined;
  db.transaction((tx) => {
    if (known === undefined) tx.meta.set(META.databaseId, entropyHex(8));
    if (why !== undefined) quarantine(tx, store, clock.nowMs(), why);
  });
  return why;
};

const quarantine = (tx: Tx, store: JobStore, atMs: EpochMs, why: string): void => {
  const proposals = tx.proposals.pending();
  for (const proposal of proposals)
    expireProposal(tx, proposal, QUARANTINE, atMs, "asked before the backup was restored");
  tx.proposals.endValidity(atMs);
  const adding = tx.jobs.unfinishedAdding();
  for (const job of adding) store.cancel(job.id, QUARANTINE);
  const reason = `a restored backup: ${why}`;
  tx.halts.raise({ kind: QUARANTINE, reason, atMs });
  const data = { reason, proposals: proposals.map((p) => p.id), jobs: adding.map((job) => job.id) };
  tx.audit.append({ atMs, kind: "database.quarantined", actor: "worker", data });
  tx.alerts.raise({
    key: QUARANTINE,
    severity: "critical",
    text: `${reason}. Entries are paused until the venue and the book agree; ${proposals.length} open proposals were rejected, ${adding.length} waiting entries cancelled. What happened since the backup is looked up at the venue; messages of that time may come twice`,
    atMs,
  });
};

/** Writes down how far the database has come. Rejects with the system's error. */
export const keepProgress = async (db: Database, varDir: string): Promise<void> => {
  const databaseId = db.read.meta.get(META.databaseId) ?? "";
  await writeFileDurably(progressPath(varDir), `${JSON.stringify({ databaseId, ...db.read.progress.now() })}\n`);
};

const KEEP_EVERY_MS = 10_000;

/** Keeps progress.json up to date until `end`, which writes it a last time. A failure is logged and tried again. */
export const startKeepingProgress = (db: Database, varDir: string, log: Logger): { end(): Promise<void> } => {
  let written = "";
  let writing = Promise.resolve();
  const keep = (): void => {
    writing = writing.then(async () => {
      const now = JSON.stringify(db.read.progress.now());
      if (now === written) return;
      try {
        await keepProgress(db, varDir);
        written = now;
      } catch (error) {
        log.error({ err: error }, "progress.notWritten");
      }
    });
  };
  keep();
  const timer = setInterval(keep, KEEP_EVERY_MS);
  return {
    end: () => {
      clearInterval(timer);
      keep();
      return writing;
    },
  };
};
