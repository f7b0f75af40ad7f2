// The exit code of every refusal: 2 when a person must change the command line, a file it names, the state folder, the model or
// the program's version; 1 when it failed for another reason or a check found something wrong.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "../../../db/open.ts";
import { registry } from "../../../handlers/registry.ts";
import { needsAPerson } from "../../../handlers/runtime/exitCode.ts";
import { refusal } from "../../../handlers/runtime/shutdown.ts";
import { databasePath } from "../../../handlers/runtime/stateFolder.ts";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { realClock } from "../../../lib/io/clock.ts";
import { lockFolder } from "../../../lib/io/lock.ts";
import { JobStore } from "../../../queue/store.ts";
import { tempFolder, traderHere } from "../../e2e/trader.ts";

const home = tempFolder();
const at = (name: string): string => join(home, name);
let unlock: () => void = () => {};

/** A database of a worker, and what `change` makes of it. */
const folder = (name: string, change: (path: string) => void = () => {}): void => {
  const db = openDatabase(databasePath(at(name)));
  db.transaction((tx) => {
    tx.meta.set("mode", "paper");
    tx.alerts.raise({ key: "api", severity: "critical", text: "away", atMs: realClock.nowMs() });
  });
  const store = new JobStore(db, registry, realClock);
  store.enqueue({ name: "reconcile", key: "k", input: {} });
  db.close();
  change(databasePath(at(name)));
};
const sql = (text: string) => (path: string) => {
  const db = openDatabase(path);
  db.sql.exec(text);
  db.close();
};

beforeAll(() => {
  folder("good");
  folder("newer", sql("INSERT INTO schema_migrations VALUES (9999, 'later', 'x')"));
  folder("text", (path) => writeFileSync(path, "this is no database at all, it is a text ".repeat(50)));
  folder("broken", (path) => {
    const bytes = readFileSync(path);
    bytes.fill(0x5a, 4_096);
    writeFileSync(path, bytes);
  });
  mkdirSync(join(at("directory"), "trader.db"), { recursive: true });
  writeFileSync(at("file"), "a file where the folder should be");
  writeFileSync(at("bad.csv"), "this,is,not\n1,2,3\n");
  writeFileSync(at("latin.csv"), Buffer.from([0xff, 0xfe, 0xe9]));
  folder("held");
  unlock = lockFolder(at("held"));
});
afterAll(() => unlock());

