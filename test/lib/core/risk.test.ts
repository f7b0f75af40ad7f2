import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultConfig } from "../../../lib/core/config.ts";
import {
  type CoinE8,
  coinE8,
  E8,
  formatE8,
  notionalYen,
  parseCoin,
  parseYen,
  ratioE8,
  yen,
  yenE8,
} from "../../../lib/core/money.ts";
import { type EntryFacts, lossUse, refusalText, riskGates, sizeEntry } from "../../../lib/core/risk.ts";
import { riskYen } from "../../../lib/core/tradePlan.ts";
import type { SymbolRules } from "../../../lib/core/venue.ts";

const config = defaultConfig();
const btc: SymbolRules = {
  symbol: "BTC_JPY",
  minSize: parseCoin("0.001"),
  maxSize: parseCoin("5"),
  sizeStep: parseCoin("0.001"),
  tick: yen(1),
  takerFee: ratioE8(0n),
  makerFee: ratioE8(0n),
};
const facts = (overrides: Partial<EntryFacts> = {}): EntryFacts => ({
  symbol: "BTC_JPY",
  equity: yen(1_000_000),
  unrealised: yen(0),
  available: yen(1_000_000),
  openNotional: yen(0),
  entry: yen(17_500_000),
  stop: yen(17_395_000),
  rules: btc,
  dayStart: yen(1_000_000),
  weekStart: yen(1_000_000),
  monthStart: yen(1_000_000),
  halts: [],
  openTradeOnSymbol: false,
  pendingProposalOnSymbol: false,
  tradesToday: 0,
  ...overrides,
});

