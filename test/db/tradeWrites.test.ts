// Writes of a trade that count once, or in one direction only.
import { afterEach, expect, test } from "vitest";
import { epochMs } from "../../lib/core/time.ts";
import { World } from "../sim/world.ts";

let world: World;
afterEach(() => world.close());
const working = async (): Promise<World> => {
  world = new World({ btc: (s) => s.flat(60) });
  world.approve();
  await world.advance(1);
  expect(world.trade().status).toBe("pending");
  return world;
};

test("truth 22: a close at market is never softened to a passive one; a passive one can become one at market", async () => {
  const w = await working();
  const ask = (how: "market" | "makerFirst") => {
    w.db.transaction((tx) => tx.trades.askClose(1, how));
    return w.trade().closeHow;
  };
  expect(ask("makerFirst")).toBe("makerFirst");
  expect(ask("market")).toBe("market");
  expect(ask("makerFirst")).toBe("market");
});

test("truth 22: an entry ends once: its first end keeps its time", async () => {
  const w = await working();
  const end = (ms: number) => w.db.transaction((tx) => tx.trades.endEntry(1, epochMs(w.nowMs + ms)));
  expect([end(1), end(2)]).toEqual([true, false]);
  expect(w.trade().entryEndedMs).toBe(w.nowMs + 1);
});

test("truth 22: an ended trade takes no wish to be closed", async () => {
  const w = await working();
  w.db.transaction((tx) => tx.trades.cancel(1, "test"));
  w.db.transaction((tx) => tx.trades.askClose(1, "market"));
  expect(w.trade().closeHow).toBeUndefined();
});