const ROWS: readonly (readonly [string, string, 1 | 2, RegExp])[] = [
  // The command line.
  ["an unknown command", "strat", 2, /unknown command/],
  ["an unknown option", "status --fast", 2, /unknown option/],
  ["a missing argument", "approve", 2, /missing required argument/],
  ["an unknown job name", "enqueue fetchMarkte {} --var good", 2, /fetchMarket/],
  ["an id that is no number", "jobs show x --var good", 2, /ID: expected/],
  ["an unknown job, shown", "jobs show 999 --var good", 2, /JOB_NOT_FOUND/],
  ["an unknown job, retried", "jobs retry 999 --var good", 2, /JOB_NOT_FOUND/],
  ["an unknown job, cancelled", "jobs cancel 999 --var good", 2, /JOB_NOT_FOUND/],
  ["an unknown job among several", "jobs discard 1 999 --var good", 2, /JOB_NOT_FOUND/],
  ["an unknown proposal, approved", "approve nothing --var good", 2, /PROPOSAL_MISSING/],
  ["an unknown proposal, rejected", "reject nothing --var good", 2, /PROPOSAL_MISSING/],
  ["an unknown proposal, modified", "modify nothing --size 0.01 --var good", 2, /PROPOSAL_MISSING/],
  ["an unknown trade", "close 999 --var good", 2, /TRADE_MISSING/],
  ["an unknown signal", "why nothing --var good", 2, /SIGNAL_MISSING/],
  ["an unknown alert", "alerts seen nothing --var good", 2, /ALERT_MISSING/],
  ["an alert that its cause ends", "alerts seen api --var good", 2, /ALERT_STANDS/],
  ["an unknown schedule", "schedules pause nothing --var good", 2, /name of a schedule/],
  ["an unknown kind of reply", "gmo decode nothing file", 2, /expected a kind/],
  ["a chart of a day without equity", "report --day 2025-08-12 --chart out.png --var good", 2, /NO_EQUITY/],
  // The state folder.
  ["no folder", "status --var nowhere", 2, /DB_MISSING/],
  ["no folder, for a backup", "backup --var nowhere", 2, /DB_MISSING/],
  ["a file in the folder's place", "start --var file", 2, /VAR_DIR/],
  ["a folder in the database's place", "enqueue reconcile {} --var directory", 2, /DB_OPEN/],
  ["a database of a newer version", "status --var newer", 2, /DB_TOO_NEW/],
  ["a database of a newer version, to change", "enqueue reconcile {} --var newer", 2, /DB_TOO_NEW/],
  ["a database of a newer version, replayed", "start --var newer", 2, /DB_TOO_NEW/],
  ["a file that is no database", "jobs list --var text", 2, /DB_CORRUPT/],
  ["a broken database", "jobs stats --var broken", 2, /DB_CORRUPT/],
  ["a book of a worker, replayed", "start --var good", 2, /MODE_MISMATCH/],
  ["a book of a worker, to forget", "start --fresh --var good", 2, /NOT_A_REPLAY/],
  ["a backup that is no database", "restore file --var good", 2, /DB_CORRUPT/],
  // Models and files.
  ["an unknown model id", "start --model nothing --var new", 2, /MODEL_MISSING/],
  ["a model path without a model", "start --model directory/model --var new", 2, /MODEL_MISSING/],
  ["candles that are none", "start --data BTC_JPY=bad.csv ETH_JPY=bad.csv --var new", 2, /CANDLE_FILE/],
  ["candles that are not there", "start --data BTC_JPY=no.csv ETH_JPY=no.csv --var new", 2, /CANDLE_FILE/],
  ["a model file that is not there", "predict --model no.txt --csv bad.csv", 2, /MODEL_FILE/],
  ["an event file that is not there", "events import no.csv --var good", 2, /EVENTS_FILE/],
  ["an event file that is no UTF-8", "events import latin.csv --var good", 2, /EVENTS_FILE/],
  ["an event file of another form", "events import bad.csv --var good", 2, /EVENTS_INVALID/],
  // Failed, or found wrong.
  ["a job in another state", "jobs discard 1 --var good", 1, /JOB_STATE/],
  ["a folder that another runner holds", "start --var held", 1, /ALREADY_RUNNING/],
  ["a worker that does not run", "status --check --var good", 1, /NOT_WELL/],
  ["a reply that cannot be read", "gmo decode public/status bad.csv", 1, /VENUE_GARBLED/],
  ["a panic without a worker", "panic --yes --var good", 1, /NOT_CARRIED_OUT/],
];
/** Words of a row that are paths below the test's folder. */
const PATHS = /^(good|newer|text|broken|directory(\/model)?|file|held|nowhere|new|out\.png|(bad|latin|no)\.(csv|txt))$/;
const asPath = (word: string): string =>
  word.includes("=") ? word.replace(/=(.*)/, (_, file: string) => `=${at(file)}`) : PATHS.test(word) ? at(word) : word;

test.each(ROWS)("%s: trader %s ends with %i", async (_name, line, code, message) => {
  const ended = await traderHere(line.split(" ").map(asPath));
  expect(ended.stderr).toMatch(message);
  expect(ended.stderr).not.toMatch(/unexpected failure|\n\s+at /);
  expect(`${ended.code}: ${ended.stderr}`).toBe(`${code}: ${ended.stderr}`);
});

test("a broken audit chain is the finding of a check: 1", async () => {
  folder("chain", (path) => {
    const db = openDatabase(path);
    db.transaction((tx) => tx.audit.append({ atMs: realClock.nowMs(), kind: "x", actor: "test", data: {} }));
    const triggers = db.sql.prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'trigger'").pluck().all();
    for (const name of triggers.filter((each) => each.includes("audit"))) db.sql.exec(`DROP TRIGGER "${name}"`);
    db.sql.exec("UPDATE audit_events SET actor = 'another'");
    db.close();
  });
  const ended = await traderHere(["audit", "verify", "--var", at("chain"), "--json"]);
  expect([ended.code, JSON.parse(ended.stdout).ok]).toEqual([1, false]);
});

test("what may pass by itself never counts as a person's", () => {
  expect(
    ["ALREADY_RUNNING", "DISK_FULL", "DB_BUSY", "DB_IO", "DB_IN_USE", "JOB_STATE", "NOT_WELL"].filter(needsAPerson),
  ).toEqual([]);
});

test("a worker whose database cannot be opened is started again (1); a command is not (2)", () => {
  const error = new AppError("permanent", "DB_OPEN", "no memory");
  expect(refusal(error, "anywhere")).toBe(error);
  expect(needsAPerson("DB_OPEN")).toBe(true);
  expect(refusal(new AppError("permanent", "DB_CORRUPT", "no database"), "anywhere")).toBeInstanceOf(UsageError);
});

test.each(["TRADE_ENDED", "PROPOSAL_CLOSED", "JOB_STATE"])("%s: another was first, nothing to change: 1", (code) => {
  expect(needsAPerson(code)).toBe(false);
});
