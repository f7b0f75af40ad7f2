// What a look costs while something is, or may be, bare: public requests come slowly, and nothing that counts waits for
// them.
import { afterEach, describe, expect, test } from "vitest";
import { requestCommand } from "../../../handlers/owner/requestCommand.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World;
const start = (options: WorldOptions): World => {
  world = new World(options);
  return world;
};
afterEach(() => world.close());

describe("a resting entry that may follow the market", () => {
  test("asks for the order book at most once in two seconds, and looks at the order more often than that", async () => {
    const w = start({ btc: (s) => s.flat(60), pollMs: 2_000 });
    w.approve();
    await w.advance(1.1);
    const before = w.requests.length;
    await w.advance(1);
    const asked = w.requests.slice(before);
    const times = (what: string) => asked.filter((r) => r === what).length;
    expect(times("GET /v1/orderbooks")).toBeGreaterThan(10);
    expect(times("GET /v1/orderbooks")).toBeLessThanOrEqual(31);
    expect(times("GET /v1/orders")).toBeGreaterThanOrEqual(170);
  });

  test("a fill that comes while a new quote is being checked is booked before the check is over", async () => {
    const after: string[] = [];
    const w = start({
      // Left behind for a while, then the price falls through our bid, inside the band.
      btc: (s) => s.flat(1).gap(10_004_000).flat(1).gap(9_998_000).flat(5),
      pollMs: 2_000,
      onRequest: (it, what) => {
        if (after.length > 0) after.push(what);
        else if (what === "GET /v1/symbols" && it.orders("entry").some((o) => o.state === "open")) {
          after.push(what);
          it.pass(61_000);
        }
      },
    });
    w.approve();
    await w.advance(4);
    // The check ends with the account's margin: the fill's executions are read, and so booked, before that.
    expect(after).toContain("GET /v1/account/margin");
    expect(after).toContain("GET /v1/executions");
    expect(after.indexOf("GET /v1/executions")).toBeLessThan(after.indexOf("GET /v1/account/margin"));
  });
});

describe("a stop that is given up", () => {
  const closing = async (w: World, begin: () => void): Promise<readonly string[]> => {
    w.approve();
    await w.advance(5);
    begin();
    const before = w.requests.length;
    await w.advance(1);
    const asked = w.requests.slice(before);
    const cancel = asked.indexOf("POST /v1/cancelOrder");
    expect(cancel).toBeGreaterThanOrEqual(0);
    return asked.slice(cancel, asked.indexOf("POST /v1/closeOrder"));
  };
  const held = (): World => start({ btc: (s) => s.to(9_998_000, 2).flat(60), venue: { cancelAfterMs: 900 } });
  const ask = (w: World, command: "panic" | "close"): void => {
    const parts = { db: w.db, store: w.store, clock: w.clock };
    requestCommand(parts, command === "panic" ? { command, actor: "cli" } : { command, tradeId: 1, actor: "cli" });
  };

  test("for a market close: no price is asked until that is sent", async () => {
    const w = held();
    expect(await closing(w, () => ask(w, "panic"))).not.toContain("GET /v1/ticker");
    await w.advance(1);
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
  });

  test("for a closing limit: the price is asked once, when the stop has ended", async () => {
    const w = held();
    const between = await closing(w, () => ask(w, "close"));
    expect(between.filter((r) => r === "GET /v1/ticker")).toHaveLength(1);
    expect(between.at(-1)).toBe("GET /v1/ticker");
    await w.advance(1);
    expect(w.orders("exit")[0]?.intent.executionType).toBe("LIMIT");
  });
});
