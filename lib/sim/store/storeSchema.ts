// The tables of the simulated venue's file, and the upgrade from version 1.
import type { Sqlite } from "../../io/sqlite.ts";

export const SCHEMA_VERSION = 2;

const EXECUTIONS = `
CREATE TABLE executions (
  execution_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (order_id),
  position_id INTEGER REFERENCES positions (position_id), symbol TEXT NOT NULL, side TEXT NOT NULL,
  settle_type TEXT NOT NULL, size_e8 INTEGER NOT NULL CHECK (size_e8 > 0), price_e8 INTEGER NOT NULL,
  loss_gain_e8 INTEGER NOT NULL, fee_e8 INTEGER NOT NULL, at_ms INTEGER NOT NULL, taker INTEGER NOT NULL
) STRICT;
`;
const ACCOUNT_CALL = `
CREATE TABLE account_call (
  one INTEGER PRIMARY KEY CHECK (one = 1), kind TEXT NOT NULL, since_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL
) STRICT;
`;
const SCHEMA = `
CREATE TABLE venue (
  one INTEGER PRIMARY KEY CHECK (one = 1), schema_version INTEGER NOT NULL, identity TEXT NOT NULL,
  start_ms INTEGER NOT NULL, start_equity_e8 INTEGER NOT NULL, now_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE orders (
  order_id INTEGER PRIMARY KEY, symbol TEXT NOT NULL, side TEXT NOT NULL, order_type TEXT NOT NULL,
  execution_type TEXT NOT NULL, settle_type TEXT NOT NULL, time_in_force TEXT NOT NULL, size_e8 INTEGER NOT NULL,
  price_e8 INTEGER, losscut_price_e8 INTEGER, position_id INTEGER, created_ms INTEGER NOT NULL,
  executed_size_e8 INTEGER NOT NULL CHECK (executed_size_e8 BETWEEN 0 AND size_e8), status TEXT NOT NULL,
  cancel_type TEXT, through_ticks INTEGER, next_fill_ms INTEGER NOT NULL, cancel_at_ms INTEGER,
  cancel_loses INTEGER NOT NULL DEFAULT 0, change_at_ms INTEGER, change_price_e8 INTEGER,
  change_losscut_price_e8 INTEGER, changes INTEGER NOT NULL DEFAULT 0, fill_cap_e8 INTEGER, ended_ms INTEGER
) STRICT;
CREATE TABLE order_settles (
  order_id INTEGER NOT NULL REFERENCES orders (order_id), part INTEGER NOT NULL, position_id INTEGER NOT NULL,
  size_e8 INTEGER NOT NULL CHECK (size_e8 > 0), PRIMARY KEY (order_id, part)
) STRICT;
CREATE TABLE positions (
  position_id INTEGER PRIMARY KEY, symbol TEXT NOT NULL, side TEXT NOT NULL, price_e8 INTEGER NOT NULL,
  losscut_price_e8 INTEGER NOT NULL, opened_ms INTEGER NOT NULL, size_e8 INTEGER NOT NULL CHECK (size_e8 >= 0),
  order_id INTEGER
) STRICT;
${EXECUTIONS}
CREATE TABLE ledger (
  entry_id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, amount_e8 INTEGER NOT NULL,
  ref INTEGER NOT NULL, currency TEXT NOT NULL DEFAULT 'JPY'
) STRICT;
CREATE TABLE bare (symbol TEXT PRIMARY KEY, since_ms INTEGER, longest_ms INTEGER NOT NULL) STRICT;
CREATE TABLE quotes (
  symbol TEXT PRIMARY KEY, bid_e8 INTEGER NOT NULL, ask_e8 INTEGER NOT NULL, last_e8 INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
${ACCOUNT_CALL}
`;

/**
 * Version 2: changes, bulk closes, spot (no position, other currencies), margin calls. Existing rows keep their
 * meaning.
 */
const FROM_1 = `
ALTER TABLE orders ADD COLUMN cancel_loses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN change_at_ms INTEGER;
ALTER TABLE orders ADD COLUMN change_price_e8 INTEGER;
ALTER TABLE orders ADD COLUMN change_losscut_price_e8 INTEGER;
ALTER TABLE orders ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN fill_cap_e8 INTEGER;
ALTER TABLE orders ADD COLUMN ended_ms INTEGER;
UPDATE orders SET ended_ms = created_ms WHERE status IN ('CANCELED', 'EXECUTED', 'EXPIRED');
CREATE TABLE order_settles (
  order_id INTEGER NOT NULL REFERENCES orders (order_id), part INTEGER NOT NULL, position_id INTEGER NOT NULL,
  size_e8 INTEGER NOT NULL CHECK (size_e8 > 0), PRIMARY KEY (order_id, part)
) STRICT;
ALTER TABLE positions ADD COLUMN order_id INTEGER;
UPDATE positions SET order_id = (
  SELECT order_id FROM executions WHERE executions.position_id = positions.position_id AND settle_type = 'OPEN');
ALTER TABLE executions RENAME TO executions_1;
${EXECUTIONS}
INSERT INTO executions SELECT * FROM executions_1;
DROP TABLE executions_1;
ALTER TABLE ledger ADD COLUMN currency TEXT NOT NULL DEFAULT 'JPY';
${ACCOUNT_CALL}
UPDATE venue SET schema_version = 2;
`;

/** Creates the tables, or upgrades a file of version 1, in one commit. Files of other versions are not changed. */
export const prepareSchema = (sql: Sqlite): void => {
  const has = (table: string): boolean =>
    sql.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table) !== undefined;
  sql
    .transaction(() => {
      if (!has("venue")) sql.exec(SCHEMA);
      // A file whose creation was interrupted has tables but no venue row; its newest table identifies the version.
      else if (versionOf(sql) === 1 || (versionOf(sql) === undefined && !has("account_call"))) sql.exec(FROM_1);
    })
    .immediate();
};
const versionOf = (sql: Sqlite): number | undefined => {
  const row = sql.prepare("SELECT schema_version AS version FROM venue").get() as { version: number } | undefined;
  return row?.version;
};
