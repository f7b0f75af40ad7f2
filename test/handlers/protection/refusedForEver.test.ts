// A venue that refuses every closing order: the tries slow down, and a look costs what it cost at first.
import { afterEach, expect, test } from "vitest";
import { World } from "../../sim/world.ts";

let world: World | undefined;
afterEach(() => world?.close());

test("truth 5: prompt at first, then once a minute: no row every few seconds for ever", async () => {
  const w = new World({
    // The stop is passed while everything is refused: only a market order would help.
    btc: (s) => s.to(9_998_000, 2).flat(4).gap(9_900_000).flat(300),
    venue: {
      faults: (request, phase) =>
        phase === "before" && request.path === "/v1/closeOrder" ? { kind: "error", code: "ERR-635" } : undefined,
    },
  });
  world = w;
  w.approve();
  await w.advance(2.5);
  const rows = (): number => w.orders().filter((o) => o.intent.purpose !== "entry").length;
  const legs = Math.max(1, w.db.read.tradeLegs.ofTrade(1).length);
  expect(rows()).toBeGreaterThan(0);
  await w.advance(20);
  const before = rows();
  await w.advance(10);
  const inTenMinutes = (rows() - before) / legs;
  // Once a minute a leg, a stop and a market order taking turns at most.
  expect(inTenMinutes).toBeLessThanOrEqual(21);
  expect(before / legs).toBeLessThanOrEqual(70);
  for (const leg of w.db.read.tradeLegs.ofTrade(1)) {
    const all = w.orders().filter((o) => o.intent.legId === leg.id);
    const read = w.db.read.orders.ofLeg(leg.id);
    expect(read.length).toBeLessThanOrEqual(41);
    expect(read).toEqual(all.slice(-read.length));
  }
});
