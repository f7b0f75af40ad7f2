// The fence judges by the book alone: what no approval, no position and no order of ours explains does not leave, even where
// the chain would send it.
import { afterEach, describe, expect, test } from "vitest";
import { bookFence } from "../../../handlers/orders/bookFence.ts";
import { coinE8, yenE8 } from "../../../lib/core/money.ts";
import { epochMs } from "../../../lib/core/time.ts";
import type { Fence, FencedWrite } from "../../../lib/io/gmo/fence.ts";
import { World } from "../../sim/world.ts";

let world: World | undefined;
afterEach(() => world?.close());

/** Runs `look` at the moment the first request of this kind is about to leave, with a fence of its own. */
const atRequest = async (
  what: "POST /v1/order" | "POST /v1/closeOrder",
  look: (w: World, fence: Fence, write: FencedWrite) => void,
) => {
  let looked = false;
  let fence: Fence | undefined;
  const w = new World({
    btc: (s) => s.flat(1).to(9_998_000, 2).flat(60),
    onRequest: (at, request) => {
      if (request !== what || looked || fence === undefined) return;
      looked = true;
      const row = at.db.read.orders.allLive().find((o) => o.state === "sending");
      if (row === undefined) throw new Error("no order is being sent");
      const { symbol, side, executionType, price, size, losscutPrice, positionId } = row.intent;
      const common = { symbol, side, executionType, price, size };
      look(
        at,
        fence,
        positionId === undefined
          ? { ...common, kind: "order", losscutPrice }
          : { ...common, kind: "closeOrder", positionId },
      );
    },
  });
  world = w;
  fence = bookFence({ db: w.db.read, clock: w.clock, config: w.config });
  w.approve();
  await w.advance(5);
  expect(looked).toBe(true);
};
const more = (write: FencedWrite, over: object): FencedWrite => ({ ...write, ...over }) as FencedWrite;

describe("an entry", () => {
  test("as it was approved: once, and not a second time", async () => {
    await atRequest("POST /v1/order", (_, fence, write) => {
      expect(fence(write)).toBeUndefined();
      expect(fence(write)).toMatch(/sent before/);
    });
  });
  test.each<[string, (w: Extract<FencedWrite, { kind: "order" }>) => object]>([
    ["of another size", (w) => ({ size: coinE8(w.size + 1n) })],
    ["at another price", (w) => ({ price: yenE8((w.price ?? 0n) + 1n) })],
    ["at market", () => ({ executionType: "MARKET", price: undefined })],
    ["to the other side", () => ({ side: "SELL" })],
    ["in another market", () => ({ symbol: "ETH_JPY" })],
    ["with another loss-cut price", () => ({ losscutPrice: undefined })],
  ])("%s than the row's: held back", async (_, over) => {
    await atRequest("POST /v1/order", (_w, fence, write) => {
      if (write.kind !== "order") throw new Error("expected an entry");
      expect(fence(more(write, over(write)))).toMatch(/no order of the book/);
      expect(fence(write)).toBeUndefined();
    });
  });
  test.each([
    ["nobody approved it", "DELETE FROM approvals", /no approval/],
    ["the owner rejected it", "UPDATE approvals SET decision = 'rejected'", /no approval/],
    ["other numbers were approved", "UPDATE approvals SET hash = 'x'", /other numbers/],
    ["less was approved", "UPDATE proposals SET size_e8 = size_e8 - 1", /larger than what was approved/],
    ["another market was approved", "UPDATE proposals SET symbol = 'ETH_JPY'", /approval is of ETH_JPY/],
    ["the other direction was approved", "UPDATE proposals SET direction = 'short'", /approval is of a short/],
    ["the band is elsewhere", "UPDATE proposals SET band_high_e8 = band_low_e8 + 1, band_low_e8 = 1", /approved band/],
  ])("%s: held back", async (_, sql, why) => {
    await atRequest("POST /v1/order", (w, fence, write) => {
      w.db.sql.exec("SAVEPOINT tampered; PRAGMA defer_foreign_keys = ON");
      w.db.sql.exec(sql);
      if (/band/.test(sql)) w.db.sql.exec("UPDATE proposals SET band_high_e8 = 2");
      expect(fence(write)).toMatch(why);
      w.db.sql.exec("ROLLBACK TO tampered; RELEASE tampered");
      expect(fence(write)).toBeUndefined();
    });
  });
  test("half a minute after the approval's time: held back", async () => {
    await atRequest("POST /v1/order", (w, _, write) => {
      const { validUntilMs } = w.db.read.proposals.newest(1)[0]!;
      const at = (ms: number) =>
        bookFence({
          db: { ...w.db.read, orders: { ...w.db.read.orders, allLive: () => [] } },
          clock: { nowMs: () => epochMs(validUntilMs + ms) },
          config: w.config,
        });
      expect(at(29_999)(write)).toBeUndefined();
      expect(at(30_000)(write)).toMatch(/time is over/);
    });
  });
  test("found in flight by a new process: it is looked up, never sent", async () => {
    await atRequest("POST /v1/order", (w, _, write) => {
      expect(bookFence({ db: w.db.read, clock: w.clock, config: w.config })(write)).toMatch(/sent before/);
    });
  });
});

