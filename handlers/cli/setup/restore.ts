// `trader restore FILE`: replaces the database by a backup. After every step the folder holds the old database or the
// new one, complete and without a foreign -wal. The copy carries a mark, so that the next worker quarantines it
// (restoredBackup.ts), and progress.json is kept. The simulated exchange (venue.db) is not changed: the real one could
// not be restored either.
import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import type { z } from "zod";
import { haltReads } from "../../../db/tables/halts.ts";
import { META, metaReads, metaWrites } from "../../../db/tables/meta.ts";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { isEndedByOwner } from "../../../lib/core/haltKinds.ts";
import { type EpochMs, jstText } from "../../../lib/core/time.ts";
import { renameDurably, sync } from "../../../lib/io/atomicFile.ts";
import { realClock } from "../../../lib/io/clock.ts";
import { lockFolder } from "../../../lib/io/lock.ts";
import { openSqlite, type Sqlite } from "../../../lib/io/sqlite.ts";
import { storageError, storageTrouble } from "../../../lib/io/storageTrouble.ts";
import { RESTORED_BY_COMMAND } from "../../runtime/restoredBackup.ts";
import { databasePath, makeStateFolder, venuePath } from "../../runtime/stateFolder.ts";
import type { RestoreJson } from "../json/results.ts";
import type { CopyDeps } from "./databaseFile.ts";
import {
  COMPANIONS,
  type DatabaseFacts,
  factsJson,
  factsText,
  finishCopy,
  isSameFile,
  stampOf,
} from "./databaseFile.ts";

export const registerRestore = (program: Command, deps: CopyDeps): void => {
  program
    .command("restore <file>")
    .description("put a backup in the database's place (the worker must be stopped); the next worker quarantines it")
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON object")
    .action(async (file: string, options: { var?: string; json?: boolean }) => {
      const varDir = options.var ?? deps.config().VAR_DIR;
      const done = await restore({ varDir, file });
      if (options.json) {
        const { path, replaced = null, haltsLost } = done;
        const fact = { path, replaced, ...factsJson(done.facts), haltsLost: [...haltsLost] };
        deps.out(JSON.stringify(fact satisfies z.infer<typeof RestoreJson>));
        return;
      }
      deps.out(`restored ${done.path} from ${resolve(file)}: ${factsText(done.facts)}`);
      if (done.replaced) deps.out(`the database that was there is kept: ${done.replaced}`);
      if (done.haltsLost.length > 0)
        deps.err(
          `note: it was under ${done.haltsLost.join(", ")}, and this backup is not; if that shall still hold, ask again before the worker starts: ${done.haltsLost.map((kind) => `trader ${kind}`).join(", ")}`,
        );
      deps.out(
        "the next start of the worker quarantines it: proposals rejected, entries paused until venue and book agree",
      );
      deps.out(
        existsSync(venuePath(varDir))
          ? "the simulated exchange (venue.db) stays as it is: what was traded since the backup is reported as a mismatch"
          : "there is no venue.db here: a paper worker begins with a new simulated exchange, and positions of the book are reported as a mismatch",
      );
    });
};

/** Moments at which a test ends the process. */
export type RestoreStep = "staged" | "checked" | "kept" | "cleared" | "replaced";

interface RestoreOrder {
  readonly varDir: string;
  readonly file: string;
  readonly onStep?: (step: RestoreStep) => void;
}
interface RestoreDone {
  readonly path: string;
  /** Where the replaced database is; undefined when there was none. */
  readonly replaced: string | undefined;
  readonly facts: DatabaseFacts;
  /** The owner's halts (pause, stop, panic) of the replaced database that the backup does not have. */
  readonly haltsLost: readonly string[];
}

/**
 * Throws UsageError for a FILE that cannot be one; AppError ALREADY_RUNNING, DB_IN_USE, DB_CORRUPT, NOT_OURS,
 * DB_TOO_NEW, DB_MIGRATION_CHANGED, NOT_RESTORABLE, DISK_FULL and their like. Nothing was replaced then.
 */
export const restore = async (order: RestoreOrder): Promise<RestoreDone> => {
  const { varDir } = order;
  const file = resolve(order.file);
  if (!existsSync(file) || !statSync(file).isFile())
    throw new UsageError(`expected a backup to restore, found no file at ${file}; trader backup makes them`);
  const path = databasePath(varDir);
  if (isSameFile(path, file))
    throw new UsageError(`expected a backup to restore, found the database itself at ${file}`);
  makeStateFolder(varDir);
  const unlock = lockFolder(varDir);
  try {
    return await replace(order, file, path);
  } catch (e) {
    throw e instanceof AppError ? e : (storageError(e, path) ?? e);
  } finally {
    unlock();
  }
};

