// How the worker ends: by a signal, by a corrupt database file, or by an error that needs a person; and what it prints
// then.
import { existsSync } from "node:fs";
import type { JobStats } from "../../db/tables/jobs.ts";
import { AppError, UsageError } from "../../lib/core/errors.ts";
import { isSound } from "../../lib/io/sqlite.ts";
import { storageError, storageTrouble } from "../../lib/io/storageTrouble.ts";
import type { AppStore } from "../context.ts";
import { needsAPerson } from "./exitCode.ts";
import { databasePath, venuePath } from "./stateFolder.ts";

/** Prints one fact: as a JSON object, or as text for a person. */
export type Say = (fact: Readonly<Record<string, unknown>>, text: string) => void;

/**
 * The same error; as a UsageError (exit code 2) when a restart cannot help (exitCode.ts). A database that cannot be opened may be
 * one that cannot be opened for a moment (no memory, too many files, a locking race): the worker is restarted and tries again,
 * because an open position must not be without it.
 */
export const refusal = (e: unknown, varDir: string): unknown => {
  const error = e instanceof UsageError || e instanceof AppError ? e : (storageError(e, suspect(e, varDir)) ?? e);
  return error instanceof AppError && error.code !== "DB_OPEN" && needsAPerson(error.code)
    ? new UsageError(`${error.code}: ${error.message}`, { cause: error })
    : error;
};

/** An error of SQLite does not name its file. When one is corrupt, both are checked. */
const suspect = (e: unknown, varDir: string): string => {
  const files = [databasePath(varDir), venuePath(varDir)] as const;
  if (storageTrouble(e)?.kind !== "corrupt") return files[0];
  return files.find((file) => existsSync(file) && !isSound(file)) ?? files[0];
};

/** Prints how many jobs wait for the next start. Without counts when the file cannot be read. */
export const reportStopped = (say: Say, store: AppStore): void => {
  let states: JobStats["states"] | undefined;
  try {
    states = store.stats().states;
  } catch {
    // The health reporter has reported it.
  }
  const { ready = null, parked = null } = states ?? {};
  const waiting = states ? `waiting jobs: ${states.ready} for the next start, ${states.parked} for a person` : "";
  say({ event: "stopped", ready, parked }, waiting === "" ? "stopped" : `stopped; ${waiting}`);
};

/**
 * `found` resolves when a logged error says that a database file is corrupt. Queue, feed and bot continue after every
 * error, so the log is the one place that sees all of them.
 */
export const brokenFile = (
  varDir: string,
): { readonly found: Promise<AppError>; readonly look: (error: unknown) => void } => {
  let resolve: (error: AppError) => void = () => {};
  const found = new Promise<AppError>((done) => {
    resolve = done;
  });
  let reported = false;
  return {
    found,
    look: (error) => {
      if (reported || storageTrouble(error)?.kind !== "corrupt") return;
      reported = true;
      const broken = storageError(error, suspect(error, varDir));
      if (broken) resolve(broken);
    },
  };
};

/**
 * `first` resolves at the first SIGTERM, SIGINT or SIGHUP (a closed terminal or ssh session); the callback of `onSecond` runs at every
 * further one. Without a handler SIGHUP kills the process at once; under nohup, too, because Node resets ignored signals at its start.
 */
export const stopSignals = (): { readonly first: Promise<NodeJS.Signals>; onSecond(work: () => void): void } => {
  let again: (() => void) | undefined;
  const first = new Promise<NodeJS.Signals>((resolve) => {
    let seen = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (seen) again?.();
      seen = true;
      resolve(signal);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
    process.on("SIGHUP", onSignal);
  });
  return {
    first,
    onSecond: (work) => {
      again = work;
    },
  };
};
