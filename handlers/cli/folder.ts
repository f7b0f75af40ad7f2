// How commands name the state folder: its path and mode, and hints that carry the --var of this command.
import { dirname } from "node:path";
import { META } from "../../db/tables/meta.ts";
import { AppError } from "../../lib/core/errors.ts";
import { isLocked } from "../../lib/io/lock.ts";
import type { Database } from "../../queue/types.ts";
import type { Common } from "./queueOptions.ts";
import { clean } from "./terminal.ts";

/** Quotes a word for a POSIX shell where it needs quoting. */
export const shellQuoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** `hint("jobs show 8")` is "trader jobs show 8", with the --var that this command was given. */
export type Hint = (words: string) => string;
export const hintWith =
  ({ var: dir }: Common): Hint =>
  (words) =>
    dir === undefined ? `trader ${words}` : `trader ${words} --var ${shellQuoted(dir)}`;

const modeOf = (db: Database): string | undefined => db.read.meta.get(META.mode);
export const isReplay = (db: Database): boolean => modeOf(db) === "replay";
/** The replay's window is over: its clock stands still, and only `trader start` runs what is enqueued. */
export const isEndedReplay = (db: Database): boolean => isReplay(db) && db.read.meta.get(META.summary) !== undefined;

/** "var-paper (paper)". */
export const folderText = (db: Database): string => clean(`${dirname(db.path)} (${modeOf(db) ?? "no mode yet"})`);

export const endedText = (hint: Hint): string => `this replay has ended (${hint("start --fresh")} begins a new one)`;

/** Why nothing runs a due job now, and what to do; undefined when a process holds the folder. */
export const idleText = (db: Database, hint: Hint): string | undefined => {
  const dir = dirname(db.path);
  if (runs(dir)) return undefined;
  if (isEndedReplay(db)) return `this replay has ended; a job that is due runs with the next ${hint("start")}`;
  if (isReplay(db)) return `nothing runs the replay in ${dir} now; ${hint("start")} goes on with it, and with the job`;
  return `no worker runs for ${dir}, so nothing happens until one is started (${hint("worker")})`;
};
/**
 * A lock that cannot be read (a full disk, another user's folder) must not fail a command whose job is already durable.
 */
const runs = (dir: string): boolean => {
  try {
    return isLocked(dir);
  } catch (e) {
    if (e instanceof AppError) return true;
    throw e;
  }
};
