// What a person and systemd meet when something is wrong with the files or the network: one clear line, the right exit
// code, and no more than that.
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../db/open.ts";
import { realClock } from "../../lib/io/clock.ts";
import { openSqlite } from "../../lib/io/sqlite.ts";
import { mountSmallDisk, unmount } from "../crash/underTest.ts";
import { type PublicServer, startPublicServer } from "../sim/publicServer.ts";
import { lastJson, type Running, startTrader, tempFolder, trader, traderHere } from "./trader.ts";

let cwd: string;
let running: Running | undefined;
let server: PublicServer | undefined;
beforeEach(() => {
  cwd = tempFolder();
});
afterEach(async () => {
  running?.child.kill("SIGKILL");
  await running?.ended;
  running = undefined;
  await server?.close();
  server = undefined;
});

const db = () => join(cwd, "var", "trader.db");
const until = async (what: string, condition: () => boolean): Promise<void> => {
  const deadline = realClock.monotonicMs() + 60_000;
  while (!condition()) {
    if (realClock.monotonicMs() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
const query = <T>(sql: string): T[] => {
  const opened = openDatabase(db(), { readonly: true });
  try {
    return opened.sql.prepare(sql).all() as T[];
  } finally {
    opened.close();
  }
};
const startWorker = (env: Record<string, string> = {}): Running => {
  running = startTrader(["worker", "--var", "var", "--json"], {
    cwd,
    env: { GMO_PUBLIC_URL: "http://127.0.0.1:9/public", ...env },
  });
  return running;
};
const oneLine = /^trader: [^\n]*\n$/;

describe("the command line", () => {
  const enqueue = () => traderHere(["enqueue", "reconcile", "{}", "--var", join(cwd, "var")]);

  test("a locked file: one line, exit code 1", async () => {
    const other = openDatabase(db());
    other.sql.exec("BEGIN IMMEDIATE");
    const ended = await trader(["enqueue", "reconcile", "{}", "--var", "var"], { cwd });
    other.sql.exec("ROLLBACK");
    other.close();
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^trader: DB_BUSY: expected .*trader\.db to be free/m);
    expect(ended.stderr).not.toMatch(/please report|\n\s+at /);
  });

  test("a broken file: says how to restore a backup, whichever command meets it", async () => {
    await enqueue();
    openDatabase(db()).close();
    const bytes = readFileSync(db());
    bytes.fill(0x5a, 4_096);
    writeFileSync(db(), bytes);
    for (const args of [["status"], ["jobs", "list"], ["enqueue", "reconcile", "{}"], ["audit", "verify"]]) {
      const ended = await traderHere([...args, "--var", join(cwd, "var")]);
      expect(ended.code, args.join(" ")).toBe(2);
      expect(ended.stderr).toMatch(
        /trader: DB_CORRUPT: expected a sound database at .*trader\.db.*trader restore FILE/,
      );
      expect(ended.stderr).not.toMatch(/please report|\n\s+at /);
    }
  });

  test("a full disk: says df and what to make room on", async (context) => {
    const disk = mountSmallDisk(1);
    if (disk === undefined) return context.skip("mounting a small disk is not allowed here");
    try {
      const dir = join(disk, "var");
      expect((await traderHere(["enqueue", "reconcile", "{}", "--var", dir])).code).toBe(0);
      const file = openSync(join(disk, "ballast"), "w");
      try {
        for (;;) writeSync(file, Buffer.alloc(4_096));
      } catch {
        closeSync(file);
      }
      const ended = await traderHere(["enqueue", "reconcile", "{}", "--var", dir]);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(/trader: (DISK_FULL: expected room to write .*df -h|DB_IO)/);
      expect(ended.stderr).not.toMatch(/please report|\n\s+at /);
    } finally {
      unmount(disk);
      rmSync(disk, { recursive: true });
    }
  });

  test("all errors in .env are reported together: unknown names and wrong values", async () => {
    writeFileSync(join(cwd, ".env"), "MAX_DAILY_TRADS=1\nMAX_DAILY_TRADES=many\nLOG_LEVLE=info\n", { mode: 0o600 });
    const ended = await trader(["config"], { cwd });
    expect(ended.code).toBe(2);
    for (const text of [
      "MAX_DAILY_TRADS (did you mean MAX_DAILY_TRADES?)",
      "LOG_LEVLE (did you mean LOG_LEVEL?)",
      'found "many"',
    ])
      expect(ended.stderr).toContain(text);
  });

  test("files made by a command are private, whatever the umask of the shell", async () => {
    const before = process.umask(0o000);
    try {
      expect((await trader(["enqueue", "reconcile", "{}", "--var", "var"], { cwd })).code).toBe(0);
      expect((await trader(["backup", "--var", "var"], { cwd })).code).toBe(0);
    } finally {
      process.umask(before);
    }
    const modes = (dir: string): [string, string][] =>
      readdirSync(dir, { withFileTypes: true }).flatMap((entry): [string, string][] => {
        const path = join(dir, entry.name);
        const own: [string, string] = [path, (statSync(path).mode & 0o777).toString(8)];
        return entry.isDirectory() ? [own, ...modes(path)] : [own];
      });
    const found = modes(join(cwd, "var"));
    expect(found.length).toBeGreaterThan(3);
    expect((statSync(join(cwd, "var")).mode & 0o777).toString(8)).toBe("700");
    expect(found.filter(([, mode]) => !["600", "700"].includes(mode))).toEqual([]);
  });

  test("trader start in a worker's folder is wrong use: exit code 2", async () => {
    const opened = openDatabase(db());
    opened.transaction((tx) => tx.meta.set("mode", "paper"));
    opened.close();
    const ended = await trader(["start", "--var", "var"], { cwd });
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining("MODE_MISMATCH") });
  });
});

