// The intention of the first quote is sent only at the price that is the best of our side in that moment.
import { afterEach, expect, test } from "vitest";
import { yen } from "../../lib/core/money.ts";
import { World } from "../sim/world.ts";

let world: World;
afterEach(() => world.close());

test.each([
  ["long", 10_003_000, 10_002_500],
  ["long", 9_997_000, 9_996_500],
  ["short", 10_003_000, 10_003_500],
  ["short", 9_997_000, 9_997_500],
] as const)(
  "truth 22: a %s whose market jumps to %i between the intention and the send is sent at %i, not where it was meant",
  async (direction, price, sent) => {
    let jumped = false;
    world = new World({
      btc: (s) => s.flat(1).gap(price).flat(30),
      // Before the check that precedes the send.
      onRequest: (w, what) => {
        if (jumped || what !== "GET /v1/status" || w.db.read.trades.alive().length === 0) return;
        jumped = true;
        w.pass(4_000);
      },
    });
    const w = world;
    await w.advance(0.95);
    w.approve({ direction });
    await w.advance(0.5);
    expect(jumped).toBe(true);
    expect(w.simulator.orders().map((o) => o.price)).toEqual([yen(sent)]);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["neverSent", "open"]);
  },
);
