// Coins as the position: what a sale gains, which coins were sold externally, how parts too small to sell are put
// together.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultConfig } from "../../../lib/core/config.ts";
import { marketGates } from "../../../lib/core/gates.ts";
import { coinE8, parseCoin, ratioE8, yen, yenE8 } from "../../../lib/core/money.ts";
import { coverRemainder, type OpenLeg } from "../../../lib/core/protection.ts";
import { sizeEntry } from "../../../lib/core/risk.ts";
import { saleGain, soldOfOurs, totalGain } from "../../../lib/core/spot.ts";
import { parseInstant } from "../../../lib/core/time.ts";

const spot = defaultConfig({ PRODUCT: "spot" });
const trade = fc.record({
  size: fc.bigInt({ min: 1n, max: 500_000n }).map((steps) => coinE8(steps * 1_000n)),
  price: fc.integer({ min: 1, max: 30_000_000 }).map((whole) => yen(whole)),
});

describe("the gain of sales", () => {
  test("adds up to proceeds less cost exactly once all coins are sold, however they are cut", () => {
    fc.assert(
      fc.property(
        fc.array(trade, { minLength: 1, maxLength: 6 }),
        fc.array(trade, { minLength: 1, maxLength: 6 }),
        (opens, cuts) => {
          const booked: Parameters<typeof saleGain>[0][number][] = opens.map((o) => ({
            kind: "open",
            ...o,
            lossGain: yenE8(0n),
          }));
          let left = opens.reduce((sum, o) => sum + o.size, 0n);
          const closes: { size: (typeof opens)[0]["size"]; price: (typeof opens)[0]["price"] }[] = [];
          for (const [i, cut] of cuts.entries()) {
            const size = coinE8(i === cuts.length - 1 || cut.size > left ? left : cut.size);
            if (size === 0n) break;
            const sale = { size, price: cut.price };
            booked.push({ kind: "close", ...sale, lossGain: saleGain(booked, sale) });
            closes.push(sale);
            left -= size;
          }
          const yenOf = (rows: readonly { size: bigint; price: bigint }[]) =>
            rows.reduce((sum, r) => sum + r.size * r.price, 0n) / 100_000_000n;
          const gains = booked.reduce((sum, e) => sum + e.lossGain, 0n);
          expect(gains).toBe(yenOf(closes) - yenOf(opens));
          expect(totalGain(opens, closes)).toBe(gains);
        },
      ),
    );
  });
  test("what is sold beyond the trade's own coins gains nothing", () => {
    const open = { kind: "open", size: parseCoin("0.002"), price: yen(10_000_000), lossGain: yenE8(0n) } as const;
    expect(saleGain([open], { size: parseCoin("0.005"), price: yen(10_100_000) })).toBe(yen(200));
    expect(totalGain([open], [{ size: parseCoin("0.005"), price: yen(10_100_000) }])).toBe(yen(200));
  });
});

test.each([
  ["nothing locked: a sale is of ours first", "0.004", "0.004", [], "0.004"],
  ["all locked: it can only have been the owner's", "0.2", "0.004", ["0.002", "0.002"], "0"],
  ["one half locked: at most the other", "0.2", "0.004", ["0.002"], "0.002"],
  ["less than what is free of ours", "0.001", "0.004", ["0.002"], "0.001"],
] as const)("a sale by hand, %s", (_name, sold, open, locks, ours) => {
  const rows = locks.map((remaining) => ({ remaining: parseCoin(remaining) }));
  expect(soldOfOurs(parseCoin(sold), parseCoin(open), rows)).toBe(parseCoin(ours));
});

