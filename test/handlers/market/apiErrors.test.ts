// Three API errors in a row halt entries until three good checks; maintenance, refusals and our own end are no errors.
import { afterEach, describe, expect, test } from "vitest";
import { countingVenue, verdictOf } from "../../../handlers/market/apiErrors.ts";
import { AppError } from "../../../lib/core/errors.ts";
import { silentLogger } from "../../../lib/io/logger.ts";
import type { Fault } from "../../../lib/sim/simulator.ts";
import { World } from "../../sim/world.ts";

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});
const begin = () => {
  let fault: Fault | undefined;
  const w = new World({
    btc: (s) => s.flat(60),
    venue: { faults: (r, phase) => (phase === "before" && r.area === "private" ? fault : undefined) },
  });
  worlds.push(w);
  const venue = countingVenue(w.venue, {
    desk: { db: w.db, store: w.store, clock: w.clock },
    locale: "en",
    log: silentLogger(),
  });
  const call = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i += 1) {
      await venue.margin().catch((e: unknown) => expect(e).toBeInstanceOf(AppError));
      w.pass(5_000);
    }
  };
  const set = (next: Fault | undefined): void => {
    fault = next;
  };
  return { w, venue, call, set, halts: () => haltsOf(w) };
};
const haltsOf = (w: World) => w.db.read.halts.active(w.nowMs).map((h) => h.kind);
const HTML: Fault = { kind: "html" };

describe("three errors in a row", () => {
  test("halt entries with a critical alert; good public calls between do not hide a dead private side", async () => {
    const { call, set, venue, halts, w } = begin();
    set(HTML);
    await call(2);
    await venue.status();
    expect(halts()).toEqual([]);
    await call(1);
    expect(halts()).toEqual(["api"]);
    expect(w.db.read.alerts.open()).toMatchObject([{ key: "api", severity: "critical" }]);
    await call(5);
    expect(w.db.read.halts.recent()).toHaveLength(1);
  });
  test("a good response between them resets the count", async () => {
    const { call, set, halts } = begin();
    for (let i = 0; i < 3; i += 1) {
      set(HTML);
      await call(2);
      set(undefined);
      await call(1);
    }
    expect(halts()).toEqual([]);
  });
  test("are counted over a restart; what was good before it is not forgotten either", async () => {
    const { call, set, halts, w } = begin();
    const restarted = () => {
      const desk = { db: w.db, store: w.store, clock: w.clock };
      const venue = countingVenue(w.venue, { desk, locale: "en", log: silentLogger() });
      return venue.margin().catch((e: unknown) => expect(e).toBeInstanceOf(AppError));
    };
    set(HTML);
    await call(2);
    set(undefined);
    await call(1);
    set(HTML);
    await restarted();
    expect(halts()).toEqual([]);
    w.pass(5_000);
    await restarted();
    w.pass(5_000);
    await restarted();
    expect(halts()).toEqual(["api"]);
  });
  test("a moment in which several calls fail is one error", async () => {
    const { venue, set, halts } = begin();
    set(HTML);
    await Promise.allSettled([venue.margin(), venue.margin(), venue.margin(), venue.margin()]);
    expect(halts()).toEqual([]);
  });
  test("maintenance is a state, however long", async () => {
    const { call, set, halts } = begin();
    set({ kind: "error", code: "ERR-5201" });
    await call(6);
    expect(halts()).toEqual([]);
  });
});

describe("the halt", () => {
  test("ends after three good checks ten seconds apart; a bad one resets the count, maintenance keeps it; a restart continues it", async () => {
    const { w, call, set, halts } = begin();
    set(HTML);
    await call(3);
    set(undefined);
    await w.advance(12 / 60);
    expect(halts()).toEqual(["api"]); // two good ones
    set({ kind: "error", code: "ERR-5202" });
    await w.advance(20 / 60);
    set(HTML);
    await w.advance(10 / 60);
    set(undefined);
    await w.advance(11 / 60);
    expect(halts()).toEqual(["api"]);
    w.crash();
    w.restart();
    await w.advance(0.5 / 60);
    expect(halts()).toEqual(["api"]);
    await w.advance(25 / 60);
    expect(halts()).toEqual([]);
    expect(w.db.read.alerts.open().map((a) => a.key)).not.toContain("api");
  });
  test("whose checks are gone gets new ones from reconcile", async () => {
    const { w, call, set, halts } = begin();
    set(HTML);
    await call(3);
    set(undefined);
    for (const job of w.store.list({ name: "checkApi" })) w.store.cancel(job.id, "test");
    w.enqueue({ name: "reconcile", key: "r1", input: {} });
    await w.advance(1);
    expect(halts()).toEqual([]);
  });
});

test.each([
  ["a timeout", { error: new AppError("retry", "VENUE_TIMEOUT", "") }, "bad"],
  ["a garbled reply", { error: new AppError("alert", "VENUE_REPLY", "") }, "bad"],
  ["too many requests", { error: new AppError("retry", "ERR-5003", "") }, "bad"],
  ["a bad argument", { error: new AppError("permanent", "ERR-5207", "") }, "good"],
  ["pre-open", { error: new AppError("retry", "ERR-5203", "") }, undefined],
  ["told to stop", { error: new AppError("retry", "VENUE_ABORTED", "") }, undefined],
  ["a bug of ours", { error: new TypeError("x") }, undefined],
  ["a write without an answer", { value: { kind: "unknown", code: "VENUE_RESET", message: "" } }, "bad"],
  ["a refused write", { value: { kind: "refused", code: "ERR-201" } }, "good"],
  ["a write refused in maintenance", { value: { kind: "refused", code: "ERR-5201" } }, undefined],
  ["a write in doubt in maintenance", { value: { kind: "unknown", code: "ERR-5201", message: "" } }, undefined],
  ["an accepted write", { value: { kind: "accepted", value: "1" } }, "good"],
  ["no value at all", { value: undefined }, "good"],
] as const)("%s counts as %o", (_name, end, verdict) => {
  expect(verdictOf(end)).toBe(verdict);
});
