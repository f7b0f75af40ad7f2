// The simulated venue's own SQLite file. Each step is one transaction, committed before it is answered or published, so
// that a killed replay resumes with the same venue (docs/decisions/0004-venue-simulator-is-its-own-world.md).
import { AppError } from "../../core/errors.ts";
import { coinE8, type YenE8, yenE8 } from "../../core/money.ts";
import { type EpochMs, epochMs } from "../../core/time.ts";
import { openSqlite, type Sqlite, type SqliteOptions } from "../../io/sqlite.ts";
import type {
  AccountCall,
  BareStats,
  LedgerEntry,
  SettlePart,
  SimExecution,
  SimOrder,
  SimPosition,
  SimState,
} from "../engine/state.ts";
import { prepareSchema, SCHEMA_VERSION } from "./storeSchema.ts";

interface VenueRow {
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
const optionalMs = (row: Row, name: string): EpochMs | undefined => {
  const value = optionalInt(row, name);
  return value === undefined ? undefined : epochMs(value);
};
const optionalYen = (row: Row, name: string): YenE8 | undefined => (row[name] === null ? undefined : yen(row, name));
const text = <T extends string>(row: Row, name: string): T => row[name] as T;

export class SimStore {
  readonly #sql: Sqlite;
  readonly #statements;

