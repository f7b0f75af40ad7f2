// `trader backup [FILE]`: copies the database beside a running worker. The copy is one snapshot, checked page by page,
// written under a temporary name and renamed: a file of the final name is a complete backup.

import { closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import type { z } from "zod";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { SECOND_MS } from "../../../lib/core/time.ts";
import { renameDurably, sync } from "../../../lib/io/atomicFile.ts";
import { realClock } from "../../../lib/io/clock.ts";
import { openSqlite } from "../../../lib/io/sqlite.ts";
import { storageError, storageTrouble } from "../../../lib/io/storageTrouble.ts";
import { databasePath } from "../../runtime/stateFolder.ts";
import type { BackupJson } from "../json/results.ts";
import {
  type CopyDeps,
  type DatabaseFacts,
  factsJson,
  factsText,
  finishCopy,
  isSameFile,
  removeWithCompanions,
  stampOf,
} from "./databaseFile.ts";
import { registerRestore } from "./restore.ts";

export const registerBackup = (program: Command, deps: CopyDeps): void => {
  program
    .command("backup [file]")
    .description(
      "copy the database, also beside a running worker (default: var/backups/trader-YYYYMMDD-HHMMSS.db, JST)",
    )
    .option("--force", "replace the file")
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON object")
    .action(async (file: string | undefined, options: { force?: boolean; var?: string; json?: boolean }) => {
      const varDir = options.var ?? deps.config().VAR_DIR;
      const made = await backup({ varDir, file, force: options.force ?? false, tell: deps.err });
      if (options.json) {
        const fact = { path: made.path, bytes: made.bytes, ...factsJson(made.facts) };
        deps.out(JSON.stringify(fact satisfies z.infer<typeof BackupJson>));
      } else deps.out(`backup ${made.path}: ${(made.bytes / 1e6).toFixed(1)} MB, sound, ${factsText(made.facts)}`);
    });
  registerRestore(program, deps);
};

interface BackupOrder {
  readonly varDir: string;
  /** Default: a name of this second in `backups` of the state folder. */
  readonly file?: string | undefined;
  readonly force?: boolean;
  /** Called with the progress of a long copy, at most once a second. */
  readonly tell?: (text: string) => void;
}
interface BackupMade {
  readonly path: string;
  readonly bytes: number;
  readonly facts: DatabaseFacts;
}

/**
 * Throws UsageError for a name that cannot be used; AppError DB_MISSING, DB_CORRUPT, DISK_FULL, NOT_WRITABLE and their
 * like. What was under the name before is there then.
 */
export const backup = async (order: BackupOrder): Promise<BackupMade> => {
  const { varDir, force = false } = order;
  const source = openSqlite(databasePath(varDir), { readonly: true });
  try {
    const path = resolve(order.file ?? join(varDir, "backups", `trader-${stampOf(realClock.nowMs())}.db`));
    if (order.file === undefined) mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    mustBeUsable(path, varDir, force);
    const part = `${path}.part`;
    try {
      removeWithCompanions(part);
      closeSync(openSync(part, "wx", 0o600));
      // A read transaction fixes the snapshot: the worker's commits neither enter the copy nor restart it.
      source.exec("BEGIN");
      source.prepare("SELECT count(*) FROM sqlite_master").get(); // The transaction begins with its first read.
      await source.backup(part, { progress: progressTo(order.tell) });
      source.exec("COMMIT");
      const otherwise = "it is broken itself: restore an older backup (trader restore FILE)";
      const facts = finishCopy({ path: part, of: databasePath(varDir), otherwise });
      await sync(part);
      mustBeUsable(path, varDir, force); // Another process may have created the file meanwhile.
      await renameDurably(part, path);
      return { path, bytes: statSync(path).size, facts };
    } catch (e) {
      removeWithCompanions(part);
      if (e instanceof AppError || e instanceof UsageError) throw e;
      const atSource = ["corrupt", "busy"].includes(storageTrouble(e)?.kind ?? "");
      throw storageError(e, atSource ? databasePath(varDir) : path) ?? e;
    }
  } finally {
    source.close();
  }
};

/** Files of the worker: a backup never replaces one of them, not even with --force. */
const LIVING = /^(trader\.db|venue\.db|runner\.lock|progress\.json)/;

const mustBeUsable = (path: string, varDir: string, force: boolean): void => {
  const folder = dirname(path);
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new UsageError(`expected a folder for the backup, found none at ${folder}; make it, or mount its disk`);
  const inStateFolder = realpathSync(folder) === realpathSync(varDir);
  if (inStateFolder && LIVING.test(basename(path)))
    throw new UsageError(`expected a name for a copy, found ${path}, which belongs to the worker; choose another name`);
  if (!existsSync(path)) return;
  if (!statSync(path).isFile()) throw new UsageError(`expected a name for a file, found something else at ${path}`);
  if (isSameFile(path, databasePath(varDir)))
    throw new UsageError(`expected a name for a copy, found the database itself at ${path}; choose another name`);
  if (!force) throw new UsageError(`expected a new name, found a file at ${path}; choose another name, or add --force`);
};

const PAGES_A_STEP = 2_000;
const progressTo = (tell: BackupOrder["tell"]) => {
  let nextMs = realClock.monotonicMs() + SECOND_MS;
  return ({ totalPages, remainingPages }: { totalPages: number; remainingPages: number }): number => {
    const nowMs = realClock.monotonicMs();
    if (nowMs >= nextMs) {
      nextMs = nowMs + SECOND_MS;
      tell?.(`copied ${Math.floor((100 * (totalPages - remainingPages)) / totalPages)} %`);
    }
    return PAGES_A_STEP;
  };
};
