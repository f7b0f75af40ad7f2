// Open proposals reserve what they may still enter; a size that is smaller at the tap is said everywhere, and below half
// of what was approved it is refused and offered anew.
import { afterEach, describe, expect, test } from "vitest";
import { proposalCard } from "../../../handlers/telegram/proposalCard.ts";
import { defaultConfig } from "../../../lib/core/config.ts";
import { coinE8, parseCoin, yen } from "../../../lib/core/money.ts";
import { isBelowHalf, sizeEntry } from "../../../lib/core/risk.ts";
import { SYMBOL_RULES } from "../../../lib/sim/engine/symbolRules.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

const worlds: World[] = [];
const start = (options: Partial<WorldOptions> = {}): World => {
  const world = new World({
    btc: (s) => s.flat(120),
    eth: (s) => s.flat(1).to(499_900, 2).flat(120),
    ...options,
  });
  worlds.push(world);
  return world;
};
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});
const audits = (w: World, kind: string) => w.db.read.audit.after(0, 10_000).filter((e) => e.kind === kind);
const card = (w: World, id: string) =>
  proposalCard({ db: w.db.read, config: w.config }, w.db.read.proposals.byId(id)!, w.nowMs);

describe("truth 10: the size of a proposal beside open ones", () => {
  const config = defaultConfig();
  const rules = SYMBOL_RULES.find((r) => r.symbol === "BTC_JPY")!;
  const facts = {
    equity: yen(1_000_000),
    available: yen(1_000_000),
    openNotional: yen(0),
    entry: yen(10_000_000),
    stop: yen(9_950_000),
    rules,
  };
  test.each([
    ["none: the whole of 10 %", [], "0.01"],
    ["one of 60,000 yen: what is left", [{ price: yen(10_000_000), size: parseCoin("0.006") }], "0.004"],
    [
      "two of them",
      [
        { price: yen(500_000), size: parseCoin("0.1") },
        { price: yen(500_000), size: parseCoin("0.06") },
      ],
      "0.002",
    ],
    ["all of it", [{ price: yen(10_000_000), size: parseCoin("0.01") }], undefined],
  ] as const)("%s", (_, reserved, expected) => {
    const sizing = sizeEntry(config, { ...facts, reserved });
    if (expected === undefined) expect(sizing.kind).toBe("tooSmall");
    else expect(sizing).toMatchObject({ kind: "ok", size: parseCoin(expected), bound: "position" });
  });
  test("the funds they will need are set aside as well", () => {
    const reserved = [{ price: yen(10_000_000), size: parseCoin("0.006") }];
    // 50,000 yen of margin: 30,000 are set aside, 20,000 carry 0.004.
    expect(sizeEntry(config, { ...facts, available: yen(50_000), reserved })).toMatchObject({
      size: parseCoin("0.004"),
    });
    expect(sizeEntry(config, { ...facts, available: yen(45_000), reserved })).toMatchObject({
      size: parseCoin("0.003"),
      bound: "margin",
    });
  });
  test.each([
    ["0.07", "0.14", false],
    ["0.069", "0.14", true],
    ["0.14", "0.14", false],
  ])("%s of %s is below half: %s", (size, approved, expected) => {
    expect(isBelowHalf(parseCoin(size), parseCoin(approved))).toBe(expected);
  });

  test("an open proposal reserves at the worst price of its band, an older one is not reduced by a newer one", () => {
    const w = start();
    const first = w.propose({ size: "0.006" });
    const second = w.propose({ symbol: "ETH_JPY", size: "0.07" });
    const of = (id?: string) => w.db.read.risk.reserved(id).map((r) => [r.price, r.size]);
    expect(of()).toEqual([
      [first.bandHigh, first.size],
      [second.bandHigh, second.size],
    ]);
    expect(of(second.id)).toEqual([[first.bandHigh, first.size]]);
    expect(of(first.id)).toEqual([]);
  });

  test("an approved one reserves until its trade exists, then its entry counts, never both", async () => {
    const w = start();
    w.approve({ size: "0.006" });
    expect(w.db.read.risk.reserved()).toHaveLength(1);
    expect(w.db.read.risk.workingNotional()).toBe(0n);
    await w.advance(0.5);
    expect(w.db.read.risk.reserved()).toEqual([]);
    expect(w.db.read.risk.workingNotional()).toBeGreaterThan(yen(60_000));
  });
});

