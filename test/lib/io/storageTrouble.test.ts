// Every refusal of SQLite or the disk is one line that says what was expected, what was found and what to do.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AppError } from "../../../lib/core/errors.ts";
import { isLocked, lockFolder } from "../../../lib/io/lock.ts";
import { LogThrottle } from "../../../lib/io/logThrottle.ts";
import { isSound, openSqlite, SqliteError } from "../../../lib/io/sqlite.ts";
import { storageError, storageTrouble } from "../../../lib/io/storageTrouble.ts";
import { compiledUrl } from "../../compiled.ts";

const folder = (): string => mkdtempSync(join(tmpdir(), "storage-"));
const sqlite = (code: string, message = "x"): Error => new SqliteError(message, code);
const system = (code: string): Error => Object.assign(new Error(code), { code });

describe("an error becomes one line", () => {
  test.each([
    [sqlite("SQLITE_FULL", "database or disk is full"), "DISK_FULL", /expected room.*disk is full.*df -h .*make room/],
    [system("ENOSPC"), "DISK_FULL", /make room/],
    [sqlite("SQLITE_CORRUPT"), "DB_CORRUPT", /trader restore FILE/],
    [sqlite("SQLITE_NOTADB"), "DB_CORRUPT", /trader restore FILE/],
    [sqlite("SQLITE_CORRUPT_VTAB"), "DB_CORRUPT", /trader restore FILE/],
    [sqlite("SQLITE_READONLY_DIRECTORY"), "NOT_WRITABLE", /who owns it/],
    [sqlite("SQLITE_BUSY"), "DB_BUSY", /another process holds it.*try again/],
    [sqlite("SQLITE_IOERR_WRITE"), "DB_IO", /dmesg/],
    [sqlite("SQLITE_CANTOPEN"), "DB_OPEN", /Check that/],
  ])("%s is %s", (error, code, text) => {
    const path = join(folder(), "trader.db");
    const found = storageError(error, path);
    expect(found?.code).toBe(code);
    expect(found?.message).toMatch(text);
    expect(found?.message).toContain(path);
    expect(found?.message).not.toContain("\n");
    // Also as the cause of another error.
    expect(storageError(new AppError("alert", "X", "x", {}, { cause: error }), path)?.code).toBe(code);
  });

  test.each([sqlite("SQLITE_CONSTRAINT_UNIQUE"), system("ECONNREFUSED"), new Error("no code"), "no error", undefined])(
    "%s is no trouble of a file",
    (error) => {
      expect(storageTrouble(error)).toBeUndefined();
      expect(storageError(error, "x")).toBeUndefined();
    },
  );

  test("what replaces a broken file is said of each: backup, new exchange, nothing", () => {
    const text = (name: string) => storageError(sqlite("SQLITE_CORRUPT"), join(folder(), name))?.message;
    expect(text("trader.db")).toContain("trader restore FILE");
    expect(text("venue.db")).toMatch(/simulated exchange: move it away/);
    expect(text("runner.lock")).toMatch(/remove it/);
  });
});

describe("a file that is not ours to write", () => {
  // A process without root's rights: we drop them where we have them.
  const root = process.getuid?.() === 0;
  const asNobody = (program: string) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
      timeout: 60_000,
      ...(root ? { uid: 65_534, gid: 65_534 } : {}),
    });
  const opening = (path: string, what = "openSqlite", from = "sqlite"): string =>
    `import { ${what} } from ${JSON.stringify(compiledUrl(`lib/io/${from}.ts`))};
     try { ${what}(${JSON.stringify(path)}); console.log("opened"); } catch (e) { console.log(e.code + ": " + e.message); }`;

  test.each([
    ["the database", (dir: string) => join(dir, "trader.db"), (dir: string) => opening(join(dir, "trader.db"))],
    ["its -wal", (dir: string) => join(dir, "trader.db-wal"), (dir: string) => opening(join(dir, "trader.db"))],
    [
      "the runner's lock",
      (dir: string) => join(dir, "runner.lock"),
      (dir: string) => opening(dir, "lockFolder", "lock"),
    ],
    ["the folder", (dir: string) => dir, (dir: string) => opening(join(dir, "new.db"))],
  ])("%s: says whose it is, who we are, and what to do", (_name, refused, program) => {
    const dir = folder();
    chmodSync(dir, 0o777);
    const sql = openSqlite(join(dir, "trader.db"));
    sql.exec("CREATE TABLE t (x)"); // A -wal, and left open: it stays.
    lockFolder(dir)();
    for (const name of ["trader.db", "trader.db-wal", "trader.db-shm", "runner.lock"])
      chmodSync(join(dir, name), 0o666);
    const path = refused(dir);
    chmodSync(path, path === dir ? 0o555 : 0o400);
    const ended = asNobody(program(dir));
    expect(`${ended.stdout}${ended.stderr}`).toMatch(/^NOT_WRITABLE: expected to write /);
    expect(ended.stdout).toContain(`expected to write ${path} as `);
    expect(ended.stdout).toMatch(new RegExp(`belongs to \\S+ \\(uid ${process.getuid?.()}\\), mode `));
    expect(ended.stdout).toMatch(/run the command as .*sudo chown -R \S+ /);
    sql.close();
    chmodSync(dir, 0o700);
    rmSync(dir, { recursive: true });
  });

  test("a folder that cannot be made: says where it would be", () => {
    const dir = folder();
    chmodSync(dir, 0o555);
    const ended = asNobody(opening(join(dir, "var", "trader.db")));
    expect(ended.stdout).toMatch(/^NOT_WRITABLE: expected to make the folder .*\/var as .*found that .* belongs to /);
    expect(ended.stdout).not.toContain("chown -R"); // not of a folder that is not ours
    chmodSync(dir, 0o700);
  });
});

test("a sound file, a text and a missing one", () => {
  const dir = folder();
  openSqlite(join(dir, "a.db")).exec("CREATE TABLE t (x)").close();
  writeFileSync(join(dir, "b.db"), "no database ".repeat(100));
  expect(["a.db", "b.db", "c.db"].map((name) => isSound(join(dir, name)))).toEqual([true, false, false]);
});

test("who only asks whether a runner is there does not keep one from starting", () => {
  const dir = folder();
  mkdirSync(join(dir, "x"));
  for (let i = 0; i < 20; i += 1) {
    expect(isLocked(dir)).toBe(false);
    const unlock = lockFolder(dir);
    expect(isLocked(dir)).toBe(true);
    unlock();
  }
});

test("what repeats is said once, then once a minute with how often it was left out", () => {
  const repeats = new LogThrottle();
  expect([0, 1, 59_999].map((ms) => repeats.admit("a", ms))).toEqual([0, undefined, undefined]);
  expect(repeats.admit("b", 60_000)).toBe(0);
  expect([60_000, 60_001, 120_000].map((ms) => repeats.admit("a", ms))).toEqual([2, undefined, 1]);
});
