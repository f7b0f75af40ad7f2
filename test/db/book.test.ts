// The book's tables refuse rows that must not exist, for every caller: a second working entry, a second order of a leg,
// two orders that look alike, an execution booked twice, more closed than open.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Database, openDatabase, type Tx } from "../../db/open.ts";
import type { NewExecution } from "../../db/tables/executions.ts";
import { legGuard } from "../../db/tables/legMoves.ts";
import { coinE8, parseCoin, yen, yenE8 } from "../../lib/core/money.ts";
import type { Intent } from "../../lib/core/order.ts";
import { epochMs } from "../../lib/core/time.ts";

const T0 = epochMs(1_750_000_000_000);
const SENT = { sentMs: T0, sentVenueMs: T0, afterOrderId: "8800000000" };
const SIZE = parseCoin("0.004");
let dir: string;
let db: Database;
let tradeId: number;

const write = <T>(work: (tx: Tx) => T): T => db.transaction(work);
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "book-"));
  db = openDatabase(join(dir, "trader.db"), { synchronous: "OFF" });
  tradeId = write((tx) => {
    const signalId = tx.signals.insert({
      symbol: "BTC_JPY",
      barOpenMs: epochMs(1_749_999_600_000),
      direction: "long",
      confidence: 0.9,
      features: {},
      predictedMs: T0,
      modelId: "test",
      featureSet: "test",
      pTouchLong: 0.9,
      pTouchShort: 0.1,
      rank: undefined,
      rankSample: 0,
      atr: 25_000,
      reasons: [],
      overThreshold: true,
      traceId: "t",
    });
    const proposal = {
      id: "btc1",
      signalId,
      symbol: "BTC_JPY",
      direction: "long",
      entry: yen(10_000_000),
      bandLow: yen(9_990_000),
      bandHigh: yen(10_010_000),
      stop: yen(9_950_000),
      tp1: yen(10_030_000),
      tp2: yen(10_060_000),
      size: SIZE,
      risk: yen(200),
      equity: yen(1_000_000),
      atr: 25_000,
      confidence: 0.9,
      rank: undefined,
      breakEven: 0.6,
      hash: "h",
      createdMs: T0,
      validUntilMs: epochMs(T0 + 900_000),
      state: "approved",
      supersedes: undefined,
      traceId: "t",
    } as const;
    tx.proposals.insert(proposal);
    const rules = { tick: yen(1), minSize: parseCoin("0.001"), sizeStep: parseCoin("0.001") };
    return tx.trades.insert({ proposal, entry: yen(10_000_000), size: SIZE, rules, atMs: T0 });
  });
});
afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true, force: true });
});

const entry = (): Intent => ({
  tradeId,
  purpose: "entry",
  legId: undefined,
  positionId: undefined,
  exitReason: undefined,
  symbol: "BTC_JPY",
  side: "BUY",
  executionType: "LIMIT",
  timeInForce: "SOK",
  price: yen(10_000_000),
  plannedPrice: yen(10_000_000),
  losscutPrice: yen(9_800_000),
  size: SIZE,
});
const execution = (id: string, over: Partial<NewExecution> = {}): NewExecution => ({
  executionId: id,
  venueOrderId: "880",
  orderId: undefined,
  tradeId,
  positionId: "289",
  symbol: "BTC_JPY",
  side: "BUY",
  settleType: "OPEN",
  kind: "open",
  size: SIZE,
  price: yen(10_000_000),
  lossGain: yen(0),
  fee: yen(0),
  exitReason: undefined,
  atMs: T0,
  ...over,
});
const position = (tx: Tx): void =>
  tx.positions.grow({
    positionId: "289",
    tradeId,
    symbol: "BTC_JPY",
    side: "BUY",
    opened: SIZE,
    price: yen(10_000_000),
    openedMs: T0,
  });