describe("truth 10: a smaller size at the tap", () => {
  test.each([1, 4])("is said on the card, in the fill message and in the audit (%d at once)", async (concurrency) => {
    const w = start({ concurrency });
    w.approve({ size: "0.006" }); // 60,000 yen
    const p = w.approve({ symbol: "ETH_JPY", size: "0.12" }); // 60,000 more, of 100,000 in all
    await w.advance(6);
    const trade = w.db.read.trades.byProposal(p.id)!;
    expect(trade.targetSize).toBe(parseCoin("0.07"));
    expect(trade).toMatchObject({ sizeBound: "position", status: "open" });
    const why =
      "smaller than approved: 0.07 ETH instead of 0.12 ETH, because of the limit of all positions and open proposals together";
    expect(card(w, p.id).text).toContain(why);
    expect(w.messages().find((m) => m.startsWith("FILLED") && m.includes("ETH"))).toContain(why);
    const pending = audits(w, "trade.pending").find((e) => (e.data as { symbol?: string }).symbol === "ETH_JPY");
    expect(pending?.data).toMatchObject({ smaller: why, bound: "position", approvedSize: "0.12" });
    // The one that is as approved says nothing.
    expect(w.messages().filter((m) => m.includes("smaller than approved") && m.includes("BTC"))).toEqual([]);
    expect(w.simulator.orders().filter((o) => o.symbol === "ETH_JPY")[0]!.size).toBe(parseCoin("0.07"));
  });

  test("below half of what was approved is refused with the reason, and offered anew", async () => {
    const w = start();
    w.approve({ size: "0.009" });
    const p = w.approve({ symbol: "ETH_JPY", size: "0.14" });
    await w.advance(2);
    expect(w.db.read.trades.byProposal(p.id)).toBeUndefined();
    expect(w.simulator.orders().filter((o) => o.symbol === "ETH_JPY")).toEqual([]);
    const message = w.db.read.outbox.byKey(`refused:${p.id}`)!;
    expect(message.text).toMatch(/only 0\.01 ETH of the approved 0\.14 ETH are allowed now, less than half/);
    expect(message.buttons.flat().map((b) => b.text)).toEqual(["New numbers"]);
    expect(audits(w, "entry.refused")[0]?.data).toMatchObject({
      proposalId: p.id,
      reason: expect.stringMatching(/less than half/),
    });
    expect(card(w, p.id).text).toMatch(/less than half/);
    // The new numbers: the size that is left, to be approved again.
    w.enqueue({ name: "repropose", key: "again", input: { proposalId: p.id, actor: "test" } });
    await w.advance(0.2);
    const [again] = w.db.read.proposals.pending();
    expect(again).toMatchObject({ supersedes: p.id, size: parseCoin("0.01") });
  });

  test("smaller by the time it is sent: reduced with a reason, or ended below half", async () => {
    // The equity falls between the tap and the send: the owner withdraws.
    const run = async (paid: bigint) => {
      const w = start({
        onRequest: (world, what) => {
          if (what.includes("orderbooks") && world.db.read.trades.byId(1) && !paidOut) {
            paidOut = true;
            world.simulator.pay("JPY", -paid);
          }
        },
      });
      let paidOut = false;
      const p = w.approve({ symbol: "ETH_JPY", size: "0.2" });
      await w.advance(6);
      return { w, p };
    };
    const smaller = await run(yen(300_000));
    expect(smaller.w.trade()).toMatchObject({ targetSize: parseCoin("0.14"), sizeBound: "position" });
    expect(audits(smaller.w, "entry.smaller")[0]?.data).toMatchObject({ bound: "position" });
    expect(card(smaller.w, smaller.p.id).text).toContain("smaller than approved: 0.14 ETH instead of 0.2 ETH");
    const half = await run(yen(700_000));
    expect(half.w.trade().status).toBe("cancelled");
    expect(half.w.trade().cancelReason).toMatch(/less than half|loss/);
    expect(coinE8(half.w.simulator.executions().reduce((sum, e) => sum + e.size, 0n))).toBe(0n);
  });
});
