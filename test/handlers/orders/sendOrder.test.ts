// What may be sent: an intention, once, and nothing else.
import { afterEach, expect, test } from "vitest";
import { sendIntended } from "../../../handlers/orders/sendOrder.ts";
import { World } from "../../sim/world.ts";
import { tradeCtxOf } from "../../sim/worldCtx.ts";

let world: World;
afterEach(() => world.close());

test.each(["open", "filled", "unknown", "rejected", "neverSent"] as const)(
  "truth 22: an order that is %s already is returned as it stands: no request, no change, no error",
  async (state) => {
    world = new World({
      btc: (s) => (state === "filled" ? s.to(9_998_000, 2).flat(30) : s.flat(30)),
      config: { MAX_REQUOTES: "0" },
      venue: {
        faults: (request, phase) => {
          if (request.path !== "/v1/order" || phase !== "before") return undefined;
          if (state === "unknown") return { kind: "reset" };
          return state === "rejected" ? { kind: "error", code: "ERR-201" } : undefined;
        },
      },
    });
    const w = world;
    w.approve();
    await w.advance(state === "filled" ? 3 : 0.01);
    if (state === "neverSent")
      w.db.sql.exec("UPDATE orders SET state = 'neverSent', venue_order_id = NULL, closed_ms = 1, executed_e8 = 0");
    const order = w.orders("entry")[0]!;
    expect(order.state).toBe(state);
    const [requests, events] = [w.requests.length, w.auditKinds().length];
    expect(await sendIntended(tradeCtxOf(w), order.id)).toEqual(order);
    expect(w.orders("entry")[0]).toEqual(order);
    expect([w.requests.length, w.auditKinds().length]).toEqual([requests, events]);
  },
);