describe("the worker ends with 2, which systemd does not restart", () => {
  test("when the file is broken at the start", async () => {
    mkdirSync(join(cwd, "var"));
    writeFileSync(db(), "no database ".repeat(500));
    const ended = await startWorker().ended;
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/^trader: DB_CORRUPT: .*trader\.db.*trader restore FILE/);
    expect(ended.stderr).toMatch(oneLine);
  });

  test("when the simulated exchange's file is broken: it has no backup, so it says what to do instead", async () => {
    mkdirSync(join(cwd, "var"));
    writeFileSync(join(cwd, "var", "venue.db"), "no database ".repeat(500));
    const ended = await startWorker().ended;
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/^trader: DB_CORRUPT: .*venue\.db.*move it away/);
  });

  test("when the file breaks in its life", async () => {
    const worker = startWorker();
    await worker.saying('"started"');
    const other = openDatabase(db());
    // Past its start: nothing runs, something has.
    const jobs = (state: "done" | "running"): number => other.read.jobs.list({ state, limit: 1 }).length;
    await expect.poll(() => [jobs("done"), jobs("running")], { timeout: 30_000 }).toEqual([1, 0]);
    other.sql.pragma("wal_checkpoint(TRUNCATE)");
    const file = openSync(db(), "r+");
    writeSync(file, Buffer.alloc(statSync(db()).size - 4_096, 0x5a), 0, undefined, 4_096);
    closeSync(file);
    other.sql.pragma("user_version = 5"); // A commit of the first page: the worker looks at the others again.
    other.sql.close();
    const ended = await worker.ended;
    expect([ended.code, ended.code === 2 ? "" : ended.stderr]).toEqual([2, ""]);
    // Seen by the look at the files, or by a read of the database, whichever comes first.
    expect(ended.stderr).toMatch(
      /^trader: (?:FOLDER_LOST: .*trader\.db was overwritten|DB_CORRUPT: expected a sound database at .*trader\.db).*trader restore FILE/m,
    );
    expect(ended.stderr).not.toMatch(/please report|\n\s+at /);
  });

  const root = process.getuid?.() === 0;
  test.skipIf(!root)(
    `when its files are another user's${root ? "" : " (skipped: only root can give files away)"}`,
    async () => {
      chmodSync(cwd, 0o755);
      openDatabase(db()).close();
      chmodSync(join(cwd, "var"), 0o777);
      chmodSync(db(), 0o644);
      running = startTrader(["worker", "--var", "var"], { cwd, uid: 65_534 });
      const ended = await running.ended;
      expect(ended.code).toBe(2);
      expect(ended.stderr).toMatch(
        /^trader: NOT_WRITABLE: expected to write var\/trader\.db as nobody \(uid 65534\), found that it belongs to root \(uid 0\), mode 644; .*sudo chown -R nobody var\n$/,
      );
    },
  );
});

