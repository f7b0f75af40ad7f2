// Spot, where coins have no id of their own: rests that join another leg, purchases above what was approved, and a sale
// that arrives when its successor has sold already.
import { afterEach, describe, expect, test } from "vitest";
import { requestCommand } from "../../../handlers/owner/requestCommand.ts";
import { formatE8, parseCoin } from "../../../lib/core/money.ts";
import type { Faults } from "../../../lib/sim/simulator.ts";
import { once } from "../../sim/lost.ts";
import type { Script } from "../../sim/script.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World;
const start = (btc: (script: Script) => Script, options: Partial<WorldOptions> = {}): World => {
  world = new World({ btc, ...options, config: { ...options.config, PRODUCT: "spot" } });
  return world;
};
afterEach(() => world.close());
const nothingBroken = async () => expect(await world.brokenPromises()).toEqual([]);
const amount = async (w: World, symbol: string): Promise<string> =>
  formatE8((await w.owner.assets()).find((row) => row.symbol === symbol)?.amount ?? parseCoin("0"));

test("what TP1 leaves is too little for an order: it joins the other half, whose stop moves to the entry price", async () => {
  // Half of it is 0.0011: whatever is sold of that at the target, the rest is below the smallest order of ETH, 0.001.
  const w = start((s) => s.flat(60), {
    eth: (s) => s.to(499_800, 2).flat(3).spike(501_600, 0.002).to(499_000, 5).flat(60),
    venue: { partialFills: true },
  });
  w.approve({ symbol: "ETH", size: "0.0022" });
  await w.runToEnd();
  const joined = w.db.read.audit.after(0, 10_000).filter((row) => row.kind === "leg.joined");
  const moved = w.db.read.audit.after(0, 10_000).filter((row) => row.kind === "leg.stopMoved");
  expect(joined).toHaveLength(1);
  expect(moved).toHaveLength(1);
  await nothingBroken();
});

test("a purchase above what was approved: protected, then sold at market; the approved one goes its way", async () => {
  const w = start((s) => s.flat(1).to(9_998_000, 1).flat(10).to(9_940_000, 10).flat(30), {
    venue: { faults: once("/v1/order", "before", { kind: "reset" }) },
    pollMs: 10_000,
  });
  w.approve({ symbol: "BTC", size: "0.004" });
  await w.advance(2.5);
  expect(w.orders("entry").map((o) => o.state)).toEqual(["neverSent", "filled"]);
  const lost = w.orders("entry")[0]?.intent;
  if (lost?.price === undefined) throw new Error(w.describe());
  const { symbol, side, executionType, price, size } = lost;
  await w.owner.order({ symbol, side, executionType, timeInForce: "FAS", price, size });
  expect(w.entered()).toBe(0.008);
  await w.advance(25 / 60);
  expect(await amount(w, "BTC")).toBe("0.004");
  expect(w.simulator.bareSize("BTC")).toBe(0n);
  expect(w.messages().filter((m) => m.startsWith("CRITICAL"))).toHaveLength(1);
  await w.runToEnd();
  expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
  expect(await amount(w, "BTC")).toBe("0");
  expect((await w.brokenPromises()).filter((p) => !p.includes("entered more than approved"))).toEqual([]);
});

describe("a sale that was presumed lost and arrives when its successor has sold", () => {
  test("sells coins of the owner: booked as oversold and alerted, the trade's result excludes them", async () => {
    let sales = 0;
    const faults: Faults = ({ path, body }, phase) => {
      if (phase !== "before" || path !== "/v1/order" || !body?.includes('"MARKET"')) return undefined;
      sales += 1;
      return sales === 1 ? { kind: "reset" } : undefined;
    };
    const w = start((s) => s.to(9_998_000, 2).flat(600), { coins: { BTC: parseCoin("1") }, venue: { faults } });
    w.approve({ symbol: "BTC", size: "0.001" });
    await w.advance(4);
    requestCommand({ db: w.db, store: w.store, clock: w.clock }, { command: "panic", actor: "cli" });
    await w.runToEnd(30);
    const lost = w.orders("exit").find((o) => o.state === "neverSent");
    if (lost === undefined) throw new Error(w.describe());
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
    const before = w.trade().pnlAmount;
    const { symbol, side, executionType, size } = lost.intent;
    await w.owner.order({ symbol, side, executionType, size });
    w.enqueue({ name: "reconcile", key: "late", input: {} });
    await w.advance(1);
    expect(w.orders("exit").find((o) => o.id === lost.id)?.state).toBe("filled");
    expect(w.db.read.ownerCoins.amount("BTC")).toBe(parseCoin("1") - size);
    expect(w.messages().filter((m) => m.includes("CRITICAL"))).toHaveLength(1);
    expect(w.trade().status).toBe("closed");
    // Its fee is the trade's, for its own order sold; nothing else changes.
    const fee = w.db.read.executions.ofTrade(1).at(-1)?.fee ?? 0n;
    expect((before ?? 0) - (w.trade().pnlAmount ?? 0)).toBeCloseTo(Number(fee) / 1e8, 6);
    await nothingBroken();
  });
});
