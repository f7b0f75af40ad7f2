// An order without an answer, at a venue that cannot be read: a person is asked after a minute, with entries paused,
// and both end by themselves when it is found. It is never sent again.
import { afterEach, expect, test } from "vitest";
import { World, type WorldOptions } from "../../sim/world.ts";

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});
/** The answer to the `path` request is lost, and from then on the private API cannot be read while `silent`. */
const begin = (path: string, options: Partial<WorldOptions> = {}) => {
  const state = { silent: false, over: false };
  const w = new World({
    btc: (s) => s.to(9_998_000, 2).flat(300),
    venue: {
      faults: (r, phase) => {
        if (state.over) return undefined;
        if (r.path === path && phase === "after") {
          state.silent = true;
          return { kind: "dropReply" };
        }
        return state.silent && r.area === "private" && phase === "before" ? { kind: "reset" } : undefined;
      },
    },
    ...options,
  });
  worlds.push(w);
  const back = (): void => {
    state.silent = false;
    state.over = true;
  };
  return { w, back };
};
const told = (w: World) => w.messages().filter((text) => /^CRITICAL order \d+ got no answer/.test(text));
const halts = (w: World) => w.db.read.halts.active(w.nowMs).map((h) => h.kind);

test("an entry: asked once after a minute, also over a restart; found when the venue is back, one entry in all", async () => {
  const { w, back } = begin("/v1/order");
  w.approve();
  await w.advance(0.9);
  expect(told(w)).toEqual([]);
  await w.advance(1);
  expect(told(w)).toHaveLength(1);
  expect(told(w)[0]).toMatch(/trade 1: BUY LIMIT 0\.004 BTC at ¥[\d,]+, sent 2025-07-01 09:02 JST/);
  expect(halts(w)).toContain("unanswered");
  w.crash();
  w.restart({ downMs: 5_000 });
  await w.advance(1);
  expect(told(w)).toHaveLength(1);
  expect(halts(w)).toContain("unanswered");
  back();
  await w.advance(1);
  expect(halts(w)).not.toContain("unanswered");
  expect(w.db.read.alerts.open().filter((a) => a.key.startsWith("unanswered"))).toEqual([]);
  expect(w.simulator.orders().filter((o) => o.settleType === "OPEN")).toHaveLength(1);
});

test("a stop: asked beside the alarm of the bare position, and both end when it is found", async () => {
  const { w, back } = begin("/v1/closeOrder");
  w.approve();
  await w.advance(5);
  expect(told(w).length).toBeGreaterThan(0);
  expect(halts(w)).toEqual(expect.arrayContaining(["bare", "unanswered"]));
  back();
  await w.advance(1);
  expect(halts(w)).toEqual([]);
  expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
  expect(w.trade().status).toBe("open");
});

test("resolved while the worker was dying: reconcile ends the alert", async () => {
  const { w, back } = begin("/v1/order");
  w.approve();
  await w.advance(2);
  expect(halts(w)).toContain("unanswered");
  for (const job of w.store.list({ name: "watchEntry", state: "ready" })) w.store.cancel(job.id, "test");
  back();
  w.enqueue({ name: "reconcile", key: "r1", input: {} });
  await w.advance(1);
  expect(halts(w)).toEqual([]);
});
