// A machine whose clock is set back by an hour: no wait becomes longer by that, no approval lives longer.
import { afterEach, expect, test } from "vitest";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());
/** From now on our rows are dated an hour ahead of every clock. */
const setBack = (w: World, table: string, columns: readonly string[]): void => {
  const set = columns.map((c) => `${c} = ${c} + 3600000`).join(", ");
  w.db.sql.prepare(`UPDATE ${table} SET ${set}`).run();
  w.store.wakeAll();
};
const ORDER_TIMES = ["created_ms", "sent_ms", "cancel_asked_ms", "closed_ms"];
const start = (options: WorldOptions): World => {
  world = new World(options);
  return world;
};

test("a take-profit does not rest longer: its stop returns at once", async () => {
  const w = start({ btc: (s) => s.to(9_998_000, 2).flat(2).spike(10_029_550).flat(60) });
  w.approve();
  await w.runUntil((w.nowMs + 600_000) as typeof w.nowMs, () => w.orders("takeProfit").some((o) => o.state === "open"));
  expect(w.orders("takeProfit").map((o) => o.state)).toEqual(["open"]);
  setBack(w, "orders", ORDER_TIMES);
  await w.advance(2 / 60);
  expect(w.orders("takeProfit")[0]?.state).not.toBe("open");
  expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
});

test("an approval does not live longer: its resting entry is cancelled", async () => {
  const w = start({ btc: (s) => s.flat(60) });
  w.approve();
  await w.advance(1);
  expect(w.orders("entry").map((o) => o.state)).toEqual(["open"]);
  setBack(w, "orders", ORDER_TIMES);
  await w.advance(1);
  expect(w.orders("entry").map((o) => o.state)).toEqual(["cancelled"]);
  expect(w.trade().cancelReason).toContain("time is over");
});
