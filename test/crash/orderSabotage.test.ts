// Every promise broken on purpose is seen in its column by the worlds that each proof begins with, whatever its seed; and
// what no column saw before: how soon the stop is back after a refused close.
import { describe, expect, test } from "vitest";
import { yen } from "../../lib/core/money.ts";
import type { TransportRequest } from "../../lib/io/gmo/transport.ts";
import { entropyHex } from "../../lib/io/random.ts";
import type { Simulator } from "../../lib/sim/simulator.ts";
import { LONG } from "../long.ts";
import { proveOrders } from "./orderHarness.ts";
import { missedGoals, type OrderReport } from "./orderReport.ts";
import { SABOTAGES, type Sabotage } from "./orderSabotage.ts";
import { RefusedCloses } from "./refusedCloses.ts";

/** New ones with each run: no seed may hide a sabotage. CRASH_SEED repeats one. */
const SEEDS = process.env["CRASH_SEED"]?.split(",") ?? Array.from({ length: LONG ? 5 : 1 }, () => entropyHex(4));
const PRODUCTS = LONG ? (["margin", "spot"] as const) : (["margin"] as const);

const COLUMNS: Readonly<Record<Sabotage, readonly ((report: OrderReport) => boolean)[]>> = {
  resend: [(r) => r.duplicateEntries > 0],
  blind: [(r) => r.lostOrders > 0],
  forgetIntent: [(r) => r.lostOrders > 0],
  forgetStop: [(r) => r.barePositionSecondsMax > 1],
  forgetEntry: [(r) => r.tradesNotEnded > 0],
  leaveBare: [(r) => r.refusedCloseSecondsMax > 0.3],
  wrongResult: [(r) => r.pnlMismatchJpy > 0, (r) => !r.ledgerMatchesVenue],
};

describe.each(SEEDS.flatMap((seed) => PRODUCTS.map((product) => [seed, product] as const)))(
  "truth 22: seed %s (CRASH_SEED repeats it), %s, no random world and no pair",
  (seed, product) => {
    test.each(Object.keys(SABOTAGES) as Sabotage[])("broken on purpose: %s is seen", async (sabotage) => {
      const report = await proveOrders({ seed, product, pairs: 0, random: 0, sabotage, untilMissed: true });
      for (const column of COLUMNS[sabotage]) expect(column(report), JSON.stringify(report)).toBe(true);
      expect(missedGoals(report)).not.toEqual([]);
    });

    test("unbroken, every goal is met, and each of the planned worlds did what it is for", async () => {
      const report = await proveOrders({ seed, product, pairs: 0, random: 0 });
      expect(report.failures).toEqual([]);
      expect(missedGoals(report)).toEqual([]);
      expect(report).toMatchObject({ runs: 4, kills: 1, faults: 3, refusedCloses: 2 });
    });
  },
);

describe("truth 22: a refused close", () => {
  let last = yen(10_000_000);
  const watch = (): RefusedCloses => {
    last = yen(10_000_000);
    return new RefusedCloses(() => ({ lastPrice: () => last }) as unknown as Simulator);
  };
  const close = (executionType: string, positionId = 7, price?: string): TransportRequest =>
    ({
      method: "POST",
      path: "/v1/closeOrder",
      body: JSON.stringify({
        symbol: "BTC_JPY",
        side: "SELL",
        executionType,
        ...(price === undefined ? {} : { price }),
        settlePosition: [{ positionId, size: "0.001" }],
      }),
    }) as unknown as TransportRequest;
  const STOP = close("STOP", 7, "9950000");
  const MARKET = close("MARKET");
  /** A stop that stood, then a close refused with this code at 1,000 ms. */
  const refused = (w: RefusedCloses, code = "ERR-254"): void => {
    w.answered(STOP, 500, undefined, false);
    w.answered(MARKET, 1_000, code, false);
  };

  test("is measured to the next order for the position", () => {
    const w = watch();
    refused(w);
    w.sent(close("STOP", 8, "9950000"), 1_100);
    expect([w.count, w.longestMs]).toEqual([0, 0]);
    w.sent(STOP, 1_500);
    expect([w.count, w.longestMs]).toEqual([1, 500]);
    w.sent(STOP, 9_000);
    expect(w.longestMs).toBe(500);
  });
  test("that nothing follows counts to the end of the run", () => {
    const w = watch();
    refused(w);
    w.ended(4_000);
    expect(w.longestMs).toBe(3_000);
  });
  test.each<[string, (w: RefusedCloses) => void]>([
    ["the venue asks for silence", (w) => refused(w, "ERR-5003")],
    ["the venue says that it is closed", (w) => refused(w, "ERR-5201")],
    ["another order holds the quantity", (w) => refused(w, "ERR-200")],
    [
      "nobody can say what became of it",
      (w) => {
        w.answered(STOP, 500, undefined, false);
        w.answered(MARKET, 1_000, "ERR-554", true);
      },
    ],
    ["no stop was given up for it", (w) => w.answered(MARKET, 1_000, "ERR-254", false)],
    [
      "it was the stop itself",
      (w) => {
        w.answered(STOP, 500, undefined, false);
        w.answered(STOP, 1_000, "ERR-254", false);
      },
    ],
    [
      "another request was struck meanwhile",
      (w) => {
        refused(w);
        w.disturbed();
      },
    ],
    [
      "the process died",
      (w) => {
        refused(w);
        w.died();
      },
    ],
    [
      "the price has reached the stop",
      (w) => {
        last = yen(9_950_000);
        refused(w);
      },
    ],
    [
      "the price reaches the stop before the next order",
      (w) => {
        refused(w);
        last = yen(9_949_999);
      },
    ],
  ])("is not measured where %s", (_, arrange) => {
    const w = watch();
    arrange(w);
    w.sent(STOP, 3_000);
    w.ended(4_000);
    expect([w.count, w.longestMs]).toEqual([0, 0]);
  });
});
