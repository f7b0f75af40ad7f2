// How the worker ends: by a signal, by a file that is no database any more, or by a refusal that only a person can
// lift; and what it says then.
import { existsSync } from "node:fs";
import type { JobStats } from "../../db/tables/jobs.ts";
import { AppError, UsageError } from "../../lib/core/errors.ts";
import { isSound } from "../../lib/io/sqlite.ts";
import { storageError, storageTrouble } from "../../lib/io/storageTrouble.ts";
import type { AppStore } from "../context.ts";
import { needsAPerson } from "./exitCode.ts";
import { databasePath, venuePath } from "./stateFolder.ts";

/** One thing said to the terminal: as a JSON object or as text for a person. */
export type Say = (fact: Readonly<Record<string, unknown>>, text: string) => void;

/** The same error; what no restart can mend (exitCode.ts) as a UsageError, whose exit code is 2. */
export const refusal = (e: unknown, varDir: string): unknown => {
  const error = e instanceof UsageError || e instanceof AppError ? e : (storageError(e, suspect(e, varDir)) ?? e);
  return error instanceof AppError && needsAPerson(error.code)
    ? new UsageError(`${error.code}: ${error.message}`, { cause: error })
    : error;
};

/** An error of SQLite does not name its file: of a broken one we look which it is. */
const suspect = (e: unknown, varDir: string): string => {
  const files = [databasePath(varDir), venuePath(varDir)] as const;
  if (storageTrouble(e)?.kind !== "corrupt") return files[0];
  return files.find((file) => existsSync(file) && !isSound(file)) ?? files[0];
};

/** What the next start will find. The counts are left out when the file does not tell them. */
export const reportStopped = (say: Say, store: AppStore): void => {
  let states: JobStats["states"] | undefined;
  try {
    states = store.stats().states;
  } catch {
    // The light has told of it.
  }
  const { ready = null, parked = null } = states ?? {};
  const waiting = states ? `${states.ready} jobs wait for the next start, ${states.parked} for a person` : "";
  say({ event: "stopped", ready, parked }, waiting === "" ? "stopped" : `stopped; ${waiting}`);
};

/**
 * `found` resolves when an error says that a file is no sound database any more. The queue goes on after every error,
 * and so do all the others: their log is the one place where each is heard.
 */
export const brokenFile = (
  varDir: string,
): { readonly found: Promise<AppError>; readonly look: (error: unknown) => void } => {
  let resolve: (error: AppError) => void = () => {};
  const found = new Promise<AppError>((done) => {
    resolve = done;
  });
  let heard = false;
  return {
    found,
    look: (error) => {
      if (heard || storageTrouble(error)?.kind !== "corrupt") return;
      heard = true;
      const broken = storageError(error, suspect(error, varDir));
      if (broken) resolve(broken);
    },
  };
};

/** `first` resolves at the first SIGTERM or SIGINT; what `onSecond` is given runs at the next one. */
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
  });
  return {
    first,
    onSecond: (work) => {
      again = work;
    },
  };
};
