// trader backup and trader restore at the command line: what they make, what they refuse, and that a refusal changes
// nothing.
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadMigrations, migrate } from "../../../../db/migrate.ts";
import { type Database, openDatabase } from "../../../../db/open.ts";
import { backup } from "../../../../handlers/cli/setup/backup.ts";
import { registry } from "../../../../handlers/registry.ts";
import { databasePath, type Mode } from "../../../../handlers/runtime/stateFolder.ts";
import { realClock } from "../../../../lib/io/clock.ts";
import { lockFolder } from "../../../../lib/io/lock.ts";
import { isSound, openSqlite } from "../../../../lib/io/sqlite.ts";
import { JobStore } from "../../../../queue/store.ts";
import { compiledUrl } from "../../../compiled.ts";
import { mountSmallDisk, unmount } from "../../../crash/underTest.ts";
import { lastJson, traderHere } from "../../../e2e/trader.ts";

let home: string;
let dir: string;
const opened: Database[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "backup-"));
  dir = join(home, "var");
});
afterEach(() => {
  for (const db of opened.splice(0)) db.close();
  rmSync(home, { recursive: true });
});

const storeOf = (db: Database): JobStore => new JobStore(db, registry, realClock);
const book = (mode: Mode = "paper"): Database => {
  const db = openDatabase(databasePath(dir));
  opened.push(db);
  db.transaction((tx) => tx.meta.set("mode", mode));
  storeOf(db).enqueue({ name: "reconcile", key: "first", input: {} });
  return db;
};
const closeAll = (): void => {
  for (const db of opened.splice(0)) db.close();
};
const jobsIn = (path: string): number => {
  const db = openDatabase(path);
  try {
    return storeOf(db).list().length;
  } finally {
    db.close();
  }
};
const cli = (...args: string[]) => traderHere([...args, "--var", dir]);

describe("trader backup", () => {
  test("makes a sound, private file of its own beside a running worker, and says how far it is", async () => {
    book();
    const unlock = lockFolder(dir);
    const ended = await cli("backup");
    unlock();
    expect(`${ended.code} ${ended.stderr}`).toBe("0 ");
    const [name = "", ...more] = readdirSync(join(dir, "backups"));
    expect(more).toEqual([]);
    expect(name).toMatch(/^trader-\d{8}-\d{6}\.db$/);
    expect(ended.stdout).toMatch(
      new RegExp(`^backup .*/${name}: 0\\.\\d MB, sound, mode paper, schema \\d+, 1 jobs, 0 audit events$`),
    );
    const path = join(dir, "backups", name);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, "backups")).mode & 0o777).toBe(0o700);
    expect(isSound(path)).toBe(true);
    expect(jobsIn(path)).toBe(1);
  });

  test("is one moment of the file, however busy the worker is meanwhile", async () => {
    const db = book();
    db.sql.exec("CREATE TABLE big (x)");
    const fill = db.sql.prepare("INSERT INTO big VALUES (randomblob(200000))");
    for (let i = 0; i < 150; i += 1) fill.run();
    const before = storeOf(db).list({ limit: 10_000 }).length;
    let n = 0;
    const busy = setInterval(() => storeOf(db).enqueue({ name: "reconcile", key: `busy ${n++}`, input: {} }), 0);
    const made = await backup({ varDir: dir }).finally(() => clearInterval(busy));
    expect(made.facts.jobs).toBeLessThan(before + n);
    expect(jobsIn(made.path)).toBe(made.facts.jobs);
    expect(isSound(made.path)).toBe(true);
  });

  test("overwrites nothing without --force, and nothing that a worker lives on even with it", async () => {
    book();
    const file = join(home, "mine.db");
    writeFileSync(file, "precious");
    expect(await cli("backup", file)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/found a file at .*--force/),
    });
    expect(readFileSync(file, "utf8")).toBe("precious");
    for (const name of ["trader.db", "trader.db-wal", "venue.db", "runner.lock", "progress.json"]) {
      const before = existsSync(join(dir, name)) ? readFileSync(join(dir, name)) : undefined;
      expect(await cli("backup", join(dir, name), "--force")).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("belongs to the worker"),
      });
      expect(existsSync(join(dir, name)) ? readFileSync(join(dir, name)) : undefined).toEqual(before);
    }
    expect((await cli("backup", file, "--force")).code).toBe(0);
    expect(jobsIn(file)).toBe(1);
  });

  test("refuses a folder that is not there (a disk that is not mounted) and one in the place of the file", async () => {
    book();
    expect(await cli("backup", join(home, "usb", "a.db"))).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/expected a folder for the backup.*mount its disk/),
    });
    mkdirSync(join(home, "folder"));
    expect((await cli("backup", join(home, "folder"), "--force")).code).toBe(2);
    expect(await traderHere(["backup", "--var", join(home, "nothing")])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("DB_MISSING"),
    });
  });

  test("of a broken database is none: it says so and leaves nothing behind", async () => {
    book();
    closeAll();
    const bytes = readFileSync(databasePath(dir));
    bytes.fill(0x5a, 40_000, 90_000);
    writeFileSync(databasePath(dir), bytes);
    const file = join(home, "mine.db");
    expect(await cli("backup", file)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /DB_CORRUPT: expected a sound database at .*trader\.db, found: .*restore (a|an older) backup/,
      ),
    });
    expect(readdirSync(home)).toEqual(["var"]);
  });

  test("on a full disk leaves the older backup as it was, and no half one", async (context) => {
    const disk = mountSmallDisk(1);
    if (disk === undefined) return context.skip("mounting a small disk is not allowed here");
    try {
      book();
      const file = join(disk, "a.db");
      expect((await cli("backup", file)).code).toBe(0);
      writeFileSync(join(disk, "ballast"), Buffer.alloc(500_000));
      const before = readFileSync(file);
      const ended = await cli("backup", file, "--force");
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(
        new RegExp(`^trader: DISK_FULL: expected room to write ${file}, found: .*make room`),
      );
      expect(readdirSync(disk).sort()).toEqual(["a.db", "ballast"]);
      expect(readFileSync(file).equals(before)).toBe(true);
    } finally {
      unmount(disk);
      rmSync(disk, { recursive: true });
    }
  });
});

