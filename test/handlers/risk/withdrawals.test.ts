// Yen paid in and out of the account are no results: a deposit hides no loss, a withdrawal is none.
import { afterEach, describe, expect, test } from "vitest";
import { accountFacts } from "../../../handlers/risk/account.ts";
import { lossFacts } from "../../../handlers/risk/lossLimits.ts";
import { toNumber, yen } from "../../../lib/core/money.ts";
import { lossUse } from "../../../lib/core/risk.ts";
import { jstDayStart } from "../../../lib/core/time.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());
const start = (options: WorldOptions): World => {
  world = new World(options);
  world.db.transaction((tx) => tx.equity.record(jstDayStart(world.nowMs), yen(1_000_000)));
  return world;
};
const halts = (w: World) => w.db.read.halts.active(w.nowMs).map((h) => h.kind);
const reconcile = async (w: World, key: string): Promise<void> => {
  w.enqueue({ name: "reconcile", key, input: {} });
  await w.drain();
};
const dayLoss = async (w: World): Promise<number> => {
  const account = await accountFacts({ db: w.db.read, venue: w.venue }, "margin");
  const use = lossUse(w.config, lossFacts(w.db.read, account, w.nowMs));
  return toNumber(use[0]?.loss ?? yen(0));
};

describe("yen paid out", () => {
  test("are found in the venue's history and no loss", async () => {
    const w = start({ btc: (s) => s.flat(600) });
    await w.advance(3);
    w.simulator.pay("JPY", -yen(200_000));
    await reconcile(w, "r1");
    expect(halts(w)).toEqual([]);
    expect(await dayLoss(w)).toBe(0);
    expect(w.db.read.payments.outBetween(jstDayStart(w.nowMs), w.nowMs + 1)).toBe(yen(200_000));
    expect(w.auditKinds()).toContain("payment.out");
    await reconcile(w, "r2");
    expect(w.db.read.payments.outBetween(jstDayStart(w.nowMs), w.nowMs + 1)).toBe(yen(200_000));
  });

  test("that the history does not show count as a loss; shown later, within the hour, they do not", async () => {
    let silent = true;
    const w = start({
      btc: (s) => s.flat(600),
      onReply: (_, what, reply) =>
        silent && what === "GET /v1/account/fiatWithdrawal/history"
          ? { ...reply, body: JSON.stringify({ ...JSON.parse(reply.body), data: {} }) }
          : undefined,
    });
    await w.advance(3);
    w.simulator.pay("JPY", -yen(20_000));
    await reconcile(w, "r1");
    expect(halts(w)).toEqual([]);
    expect(await dayLoss(w)).toBe(20_000);
    silent = false;
    await w.advance(2);
    await reconcile(w, "r2");
    expect(await dayLoss(w)).toBe(0);
  });

  test("a history that is refused changes nothing: the limit is rather reached, and the account is still read", async () => {
    const w = start({
      btc: (s) => s.flat(600),
      venue: {
        faults: ({ path }, at) =>
          at === "before" && path.includes("fiatWithdrawal") ? { kind: "error", code: "ERR-5012" } : undefined,
      },
    });
    await w.advance(3);
    w.simulator.pay("JPY", -yen(40_000));
    await reconcile(w, "r1");
    expect(halts(w)).toEqual(["loss-day"]);
    for (let i = 0; i < 5; i += 1) await reconcile(w, `again ${i}`);
    // Not at every look: once a minute.
    expect(w.requests.filter((r) => r.includes("fiatWithdrawal"))).toHaveLength(1);
  });

  test("a damaged note of what is asked costs one more question, not the account", async () => {
    const w = start({ btc: (s) => s.flat(600) });
    await w.advance(3);
    w.db.transaction((tx) => tx.meta.set("payments_watch", '{"fromMs":"yesterday'));
    w.simulator.pay("JPY", -yen(200_000));
    await reconcile(w, "r1");
    expect(w.store.list({ state: "dead" })).toEqual([]);
    expect(await dayLoss(w)).toBe(0);
  });

  test("nothing is asked while nothing is missing", async () => {
    const w = start({ btc: (s) => s.to(9_998_000, 2).to(9_940_000, 10).flat(60) });
    w.approve();
    await w.runToEnd();
    await reconcile(w, "r1");
    expect(w.requests.filter((r) => r.includes("fiat"))).toEqual([]);
  });
});

describe("yen paid in", () => {
  test("hide no loss: our own executions show what was lost", async () => {
    const w = start({
      btc: (s) => s.to(9_998_000, 2).flat(2).to(9_930_000, 6).flat(60),
      config: { MAX_DAILY_LOSS_PCT: "0.0001" }, // 100 yen
    });
    w.approve();
    await w.advance(3.5);
    w.simulator.pay("JPY", yen(500_000));
    await w.runToEnd();
    expect(w.trade().pnlAmount).toBeLessThan(-100);
    expect(await dayLoss(w)).toBeCloseTo(-(w.trade().pnlAmount ?? 0), 6);
    expect(halts(w)).toEqual(["loss-day"]);
  });

  test("hide no open loss either", async () => {
    const w = start({ btc: (s) => s.to(9_998_000, 2).flat(2).to(9_968_000, 2).flat(600) });
    w.approve();
    await w.advance(4);
    w.simulator.pay("JPY", yen(500_000));
    await w.advance(4);
    expect(await dayLoss(w)).toBeGreaterThan(100);
  });
});