const replace = async (order: RestoreOrder, file: string, path: string): Promise<RestoreDone> => {
  const { varDir, onStep } = order;
  const nowMs = realClock.nowMs();
  const staging = join(varDir, "restoring");
  const staged = join(staging, "trader.db");
  let replaced: string | undefined;
  let haltsLost: readonly string[] = [];
  let hold: Sqlite | undefined;
  try {
    // In a folder of its own on the same disk: a database and its -wal are complete only together.
    rmSync(staging, { recursive: true, force: true }); // Left by a restore that was killed.
    mkdirSync(staging, { mode: 0o700 });
    for (const suffix of ["", "-wal", "-journal"])
      if (existsSync(file + suffix)) {
        copyFileSync(file + suffix, staged + suffix);
        chmodSync(staged + suffix, 0o600);
      }
    onStep?.("staged");
    const why = `${RESTORED_BY_COMMAND} ${file} in place at ${jstText(nowMs)}`;
    const copy = { path: staged, of: file, otherwise: "take another backup" };
    let kept: readonly string[] = [];
    const facts = finishCopy(copy, (sql) => {
      kept = ownerHalts(sql, nowMs);
      metaWrites(sql).set(META.restored, why);
    });
    mustBeRestorable(facts, file);
    await sync(staged);
    onStep?.("checked");
    if (existsSync(path)) {
      hold = holdAlone(path, facts.mode);
      if (hold !== undefined) haltsLost = ownerHalts(hold, nowMs).filter((kind) => !kept.includes(kind));
      replaced = keepBeside(path, nowMs, hold === undefined);
      await sync(varDir);
      onStep?.("kept");
    }
    // Companions left here belong to a broken database (a sound one has none now) and are already kept with it.
    for (const suffix of COMPANIONS) rmSync(path + suffix, { force: true });
    await sync(varDir);
    onStep?.("cleared");
    await renameDurably(staged, path);
    onStep?.("replaced");
    return { path, replaced, facts, haltsLost };
  } finally {
    hold?.close();
    rmSync(staging, { recursive: true, force: true });
  }
};

/** Kinds of the halts that only the owner's resume ends. */
const ownerHalts = (sql: Sqlite, nowMs: EpochMs): readonly string[] => {
  const isThere = sql.prepare("SELECT 1 FROM sqlite_master WHERE name = 'halts'").get();
  if (isThere === undefined) return [];
  return haltReads(sql)
    .active(nowMs)
    .map((halt) => halt.kind)
    .filter((kind) => isEndedByOwner(kind));
};

const mustBeRestorable = (facts: DatabaseFacts, file: string): void => {
  if (facts.mode !== "replay") return;
  throw new AppError(
    "permanent",
    "NOT_RESTORABLE",
    `expected a book of a worker, found a replay at ${file}: it cannot go on without its simulated exchange; trader start --fresh replays the days again`,
  );
};

/**
 * Ensures that no other process has the database open until the connection closes: a process that closed it later would
 * remove the new file's -wal by its name. Its own -wal is written back and removed. undefined: the database is broken
 * and cannot be opened.
 */
const holdAlone = (path: string, newMode: string | undefined): Sqlite | undefined => {
  let sql: Sqlite | undefined;
  try {
    readableAtAll(path);
    sql = openSqlite(path);
    const mode = modeOf(sql);
    if (mode !== undefined && mode !== newMode)
      throw new AppError(
        "permanent",
        "MODE_MISMATCH",
        `expected a backup of mode ${mode} for ${path}, found one of mode ${newMode ?? "none"}; choose another --var folder`,
      );
    sql.pragma("journal_mode = DELETE"); // Refused while another process has it open, even read-only.
    sql.exec("BEGIN EXCLUSIVE");
    return sql;
  } catch (e) {
    sql?.close();
    const kind = storageTrouble(e)?.kind;
    if (kind === "corrupt") return undefined;
    if (kind !== "busy") throw e;
    throw new AppError(
      "permanent",
      "DB_IN_USE",
      `expected nobody to use ${path}, found another process that has it open; end it (trader jobs watch? an sqlite3 shell?) and restore again`,
      {},
      { cause: e },
    );
  }
};
/** A write connection would discard the -wal of a file it cannot read, which may be all that is left of the book. */
const readableAtAll = (path: string): void => {
  const sql = openSqlite(path, { readonly: true });
  try {
    modeOf(sql);
  } finally {
    sql.close();
  }
};
const modeOf = (sql: Sqlite): string | undefined => {
  const isThere = sql.prepare("SELECT 1 FROM sqlite_master WHERE name = 'meta'").get();
  return isThere === undefined ? undefined : metaReads(sql).get(META.mode);
};

/** Links the old file under a second name, so that the first name always has a file. Returns the second name. */
const keepBeside = (path: string, nowMs: EpochMs, withCompanions: boolean): string => {
  const name = `${path}.before-restore-${stampOf(nowMs)}`;
  let kept = name;
  for (let n = 2; existsSync(kept); n += 1) kept = `${name}-${n}`;
  for (const suffix of ["", ...(withCompanions ? COMPANIONS : [])])
    if (existsSync(path + suffix)) secondName(path + suffix, kept + suffix);
  return kept;
};
const secondName = (path: string, second: string): void => {
  try {
    linkSync(path, second);
  } catch {
    copyFileSync(path, second); // A file system without links. Closing the read file drops our POSIX lock on it.
  }
};
