// Orders through real processes: a worker over HTTP at the simulated venue, on this machine. How long from the owner's
// tap to the accepted order, from a fill to its accepted STOP, and from SIGKILL to "reconciled and protected", a new
// process included.
import { setTimeout as delay } from "node:timers/promises";
import { realClock } from "../../lib/io/clock.ts";
import { OrderStand, PRICE } from "../crash/orderStand.ts";

const summary = (values: readonly number[]) => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!);
  return { n: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), worstMs: at(1) };
};

export const benchOrders = async ({ quick }: { readonly quick: boolean }): Promise<Record<string, unknown>> => {
  const stand = await OrderStand.open("bench");
  const { simulator } = stand;
  const tap: number[] = [];
  const stop: number[] = [];
  const kill: number[] = [];
  try {
    for (let round = 0; round < (quick ? 5 : 30); round += 1) {
      stand.feed(PRICE);
      await stand.start();
      await stand.until("the first reconcile", () => stand.isReconciled());
      const before = simulator.orders().length;
      const tapMs = realClock.monotonicMs();
      const id = stand.approve();
      await stand.until("the entry", () => simulator.orders().length > before, 1);
      tap.push(realClock.monotonicMs() - tapMs);
      await delay(50 + ((round * 37) % 500));
      const fillMs = realClock.monotonicMs();
      stand.feed(PRICE - 2_000);
      await stand.until("its stop", () => stand.isProtected(), 1);
      stop.push(realClock.monotonicMs() - fillMs);
      const killMs = realClock.monotonicMs();
      await stand.kill();
      await stand.start();
      await stand.until("reconciled and protected", () => stand.isReconciled() && stand.isProtected(), 2);
      kill.push(realClock.monotonicMs() - killMs);
      stand.feed(PRICE + 70_000);
      const ended = (): boolean => stand.db.read.trades.byProposal(id)?.status === "closed";
      await stand.until("the end of the trade", ended);
      await stand.kill();
    }
  } finally {
    await stand.close();
  }
  return {
    tapToAccepted: summary(tap),
    fillToStopAccepted: summary(stop),
    sigkillToProtected: summary(kill),
    pollMs: 1_000,
  };
};
