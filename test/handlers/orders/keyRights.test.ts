// The rights of the API key: probed by requests that cannot trade, before the first entry of a day and after a refusal.
import { afterEach, describe, expect, test } from "vitest";
import { KEY_RIGHTS } from "../../../lib/core/keyRights.ts";
import { DAY_MS, epochMs } from "../../../lib/core/time.ts";
import { RIGHT_PROBES } from "../../../lib/io/gmo/rightProbes.ts";
import type { TransportReply } from "../../../lib/io/gmo/transport.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World | undefined;
afterEach(() => world?.close());

const PROBES = ["POST /v1/order", "POST /v1/closeOrder", "POST /v1/cancelOrder"];
const refusal = (code: string): TransportReply => ({
  httpStatus: 200,
  body: JSON.stringify({ status: 1, messages: [{ message_code: code, message_string: "refused" }] }),
});
const start = (options: Partial<WorldOptions> = {}): World => {
  world = new World({ btc: (s) => s.flat(3_000), rightsUnknown: true, ...options });
  return world;
};
const halts = (w: World) => w.db.read.halts.active(w.nowMs).map((h) => h.kind);
const posts = (w: World) => w.requests.filter((r) => r.startsWith("POST"));
const reconcile = (w: World, key: string) => w.enqueue({ name: "reconcile", key: `reconcile:${key}`, input: {} });

describe("what the exchange answers to each probe", () => {
  test("allowed, for each right that this simulated exchange knows; nothing is traded, nothing is cancelled", async () => {
    const w = start();
    for (const right of KEY_RIGHTS.filter((r) => r !== "transfer"))
      expect([right, await w.venue.right(right)]).toEqual([right, "allowed"]);
    expect(w.simulator.orders()).toEqual([]);
    expect(w.fenced).toEqual([]);
  });
  test.each([
    ["ERR-5012", "denied"],
    ["ERR-5106", "allowed"],
    ["ERR-151", "allowed"],
    ["ERR-5003", "unknown"],
    ["ERR-5201", "unknown"],
    ["ERR-5010", "unknown"],
    ["ERR-9999", "unknown"],
  ])("%s: %s", async (code, answer) => {
    const w = start({ onReply: () => refusal(code) });
    expect(await w.venue.right("order")).toBe(answer);
  });
});

describe("before the first entry of a day", () => {
  test("the needed rights are probed once, then the entry is sent; the next one asks nothing", async () => {
    const w = start();
    w.approve();
    await w.advance(0.05);
    expect(posts(w)).toEqual([...PROBES, "POST /v1/order"]);
    expect(halts(w)).toEqual([]);
    reconcile(w, "again");
    await w.advance(0.05);
    expect(posts(w)).toHaveLength(4);
  });
  test("reconcile has asked already, so the tap waits for nothing; the next day it asks anew", async () => {
    const w = start();
    reconcile(w, "start");
    await w.advance(0.05);
    expect(posts(w)).toEqual(PROBES);
    w.clock.advanceTo(epochMs(w.nowMs + DAY_MS));
    w.simulator.advanceTo(w.nowMs);
    reconcile(w, "tomorrow");
    await w.advance(0.05);
    expect(posts(w)).toEqual([...PROBES, ...PROBES]);
  });
  test("a key that may open and not close opens nothing: halt, alert with the box, until the right is there", async () => {
    let denied = true;
    const w = start({
      onReply: (_, what, reply) => (denied && what === "POST /v1/closeOrder" ? refusal("ERR-5012") : reply),
    });
    w.approve();
    await w.advance(0.5);
    expect(halts(w)).toEqual(["rights"]);
    expect(w.simulator.orders()).toEqual([]);
    const [alert] = w.db.read.alerts.open();
    expect(alert).toMatchObject({ key: "rights", severity: "critical" });
    expect(alert?.text).toMatch(/lacks rights: closing orders/);
    denied = false;
    reconcile(w, "healed");
    await w.advance(0.1);
    expect(halts(w)).toEqual([]);
    expect(w.db.read.alerts.open()).toEqual([]);
    w.approve();
    await w.advance(0.1);
    expect(w.simulator.orders()).toHaveLength(1);
  });
  test("an exchange that does not say: nothing is sent, no halt, and the entry is tried again", async () => {
    let silent = true;
    const w = start({
      onReply: (_, what, reply) => (silent && what === "POST /v1/closeOrder" ? refusal("ERR-5003") : reply),
    });
    w.approve();
    await w.advance(0.01);
    expect(w.simulator.orders()).toEqual([]);
    silent = false;
    await w.advance(0.5);
    expect(halts(w)).toEqual([]);
    expect(w.simulator.orders()).toHaveLength(1);
  });
});

test("a stop refused with ERR-5012: the rights are probed at once, entries halt", async () => {
  let denied = false;
  const w = start({
    btc: (s) => s.flat(1).to(9_998_000, 2).flat(60),
    rightsUnknown: false,
    onReply: (_, what, reply) => (denied && what === "POST /v1/closeOrder" ? refusal("ERR-5012") : reply),
  });
  w.approve();
  await w.advance(0.1);
  denied = true;
  await w.advance(4);
  expect(halts(w)).toContain("rights");
  expect(posts(w).slice(0, 2)).toEqual(["POST /v1/order", "POST /v1/closeOrder"]);
});

test("each probe is refused by its own words: no market and no order has these names", () => {
  for (const right of KEY_RIGHTS) {
    const { body } = RIGHT_PROBES[right];
    expect(JSON.stringify(body)).toMatch(/ZZZ_INVALID|"orderId":1\b|"positionId":1\b|"transferType":"NONE"/);
  }
});
