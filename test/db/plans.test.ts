// No question that is asked at every look may read a whole table that grows for years. SQLite itself shows how it would
// answer: every statement that the reads below prepare and run is explained.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDatabase, type Reads } from "../../db/open.ts";
import { readsOf } from "../../db/tables/index.ts";
import { epochMs } from "../../lib/core/time.ts";
import { preparedStatements } from "./loopStatements.ts";

const AT = epochMs(1_750_000_000_000);
const ASKED_OFTEN: Readonly<Record<string, (read: Reads) => unknown>> = {
  "outbox.waitingIds": (read) => read.outbox.waitingIds(AT),
  "outbox.next": (read) => read.outbox.next(AT, { fromMs: AT, alerts: 10 }),
  "outbox.prompts": (read) => read.outbox.prompts(AT),
  "outbox.undeliveredAlerts": (read) => read.outbox.undeliveredAlerts(AT),
  "outbox.alertsSent": (read) => read.outbox.alertsSent(AT),
  "outbox.at": (read) => read.outbox.at(1, 1),
  "telegram.openMessages": (read) => read.telegram.openMessages(),
  "telegram.wasHandled": (read) => read.telegram.wasHandled(1),
  "telegram.strangersSince": (read) => read.telegram.strangersSince(AT),
  "alerts.open": (read) => read.alerts.open(),
  "halts.active": (read) => read.halts.active(AT),
  "orders.live": (read) => read.orders.live("BTC_JPY"),
  "orders.ofTrade": (read) => read.orders.ofTrade(1),
  "orders.ofLeg": (read) => read.orders.ofLeg(1),
  "orders.working": (read) => read.orders.working(1),
  "orders.allLive": (read) => read.orders.allLive(),
  "orders.venueIds": (read) => read.orders.venueIds("BTC_JPY").has("1"),
  "orders.givenUp": (read) => read.orders.givenUp("BTC_JPY", AT),
  "positions.open": (read) => read.positions.open(),
  "trades.alive": (read) => read.trades.alive(),
  "executions.bookedSize": (read) => read.executions.bookedSize(1),
  "risk.tradesSince": (read) => read.risk.tradesSince(AT, "x"),
  "risk.reserved": (read) => read.risk.reserved("x"),
  "stopQuestions.open": (read) => read.stopQuestions.open(),
  "stopQuestions.keptStop": (read) => read.stopQuestions.keptStop(1),
  "risk.workingNotional": (read) => read.risk.workingNotional("x"),
  "risk.hasLiveTrade": (read) => read.risk.hasLiveTrade("BTC_JPY", "x"),
  "risk.hasPendingProposal": (read) => read.risk.hasPendingProposal("BTC_JPY", "x"),
  "labels.unlabelled": (read) => read.labels.unlabelled(AT, AT),
  "jobs.nextDueMs": (read) => read.jobs.nextDueMs(AT),
  "jobs.wakeTopics": (read) => read.jobs.wakeTopics(),
  "equity.atStartOf": (read) => read.equity.atStartOf(AT),
  "equity.baseOf": (read) => read.equity.baseOf(AT),
};

/** The texts of the statements that `ask` runs. */
const statementsOf = (
  ask: (read: Reads) => unknown,
): { readonly texts: readonly string[]; explain(text: string): string } => {
  const { sql } = openDatabase(join(mkdtempSync(join(tmpdir(), "plans-")), "trader.db"), { synchronous: "OFF" });
  const texts = new Set<string>();
  const watched = <T extends object>(statement: T, text: string): T =>
    new Proxy(statement, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (name === "get" || name === "all") texts.add(text);
          const result: unknown = value.apply(target, args);
          return result === target ? watched(target, text) : result; // .pluck(), .safeIntegers()
        };
      },
    });
  const recording = new Proxy(sql, {
    get: (target, name) =>
      name === "prepare"
        ? (text: string) => watched(target.prepare(text), text)
        : (Reflect.get(target, name, target) as unknown),
  });
  ask(readsOf(recording));
  const explain = (text: string): string =>
    sql
      .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${text.replaceAll(/@\w+|\?/g, "1")}`)
      .all()
      .map((row) => row.detail)
      .join("\n");
  return { texts: [...texts], explain };
};

test.each(Object.entries(ASKED_OFTEN))("%s is answered by an index", (_name, ask) => {
  const { texts, explain } = statementsOf(ask);
  expect(texts.length).toBeGreaterThan(0);
  for (const text of texts) {
    // A scan of a partial index reads the few rows it holds; a table or a range of row ids grows without bound.
    const whole = explain(text)
      .split("\n")
      .filter((line) => /^SCAN (?!\(|\d)(?!.*USING (COVERING )?INDEX)(?!.*VIRTUAL TABLE)(?!.*CONSTANT)/.test(line))
      .concat(
        explain(text)
          .split("\n")
          .filter((line) => line.includes("(rowid<?)") && !text.includes("LIMIT 1")),
      );
    expect(whole, text).toEqual([]);
  }
});

/** Statements that may walk a whole growing table, by their beginning, and why: none of them runs in a loop. */
const WALKS: Readonly<Record<string, string>> = {
  "UPDATE outbox SET state = 'sending', error = ? WHERE state = 'waiting'": "once, when a restored backup starts",
  "SELECT * FROM audit_heads ORDER BY seq": "audit verify and doctor; a row a day",
  "SELECT * FROM daily_summary ORDER BY date": "the HTML report; a row a day",
  "SELECT * FROM executions ORDER BY at_ms, execution_id": "the HTML report",
  "SELECT * FROM halts WHERE raised_ms <= ?": "a report, once a period",
  "SELECT * FROM jobs WHERE state IN ('ready', 'running', 'parked') AND risk = 'adding'": "a restored backup, a stop",
  "SELECT name, state, count(*) AS count FROM jobs GROUP BY name, state": "trader jobs stats, status, /status",
  "SELECT * FROM orders ORDER BY id": "the HTML report",
  "SELECT state, count(*) AS n FROM orders GROUP BY state": "the summary of a replay",
  "SELECT * FROM proposals ORDER BY created_ms DESC, id DESC LIMIT ?": "commands and reports",
  "UPDATE proposals SET valid_until_ms = max(@at, created_ms + 1)": "once, when a restored backup starts",
  "DELETE FROM telegram_messages": "once, when another bot is configured; empties the table",
  "DELETE FROM telegram_confirmations WHERE created_ms < ?": "what it walks it has just kept short",
  "SELECT pid, host, heartbeat_ms AS heartbeatMs": "status and a start; from the newest row on, old ones are pruned",
};

test("truth 5: no statement of any table walks rows that grow for years, unless it is listed with its reason", () => {
  const all = preparedStatements();
  expect(all.length).toBeGreaterThan(250);
  const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();
  const walking = all.filter(({ walks }) => walks.length > 0).map((p) => ({ ...p, text: oneLine(p.text) }));
  const listed = Object.keys(WALKS);
  expect(walking.filter(({ text }) => !listed.some((start) => text.startsWith(start)))).toEqual([]);
  expect(listed.filter((start) => !walking.some(({ text }) => text.startsWith(start)))).toEqual([]);
});
