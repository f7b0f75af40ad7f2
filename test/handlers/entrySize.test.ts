// The size of an entry is computed anew before each order: what the account allows now is obeyed, never what it allowed
// at the approval.
import { afterEach, describe, expect, test } from "vitest";
import { formatE8 } from "../../lib/core/money.ts";
import type { TransportReply } from "../../lib/io/gmo/transport.ts";
import { World, type WorldOptions } from "../sim/world.ts";

let world: World;
afterEach(() => world.close());
const start = (options: WorldOptions): World => {
  world = new World(options);
  return world;
};
/** Enough margin for 0.003 BTC at half of their price, not for the approved 0.004. */
const FOR_THREE_LOTS = "15500";
const withMargin = (reply: TransportReply, yen: string): TransportReply => {
  const body = JSON.parse(reply.body) as { data: Record<string, string> };
  body.data["availableAmount"] = yen;
  return { ...reply, body: JSON.stringify(body) };
};
/** The account has that much margin once `isLess` says so. */
const less =
  (isLess: (w: World) => boolean): NonNullable<WorldOptions["onReply"]> =>
  (w, what, reply) =>
    what === "GET /v1/account/margin" && isLess(w) ? withMargin(reply, FOR_THREE_LOTS) : undefined;
const sentSizes = (w: World): readonly string[] => w.simulator.orders().map((o) => formatE8(o.size));

describe("an approved 0.004", () => {
  test("truth 22: is sent at 0.003 when the account allows no more at the tap", async () => {
    const w = start({ btc: (s) => s.flat(30), onReply: less(() => true) });
    w.approve();
    await w.advance(1);
    expect(sentSizes(w)).toEqual(["0.003"]);
  });

  test("truth 22: is sent at 0.003 when the account allows no more at the check before the first send", async () => {
    const w = start({ btc: (s) => s.flat(30), onReply: less((it) => it.db.read.trades.alive().length > 0) });
    w.approve();
    await w.advance(1);
    expect(formatE8(w.orders("entry")[0]!.intent.size)).toBe("0.004");
    expect(w.orders("entry").map((o) => o.state)).toEqual(["neverSent", "open"]);
    expect(sentSizes(w)).toEqual(["0.003"]);
  });

  test("truth 22: is quoted again at 0.003 when the account allows no more at the re-quote", async () => {
    let crossed = false;
    const w = start({
      btc: (s) => s.flat(1).gap(9_997_000).flat(3).to(9_994_000, 2).flat(10),
      // The market jumps below our bid while the order is on its way: it expires as a taker.
      onRequest: (it, what) => {
        if (what !== "POST /v1/order" || crossed) return;
        crossed = true;
        it.pass(4_000);
      },
      onReply: less(() => crossed),
    });
    await w.advance(0.95);
    w.approve();
    await w.advance(2);
    expect(w.orders("entry")[0]?.state).toBe("expired");
    expect(sentSizes(w)).toEqual(["0.004", "0.003"]);
  });

  test("truth 22: is never made larger by a re-quote, whatever the account allows", async () => {
    const w = start({ btc: (s) => s.to(10_004_000, 4).flat(2).to(10_030_000, 4).flat(60) });
    w.approve();
    await w.runToEnd();
    expect(sentSizes(w).length).toBeGreaterThan(1);
    for (const size of sentSizes(w)) expect(size).toBe("0.004");
  });
});
