// The main job as a user runs it: one recorded day through every handler, killed and continued, repeated and refused.
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { openDatabase } from "../../db/open.ts";
import { runTrader } from "../../handlers/cli/program.ts";
import { defaultConfig } from "../../lib/core/config.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { LONG } from "../long.ts";
import { type Ended, lastJson, startTrader, tempFolder, trader, traderHere } from "./trader.ts";

interface Summary {
  readonly bars: number;
  readonly signals: number;
  readonly notified: number;
  readonly approved: number;
  readonly rejected: number;
  readonly expired: number;
  readonly trades: number;
  readonly openPositions: number;
  readonly barePositions: number;
  readonly duplicateOrders: number;
  readonly ledgerMatchesVenue: boolean;
  readonly jobsDead: number;
  readonly equityStartJpy: number;
  readonly equityEndJpy: number;
  readonly dbPath: string;
  readonly reportPath: string;
  readonly elapsedMs: number;
}
// A day of the bundled window with approved trades, so that orders, stops and exits are exercised.
const DAY = ["--from", "2025-08-11T21:00:00Z", "--days", "1"] as const;

const sound = (s: Summary): void => {
  expect(s).toMatchObject({
    openPositions: 0,
    barePositions: 0,
    duplicateOrders: 0,
    ledgerMatchesVenue: true,
    jobsDead: 0,
  });
  expect(s.bars).toBe(2 * 96);
  expect(s.approved + s.rejected + s.expired).toBe(s.notified);
};
/** What happened, without what may differ between two runs of the same days (paths, wall time). */
const story = (dbPath: string): string => {
  const db = openDatabase(dbPath, { readonly: true });
  try {
    expect(db.read.audit.firstBroken()).toBeUndefined();
    return JSON.stringify(db.sql.prepare("SELECT * FROM audit_events ORDER BY seq").all());
  } finally {
    db.close();
  }
};
const trades = (dbPath: string): unknown[] => {
  const db = openDatabase(dbPath, { readonly: true });
  try {
    return db.sql
      .prepare(
        "SELECT symbol, direction, entry_price, exit_price, position_size, exit_reason, pnl_amount, status FROM trades ORDER BY id",
      )
      .all();
  } finally {
    db.close();
  }
};

type Command = (args: readonly string[], options: { cwd: string }) => Promise<Ended>;
/** The same in this process, for what is not about processes: its folder is --var, whatever the working folder is. */
const here: Command = ([command = "", ...args], { cwd }) =>
  traderHere([command, ...args.map((arg, i) => (args[i - 1] === "--var" ? join(cwd, arg) : arg))]);

/** Nothing but its beginning may be on stderr; `mayHaveEnded`: or that it had ended before. */
const run = async (
  args: readonly string[],
  cwd = tempFolder(),
  { command = here, mayHaveEnded = false }: { command?: Command; mayHaveEnded?: boolean } = {},
): Promise<Summary> => {
  const ended = await command(["start", ...args, "--json"], { cwd });
  const expected = mayHaveEnded ? /^(replaying|continuing|this replay has ended).*$/m : /^(replaying|continuing).*$/m;
  expect(`${ended.code} ${ended.stderr.replace(expected, "").trim()}`).toBe("0 ");
  const summary = lastJson<Summary>(ended);
  return { ...summary, dbPath: resolve(cwd, summary.dbPath), reportPath: resolve(cwd, summary.reportPath) };
};

describe("trader start", () => {
  let whole: Summary;
  beforeAll(async () => {
    whole = await run([...DAY, "--var", "whole"], tempFolder(), { command: trader });
  }, 120_000);

  test("a day runs to its end with the book equal to the venue, twice the same to the byte, and a second call says so", async () => {
    const cwd = tempFolder();
    const second = await run([...DAY, "--var", "two"], cwd);
    sound(whole);
    expect(whole.trades).toBeGreaterThan(0);
    expect(story(second.dbPath)).toBe(story(whole.dbPath));
    const again = await here(["start", "--var", "two", "--json"], { cwd });
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("has ended");
    expect(lastJson<Summary>(again)).toEqual(second);
    const report = readFileSync(second.reportPath, "utf8");
    expect(report).toContain("<svg");
    expect(report).not.toMatch(/(src|href)="https?:/);
  });

  test("kill -9 repeatedly: continued to the end, nothing is missing and nothing happens twice", async () => {
    const seed = 20_260_701;
    const random = seededRandom(seed);
    const cwd = tempFolder();
    let kills = 0;
    for (let round = 0; round < (LONG ? 12 : 3); round += 1) {
      const running = startTrader(["start", ...DAY, "--var", "var"], { cwd });
      // Counted from its first word: a slow machine must not die before it has begun.
      await running.saying("JST to ");
      const timer = setTimeout(() => running.child.kill("SIGKILL"), random.int(2_000));
      const ended = await running.ended;
      clearTimeout(timer);
      if (ended.signal !== "SIGKILL") {
        expect(`${ended.code}: ${ended.stderr}`).toMatch(/^0: /);
        break;
      }
      kills += 1;
    }
    const killed = await run([...DAY, "--var", "var"], cwd, { mayHaveEnded: true });
    expect(kills, `seed ${seed}`).toBeGreaterThan(0);
    sound(killed);
    story(killed.dbPath); // the chain of the audit log is whole
    expect(trades(killed.dbPath), `seed ${seed}`).toEqual(trades(whole.dbPath));
    expect([killed.bars, killed.signals, killed.notified]).toEqual([whole.bars, whole.signals, whole.notified]);
    expect(killed.equityEndJpy).toBe(whole.equityEndJpy);
  });

  test("killed while --fresh was deleting, and again right after the beginning was written: the same replay to the byte", async () => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, "var"));
    copyFileSync(join(dirname(whole.dbPath), "venue.db"), join(cwd, "var", "venue.db")); // the old venue is left over
    const died = await runTrader(["start", ...DAY, "--var", join(cwd, "var")], {
      config: () => defaultConfig(),
      out: () => undefined,
      err: (text) => {
        if (text.includes("JST to ")) throw new Error("killed");
      },
    });
    expect(died).toBe(1);
    const killed = await run([...DAY, "--var", "var"], cwd);
    sound(killed);
    expect(story(killed.dbPath)).toBe(story(whole.dbPath));
  });

  test("an owner who never answers: every proposal expires, nothing is traded", async () => {
    const summary = await run([...DAY, "--approver", "none", "--var", "var"]);
    sound(summary);
    expect(summary).toMatchObject({ approved: 0, rejected: 0, trades: 0, equityEndJpy: 1_000_000 });
    expect(summary.expired).toBe(summary.notified);
    expect(summary.notified).toBeGreaterThan(0);
  });
});