describe("trader restore", () => {
  const file = (): string => join(home, "old.db");
  const backUp = async (mode: Mode = "paper"): Promise<Database> => {
    const db = book(mode);
    await backup({ varDir: dir, file: file() });
    storeOf(db).enqueue({ name: "reconcile", key: "second", input: {} });
    return db;
  };
  /** Refused, and the folder is as it was. */
  const expectRefusal = async (code: number, text: RegExp, from = file()): Promise<void> => {
    const ended = await cli("restore", from);
    expect(ended.stderr).toMatch(text);
    expect(ended.stderr).not.toMatch(/unexpected|\n\s+at /);
    expect(ended.code).toBe(code);
    expect(readdirSync(dir).filter((name) => /restor/.test(name))).toEqual([]);
    expect(jobsIn(databasePath(dir))).toBe(2);
  };

  test("puts it in place and says where the old one is, what the worker will do, and what the simulated exchange does not", async () => {
    await backUp();
    closeAll();
    writeFileSync(join(dir, "venue.db"), "the exchange");
    const ended = await cli("restore", file());
    expect(`${ended.code} ${ended.stderr}`).toBe("0 ");
    expect(ended.stdout).toMatch(
      /^restored .*trader\.db from .*old\.db: mode paper, .*1 jobs.*\nthe database that was there is kept: .*trader\.db\.before-restore-\d{8}-\d{6}\n.*quarantines it.*\n.*venue\.db\) stays as it is/,
    );
    expect(jobsIn(databasePath(dir))).toBe(1);
    expect(readFileSync(join(dir, "venue.db"), "utf8")).toBe("the exchange");
    expect(statSync(databasePath(dir)).mode & 0o777).toBe(0o600);
    expect(jobsIn(file())).toBe(1); // The backup itself is not used up.
    const again = await cli("restore", file(), "--json");
    expect(lastJson<{ replaced: string; jobs: number }>(again)).toMatchObject({ jobs: 1, mode: "paper" });
  });

  test("names what the owner halted after the backup, and nothing that it holds itself", async () => {
    const atMs = realClock.nowMs();
    book().transaction((tx) => tx.halts.raise({ kind: "stop", reason: "before", atMs }));
    await backup({ varDir: dir, file: file() });
    opened[0]?.transaction((tx) => {
      for (const kind of ["panic", "api"] as const) tx.halts.raise({ kind, reason: "after", atMs });
    });
    closeAll();
    const ended = await cli("restore", file());
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(
      /^note: it was under panic, and this backup is not; .*worker starts: trader panic\n?$/,
    );
    expect(lastJson<{ haltsLost: string[] }>(await cli("restore", file(), "--json")).haltsLost).toEqual([]);
  });

  test("holds the folder meanwhile, and is refused while a runner does", async () => {
    await backUp();
    closeAll();
    const unlock = lockFolder(dir);
    await expectRefusal(1, /ALREADY_RUNNING.*systemctl stop/);
    unlock();
    expect((await cli("restore", file())).code).toBe(0);
    lockFolder(dir)(); // Given back.
  });

  test("is refused while any other process has the database open, also only to read", async () => {
    await backUp();
    closeAll();
    const program = `
      import { openSqlite } from ${JSON.stringify(compiledUrl("lib/io/sqlite.ts"))};
      const sql = openSqlite(${JSON.stringify(databasePath(dir))}, { readonly: true });
      sql.prepare("SELECT count(*) FROM jobs").get();
      process.stdout.write("open");
      process.stdin.resume().on("end", () => sql.close());
    `;
    const reader = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await new Promise((resolve) => reader.stdout.once("data", resolve));
    await expectRefusal(1, /DB_IN_USE: expected nobody to use .*restore again/);
    const ended = new Promise((resolve) => reader.on("close", resolve));
    reader.stdin.end();
    await ended;
    expect((await cli("restore", file())).code).toBe(0);
  });

  test.each<[string, number, RegExp, () => void]>([
    ["no file", 2, /expected a backup to restore, found no file/, () => rmSync(file())],
    [
      "a text",
      2,
      /DB_CORRUPT: expected a sound database at .*old\.db.*take another backup/,
      () => writeFileSync(file(), "text ".repeat(500)),
    ],
    [
      "a file with a broken page",
      2,
      /DB_CORRUPT: expected a sound database at .*old\.db/,
      () => {
        const bytes = readFileSync(file());
        bytes.fill(0x5a, 40_000, 90_000);
        writeFileSync(file(), bytes);
      },
    ],
    [
      "another program's database",
      2,
      /NOT_OURS/,
      () => {
        rmSync(file());
        openSqlite(file()).exec("CREATE TABLE jobs (x)").close();
      },
    ],
    [
      "one of a newer version",
      2,
      /DB_TOO_NEW/,
      () => openSqlite(file()).exec("INSERT INTO schema_migrations VALUES (9999, 'later', 'x')").close(),
    ],
    [
      "one of a changed program",
      2,
      /DB_MIGRATION_CHANGED/,
      () => openSqlite(file()).exec("UPDATE schema_migrations SET checksum = 'x' WHERE version = 1").close(),
    ],
    [
      "a replay",
      2,
      /NOT_RESTORABLE.*--fresh/,
      () => openSqlite(file()).exec("UPDATE meta SET value = 'replay' WHERE key = 'mode'").close(),
    ],
    [
      "one of another mode",
      2,
      /MODE_MISMATCH/,
      () => openSqlite(file()).exec("UPDATE meta SET value = 'live' WHERE key = 'mode'").close(),
    ],
  ])("refuses %s", async (_name, code, text, make) => {
    await backUp();
    closeAll();
    make();
    await expectRefusal(code, text);
  });

  test("refuses the database itself, under any name", async () => {
    await backUp();
    closeAll();
    await expectRefusal(2, /found the database itself/, databasePath(dir));
  });

  test("takes a copy made by hand with its -wal, and one of an older version; the copy stays as it was", async () => {
    const db = book();
    await backup({ varDir: dir, file: file() });
    storeOf(db).enqueue({ name: "reconcile", key: "second", input: {} });
    const byHand = join(home, "hand.db");
    for (const suffix of ["", "-wal"]) writeFileSync(byHand + suffix, readFileSync(databasePath(dir) + suffix));
    closeAll();
    chmodSync(byHand, 0o400);
    const before = readFileSync(byHand);
    rmSync(dir, { recursive: true });
    expect((await cli("restore", byHand)).stdout).toMatch(/2 jobs/);
    expect(readFileSync(byHand).equals(before)).toBe(true);
    expect(jobsIn(databasePath(dir))).toBe(2);

    const older = join(home, "older.db");
    const sql = openSqlite(older);
    migrate(sql, loadMigrations().slice(0, 5));
    sql.exec("INSERT INTO meta VALUES ('mode', 'paper')").close();
    expect((await cli("restore", older)).stdout).toMatch(/schema 5,/);
    expect(jobsIn(databasePath(dir))).toBe(0);
  });
});