describe("size of an entry", () => {
  test.each([
    ["10 % of equity binds", {}, "ok", "0.005", "position"],
    ["what is already open counts", { openNotional: yen(50_000) }, "ok", "0.002", "position"],
    [
      "a stop 20 % away stands behind the loss-cut fence: no trade",
      { stop: yen(14_000_000) },
      "tooSmall",
      "0",
      undefined,
    ],
    ["a little nearer it is one", { stop: yen(14_000_001) }, "ok", "0.005", "risk"],
    ["margin binds", { available: yen(20_000) }, "ok", "0.002", "margin"],
    ["below the minimum there is no trade", { openNotional: yen(90_000) }, "tooSmall", "0", "position"],
    ["a full position limit leaves nothing", { openNotional: yen(200_000) }, "tooSmall", "0", "position"],
    ["no equity, no size", { equity: yen(0) }, "tooSmall", "0", undefined],
    ["no stop distance, no size", { stop: yen(17_500_000) }, "tooSmall", "0", undefined],
  ] as const)("%s", (_name, overrides, kind, size, bound) => {
    const result = sizeEntry(config, facts(overrides));
    expect(result.kind).toBe(kind);
    if (result.kind === "ok") {
      expect(formatE8(result.size)).toBe(size);
      expect(result.bound).toBe(bound);
    } else expect(result.reason).not.toBe("");
  });

  test("the risk per trade binds on a wide stop", () => {
    const careful = defaultConfig({ MAX_RISK_PER_TRADE: "0.005" });
    const result = sizeEntry(careful, facts({ stop: yen(15_000_000) }));
    expect(result).toMatchObject({ kind: "ok", size: parseCoin("0.002"), bound: "risk" });
  });

  test("CAPITAL_LIMIT_JPY caps what is used for sizing", () => {
    const limited = defaultConfig({ CAPITAL_LIMIT_JPY: "400000" });
    const result = sizeEntry(limited, facts());
    expect(result.kind === "ok" && formatE8(result.size)).toBe("0.002");
  });

  // Amounts of every magnitude, both signs, and the values where things go wrong: none, the smallest, the largest.
  const any = (bits: number) =>
    fc.oneof(
      fc.constantFrom(0n, 1n, -1n, 2n ** BigInt(bits), -(2n ** BigInt(bits))),
      fc
        .tuple(fc.integer({ min: 0, max: bits }), fc.boolean(), fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) }))
        .map(([shift, negative, value]) => (negative ? -1n : 1n) * (value >> BigInt(shift))),
    );
  const mostly = (bits: number) =>
    fc.oneof({ weight: 9, arbitrary: any(bits).map((v) => (v < 0n ? -v : v)) }, any(bits));

  const between = (min: bigint, max: bigint) => fc.bigInt({ min, max });
  const ADVERSE = fc.record({
    equity: mostly(70),
    available: mostly(70),
    openNotional: fc.oneof(fc.constant(0n), any(60)),
    entry: mostly(56),
    stop: mostly(56),
    minSize: mostly(22),
    step: mostly(14),
    maxSize: mostly(62),
  });
  const PLAUSIBLE = fc.record({
    equity: between(10n ** 12n, 10n ** 16n),
    available: between(10n ** 11n, 10n ** 16n),
    openNotional: fc.oneof(fc.constant(0n), between(0n, 10n ** 14n)),
    entry: between(4n * 10n ** 13n, 2n * 10n ** 15n),
    stop: between(4n * 10n ** 13n, 2n * 10n ** 15n),
    minSize: between(1n, 10n ** 6n),
    step: between(1n, 10n ** 6n),
    maxSize: between(10n ** 6n, 10n ** 9n),
  });
  const OTHERS = fc.record({
    takerFee: fc.constantFrom(0n, 50_000n, -10_000n, 100_000_000n),
    makerFee: fc.constantFrom(0n, -10_000n, 50_000n),
    capital: fc.option(fc.bigInt({ min: 1n, max: 10n ** 11n })),
    spot: fc.boolean(),
  });

  test("no equity, price, step, minimum, fee, capital limit, margin or open notional yields a size over a limit", () => {
    let sized = 0;
    fc.assert(
      fc.property(
        fc.oneof(ADVERSE, PLAUSIBLE).chain((numbers) => OTHERS.map((others) => ({ ...numbers, ...others }))),
        (x) => {
          const limited = x.capital === null ? config : { ...config, CAPITAL_LIMIT_JPY: yen(x.capital) };
          const rules: SymbolRules = {
            symbol: x.spot ? "BTC" : "BTC_JPY",
            tick: yen(1),
            minSize: coinE8(x.minSize),
            sizeStep: coinE8(x.step),
            maxSize: coinE8(x.maxSize),
            takerFee: ratioE8(x.takerFee),
            makerFee: ratioE8(x.makerFee),
          };
          const { equity, available, openNotional, entry, stop } = x;
          const result = sizeEntry(limited, {
            equity: yenE8(equity),
            available: yenE8(available),
            openNotional: yenE8(openNotional),
            entry: yenE8(entry),
            stop: yenE8(stop),
            rules,
          });
          if (result.kind === "tooSmall") {
            expect(result.reason).not.toBe("");
            return;
          }
          sized += 1;
          const size: CoinE8 = result.size;
          expect(size > 0n && size >= x.minSize && size <= x.maxSize && size % x.step === 0n).toBe(true);
          // Compared as exact fractions, so that no rounding of the check itself can hide a breach.
          const capital = x.capital === null || equity < x.capital * E8 ? equity : x.capital * E8;
          const distance = entry > stop ? entry - stop : stop - entry;
          const fee = x.takerFee > 0n ? x.takerFee : 0n;
          expect(capital > 0n && distance > 0n && entry > 0n && stop > 0n).toBe(true);
          expect(size * (distance * E8 + stop * fee) * 50n <= capital * E8 * E8).toBe(true); // 2 % risk, fee of the stop too
          const open = openNotional > 0n ? openNotional : 0n;
          expect((size * entry + open * E8) * 10n <= capital * E8).toBe(true); // 10 % of all positions together
          expect(x.spot ? size * entry <= available * E8 : size * entry <= 2n * available * E8).toBe(true);
          expect(riskYen(yenE8(entry), yenE8(stop), size) > 0n && notionalYen(yenE8(entry), size) > 0n).toBe(true);
        },
      ),
      { numRuns: 8_000 },
    );
    expect(sized).toBeGreaterThan(1_000);
  });

  test.each([
    ["a minimum above the maximum", { minSize: parseCoin("2"), maxSize: parseCoin("1") }],
    ["a step of nothing", { sizeStep: coinE8(0n) }],
    ["a minimum of nothing", { minSize: coinE8(0n) }],
    ["a negative maximum", { maxSize: coinE8(-1n) }],
  ])("%s is no trade, with the reason", (_name, rules) => {
    const result = sizeEntry(config, facts({ rules: { ...btc, ...rules } }));
    expect(result).toMatchObject({ kind: "tooSmall", reason: expect.stringMatching(/minimum|make no sense/) });
  });
  test("a negative open notional gives nothing extra", () => {
    expect(sizeEntry(config, facts({ openNotional: yen(-500_000) }))).toEqual(sizeEntry(config, facts()));
  });
});

