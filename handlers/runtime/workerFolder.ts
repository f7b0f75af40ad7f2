// The worker's first step: takes the state folder's lock, opens its database and its log, and refuses a folder that
// belongs to another mode, another product or another model.

import { join } from "node:path";
import { openDatabase } from "../../db/open.ts";
import type { Config } from "../../lib/core/config.ts";
import { AppError } from "../../lib/core/errors.ts";
import { epochMs } from "../../lib/core/time.ts";
import { realClock } from "../../lib/io/clock.ts";
import { lockFolder } from "../../lib/io/lock.ts";
import { fileLogger, type Logger } from "../../lib/io/logger.ts";
import { DEFAULT_MODEL_ID, type LoadedModel, loadModel, shippedDir } from "../../models/registry.ts";
import type { Database } from "../../queue/types.ts";
import type { Closing } from "./closing.ts";
import { brokenFile } from "./shutdown.ts";
import { claimFolder, databasePath } from "./stateFolder.ts";

export interface Folder {
  readonly varDir: string;
  readonly db: Database;
  readonly model: LoadedModel;
  readonly log: Logger;
  /** Resolves when a file of the folder is found to be no sound database. */
  readonly broken: Promise<AppError>;
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

/** Throws AppError ALREADY_RUNNING, MODEL_NOT_CHAMPION, or UsageError MODE_MISMATCH, PRODUCT_MISMATCH. */
export const openFolder = (closing: Closing, varDir: string, config: Config): Folder => {
  closing.add(lockFolder(varDir));
  const db = openDatabase(databasePath(varDir));
  closing.add(() => db.close());
  claimFolder(db, "paper", config.PRODUCT);
  const model = loadModel(shippedDir(DEFAULT_MODEL_ID));
  pinModel(db, model);
  const broken = brokenFile(varDir);
  const log = fileLogger(config.LOG_LEVEL, join(varDir, "logs"), { onError: broken.look });
  return { varDir, db, model, log, broken: broken.found };
};
