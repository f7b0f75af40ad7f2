// Translates errors of SQLite and the system for a person: each kind becomes one line that says what was expected, what
// was found and what to do. Knows nothing of tables; used by sqlite.ts, the command line and the worker.
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { basename, dirname } from "node:path";
import { AppError } from "../core/errors.ts";

type StorageTrouble = "full" | "corrupt" | "readonly" | "busy" | "io" | "cannotOpen";

const KINDS: readonly (readonly [RegExp, StorageTrouble])[] = [
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)/, "full"],
  [/^SQLITE_(CORRUPT|NOTADB)/, "corrupt"],
  [/^(SQLITE_READONLY|SQLITE_PERM|EACCES|EPERM|EROFS)/, "readonly"],
  [/^SQLITE_(BUSY|LOCKED)/, "busy"],
  [/^(SQLITE_IOERR|EIO$)/, "io"],
  [/^SQLITE_CANTOPEN/, "cannotOpen"],
];

interface Found {
  readonly kind: StorageTrouble;
  readonly code: string;
  readonly message: string;
}

/** The file fault behind an error or one of its causes, if there is one. */
export const storageTrouble = (e: unknown): Found | undefined => {
  for (let error = e; error instanceof Error; error = error.cause) {
    const code = String((error as { code?: unknown }).code ?? "");
    const kind = KINDS.find(([pattern]) => pattern.test(code))?.[1];
    if (kind !== undefined) return { kind, code, message: error.message };
  }
  return undefined;
};

const CODES: Readonly<Record<StorageTrouble, string>> = {
  full: "DISK_FULL",
  corrupt: "DB_CORRUPT",
  readonly: "NOT_WRITABLE",
  busy: "DB_BUSY",
  io: "DB_IO",
  cannotOpen: "DB_OPEN",
};
const VERDICTS: Readonly<Record<StorageTrouble, "retry" | "permanent">> = {
  full: "retry",
  corrupt: "permanent",
  readonly: "permanent",
  busy: "retry",
  io: "retry",
  cannotOpen: "permanent",
};

/** The same as an AppError about the file at `path`; undefined when the error is something else. */
export const storageError = (e: unknown, path: string): AppError | undefined => {
  const found = storageTrouble(e);
  if (found === undefined) return undefined;
  // SQLite says "cannot open" and "read-only" also for a folder or a -wal file that we may not write.
  const refused = found.kind === "readonly" || found.kind === "cannotOpen" ? notWritable(path) : undefined;
  const kind = refused === undefined ? found.kind : "readonly";
  const text = refused ?? TEXTS[kind](path, `${found.message} (${found.code})`);
  return new AppError(VERDICTS[kind], CODES[kind], text, { path, code: found.code }, { cause: e });
};

const TEXTS: Readonly<Record<StorageTrouble, (path: string, found: string) => string>> = {
  full: (path, found) =>
    `expected room to write ${path}, found: ${found}; nothing was changed: see df -h ${dirname(path)} and make room, then try again`,
  corrupt: (path, found) => `expected a sound database at ${path}, found: ${found}; ${mending(path)}`,
  readonly: (path, found) =>
    `expected to write ${path}, found: ${found}; see who owns it and whether its disk is read-only`,
  busy: (path, found) =>
    `expected ${path} to be free within seconds, found: ${found}: another process holds it; nothing was changed, try again (a copy or an sqlite3 shell with an open transaction must end first)`,
  io: (path, found) =>
    `expected the disk to read and write ${path}, found: ${found}; see dmesg and the disk's health; when it comes back broken, trader restore FILE puts a backup in place`,
  cannotOpen: (path, found) =>
    `cannot open the database ${path}: ${found}. Check that it is a file, that its folder exists, and that both are yours to write`,
};

/** What replaces a broken file differs: the book has backups, the simulated exchange and the lock start empty. */
const mending = (path: string): string => {
  switch (basename(path)) {
    case "venue.db":
      return "it is the simulated exchange: move it away, and a new one is made; positions of the book are then reported as a mismatch";
    case "runner.lock":
      return "it holds nothing: remove it";
    default:
      return "restore a backup: trader restore FILE (the broken file is kept beside it)";
  }
};

/**
 * Why the file at `path` (existing or to be made) or its side files cannot be written, and by whom; undefined when all
 * can.
 */
export const notWritable = (path: string): string | undefined => {
  const folder = dirname(path);
  if (!existsSync(folder)) return cannotMake(folder);
  for (const target of [folder, path, `${path}-wal`, `${path}-shm`]) {
    if (!existsSync(target)) continue;
    try {
      accessSync(target, target === folder ? constants.W_OK | constants.X_OK : constants.R_OK | constants.W_OK);
    } catch (e) {
      return refusalText(target, folder, e as NodeJS.ErrnoException);
    }
  }
  return undefined;
};

/** The folder does not exist: who owns its nearest existing parent? */
const cannotMake = (folder: string): string | undefined => {
  let parent = dirname(folder);
  while (!existsSync(parent) && parent !== dirname(parent)) parent = dirname(parent);
  try {
    accessSync(parent, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    const { uid, mode } = statSync(parent);
    const us = ourName();
    return `expected to make the folder ${folder} as ${us} (uid ${ourUid()}), found that ${parent} belongs to ${userName(uid)} (uid ${uid}), mode ${(mode & 0o777).toString(8)}; choose another --var, or make it: sudo install -d -m 700 -o ${us} ${folder}`;
  }
};

const refusalText = (target: string, folder: string, e: NodeJS.ErrnoException): string => {
  const { uid, mode } = statSync(target);
  if (e.code === "EROFS")
    return `expected to write ${target}, found a read-only file system: see dmesg and mount, and make it writable again`;
  const owner = userName(uid);
  const us = ourName();
  return `expected to write ${target} as ${us} (uid ${ourUid()}), found that it belongs to ${owner} (uid ${uid}), mode ${(mode & 0o777).toString(8)}; run the command as ${owner}, or give the folder to ${us}: sudo chown -R ${us} ${folder}`;
};

const ourUid = (): number => process.getuid?.() ?? -1;
const ourName = (): string => {
  try {
    return userInfo().username;
  } catch {
    return userName(ourUid()); // A uid without an entry, as in a container.
  }
};
const userName = (uid: number): string => {
  try {
    const line = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((row) => row.split(":")[2] === String(uid));
    return line?.split(":")[0] ?? `uid ${uid}`;
  } catch {
    return `uid ${uid}`;
  }
};
