// The state folder is deleted, renamed or replaced under a running worker: it ends with 2, the owner is told, and what
// stands in its place is left as it is.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../db/open.ts";
import { isSound } from "../../lib/io/sqlite.ts";
import { FakeTelegram } from "../sim/telegram/server.ts";
import { type Ended, type Running, startTrader, tempFolder } from "./trader.ts";

let cwd: string;
let telegram: FakeTelegram;
const running = new Set<Running>();
beforeEach(async () => {
  cwd = tempFolder();
  telegram = await FakeTelegram.start();
});
afterEach(async () => {
  for (const { child, ended } of running) {
    child.kill("SIGKILL");
    await ended;
  }
  running.clear();
  await telegram.close();
});

const at = (...names: readonly string[]): string => join(cwd, "var", ...names);
const launch = (settings: Readonly<Record<string, string>>): Running => {
  const worker = startTrader(["worker", "--var", "var", "--json"], {
    cwd,
    env: { GMO_PUBLIC_URL: "http://127.0.0.1:9/public", ...settings },
  });
  running.add(worker);
  return worker;
};
const started = async (): Promise<Running> => {
  const worker = launch(telegram.settings);
  await worker.saying('"started"');
  return worker;
};
const expectLost = (ended: Ended, why: RegExp): void => {
  expect(ended).toMatchObject({ code: 2, signal: null });
  expect(ended.stderr).toMatch(/^trader: FOLDER_LOST: expected the files of var as this worker opened them/m);
  expect(ended.stderr).toMatch(why);
  expect(ended.stderr).not.toMatch(/please report|\n\s+at /);
  const [text, ...more] = telegram.texts.filter((t) => t.includes("state folder was deleted or replaced"));
  expect(text).toMatch(why);
  expect(more).toEqual([]);
};
const contents = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((f) => f.isFile())
      .map((f) => [join(f.parentPath, f.name), readFileSync(join(f.parentPath, f.name), "latin1")]),
  );
/** Files of another worker, as they could stand there: no database, so that any change of a byte is seen. */
const putForeignFiles = (): void => {
  mkdirSync(at(), { recursive: true });
  for (const name of ["trader.db", "venue.db", "runner.lock", "progress.json"])
    for (const suffix of name.endsWith(".db") ? ["", "-wal", "-shm"] : [""])
      writeFileSync(at(name + suffix), `not ours: ${name}${suffix} `.repeat(300));
};

describe("truth 17: what happens under a running worker", () => {
  test("the folder is deleted: nothing of it is made again", async () => {
    const worker = await started();
    rmSync(at(), { recursive: true });
    expectLost(await worker.ended, /found that the folder was deleted or renamed/);
    expect(existsSync(at())).toBe(false);
  });

  test("the folder is renamed and other files stand in its place: not a byte of them changes", async () => {
    const worker = await started();
    renameSync(at(), join(cwd, "moved"));
    putForeignFiles();
    const before = contents(at());
    expectLost(await worker.ended, /found that the folder was (replaced by another|deleted or renamed)/);
    expect(contents(at())).toEqual(before);
    // Its own files are whole where they are now.
    expect(isSound(join(cwd, "moved", "trader.db"))).toBe(true);
  });

  test("a second worker starts in a new folder at the same path: the first ends, the second goes on", async () => {
    const first = await started();
    renameSync(at(), join(cwd, "moved"));
    const second = launch({});
    expectLost(await first.ended, /the folder was (replaced by another|deleted or renamed)/);
    await second.saying('"started"');
    second.child.kill("SIGTERM");
    expect(await second.ended).toMatchObject({ code: 0 });
    const db = openDatabase(at("trader.db"));
    expect(db.read.audit.firstBroken()).toBeUndefined();
    db.close();
  });

  test.each<[string, () => void, RegExp]>([
    [
      "the database file is replaced by another",
      () => {
        writeFileSync(at("other"), "not ours ".repeat(1_000));
        renameSync(at("other"), at("trader.db"));
      },
      /trader\.db was replaced by another/,
    ],
    [
      "the database file is overwritten in place",
      () => writeFileSync(at("trader.db"), "not ours ".repeat(1_000)),
      /trader\.db was overwritten/,
    ],
    [
      "an older copy is written over the database in place",
      () => writeFileSync(at("trader.db"), readFileSync(at("copy.db"))),
      /trader\.db was overwritten by another program/,
    ],
  ])("%s: what stands there keeps every byte", async (_, replace, why) => {
    const worker = await started();
    copyFileSync(at("trader.db"), at("copy.db"));
    replace();
    const before = readFileSync(at("trader.db"), "latin1");
    expectLost(await worker.ended, why);
    expect(readFileSync(at("trader.db"), "latin1") === before).toBe(true);
  });

  test("the simulated account's file is deleted: no order reaches the account that is left in memory", async () => {
    const worker = await started();
    rmSync(at("venue.db"));
    expectLost(await worker.ended, /venue\.db was deleted or renamed/);
    expect(existsSync(at("venue.db"))).toBe(false);
  });

  test("the lock file is removed: a second worker on the same database is refused while the first lives", async () => {
    const first = await started();
    first.child.kill("SIGSTOP"); // It cannot notice anything now.
    rmSync(at("runner.lock"));
    const second = await launch({}).ended;
    expect(second).toMatchObject({ code: 1 });
    expect(second.stderr).toMatch(/ALREADY_RUNNING: .*found process \d+, which has this database open/);
    first.child.kill("SIGCONT");
    expectLost(await first.ended, /runner\.lock was (deleted or renamed|replaced by another)/);
    const third = launch({});
    await third.saying('"started"');
    third.child.kill("SIGTERM");
    expect(await third.ended).toMatchObject({ code: 0 });
  });

  test("the -wal file is removed: the commits in it are kept", async () => {
    const worker = await started();
    const reading = openDatabase(at("trader.db"), { readonly: true });
    const events = reading.read.audit.last()?.seq ?? 0;
    reading.close();
    expect(events).toBeGreaterThan(0);
    rmSync(at("trader.db-wal"));
    expectLost(await worker.ended, /trader\.db-wal was deleted or renamed/);
    const db = openDatabase(at("trader.db"));
    expect(db.read.audit.last()?.seq).toBeGreaterThanOrEqual(events);
    expect(db.read.audit.firstBroken()).toBeUndefined();
    db.close();
  });

  test("the owner cannot be told: it ends all the same, and says that too", async () => {
    const worker = await started();
    telegram.fault = ({ method }) => (method === "sendMessage" ? { kind: "reset" } : undefined);
    rmSync(at(), { recursive: true });
    const ended = await worker.ended;
    expect(ended).toMatchObject({ code: 2 });
    expect(ended.stderr).toMatch(/the alert could not be sent/);
  });
});
