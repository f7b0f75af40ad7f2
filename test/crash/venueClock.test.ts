// The venue's clock from an hour behind to an hour ahead, drifting and jumping, crossed with lost answers and deaths around
// the entry: one approval is never two entries, and what filled is protected.
import { expect, test } from "vitest";
import { entropyHex } from "../../lib/io/random.ts";
import { LONG } from "../long.ts";
import type { FaultName } from "./orderFaults.ts";
import { runWorld } from "./orderHarness.ts";
import { type RunPlan, SHORT_TRADES, type VenueClockPlan } from "./orderPlan.ts";
import { judge, missedGoals } from "./orderReport.ts";

const SEED = process.env["CRASH_SEED"] ?? (LONG ? entropyHex(4) : "ordinary");
const SECONDS = LONG ? [1, 4, 6, 20, 36, 70, 600, 3_600] : [70];
/** The entry goes out a little over a second after the start. */
const ENTRY_MS = 1_500;

const still = (seconds: number): VenueClockPlan => ({ startMs: seconds * 1_000, drift: 0, jumps: [] });
const CLOCKS: readonly (readonly [string, VenueClockPlan])[] = SECONDS.flatMap((s) => [s, -s]).flatMap((s) => [
  [`${s} s off`, still(s)],
  [`jumps by ${s} s as the entry is sent`, { ...still(0), jumps: [{ afterMs: ENTRY_MS, byMs: s * 1_000 }] }],
  [
    `jumps by ${s} s and back`,
    {
      ...still(0),
      jumps: [
        { afterMs: ENTRY_MS, byMs: s * 1_000 },
        { afterMs: ENTRY_MS + 6_000, byMs: -s * 1_000 },
      ],
    },
  ],
]);
const DRIFTS: readonly (readonly [string, VenueClockPlan])[] = [-50, 50].map((drift) => [
  `drifts by ${drift} ms a second`,
  { ...still(0), drift },
]);
const FAULTS: readonly FaultName[] = LONG
  ? ["replyLost", "requestLost", "arrivesLate", "lateReply", "ERR-554 afterwards"]
  : ["replyLost", "requestLost", "arrivesLate"];

const plan = (clock: VenueClockPlan, fault: FaultName, dies: boolean, every: boolean): RunPlan => {
  let struck = false;
  return {
    ...SHORT_TRADES.margin["shortStopped"]!,
    name: `${fault}${every ? " on every order" : ""}`,
    seed: SEED,
    venueClock: clock,
    strictBoot: true,
    pollMs: 2_000,
    // Steps around the first order of the life; a second death in the next life.
    kills: dies ? [40, 40] : [],
    fault: (request) => {
      if (request.path !== "/v1/order" || (struck && !every)) return undefined;
      struck = true;
      return fault;
    },
  };
};

const SOME_WAYS = [
  [false, true],
  [true, false],
] as const;
const ALL_WAYS = [...SOME_WAYS, [false, false], [true, true]] as const;

test.each([...CLOCKS, ...DRIFTS])(
  `truth 0: seed ${SEED}, a venue clock that is %s: no second entry`,
  async (_, clock) => {
    for (const fault of FAULTS)
      for (const [dies, every] of LONG ? ALL_WAYS : SOME_WAYS) {
        const w = await runWorld(plan(clock, fault, dies, every));
        const { report, notes } = await judge(w);
        const sent = w.simulator.orders().filter((o) => o.settleType === "OPEN" && w.ours.has(o.orderId));
        w.close();
        const story = `${fault}, dies ${dies}, every ${every}`;
        expect({ story, notes, missed: missedGoals(report) }).toEqual({ story, notes: [], missed: [] });
        // What reached the venue as lost and late is never more than one order at a time, nor more than approved.
        expect(sent.filter((o) => o.executedSize > 0n).length).toBeLessThanOrEqual(1);
      }
  },
);
