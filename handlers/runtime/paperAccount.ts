// Paper trading: market data come from GMO Coin's public API, the account is the simulated venue, which fills orders at
// those quotes. One connector serves both; only the transport separates them.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Ticker } from "../../lib/core/venue.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Transport } from "../../lib/io/gmo/transport.ts";
import type { Simulator } from "../../lib/sim/simulator.ts";
import type { Health } from "../../queue/health.ts";
import type { Account, Hearing } from "./account.ts";

/**
 * Public requests go to the exchange, private ones to the simulated account, whose time follows the wall clock. `mayTrade`
 * throws when no request may reach the account any more. As over a network, no answer comes in the turn that asked: who
 * asks the account again and again must not keep the exchange's answers, timers and signals waiting.
 */
export const paperTransport = (
  http: Transport,
  simulator: Simulator,
  clock: Clock,
  mayTrade: () => void,
): Transport => ({
  async send(request) {
    if (request.area === "public") return http.send(request);
    await nextTurn();
    mayTrade();
    const now = clock.nowMs();
    if (now > simulator.nowMs()) simulator.advanceTo(now);
    return simulator.handle(request);
  },
});

export const paperAccount = (simulator: Simulator, clock: Clock): Account => {
  let unlisten = (): void => {};
  return {
    mode: "paper",
    listen: (hearing: Hearing) => {
      unlisten = simulator.onEvent(hearing.event);
    },
    quoted: ({ symbol, bid, ask, last }: Ticker) => {
      simulator.feedQuote(symbol, { bid, ask, last, atMs: clock.nowMs() });
    },
    overStream: (venue) => venue,
    hears: () => false,
    // What could not be stored is tried again with every quote.
    holds: () => simulator.trouble() !== undefined || simulator.positions().some((position) => position.size > 0n),
    health: venueHealth(simulator, clock),
    close: async () => unlisten(),
  };
};

/** Red while the simulated account cannot store what happens to it; it is tried again with every quote and order. */
const venueHealth = (simulator: Simulator, clock: Clock): (() => Health) => {
  let sinceMs: number | undefined;
  return () => {
    const why = simulator.trouble();
    if (why === undefined) {
      sinceMs = undefined;
      return { ok: true };
    }
    sinceMs ??= clock.realNowMs();
    return { ok: false, sinceMs, why: `the paper account cannot be written (${why}): nothing is filled meanwhile` };
  };
};