const leg = (tx: Tx): number =>
  tx.tradeLegs.insert(tradeId, "289", {
    target: 1,
    size: parseCoin("0.002"),
    stop: yen(9_950_000),
    targetPrice: yen(10_030_000),
  });
const stop = (legId: number, price = 9_950_000): Intent => ({
  ...entry(),
  purpose: "stop",
  legId,
  positionId: "289",
  exitReason: "stop_loss",
  side: "SELL",
  executionType: "STOP",
  timeInForce: "FAK",
  price: yen(price),
  plannedPrice: yen(9_950_000),
  losscutPrice: undefined,
  size: parseCoin("0.002"),
});

describe("orders", () => {
  test("one working entry per symbol; the next only when the first has ended", () => {
    const id = write((tx) => tx.orders.intend(entry(), T0));
    const second = { ...entry(), price: yen(9_999_000), plannedPrice: yen(9_999_000) };
    expect(() => write((tx) => tx.orders.intend(second, T0))).toThrow("UNIQUE");
    write((tx) => tx.orders.move(id, { kind: "abandon", why: "test", atMs: T0 }));
    expect(write((tx) => tx.orders.intend(second, T0))).toBe(id + 1);
  });

  test("one live order per leg, and no two with the same fingerprint", () => {
    const [first, other] = write((tx) => {
      position(tx);
      return [leg(tx), leg(tx)];
    });
    write((tx) => tx.orders.intend(stop(first), T0));
    expect(() => write((tx) => tx.orders.intend(stop(first, 9_940_000), T0))).toThrow("UNIQUE");
    expect(() => write((tx) => tx.orders.intend(stop(other), T0))).toThrow("UNIQUE");
    write((tx) => tx.orders.intend(stop(other, 9_950_001), T0));
    expect(db.read.orders.live("BTC_JPY").length).toBe(2);
  });

  test("are read back as they were written, through every state", () => {
    const id = write((tx) => tx.orders.intend(entry(), T0));
    expect(db.read.orders.byId(id)?.intent).toEqual(entry());
    const states = [
      { kind: "send", sent: SENT },
      { kind: "noAnswer" },
      { kind: "absent", atMs: epochMs(T0 + 10_000), venueMs: epochMs(T0 + 10_000), unexplained: false },
      { kind: "accepted", venueOrderId: "8800000001" },
      { kind: "cancelAsked", atMs: T0 },
    ] as const;
    for (const event of states) {
      const { after } = write((tx) => tx.orders.move(id, event));
      expect(db.read.orders.byId(id)).toEqual(after);
    }
    expect(db.read.orders.byVenueId("8800000001")?.id).toBe(id);
    expect(db.read.orders.byId(id)).toMatchObject({ state: "open", cancelAskedMs: T0 });
    expect(() => write((tx) => tx.orders.move(id, { kind: "send", sent: SENT }))).toThrow("cannot take");
    expect(db.read.orders.byId(id)?.state).toBe("open");
  });

  test("one venue order is one row's", () => {
    write(position);
    const [a, b] = write((tx) => [tx.orders.intend(stop(leg(tx)), T0), tx.orders.intend(stop(leg(tx), 9_950_001), T0)]);
    for (const id of [a, b]) write((tx) => tx.orders.move(id, { kind: "send", sent: SENT }));
    write((tx) => tx.orders.move(a, { kind: "accepted", venueOrderId: "1" }));
    expect(() => write((tx) => tx.orders.move(b, { kind: "accepted", venueOrderId: "1" }))).toThrow("UNIQUE");
  });
});