  /**
   * Opens, creates or upgrades the file. Throws AppError permanent DB_OPEN, or SIM_TOO_NEW for a file of a later
   * program version, which is not changed.
   */
  constructor(path: string, options: SqliteOptions = {}) {
    this.#sql = openSqlite(path, options);
    prepareSchema(this.#sql);
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
      order: this.#sql.prepare(`INSERT INTO orders VALUES (
        @orderId, @symbol, @side, @orderType, @executionType, @settleType, @timeInForce, @size, @price, @losscutPrice,
        @positionId, @createdMs, @executedSize, @status, @cancelType, @fillTicks, @nextFillMs, @cancelAtMs,
        @cancelLoses, @changeAtMs, @changePrice, @changeLosscutPrice, @changes, @fillCap, @endedMs)
        ON CONFLICT (order_id) DO UPDATE SET size_e8 = excluded.size_e8, price_e8 = excluded.price_e8,
          losscut_price_e8 = excluded.losscut_price_e8,
          executed_size_e8 = excluded.executed_size_e8, status = excluded.status, cancel_type = excluded.cancel_type,
          through_ticks = excluded.through_ticks, next_fill_ms = excluded.next_fill_ms,
          cancel_at_ms = excluded.cancel_at_ms, cancel_loses = excluded.cancel_loses,
          change_at_ms = excluded.change_at_ms, change_price_e8 = excluded.change_price_e8,
          change_losscut_price_e8 = excluded.change_losscut_price_e8, changes = excluded.changes,
          fill_cap_e8 = excluded.fill_cap_e8, ended_ms = excluded.ended_ms`),
      deleteSettles: this.#sql.prepare("DELETE FROM order_settles WHERE order_id = ?"),
      insertSettle: this.#sql.prepare("INSERT INTO order_settles VALUES (?, ?, ?, ?)"),
      position: this.#sql.prepare(`INSERT OR REPLACE INTO positions VALUES (
        @positionId, @symbol, @side, @price, @losscutPrice, @openedMs, @size, @orderId)`),
      execution: this.#sql.prepare(`INSERT INTO executions VALUES (
        @executionId, @orderId, @positionId, @symbol, @side, @settleType, @size, @price, @lossGain, @fee, @atMs, @taker)`),
      ledger: this.#sql.prepare("INSERT INTO ledger VALUES (@entryId, @atMs, @kind, @amount, @ref, @currency)"),
      call: this.#sql.prepare("INSERT OR REPLACE INTO account_call VALUES (1, @kind, @sinceMs, @untilMs)"),
      deleteCall: this.#sql.prepare("DELETE FROM account_call"),
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
  /** Writes the venue and its deposit in one commit, so that a stored venue always has its deposit. */
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

  /** Writes the changes and the time in one commit. */
  save(state: SimState, quotes: readonly QuoteRow[] = []): void {
    const { now, position, execution, ledger, bare, quote, call, deleteCall } = this.#statements;
    this.#sql
      .transaction(() => {
        const changes = state.takeChanges();
        for (const row of changes.orders) this.#saveOrder(row);
        for (const row of changes.positions) position.run({ ...row, orderId: row.orderId ?? null });
        for (const row of changes.executions)
          execution.run({ ...row, positionId: row.positionId ?? null, taker: row.taker ? 1 : 0 });
        for (const row of changes.ledger) ledger.run(row);
        if (changes.call) call.run(changes.call);
        else if (changes.call === null) deleteCall.run();
        for (const [symbol, stats] of changes.bare) bare.run(symbol, stats.sinceMs ?? null, stats.longestMs);
        for (const row of quotes) quote.run(row);
        now.run(state.nowMs);
      })
      .immediate();
  }

  #saveOrder(row: SimOrder): void {
    const { order, insertSettle, deleteSettles } = this.#statements;
    const { settles, change, ...columns } = row;
    order.run({
      ...columns,
      price: row.price ?? null,
      losscutPrice: row.losscutPrice ?? null,
      positionId: row.positionId ?? null,
      cancelType: row.cancelType ?? null,
      fillTicks: row.fillTicks ?? null,
      cancelAtMs: row.cancelAtMs ?? null,
      cancelLoses: row.cancelLoses ? 1 : 0,
      changeAtMs: change?.atMs ?? null,
      changePrice: change?.price ?? null,
      changeLosscutPrice: change?.losscutPrice ?? null,
      fillCap: row.fillCap ?? null,
      endedMs: row.endedMs ?? null,
    });
    // Only bulk closes have parts.
    if (row.positionId !== undefined || row.settleType === "OPEN") return;
    deleteSettles.run(row.orderId);
    for (const [part, { positionId, size }] of settles.entries()) insertSettle.run(row.orderId, part, positionId, size);
  }

  #rows(table: string, key: string): Row[] {
    return this.#sql.prepare(`SELECT * FROM ${table} ORDER BY ${key}`).safeIntegers().all() as Row[];
  }

  load(state: SimState): void {
    const parts = new Map<number, SettlePart[]>();
    for (const row of this.#rows("order_settles", "order_id, part")) {
      const list = parts.get(int(row, "order_id")) ?? [];
      list.push({ positionId: int(row, "position_id"), size: coinE8(row["size_e8"] as bigint) });
      parts.set(int(row, "order_id"), list);
    }
    state.restore({
      ledger: this.ledger(),
      orders: this.#rows("orders", "order_id").map((row) => orderOf(row, parts.get(int(row, "order_id")) ?? [])),
      positions: this.#rows("positions", "position_id").map(positionOf),
      executions: this.#rows("executions", "execution_id").map(executionOf),
      call: this.#rows("account_call", "one").map(
        (row): AccountCall => ({
          kind: text(row, "kind"),
          sinceMs: epochMs(int(row, "since_ms")),
          untilMs: epochMs(int(row, "until_ms")),
        }),
      )[0],
      bare: new Map(
        this.#rows("bare", "symbol").map((row): [string, BareStats] => {
          return [text(row, "symbol"), { sinceMs: optionalMs(row, "since_ms"), longestMs: int(row, "longest_ms") }];
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
      currency: text(row, "currency"),
    }));
  }
  close(): void {
    this.#sql.close();
  }
}

const orderOf = (row: Row, settles: readonly SettlePart[]): SimOrder => {
  const changeAtMs = optionalMs(row, "change_at_ms");
  const fillCap = row["fill_cap_e8"];
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
    fillTicks: optionalInt(row, "through_ticks"),
    nextFillMs: epochMs(int(row, "next_fill_ms")),
    cancelAtMs: optionalMs(row, "cancel_at_ms"),
    settles,
    cancelLoses: int(row, "cancel_loses") === 1,
    change:
      changeAtMs === undefined
        ? undefined
        : {
            atMs: changeAtMs,
            price: yen(row, "change_price_e8"),
            losscutPrice: optionalYen(row, "change_losscut_price_e8"),
          },
    changes: int(row, "changes"),
    fillCap: fillCap === null ? undefined : coinE8(fillCap as bigint),
    endedMs: optionalMs(row, "ended_ms"),
  };
};
const positionOf = (row: Row): SimPosition => ({
  positionId: int(row, "position_id"),
  symbol: text(row, "symbol"),
  side: text(row, "side"),
  price: yen(row, "price_e8"),
  losscutPrice: yen(row, "losscut_price_e8"),
  openedMs: epochMs(int(row, "opened_ms")),
  orderId: optionalInt(row, "order_id"),
  size: coinE8(row["size_e8"] as bigint),
});
const executionOf = (row: Row): SimExecution => ({
  executionId: int(row, "execution_id"),
  orderId: int(row, "order_id"),
  positionId: optionalInt(row, "position_id"),
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
