// Every reason for which the check after the approval, and the one before the send, refuses: nothing is sent, and the
// owner hears which one it was.
import { afterEach, describe, expect, test } from "vitest";
import { formatE8, yen } from "../../../lib/core/money.ts";
import { jstDayStart } from "../../../lib/core/time.ts";
import { type ProposalSpec, World, type WorldOptions } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());
const start = (options: Partial<WorldOptions> = {}): World => {
  world = new World({ btc: (s) => s.flat(60), ...options });
  return world;
};
const posts = (w: World) => w.requests.filter((r) => r.startsWith("POST"));
/** A venue that says it is not open, from the moment `since` says so. */
const closed = (status: string, since: (w: World) => boolean): Partial<WorldOptions> => ({
  onReply: (w, what, reply) => {
    if (what !== "GET /v1/status" || !since(w)) return undefined;
    const body = JSON.parse(reply.body) as { data: { status: string } };
    body.data.status = status;
    return { ...reply, body: JSON.stringify(body) };
  },
});

describe("truth 22: an approval is refused", () => {
  test.each<[string, Partial<WorldOptions>, ProposalSpec, RegExp]>([
    ["while the venue is in maintenance", closed("MAINTENANCE", () => true), {}, /MAINTENANCE/],
    ["while the venue is in pre-open", closed("PREOPEN", () => true), {}, /PREOPEN/],
    ["of a long whose band lies above the price", {}, { entry: 10_050_000 }, /band/],
    ["of a long whose band lies below the price", {}, { entry: 9_950_000 }, /band/],
    ["of a short whose band lies above the price", {}, { direction: "short", entry: 10_050_000 }, /band/],
    ["of a short whose band lies below the price", {}, { direction: "short", entry: 9_950_000 }, /band/],
    ["at a spread above the limit", { config: { MAX_SPREAD_BPS: "0.9" } }, {}, /spread/i],
    ["when its holding time would cross 06:00 JST", { config: { TIME_STOP_HOURS: "22" } }, {}, /06:00|rollover/i],
    ["when its stop is 20 % away", {}, { stop: 7_900_000 }, /stop/],
  ])("%s", async (_, options, spec, reason) => {
    const w = start(options);
    w.approve(spec);
    await w.advance(1);
    expect(posts(w)).toEqual([]);
    expect(w.db.read.trades.newest(1)).toEqual([]);
    expect(w.messages().at(-1)).toMatch(reason);
    const event = w.db.read.audit.after(0).find((row) => row.kind === "entry.refused");
    expect(event?.data["reason"]).toMatch(reason);
  });

  test("before the send too: a venue that closes after the first check gets no order", async () => {
    const w = start(closed("MAINTENANCE", (it) => it.db.read.trades.alive().length > 0));
    w.approve();
    await w.advance(1);
    expect(posts(w)).toEqual([]);
    expect(w.trade()).toMatchObject({ status: "cancelled", cancelReason: expect.stringContaining("MAINTENANCE") });
  });

  test("when a loss limit is reached, and the check itself raises its halt", async () => {
    const w = start();
    w.db.transaction((tx) => tx.equity.record(jstDayStart(w.nowMs), yen(1_050_000)));
    w.approve();
    await w.advance(1);
    expect(posts(w)).toEqual([]);
    expect(w.db.read.halts.active(w.nowMs).map((h) => h.kind)).toContain("loss-day");
  });
});

test.each(["0.001", "0.002", "0.01"])(
  "truth 22: an approved %s is never sent larger, though the account allows 0.01",
  async (size) => {
    const w = start();
    w.approve({ size });
    await w.advance(1);
    expect(w.simulator.orders().map((o) => formatE8(o.size))).toEqual([size]);
    expect(formatE8(w.trade().targetSize)).toBe(size);
  },
);
