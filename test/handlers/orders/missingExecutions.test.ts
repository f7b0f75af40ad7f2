// The venue counts a fill but does not report its executions for a while: bounded lookups, an alert, booked when they
// arrive.
import { afterEach, expect, test } from "vitest";
import { requestCommand } from "../../../handlers/owner/requestCommand.ts";
import type { TransportReply } from "../../../lib/io/gmo/transport.ts";
import { START_MS, World, type WorldOptions } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());
const start = (options: WorldOptions): World => {
  world = new World(options);
  return world;
};
/** No executions from the start on until this minute of the world, in the answers to these requests. */
const silentUntil =
  (untilMinute: number, ...paths: readonly string[]) =>
  (w: World, what: string, reply: TransportReply): TransportReply | undefined =>
    paths.some((path) => what === `GET ${path}`) && w.nowMs < START_MS + untilMinute * 60_000
      ? { ...reply, body: JSON.stringify({ ...JSON.parse(reply.body), data: {} }) }
      : undefined;
const LOSING = (s: Parameters<WorldOptions["btc"]>[0]) => s.to(9_998_000, 2).flat(8).to(9_940_000, 10).flat(30);
const mismatched = (w: World) => w.db.read.halts.active(w.nowMs).some((h) => h.kind === "mismatch");
const asked = (w: World) => w.messages().filter((m) => m.startsWith("CRITICAL"));

test("an order's own executions are missing: they are found among the symbol's latest, and protected at once", async () => {
  const w = start({ btc: LOSING, onReply: silentUntil(6, "/v1/executions") });
  w.approve();
  await w.runToEnd();
  expect(w.simulator.bareStats("BTC_JPY").longestMs).toBe(0);
  expect(asked(w)).toEqual([]);
  expect(await w.brokenPromises()).toEqual([]);
});

test("an entry's executions are missing everywhere: looked for each second, a person asked in 10 s, then booked and protected", async () => {
  const w = start({ btc: LOSING, onReply: silentUntil(6, "/v1/executions", "/v1/latestExecutions") });
  w.approve();
  await w.runUntil((w.nowMs + 600_000) as typeof w.nowMs, () => w.entered() > 0);
  await w.advance(10 / 60);
  expect(mismatched(w)).toBe(true);
  expect(asked(w).length).toBe(1);
  const before = { requests: w.requests.length, audit: w.auditKinds().length };
  await w.advance(1);
  // Order, own and latest executions; nothing is cancelled, and nothing is written down again and again.
  expect(w.requests.length - before.requests).toBeLessThanOrEqual(3 * 61);
  expect(w.requests.filter((r) => r.startsWith("POST"))).toEqual(["POST /v1/order"]);
  expect(w.auditKinds().length).toBe(before.audit);
  await w.advance(6 - w.minute + 2 / 60);
  expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
  await w.runToEnd();
  w.enqueue({ name: "reconcile", key: "end", input: {} });
  await w.drain();
  expect(mismatched(w)).toBe(false);
  expect(asked(w).length).toBe(1);
  expect(await w.brokenPromises()).toEqual([]);
});

test("a stop's executions are missing: the other legs keep theirs, a person is asked, then it is booked", async () => {
  const w = start({
    btc: (s) => s.to(9_998_000, 2).to(9_940_000, 2).flat(60),
    onReply: (it, what, reply) =>
      it.simulator.positions().some((p) => p.size > 0n) || it.entered() === 0
        ? undefined
        : silentUntil(9, "/v1/executions", "/v1/latestExecutions")(it, what, reply),
  });
  w.approve();
  await w.advance(5);
  expect(mismatched(w)).toBe(true);
  const before = w.requests.length;
  await w.advance(1);
  expect(w.requests.length - before).toBeLessThan(60 * 12);
  await w.runToEnd();
  expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
  expect(await w.brokenPromises()).toEqual([]);
});

test("a market close's executions are missing: looked at ever less often, then booked", async () => {
  const w = start({
    btc: (s) => s.to(9_998_000, 2).flat(60),
    onReply: (it, what, reply) =>
      it.orders("exit").length === 0
        ? undefined
        : silentUntil(9, "/v1/executions", "/v1/latestExecutions")(it, what, reply),
  });
  w.approve();
  await w.advance(5);
  requestCommand({ db: w.db, store: w.store, clock: w.clock }, { command: "panic", actor: "cli" });
  await w.advance(1);
  const before = w.requests.length;
  await w.advance(1);
  // Positions, the orders, their own and the latest executions, the price, of both halves; not ten times a second.
  expect(w.requests.length - before).toBeLessThan(60 * 8);
  await w.runToEnd(40);
  expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
  expect(await w.brokenPromises()).toEqual([]);
});