describe("executions and positions", () => {
  test("an execution counts once", () => {
    expect(write((tx) => tx.executions.insert(execution("921")))).toBe(true);
    expect(write((tx) => tx.executions.insert(execution("921", { size: coinE8(1n) })))).toBe(false);
    expect(db.read.executions.all().map((e) => e.size)).toEqual([SIZE]);
  });

  test("realised P&L is exact, fees taken off, within its time", () => {
    const close = { kind: "close", exitReason: "tp1", side: "SELL", settleType: "CLOSE" } as const;
    write((tx) => {
      tx.executions.insert(execution("1", { ...close, lossGain: yenE8(123n), fee: yenE8(5n) }));
      tx.executions.insert(execution("2", { ...close, lossGain: yenE8(-1_000n), atMs: epochMs(T0 + 10) }));
    });
    expect(db.read.executions.realisedBetween(T0, T0 + 10)).toBe(118n);
    expect(db.read.executions.realisedBetween(T0, T0 + 11)).toBe(-882n);
    expect(db.read.executions.realisedBetween(0, 1)).toBe(0n);
  });

  test("no more is closed than is open, of a position or of a leg", () => {
    const id = write((tx) => {
      position(tx);
      return leg(tx);
    });
    expect(() => write((tx) => tx.positions.shrink("289", coinE8(SIZE + 1n), T0))).toThrow("CHECK");
    expect(() => write((tx) => tx.tradeLegs.shrink(id, coinE8(SIZE), "tp1", T0))).toThrow("CHECK");
    write((tx) => tx.positions.shrink("289", SIZE, T0));
    expect(db.read.positions.byId("289")).toMatchObject({ open: 0n, closedMs: T0 });
    expect(db.read.positions.open()).toEqual([]);
  });

  test("a position built up by several executions has their mean price, exactly", () => {
    write((tx) => {
      position(tx);
      tx.positions.grow({
        positionId: "289",
        tradeId,
        symbol: "BTC_JPY",
        side: "BUY",
        opened: parseCoin("0.012"),
        price: yen(10_004_000),
        openedMs: T0,
      });
    });
    expect(db.read.positions.byId("289")).toMatchObject({
      opened: parseCoin("0.016"),
      open: parseCoin("0.016"),
      price: yen(10_003_000),
    });
  });
});

test("a difference counts how often it was seen in a row, and is forgotten when it is gone", () => {
  const seen = (keys: readonly string[]) =>
    write((tx) =>
      tx.differences.record(
        keys.map((key) => ({ key, text: key })),
        T0,
      ),
    ).map((d) => [d.key, d.seen]);
  expect(seen(["a"])).toEqual([["a", 1]]);
  expect(seen(["a", "b"])).toEqual([
    ["a", 2],
    ["b", 1],
  ]);
  expect(seen(["b"])).toEqual([["b", 2]]);
  expect(seen([])).toEqual([]);
  expect(seen(["a"])).toEqual([["a", 1]]);
});

describe("the protection of a leg", () => {
  const planned = (): number =>
    write((tx) => {
      position(tx);
      return leg(tx);
    });
  test("cannot move where no rule leads, and nothing of such a write stays", () => {
    const id = planned();
    const stopId = write((tx) => {
      const order = tx.orders.intend(stop(id), T0);
      tx.orders.move(order, { kind: "send", sent: SENT });
      tx.orders.move(order, { kind: "accepted", venueOrderId: "8800000001" });
      return order;
    });
    // Its stop vanishes and a take-profit stands in its place, in one write: no rule does that.
    const swap =
      "UPDATE orders SET purpose = 'takeProfit', execution_type = 'LIMIT', time_in_force = 'FAS' WHERE id = ?";
    expect(() =>
      write((tx) => {
        legGuard(db.sql, tx.orders.ofLeg)(id, () => db.sql.prepare(swap).run(stopId));
      }),
    ).toThrow(expect.objectContaining({ code: "PROTECTION_MOVE" }));
    expect(db.read.orders.byId(stopId)?.intent.purpose).toBe("stop");
  });
  test("is refused at the read when its row is impossible", () => {
    const id = planned();
    db.sql.pragma("ignore_check_constraints = ON");
    db.sql.prepare("UPDATE trade_legs SET open_e8 = 0 WHERE id = ?").run(id);
    expect(() => db.read.tradeLegs.byId(id)).toThrow(expect.objectContaining({ code: "LEG_ROW" }));
  });
});