describe("loss limits", () => {
  const use = (equity: string, unrealised = "0") =>
    lossUse(config, {
      equity: parseYen(equity),
      unrealised: parseYen(unrealised),
      dayStart: yen(1_000_000),
      weekStart: yen(1_050_000),
      monthStart: yen(1_000_000),
    });
  test.each([
    ["970000.00000001", "0", [false, true, false]],
    ["970000", "0", [true, true, false]], // exactly 3 % of the day; 80,000 of 73,500 of the week
    ["985000", "0", [false, false, false]],
    ["976500", "0", [false, true, false]], // exactly 7 % of the week
    ["1000000", "40000", [true, true, false]], // open profit is no cushion
    ["1000000", "-40000", [false, false, false]], // open loss is in the equity already
    ["850000", "0", [true, true, true]],
  ] as const)("equity %s with open P&L %s reaches day/week/month %j", (equity, unrealised, reached) => {
    expect(use(equity, unrealised).map((l) => l.reached)).toEqual(reached);
  });

  test("with a capital limit the limits are its ratios, not the whole account's", () => {
    const limited = defaultConfig({ CAPITAL_LIMIT_JPY: "100000" });
    const start = yen(1_000_000);
    const facts = { unrealised: yen(0), dayStart: start, weekStart: start, monthStart: start };
    expect(lossUse(limited, { ...facts, equity: yen(997_000) }).map((l) => l.reached)).toEqual([true, false, false]);
    expect(lossUse(limited, { ...facts, equity: yen(997_001) }).map((l) => l.reached)).toEqual([false, false, false]);
    const small = { unrealised: yen(0), dayStart: yen(50_000), weekStart: yen(50_000), monthStart: yen(50_000) };
    expect(lossUse(limited, { ...small, equity: yen(48_500) }).map((l) => l.reached)).toEqual([true, false, false]);
  });
  test("a period that began with nothing has nothing to lose: its limit is reached", () => {
    const none = { unrealised: yen(0), dayStart: yen(0), weekStart: yen(0), monthStart: yen(0) };
    expect(lossUse(config, { ...none, equity: yen(0) }).every((l) => l.reached)).toBe(true);
  });
});

describe("risk gates", () => {
  test("a clean account passes every gate", () => {
    const { gates, sizing } = riskGates(config, facts());
    expect(refusalText(gates)).toBeUndefined();
    expect(sizing.kind).toBe("ok");
  });
  test.each([
    ["halt", { halts: [{ kind: "stop", reason: "owner" }] }],
    ["openTrade", { openTradeOnSymbol: true }],
    ["pendingProposal", { pendingProposalOnSymbol: true }],
    ["dailyTrades", { tradesToday: 3 }],
    ["lossLimits", { equity: yen(900_000) }],
    ["size", { openNotional: yen(99_000) }],
  ] as const)("%s alone refuses and says so", (gate, overrides) => {
    const { gates } = riskGates(config, facts(overrides));
    expect(gates.filter((g) => !g.pass).map((g) => g.gate)).toEqual([gate]);
    expect(refusalText(gates)).toContain(gate);
  });
});