describe("a closing order", () => {
  test("of our position leaves; of another one, larger than it ever was, or to its own side it does not", async () => {
    await atRequest("POST /v1/closeOrder", (w, fence, write) => {
      expect(fence(more(write, { positionId: "999" }))).toMatch(/no order of the book/);
      const tampered = (sql: string) => {
        w.db.sql.exec(`SAVEPOINT tampered; ${sql}`);
        const why = fence(write);
        w.db.sql.exec("ROLLBACK TO tampered; RELEASE tampered");
        return why;
      };
      expect(tampered("UPDATE positions SET side = 'SELL'")).toMatch(/open instead of close/);
      expect(tampered("UPDATE positions SET symbol = 'ETH_JPY'")).toMatch(/another trade/);
      expect(tampered("UPDATE positions SET opened_e8 = 1, open_e8 = 1")).toMatch(/larger than the position/);
      expect(fence(write)).toBeUndefined();
      expect(fence(write)).toMatch(/sent before/);
    });
  });
});

describe("a cancel", () => {
  test("of our own order leaves; of another hand's it does not", async () => {
    const w = new World({ btc: (s) => s.flat(30) });
    world = w;
    const fence = bookFence({ db: w.db.read, clock: w.clock, config: w.config });
    w.approve();
    await w.advance(0.2);
    const [entry] = w.orders("entry");
    if (entry?.state !== "open") throw new Error("the entry does not rest");
    expect(fence({ kind: "cancelOrder", orderId: entry.venueOrderId })).toBeUndefined();
    expect(fence({ kind: "cancelOrder", orderId: String(Number(entry.venueOrderId) + 1) })).toMatch(/another hand/);
  });
  test("of an order whose answer never came leaves, where its id is newer than the order", async () => {
    const w = new World({
      btc: (s) => s.flat(30),
      venue: {
        faults: ({ path }, phase) => (path === "/v1/order" && phase === "before" ? { kind: "reset" } : undefined),
      },
    });
    world = w;
    const fence = bookFence({ db: w.db.read, clock: w.clock, config: w.config });
    w.approve();
    await w.advance(0.01);
    const lost = w.orders("entry")[0];
    if (lost === undefined || !("afterOrderId" in lost)) throw new Error("no order was lost");
    const after = Number(lost.afterOrderId);
    expect(fence({ kind: "cancelOrder", orderId: String(after + 1) })).toBeUndefined();
    expect(fence({ kind: "cancelOrder", orderId: String(after) })).toMatch(/another hand/);
  });
});

test("what the fence holds back is refused for good, and nothing reaches the venue", async () => {
  const w = new World({ btc: (s) => s.flat(30) });
  world = w;
  w.approve();
  await w.advance(0.2);
  expect(w.fenced).toEqual([]);
  expect(await w.venue.cancelOrder("999")).toMatchObject({ kind: "refused", code: "FENCED", resend: "never" });
  expect(w.requests.filter((r) => r === "POST /v1/cancelOrder")).toEqual([]);
  expect(w.fenced.splice(0)).toEqual(["POST /v1/cancelOrder was held back: it cancels an order of another hand"]);
});