describe("legs of more coins", () => {
  const rules = { minSize: parseCoin("0.001"), sizeStep: parseCoin("0.0001"), tick: yen(1) };
  const exits = { direction: "long", stop: yen(495_000), tp1: yen(501_500), tp2: yen(503_000) } as const;
  const none = { tp1: coinE8(0n), tp2: coinE8(0n) };
  const leg = (id: number, target: 1 | 2, open: string): OpenLeg => ({ id, target, open: parseCoin(open) });
  const cover = (rest: string, open: readonly OpenLeg[]) => coverRemainder(parseCoin(rest), exits, rules, open, none);
  test("too few for an order join the smaller leg; alone they wait as a leg of their own", () => {
    expect(cover("0.0004", [leg(1, 1, "0.002"), leg(2, 2, "0.0015")])).toEqual({
      grow: [{ legId: 2, by: parseCoin("0.0004") }],
      add: [],
    });
    expect(cover("0.0004", []).add.map((p) => p.size)).toEqual([parseCoin("0.0004")]);
  });
  test("a leg that could not be protected is filled up first, and halves are made where both can stand", () => {
    expect(cover("0.0007", [leg(1, 1, "0.0004")])).toEqual({ grow: [{ legId: 1, by: parseCoin("0.0007") }], add: [] });
    const { grow, add } = cover("0.0196", [leg(1, 1, "0.0004")]);
    expect(grow).toEqual([{ legId: 1, by: parseCoin("0.0096") }]);
    expect(add.map((p) => [p.target, p.size])).toEqual([[2, parseCoin("0.01")]]);
  });
  test("nothing is lost, and no leg stays below the minimum when there are coins enough", () => {
    const steps = fc.bigInt({ min: 1n, max: 300n }).map((n) => coinE8(n * 10_000n));
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 8 }), (fills) => {
        const legs: { id: number; target: 1 | 2; open: bigint }[] = [];
        for (const fill of fills) {
          const plan = coverRemainder(fill, exits, rules, legs as unknown as OpenLeg[], none);
          for (const { legId, by } of plan.grow) legs.find((l) => l.id === legId)!.open += by;
          for (const { target, size } of plan.add) legs.push({ id: legs.length + 1, target, open: size });
        }
        const total = fills.reduce((sum, f) => sum + f, 0n);
        expect(legs.reduce((sum, l) => sum + l.open, 0n)).toBe(total);
        if (total >= rules.minSize) expect(legs.every((l) => l.open >= rules.minSize)).toBe(true);
      }),
    );
  });
});

describe("entries of coins", () => {
  const rules = {
    symbol: "BTC",
    minSize: parseCoin("0.00001"),
    maxSize: parseCoin("5"),
    sizeStep: parseCoin("0.00001"),
    tick: yen(1),
    takerFee: ratioE8(50_000n),
    makerFee: ratioE8(-10_000n),
  };
  const yenAmount = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }).map(yenE8);
  test("never cost more yen than there are, nor lose more than 2 % with the fee of the stop", () => {
    fc.assert(
      fc.property(
        yenAmount,
        yenAmount,
        fc.integer({ min: 1_000, max: 30_000_000 }),
        fc.integer({ min: 1, max: 999 }),
        (equity, available, price, permille) => {
          const entry = yen(price);
          const stop = yenE8((entry * BigInt(1_000 - permille)) / 1_000n);
          const sized = sizeEntry(spot, { equity, available, openNotional: yen(0), entry, stop, rules });
          if (sized.kind === "tooSmall") return;
          const e16 = (ratio: bigint, of: bigint) => of * sized.size * ratio;
          expect(e16(100_050_000n, entry)).toBeLessThanOrEqual(available * 10n ** 16n);
          expect((entry - stop) * sized.size * 10n ** 8n + e16(50_000n, stop)).toBeLessThanOrEqual(
            (equity * 2n * 10n ** 16n) / 100n,
          );
          expect(entry * sized.size * 10n).toBeLessThanOrEqual(equity * 10n ** 8n);
        },
      ),
    );
  });
  test("a short signal fails the side gate with its value; 06:00 JST is no gate, maintenance is", () => {
    const gates = marketGates(spot, {
      direction: "short",
      probability: 0.95,
      rank: 99,
      rankSample: 2_000,
      spreadBps: 1,
      volumeRatio: 2,
      news: { blocked: false, text: undefined },
      nowMs: parseInstant("2025-08-12T20:00:00Z"), // 05:00 JST
    });
    expect(gates.filter((g) => !g.pass)).toEqual([{ gate: "side", value: "short", limit: "long", pass: false }]);
    expect(gates.map((g) => g.gate)).not.toContain("rollover");
    expect(gates.map((g) => g.gate)).toContain("maintenance");
  });
});