describe("the exchange is away", () => {
  const status = async () =>
    lastJson<{ noPrices: { sinceAt: string; why: string } | null; problems: string[] }>(
      await trader(["status", "--var", "var", "--json"], { cwd }),
    );

  test("status shows NO PRICES while it lasts; then everything continues without a command, dead history jobs too", async () => {
    server = await startPublicServer();
    server.break({ status: 503, body: "down" });
    const worker = startWorker({ GMO_PUBLIC_URL: server.url, QUOTE_POLL_SECONDS: "1" });
    await worker.saying("the exchange gives no prices");
    await until("the fact", () => query("SELECT 1 FROM meta WHERE key = 'no_prices' AND value <> ''").length === 1);
    const away = await status();
    expect(away.noPrices?.why).toMatch(/VENUE_GARBLED|503/);
    expect(away.problems.join()).toMatch(/NO PRICES/);
    await until(
      "history in trouble",
      () => query("SELECT 1 FROM jobs WHERE name = 'collectHistory' AND state = 'ready'").length === 2,
    );
    // As after its eighth try, some minutes later.
    const other = openDatabase(db());
    other.sql.exec("UPDATE jobs SET state = 'dead', finished_ms = 1 WHERE name = 'collectHistory' AND state = 'ready'");
    other.close();
    server.break(undefined);
    await worker.saying("the exchange answers again");
    await until(
      "fresh attempts",
      () =>
        query("SELECT 1 FROM jobs WHERE name = 'collectHistory' AND state IN ('ready', 'running', 'done')").length ===
        2,
    );
    expect((await status()).noPrices).toBeNull();
    expect(query("SELECT 1 FROM jobs WHERE name = 'collectHistory'")).toHaveLength(2);
    worker.child.kill("SIGTERM");
    await worker.saying('"stopping"');
    worker.child.kill("SIGTERM");
    const ended = await worker.ended;
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({
      event: "stopped",
      ready: expect.any(Number),
    });
  });
});

test("truth 16: the paper account cannot be written: health, status --check and doctor are red; with room again all is green", async () => {
  server = await startPublicServer();
  const worker = startWorker({ GMO_PUBLIC_URL: server.url, QUOTE_POLL_SECONDS: "1" });
  await worker.saying('"started"');
  const venue = openSqlite(join(cwd, "var", "venue.db"));
  venue.exec("CREATE TRIGGER disk BEFORE UPDATE ON venue BEGIN SELECT RAISE(ABORT, 'disk full'); END");
  await until("the trouble", () => query("SELECT 1 FROM workers WHERE trouble LIKE '%disk full%'").length === 1);
  const red = await trader(["status", "--check", "--var", "var"], { cwd });
  expect(red).toMatchObject({ code: 1 });
  expect(red.stderr).toMatch(/the worker is RED: for \d+ s: the paper account cannot be written \(disk full\)/);
  const doctor = await trader(["doctor", "--var", "var"], { cwd });
  expect(doctor.stdout).toMatch(/^FAIL {2}worker +expected a healthy worker, found it RED/m);
  venue.exec("DROP TRIGGER disk");
  venue.close();
  await until("no trouble", () => query("SELECT 1 FROM workers WHERE trouble IS NULL").length === 1);
  expect(worker.child.exitCode).toBeNull();
  const green = await trader(["doctor", "--var", "var"], { cwd });
  expect(green.stdout).toMatch(/^ok {4}worker +running, healthy/m);
}, 120_000);
