// The simulated account sits in the worker's own process: its answers must not keep everything else waiting.
import { expect, test } from "vitest";
import { paperTransport } from "../../../handlers/runtime/paperAccount.ts";
import { yen } from "../../../lib/core/money.ts";
import { realClock } from "../../../lib/io/clock.ts";
import type { Transport, TransportRequest } from "../../../lib/io/gmo/transport.ts";
import { SYMBOL_RULES } from "../../../lib/sim/engine/symbolRules.ts";
import { QuoteMarket } from "../../../lib/sim/market/quoteMarket.ts";
import { Simulator } from "../../../lib/sim/simulator.ts";

/** Where nothing else gets a turn the loop ends here, and the test fails instead of hanging. */
const MOST = 20_000;

test("truth 0: an account asked without a pause does not keep timers and the exchange's answers waiting", async () => {
  const simulator = Simulator.open({
    path: ":memory:",
    market: new QuoteMarket(SYMBOL_RULES),
    seed: "turns",
    startEquity: yen(1_000_000),
    startMs: realClock.nowMs(),
  });
  const http: Transport = { send: () => Promise.reject(new Error("expected no public request")) };
  const transport = paperTransport(http, simulator, realClock, () => {});
  const request: TransportRequest = {
    area: "private",
    method: "GET",
    path: "/v1/account/margin",
    headers: {},
    timeoutMs: 1_000,
  };
  let rung = false;
  const timer = setTimeout(() => {
    rung = true;
  }, 0);
  let asked = 0;
  for (; !rung && asked < MOST; asked += 1) await transport.send(request);
  clearTimeout(timer);
  simulator.close();
  expect(asked).toBeLessThan(MOST);
});
