// The simulated venue's own SQLite file. One transaction per step, committed before anybody hears of it, so that a killed
// replay meets the same venue again (docs/decisions/0004-venue-simulator-is-its-own-world.md).
import { AppError } from "../core/errors.ts";
import { coinE8, type YenE8, yenE8 } from "../core/money.ts";
import { type EpochMs, epochMs } from "../core/time.ts";
import { openSqlite, type Sqlite, type SqliteOptions } from "../io/sqlite.ts";
import type { BareStats, LedgerEntry, SimExecution, SimOrder, SimPosition, SimState } from "./state.ts";

const SCHEMA_VERSION = 1;
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

export interface VenueRow {
  readonly identity: string;
  readonly startMs: EpochMs;
  readonly startEquity: YenE8;
  readonly nowMs: EpochMs;
}
export interface QuoteRow {
  readonly symbol: string;
  readonly bid: YenE8;
  readonly ask: YenE8;
  readonly last: YenE8;
  readonly atMs: EpochMs;
}

type Row = Readonly<Record<string, bigint | string | null>>;
const int = (row: Row, name: string): number => Number(row[name]);
const optionalInt = (row: Row, name: string): number | undefined =>
  row[name] === null ? undefined : Number(row[name]);
const yen = (row: Row, name: string): YenE8 => yenE8(row[name] as bigint);
const optionalYen = (row: Row, name: string): YenE8 | undefined => (row[name] === null ? undefined : yen(row, name));
const text = <T extends string>(row: Row, name: string): T => row[name] as T;

export class SimStore {
  readonly #sql: Sqlite;
  readonly #statements;

