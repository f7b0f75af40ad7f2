// The worker's first step: takes the state folder's lock, opens its database and its log, and refuses a folder that
// belongs to another worker, another mode, another product or another model.

import { join } from "node:path";
import { openDatabase } from "../../db/open.ts";
import { lastWorker } from "../../db/tables/workers.ts";
import type { Config } from "../../lib/core/config.ts";
import { AppError } from "../../lib/core/errors.ts";
import { epochMs } from "../../lib/core/time.ts";
import { realClock } from "../../lib/io/clock.ts";
import { lockFile, lockFolder } from "../../lib/io/lock.ts";
import { fileLogger, type Logger } from "../../lib/io/logger.ts";
import { ownIdentity, processState } from "../../lib/io/process.ts";
import { DEFAULT_MODEL_ID, type LoadedModel, loadModel, shippedDir } from "../../models/registry.ts";
import type { Database } from "../../queue/types.ts";
import type { Closing } from "./closing.ts";
import { FolderWatch } from "./folderWatch.ts";
import { brokenFile } from "./shutdown.ts";
import { claimAccount, claimFolder, databasePath } from "./stateFolder.ts";

export interface Folder {
  readonly varDir: string;
  readonly db: Database;
  readonly model: LoadedModel;
  readonly log: Logger;
  /** Resolves when a file of the folder is found to be no sound database. */
  readonly broken: Promise<AppError>;
  /** Notices that the folder or a file in it was deleted or replaced. */
  readonly watch: FolderWatch;
}

/**
 * Refuses a model that is not the database's champion; the manifest's checksum identifies it. The first model becomes
 * it.
 */
const pinModel = (db: Database, model: LoadedModel): void =>
  db.transaction((tx) => {
    const champion = tx.models.champion();
    if (champion === undefined) {
      tx.models.registerChampion(
        {
          id: model.id,
          featureSet: model.featureSet,
          manifestSha256: model.manifestSha256,
          dataEndMs: epochMs(model.dataEndMs),
        },
        realClock.nowMs(),
      );
      return;
    }
    if (champion.id !== model.id || champion.manifestSha256 !== model.manifestSha256)
      throw new AppError(
        "permanent",
        "MODEL_NOT_CHAMPION",
        `expected this database's champion ${champion.id} (${champion.manifestSha256.slice(0, 12)}), found ${model.id} (${model.manifestSha256.slice(0, 12)}); restore that model, or use another --var folder`,
      );
  });

/**
 * Refuses a database whose last worker still runs. Its lock excludes a second one, unless the lock file was removed: then
 * the first has noticed it within a second, and ends.
 */
const refuseSecond = (db: Database, varDir: string): void => {
  const last = lastWorker(db.sql);
  const own = ownIdentity();
  if (last === undefined || (last.pid === own.pid && last.host === own.host) || processState(last) !== "alive") return;
  throw new AppError(
    "permanent",
    "ALREADY_RUNNING",
    `expected no other runner on ${varDir}, found process ${last.pid}, which has this database open though the folder's lock is free (was runner.lock removed?): stop it first, then start again`,
    { varDir },
  );
};

/**
 * What is wrong with the content of the database after something was written to its file: the newest job and audit event
 * must be where they were. undefined: nothing.
 */
const historyOf = (db: Database): (() => string | undefined) => {
  const read = () => {
    const now = db.read.progress.now();
    return { now, mark: db.read.progress.at(now) };
  };
  let last = read();
  return () => {
    db.sql.pragma("shrink_memory"); // Pages that SQLite still remembers would hide what the file holds.
    const { job, auditHash } = db.read.progress.at(last.now);
    if (auditHash !== last.mark.auditHash || (job !== undefined && job !== last.mark.job))
      return "its newest job or audit event is another one";
    last = read();
    return undefined;
  };
};

/**
 * `account`: the fingerprint of the live account's key. Throws AppError ALREADY_RUNNING, MODEL_NOT_CHAMPION, or UsageError
 * MODE_MISMATCH, PRODUCT_MISMATCH, ACCOUNT_MISMATCH.
 */
export const openFolder = (closing: Closing, varDir: string, config: Config, account: string | undefined): Folder => {
  const watch = new FolderWatch(varDir);
  closing.add(() => watch.end());
  closing.add(lockFolder(varDir));
  watch.follow(lockFile(varDir));
  const path = databasePath(varDir);
  const db = openDatabase(path);
  closing.add(() => closeUnlessLost(watch, db));
  refuseSecond(db, varDir);
  claimFolder(db, config.MODE, config.PRODUCT);
  if (account !== undefined) claimAccount(db, account);
  watch.follow(path);
  watch.followContent(path, historyOf(db));
  db.checkBeforeWrites(watch.check);
  const model = loadModel(shippedDir(DEFAULT_MODEL_ID));
  pinModel(db, model);
  const broken = brokenFile(varDir);
  const log = fileLogger(config.LOG_LEVEL, join(varDir, "logs"), { onError: broken.look });
  return { varDir, db, model, log, broken: broken.found, watch };
};

/**
 * Closing a database moves the content of its -wal file into it and deletes that file by its path: in a folder that was
 * replaced, nothing may be closed. The process ends at once (worker.ts), and the system closes the files as they are. A
 * database that only lost its -wal file still gets the commits that were in it.
 */
const closeUnlessLost = (watch: FolderWatch, db: Database): void => {
  if (!watch.isLost) db.close();
  else if (watch.isInPlace(db.path)) db.sql.pragma("wal_checkpoint(TRUNCATE)");
};
