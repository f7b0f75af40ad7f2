// The exchange of a rehearsal, in a process of its own: the simulated venue over HTTP and WebSocket on recorded days moved to
// now. It follows the rehearsal's clock, takes orders from stdin (a line of JSON each: where a price goes, or a look), and
// answers a look with what only the exchange knows.

import { createInterface } from "node:readline";
import { z } from "zod";
import type { YenE8 } from "../../../lib/core/money.ts";
import { type EpochMs, epochMs } from "../../../lib/core/time.ts";
import { isTerminalStatus } from "../../../lib/core/venue.ts";
import { type FastClock, fastClock, realClock } from "../../../lib/io/clock.ts";
import { ALL_RULES } from "../../../lib/sim/engine/symbolRules.ts";
import type { FaultScript } from "../../../lib/sim/faults/faults.ts";
import type { Faults } from "../../../lib/sim/faults/faultTypes.ts";
import { bundledCandles } from "../../../lib/sim/market/bundled.ts";
import { shiftCandles } from "../../../lib/sim/market/shiftCandles.ts";
import { SteeredMarket } from "../../../lib/sim/market/steeredMarket.ts";
import { SERVED_VENUE_OPTIONS } from "../../../lib/sim/server/optionTable.ts";
import { startVenueServer } from "../../../lib/sim/server/server.ts";
import { Simulator } from "../../../lib/sim/simulator.ts";

/** One line of stdin. A path: the closes of the next minutes as shares of the price now. */
const Order = z.union([
  z.strictObject({ steer: z.strictObject({ symbol: z.string(), path: z.array(z.number()).min(1) }) }),
  z.strictObject({ look: z.literal(true) }),
]);

const e8 = z.string().transform(BigInt);
/** What the exchange shows after a look. Sizes and yen scaled by 1e8, as text; times of the rehearsal's clock. */
export const VenueFacts = z.strictObject({
  orders: z.array(
    z.strictObject({
      orderId: z.string(),
      settleType: z.string(),
      isLive: z.boolean(),
      executed: e8,
      createdMs: z.number(),
    }),
  ),
  held: e8,
  gained: e8,
  /** Spans in which a position was covered by no order; `untilMs` null: it still is. */
  bare: z.array(z.strictObject({ fromMs: z.number(), untilMs: z.number().nullable() })),
  requestsPerSecondMax: z.number(),
});
export type VenueFacts = z.infer<typeof VenueFacts>;

/** First line of stdout. */
export const VenueAddresses = z.strictObject({
  restPublic: z.string(),
  restPrivate: z.string(),
  wsPublic: z.string(),
  wsPrivate: z.string(),
  apiKey: z.string(),
  secret: z.string(),
});
export type VenueAddresses = z.infer<typeof VenueAddresses>;

interface Served {
  readonly clock: FastClock;
  readonly seed: number;
  readonly equity: YenE8;
  readonly faults: FaultScript | undefined;
}

/** Serves until stdin ends. */
export const serveRehearsalVenue = async (p: Served, out: (line: string) => void): Promise<void> => {
  const clock = fastClock(p.clock);
  const startMs = epochMs(p.clock.fromMs);
  const steered = new SteeredMarket(shiftCandles(bundledCandles(), startMs), ALL_RULES);
  const requests = new RequestRate();
  const scripted = p.faults?.faults(p.seed, startMs);
  const faults: Faults = Object.assign(
    (...[request, phase, nowMs]: Parameters<Faults>) => {
      if (phase === "before" && request.area === "private") requests.count(realClock.monotonicMs());
      return scripted?.(request, phase, nowMs);
    },
    scripted?.effects === undefined ? {} : { effects: () => scripted.effects?.() },
  );
  const simulator = Simulator.open({
    path: ":memory:",
    market: steered.market,
    rules: ALL_RULES,
    seed: p.seed,
    startEquity: p.equity,
    startMs,
    options: { ...SERVED_VENUE_OPTIONS, authClock: () => clock.nowMs(), faults },
  });
  const bare = new BareSpans(simulator);
  simulator.advanceTo(clock.nowMs());
  const server = await startVenueServer({
    simulator,
    market: steered.market,
    rules: ALL_RULES,
    seed: p.seed,
    startMs,
    speed: p.clock.speed,
    clockMs: () => clock.nowMs(),
    requestFaults: faults,
    ...(p.faults?.sockets === undefined ? {} : { sockets: p.faults.sockets }),
  });
  out(JSON.stringify({ ...server.addresses, ...simulator.credentials() } satisfies VenueAddresses));
  try {
    for await (const line of createInterface({ input: process.stdin })) {
      const order = Order.parse(JSON.parse(line));
      if ("steer" in order) steered.steer(order.steer.symbol, simulator.nowMs(), order.steer.path);
      else out(JSON.stringify(factsOf(simulator, bare, requests)));
    }
  } finally {
    await server.close();
  }
};

const factsOf = (simulator: Simulator, bare: BareSpans, requests: RequestRate): z.input<typeof VenueFacts> => ({
  orders: simulator.orders().map((o) => ({
    orderId: String(o.orderId),
    settleType: o.settleType,
    isLive: !isTerminalStatus(o.status),
    executed: String(o.executedSize),
    createdMs: o.createdMs,
  })),
  held: String(simulator.positions().reduce((sum, position) => sum + position.size, 0n)),
  gained: String(simulator.executions().reduce((sum, e) => sum + e.lossGain - e.fee, 0n)),
  bare: bare.spans(),
  requestsPerSecondMax: requests.mostPerSecond,
});

/** When a position was covered by no order of its own. */
class BareSpans {
  readonly #ended: { readonly fromMs: EpochMs; readonly untilMs: EpochMs }[] = [];
  readonly #since = new Map<string, EpochMs>();
  constructor(simulator: Simulator) {
    simulator.onEvent(({ symbol }) => {
      const since = this.#since.get(symbol);
      const isBare = simulator.bareSize(symbol) > 0n;
      if (isBare && since === undefined) this.#since.set(symbol, simulator.nowMs());
      if (isBare || since === undefined) return;
      this.#since.delete(symbol);
      this.#ended.push({ fromMs: since, untilMs: simulator.nowMs() });
    });
  }
  spans(): { readonly fromMs: number; readonly untilMs: number | null }[] {
    return [...this.#ended, ...[...this.#since.values()].map((fromMs) => ({ fromMs, untilMs: null }))];
  }
}

/** The most private requests within any second of the wall clock. */
class RequestRate {
  mostPerSecond = 0;
  #recent: number[] = [];
  count(nowMs: number): void {
    this.#recent = [...this.#recent.filter((ms) => nowMs - ms < 1_000), nowMs];
    this.mostPerSecond = Math.max(this.mostPerSecond, this.#recent.length);
  }
}
