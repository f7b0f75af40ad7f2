// What a refused closing order leaves behind, measured at the venue.
import { afterEach, expect, test } from "vitest";
import { World } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());

test.each(["ERR-5003", "ERR-5121", "ERR-5203"])(
  "truth 22: a close refused with %s leaves the position without a stop for no moment of venue time",
  async (code) => {
    let refusals = 0;
    world = new World({
      btc: (s) => s.to(9_998_000, 2).flat(60),
      config: { TIME_STOP_HOURS: "8" },
      venue: {
        faults: (request, phase) => {
          if (phase !== "before" || request.path !== "/v1/closeOrder" || refusals >= 3) return undefined;
          if (!request.body?.includes('"MARKET"')) return undefined;
          refusals += 1;
          return { kind: "error", code };
        },
      },
    });
    const w = world;
    w.approve({ size: "0.001" });
    await w.advance(5);
    expect(w.trade().status).toBe("open");
    w.db.transaction((tx) => tx.trades.askClose(1, "market"));
    await w.runToEnd(30);
    expect(refusals).toBe(3);
    expect(w.simulator.bareStats("BTC_JPY").longestMs).toBe(0);
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
    expect(await w.brokenPromises()).toEqual([]);
  },
);
