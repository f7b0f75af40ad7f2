// A covered position is looked at rarely while the streams tell what happens to it, and as before without them.
import { afterEach, describe, expect, test } from "vitest";
import { accountTopic } from "../../lib/core/wakeTopics.ts";
import { World, type WorldOptions } from "../sim/world.ts";

let world: World | undefined;
afterEach(() => world?.close());

const held = async (hears: () => boolean, btc?: WorldOptions["btc"]): Promise<World> => {
  const w = new World({ btc: btc ?? ((s) => s.flat(1).to(9_998_000, 2).flat(300)), pollMs: 2_000, hears });
  world = w;
  w.approve();
  await w.advance(4);
  expect(w.simulator.orders().filter((o) => o.status === "WAITING").length).toBeGreaterThan(0);
  return w;
};
/** Reads of our orders in so many minutes: one a look at least. */
const looks = async (w: World, minutes: number): Promise<number> => {
  const before = w.requests.length;
  await w.advance(minutes);
  return w.requests.slice(before).filter((r) => r === "GET /v1/orders").length;
};

describe("a covered position", () => {
  test("is looked at every two seconds without streams, every half minute with them", async () => {
    expect(await looks(await held(() => false), 5)).toBeGreaterThanOrEqual(140);
    world?.close();
    const quiet = await looks(await held(() => true), 5);
    expect(quiet).toBeGreaterThanOrEqual(9);
    expect(quiet).toBeLessThanOrEqual(22);
  });
  test("the streams go down: whoever sleeps is woken and polls again", async () => {
    let up = true;
    const w = await held(() => up);
    await looks(w, 1);
    up = false;
    w.store.wake(accountTopic("BTC_JPY"));
    expect(await looks(w, 1)).toBeGreaterThanOrEqual(28);
  });
  test.each([
    ["its stop is hit", (s) => s.flat(1).to(9_998_000, 2).flat(10).gap(9_900_000).flat(300), "stop_loss"],
    ["its targets are touched", (s) => s.flat(1).to(9_998_000, 2).flat(10).to(10_200_000, 20).flat(300), "tp2"],
  ] as [string, NonNullable<WorldOptions["btc"]>, string][])("%s: booked as with polls", async (_, btc, reason) => {
    const ends: (readonly [string | undefined, number | undefined])[] = [];
    for (const hears of [() => true, () => false]) {
      const w = await held(hears, btc);
      await w.runToEnd();
      const trade = w.db.read.trades.byId(1);
      ends.push([trade?.exitReason, trade?.pnlAmount]);
      w.close();
    }
    world = undefined;
    expect(ends[0]).toEqual(ends[1]);
    expect(ends[0]?.[0]).toBe(reason);
  });
});