  /** Throws AppError permanent DB_OPEN, or SIM_TOO_NEW for a file of another program version. */
  constructor(path: string, options: SqliteOptions = {}) {
    this.#sql = openSqlite(path, options);
    const fresh = this.#sql.prepare("SELECT 1 FROM sqlite_master WHERE name = 'venue'").get() === undefined;
    if (fresh) this.#sql.transaction(() => this.#sql.exec(SCHEMA)).immediate();
    const found = this.venue();
    if (found && found.version !== SCHEMA_VERSION) {
      this.#sql.close();
      throw new AppError(
        "permanent",
        "SIM_TOO_NEW",
        `expected a simulator file of version ${SCHEMA_VERSION}, found ${found.version} in ${path}; use the program that made it, or start fresh`,
      );
    }
    this.#statements = {
      now: this.#sql.prepare("UPDATE venue SET now_ms = ?"),
      order: this.#sql.prepare(`INSERT OR REPLACE INTO orders VALUES (
        @orderId, @symbol, @side, @orderType, @executionType, @settleType, @timeInForce, @size, @price, @losscutPrice,
        @positionId, @createdMs, @executedSize, @status, @cancelType, @throughTicks, @nextFillMs, @cancelAtMs)`),
      position: this.#sql.prepare(`INSERT OR REPLACE INTO positions VALUES (
        @positionId, @symbol, @side, @price, @losscutPrice, @openedMs, @size)`),
      execution: this.#sql.prepare(`INSERT INTO executions VALUES (
        @executionId, @orderId, @positionId, @symbol, @side, @settleType, @size, @price, @lossGain, @fee, @atMs, @taker)`),
      ledger: this.#sql.prepare("INSERT INTO ledger VALUES (@entryId, @atMs, @kind, @amount, @ref)"),
      bare: this.#sql.prepare("INSERT OR REPLACE INTO bare VALUES (?, ?, ?)"),
      quote: this.#sql.prepare("INSERT OR REPLACE INTO quotes VALUES (@symbol, @bid, @ask, @last, @atMs)"),
    };
  }

  venue(): (VenueRow & { readonly version: number }) | undefined {
    const row = this.#sql.prepare("SELECT * FROM venue").safeIntegers().get() as Row | undefined;
    return (
      row && {
        version: int(row, "schema_version"),
        identity: text(row, "identity"),
        startMs: epochMs(int(row, "start_ms")),
        startEquity: yen(row, "start_equity_e8"),
        nowMs: epochMs(int(row, "now_ms")),
      }
    );
  }
  /** The venue and its deposit in one commit: a venue that exists has its money. */
  create(venue: VenueRow, state: SimState): void {
    this.#sql
      .transaction(() => {
        this.#sql
          .prepare("INSERT INTO venue VALUES (1, ?, ?, ?, ?, ?)")
          .run(SCHEMA_VERSION, venue.identity, venue.startMs, venue.startEquity, venue.nowMs);
        this.save(state);
      })
      .immediate();
  }

  /** Writes what changed, and the time, in one commit. */
  save(state: SimState, quotes: readonly QuoteRow[] = []): void {
    const { now, order, position, execution, ledger, bare, quote } = this.#statements;
    this.#sql
      .transaction(() => {
        const changes = state.takeChanges();
        for (const row of changes.orders)
          order.run({
            ...row,
            price: row.price ?? null,
            losscutPrice: row.losscutPrice ?? null,
            positionId: row.positionId ?? null,
            cancelType: row.cancelType ?? null,
            throughTicks: row.throughTicks ?? null,
            cancelAtMs: row.cancelAtMs ?? null,
          });
        for (const row of changes.positions) position.run(row);
        for (const row of changes.executions) execution.run({ ...row, taker: row.taker ? 1 : 0 });
        for (const row of changes.ledger) ledger.run(row);
        for (const [symbol, stats] of changes.bare) bare.run(symbol, stats.sinceMs ?? null, stats.longestMs);
        for (const row of quotes) quote.run(row);
        now.run(state.nowMs);
      })
      .immediate();
  }

  #rows(table: string, key: string): Row[] {
    return this.#sql.prepare(`SELECT * FROM ${table} ORDER BY ${key}`).safeIntegers().all() as Row[];
  }

  load(state: SimState): void {
    const entries = this.ledger();
    state.restore({
      cash: yenE8(entries.reduce((sum, entry) => sum + entry.amount, 0n)),
      ledgerCount: entries.length,
      orders: this.#rows("orders", "order_id").map(orderOf),
      positions: this.#rows("positions", "position_id").map(positionOf),
      executions: this.#rows("executions", "execution_id").map(executionOf),
      bare: new Map(
        this.#rows("bare", "symbol").map((row): [string, BareStats] => {
          const sinceMs = optionalInt(row, "since_ms");
          return [
            text(row, "symbol"),
            { sinceMs: sinceMs === undefined ? undefined : epochMs(sinceMs), longestMs: int(row, "longest_ms") },
          ];
        }),
      ),
    });
  }
  quotes(): readonly QuoteRow[] {
    return this.#rows("quotes", "symbol").map((row) => ({
      symbol: text(row, "symbol"),
      bid: yen(row, "bid_e8"),
      ask: yen(row, "ask_e8"),
      last: yen(row, "last_e8"),
      atMs: epochMs(int(row, "at_ms")),
    }));
  }
  ledger(): readonly LedgerEntry[] {
    return this.#rows("ledger", "entry_id").map((row) => ({
      entryId: int(row, "entry_id"),
      atMs: epochMs(int(row, "at_ms")),
      kind: text(row, "kind"),
      amount: yen(row, "amount_e8"),
      ref: int(row, "ref"),
    }));
  }
  close(): void {
    this.#sql.close();
  }
}

const orderOf = (row: Row): SimOrder => {
  const cancelAtMs = optionalInt(row, "cancel_at_ms");
  return {
    orderId: int(row, "order_id"),
    symbol: text(row, "symbol"),
    side: text(row, "side"),
    orderType: text(row, "order_type"),
    executionType: text(row, "execution_type"),
    settleType: text(row, "settle_type"),
    timeInForce: text(row, "time_in_force"),
    size: coinE8(row["size_e8"] as bigint),
    price: optionalYen(row, "price_e8"),
    losscutPrice: optionalYen(row, "losscut_price_e8"),
    positionId: optionalInt(row, "position_id"),
    createdMs: epochMs(int(row, "created_ms")),
    executedSize: coinE8(row["executed_size_e8"] as bigint),
    status: text(row, "status"),
    cancelType: row["cancel_type"] === null ? undefined : text(row, "cancel_type"),
    throughTicks: optionalInt(row, "through_ticks"),
    nextFillMs: epochMs(int(row, "next_fill_ms")),
    cancelAtMs: cancelAtMs === undefined ? undefined : epochMs(cancelAtMs),
  };
};
const positionOf = (row: Row): SimPosition => ({
  positionId: int(row, "position_id"),
  symbol: text(row, "symbol"),
  side: text(row, "side"),
  price: yen(row, "price_e8"),
  losscutPrice: yen(row, "losscut_price_e8"),
  openedMs: epochMs(int(row, "opened_ms")),
  size: coinE8(row["size_e8"] as bigint),
});
const executionOf = (row: Row): SimExecution => ({
  executionId: int(row, "execution_id"),
  orderId: int(row, "order_id"),
  positionId: int(row, "position_id"),
  symbol: text(row, "symbol"),
  side: text(row, "side"),
  settleType: text(row, "settle_type"),
  size: coinE8(row["size_e8"] as bigint),
  price: yen(row, "price_e8"),
  lossGain: yen(row, "loss_gain_e8"),
  fee: yen(row, "fee_e8"),
  atMs: epochMs(int(row, "at_ms")),
  taker: int(row, "taker") === 1,
});
