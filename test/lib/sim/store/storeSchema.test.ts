// A venue's file made before changes, bulk orders and spot existed opens, goes on, and is of this version from then on.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { yen } from "../../../../lib/core/money.ts";
import { openSqlite } from "../../../../lib/io/sqlite.ts";
import { SYMBOL_RULES } from "../../../../lib/sim/engine/symbolRules.ts";
import { Desk, stateText, tempFile } from "../desk.ts";

/** The tables of version 1, as they were. */
const VERSION_1 = `
CREATE TABLE venue (
  one INTEGER PRIMARY KEY CHECK (one = 1), schema_version INTEGER NOT NULL, identity TEXT NOT NULL,
  start_ms INTEGER NOT NULL, start_equity_e8 INTEGER NOT NULL, now_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE orders (
  order_id INTEGER PRIMARY KEY, symbol TEXT NOT NULL, side TEXT NOT NULL, order_type TEXT NOT NULL,
  execution_type TEXT NOT NULL, settle_type TEXT NOT NULL, time_in_force TEXT NOT NULL, size_e8 INTEGER NOT NULL,
  price_e8 INTEGER, losscut_price_e8 INTEGER, position_id INTEGER, created_ms INTEGER NOT NULL,
  executed_size_e8 INTEGER NOT NULL CHECK (executed_size_e8 BETWEEN 0 AND size_e8), status TEXT NOT NULL,
  cancel_type TEXT, through_ticks INTEGER, next_fill_ms INTEGER NOT NULL, cancel_at_ms INTEGER
) STRICT;
CREATE TABLE positions (
  position_id INTEGER PRIMARY KEY, symbol TEXT NOT NULL, side TEXT NOT NULL, price_e8 INTEGER NOT NULL,
  losscut_price_e8 INTEGER NOT NULL, opened_ms INTEGER NOT NULL, size_e8 INTEGER NOT NULL CHECK (size_e8 >= 0)
) STRICT;
CREATE TABLE executions (
  execution_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (order_id),
  position_id INTEGER NOT NULL REFERENCES positions (position_id), symbol TEXT NOT NULL, side TEXT NOT NULL,
  settle_type TEXT NOT NULL, size_e8 INTEGER NOT NULL CHECK (size_e8 > 0), price_e8 INTEGER NOT NULL,
  loss_gain_e8 INTEGER NOT NULL, fee_e8 INTEGER NOT NULL, at_ms INTEGER NOT NULL, taker INTEGER NOT NULL
) STRICT;
CREATE TABLE ledger (
  entry_id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, amount_e8 INTEGER NOT NULL,
  ref INTEGER NOT NULL
) STRICT;
CREATE TABLE bare (symbol TEXT PRIMARY KEY, since_ms INTEGER, longest_ms INTEGER NOT NULL) STRICT;
CREATE TABLE quotes (
  symbol TEXT PRIMARY KEY, bid_e8 INTEGER NOT NULL, ask_e8 INTEGER NOT NULL, last_e8 INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
`;

/** Writes what a venue of today remembers as the program of version 1 would have written it. */
const asVersion1 = (path: string): void => {
  const sql = openSqlite(path);
  const tables = ["venue", "orders", "positions", "executions", "ledger", "bare", "quotes"];
  const rows = new Map(
    tables.map((name) => [name, sql.prepare(`SELECT * FROM ${name}`).safeIntegers().all() as object[]]),
  );
  sql.pragma("foreign_keys = OFF");
  for (const name of [...tables, "order_settles", "account_call"]) sql.exec(`DROP TABLE ${name}`);
  sql.exec(VERSION_1);
  for (const [name, list] of rows) {
    const columns = (sql.pragma(`table_info(${name})`) as { name: string }[]).map((row) => row.name);
    const insert = sql.prepare(`INSERT INTO ${name} VALUES (${columns.map((column) => `@${column}`).join(", ")})`);
    for (const row of list) insert.run(name === "venue" ? { ...row, schema_version: 1n } : row);
  }
  sql.close();
};
const versionOf = (path: string): unknown => {
  const sql = openSqlite(path, { readonly: true });
  const row = sql.prepare("SELECT schema_version AS version FROM venue").get();
  sql.close();
  return row;
};

describe("a file of version 1", () => {
  test("opens with everything it held, and both then behave the same", () => {
    const act = (d: Desk): number => {
      const id = d.position("0.02");
      d.closeOrder(id, "0.01", { executionType: "STOP", price: "9900000" });
      d.order({ price: "9990000", size: "0.01" });
      d.post("/v1/cancelOrder", { orderId: d.order({ price: "9980000", size: "0.01" }) });
      return id;
    };
    const path = tempFile();
    const [old, steady] = [new Desk({ path }), new Desk()];
    const id = act(old);
    act(steady);
    old.close();
    asVersion1(path);
    expect(versionOf(path)).toEqual({ version: 1 });
    const d = new Desk({ path });
    expect(d.simulator.resumed).toBe(true);
    expect(versionOf(path)).toEqual({ version: 2 });
    expect(stateText(d)).toBe(stateText(steady));
    for (const venue of [d, steady]) {
      venue.pass(60);
      venue.post("/v1/closeBulkOrder", { symbol: "BTC_JPY", side: "SELL", executionType: "MARKET", size: "0.01" });
    }
    expect(stateText(d)).toBe(stateText(steady));
    expect(d.positions()).toMatchObject([{ positionId: id, size: "0.01", orderdSize: "0.01" }]);
    d.close();
    steady.close();
  });
  test("that was never finished has its money when it is opened again", () => {
    const path = tempFile();
    openSqlite(path).exec(VERSION_1).close();
    const d = new Desk({ path });
    expect(d.simulator.resumed).toBe(false);
    expect(d.simulator.account().cash).toBe(yen(1_000_000));
    d.reopen();
    expect(d.simulator.resumed).toBe(true);
    d.close();
  });
});

test("the rules that old files were made with are still the same", () => {
  // A file refuses other rules (SIM_CHANGED): new symbols must not be added to this list.
  const text = SYMBOL_RULES.map((row) => Object.values(row).join(",")).join(";");
  expect(createHash("sha256").update(text).digest("hex").slice(0, 16)).toBe("281b47b1e2d820e6");
});
