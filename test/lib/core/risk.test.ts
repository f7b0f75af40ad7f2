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
import { riskYen } from "../../../lib/core/plan.ts";
import { type EntryFacts, lossUse, refusalText, riskGates, sizeEntry } from "../../../lib/core/risk.ts";
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
    ["2 % risk binds on a wide stop", { stop: yen(10_000_000) }, "ok", "0.002", "risk"],
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

  test("CAPITAL_LIMIT_JPY caps what is used for sizing", () => {
    const limited = defaultConfig({ CAPITAL_LIMIT_JPY: "400000" });
    const result = sizeEntry(limited, facts());
    expect(result.kind === "ok" && formatE8(result.size)).toBe("0.002");
  });

  test("no input whatever yields a size that breaks a limit", () => {
    const amount = (max: bigint) => fc.bigInt({ min: -max, max });
    fc.assert(
      fc.property(
        fc.record({
          equity: amount(10n ** 18n),
          available: amount(10n ** 18n),
          openNotional: fc.bigInt({ min: 0n, max: 10n ** 17n }),
          entry: amount(10n ** 16n),
          stop: amount(10n ** 16n),
          minSize: fc.bigInt({ min: 1n, max: 10n ** 9n }),
          steps: fc.bigInt({ min: 1n, max: 1_000n }),
          maxSize: fc.bigInt({ min: 1n, max: 10n ** 12n }),
        }),
        (x) => {
          const rules: SymbolRules = {
            ...btc,
            minSize: coinE8(x.minSize),
            sizeStep: coinE8(x.steps),
            maxSize: coinE8(x.maxSize),
          };
          const entry = yenE8(x.entry);
          const stop = yenE8(x.stop);
          const result = sizeEntry(config, {
            equity: yenE8(x.equity),
            available: yenE8(x.available),
            openNotional: yenE8(x.openNotional),
            entry,
            stop,
            rules,
          });
          if (result.kind === "tooSmall") return;
          const size: CoinE8 = result.size;
          expect(size > 0n && size >= rules.minSize && size <= rules.maxSize && size % rules.sizeStep === 0n).toBe(
            true,
          );
          // Compared as exact fractions, so that no rounding of the check itself can hide a breach.
          const distance = entry > stop ? entry - stop : stop - entry;
          expect(size * distance * 50n <= x.equity * E8).toBe(true); // 2 % risk
          expect((size * entry + x.openNotional * E8) * 10n <= x.equity * E8 + 10n * E8).toBe(true); // 10 % position
          expect(size * entry <= 2n * x.available * E8).toBe(true); // 50 % margin
          expect(riskYen(entry, stop, size) >= 0n && notionalYen(entry, size) > 0n).toBe(true);
        },
      ),
      { numRuns: 5_000 },
    );
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
