// The owner at the exchange's own page, or another program with the same account: not through our process, without a
// fault.
import { requestCommand } from "../../handlers/owner/requestCommand.ts";
import { coinE8, floorToStep, formatE8, yenE8 } from "../../lib/core/money.ts";
import { isSpot } from "../../lib/core/product.ts";
import { ALL_RULES, SYMBOL_RULES } from "../../lib/sim/engine/symbolRules.ts";
import type { OwnerAct } from "./orderPlan.ts";
import { REFUSED_TAIL_MS } from "./orderRequests.ts";
import type { OrderWorld } from "./orderWorld.ts";

/** One act of the owner's plan: at the exchange's own page, or on the command line. */
export const ownerActs = async (w: OrderWorld, act: OwnerAct): Promise<void> => {
  w.say(`the owner: ${JSON.stringify(act)}`);
  switch (act.kind) {
    case "clockBack":
      w.life.time.skewMs = -act.ms;
      return;
    case "stop":
    case "panic":
      // Said to a dead process, it is said again.
      w.unlessDead(() => void requestCommand(w.life.system.desk, { command: act.kind, actor: "cli" }));
      if (w.life.mortality.dead) w.time.at(w.nowMs + 500, () => void ownerActs(w, act));
      return;
    case "halt":
      w.unlessDead(() =>
        w.life.db.transaction((tx) => tx.halts.raise({ kind: "stop", reason: "by hand", atMs: w.nowMs })),
      );
      return;
    default:
      // The owner's own doing: until the next look that finds it.
      if (act.kind === "cancelStop" || act.kind === "closeByHand" || act.kind === "changeOrders")
        w.excuses.push({ fromMs: w.nowMs, untilMs: w.nowMs + w.plan.pollMs + REFUSED_TAIL_MS, byHand: true });
      await byHand(w, act);
      w.lookAtPrices(w.nowMs);
      w.bare.look(w.nowMs, w.foreignPositions);
  }
};

/** Takes no venue time. */
const byHand = async (w: OrderWorld, act: Extract<OwnerAct, { symbol: string }>): Promise<void> => {
  const venue = w.plainVenue;
  if (act.kind === "changeOrders") return changeOrders(w, act);
  if (isSpot(act.symbol)) return coinsByHand(w, act);
  const mine = w.simulator
    .positions()
    .filter((p) => p.size > 0n && p.symbol === act.symbol && !w.foreignPositions.has(p.positionId));
  const position = mine[0];
  switch (act.kind) {
    case "closeByHand": {
      if (!position) return;
      for (const order of w.simulator.orders())
        if (order.positionId === position.positionId && ["WAITING", "ORDERED"].includes(order.status))
          await venue.cancelOrder(String(order.orderId));
      await venue.closeOrder({
        symbol: act.symbol,
        side: position.side === "BUY" ? "SELL" : "BUY",
        executionType: "MARKET",
        timeInForce: "FAK",
        positionId: String(position.positionId),
        size: position.size,
      });
      return;
    }
    case "cancelStop":
      for (const order of w.simulator.orders())
        if (order.executionType === "STOP" && order.status === "WAITING" && order.symbol === act.symbol)
          await venue.cancelOrder(String(order.orderId));
      return;
    case "ownPosition": {
      const before = new Set(w.simulator.positions().map((p) => p.positionId));
      const rules = SYMBOL_RULES.find((r) => r.symbol === act.symbol)!;
      await venue.order({
        symbol: act.symbol,
        side: "BUY",
        executionType: "MARKET",
        timeInForce: "FAK",
        size: rules.minSize,
      });
      for (const p of w.simulator.positions()) if (!before.has(p.positionId)) w.foreignPositions.add(p.positionId);
      return;
    }
    default:
      act satisfies never;
  }
};

/** Spot: sells every coin of ours that can be sold, or takes our stops away. */
const coinsByHand = async (
  w: OrderWorld,
  { kind, symbol }: { kind: "closeByHand" | "cancelStop" | "ownPosition"; symbol: string },
): Promise<void> => {
  const venue = w.plainVenue;
  for (const order of w.simulator.orders()) {
    const rests = order.side === "SELL" && ["WAITING", "ORDERED"].includes(order.status);
    if (order.symbol === symbol && rests && (kind === "closeByHand" || order.executionType === "STOP"))
      await venue.cancelOrder(String(order.orderId));
  }
  const size = coinE8(w.simulator.bareSize(symbol));
  if (kind !== "closeByHand" || size === 0n) return;
  await venue.order({ symbol, side: "SELL", executionType: "MARKET", timeInForce: "FAK", size });
};

/** One order of ours that rests: another price (far or near), a smaller size, or cancelled where it is an entry. */
const changeOrders = async (
  w: OrderWorld,
  { symbol, draw }: Extract<OwnerAct, { kind: "changeOrders" }>,
): Promise<void> => {
  const resting = w.simulator
    .orders()
    .filter((o) => o.symbol === symbol && w.ours.has(o.orderId) && ["WAITING", "ORDERED"].includes(o.status));
  const order = resting[draw % Math.max(1, resting.length)];
  if (order?.price === undefined) return;
  const { tick, minSize, sizeStep } = [...ALL_RULES].find((r) => r.symbol === symbol)!;
  const isEntry = isSpot(symbol) ? order.side === "BUY" : order.settleType === "OPEN";
  const how = Math.floor(draw / 7) % 4;
  if (how === 3 && isEntry) {
    await w.plainVenue.cancelOrder(String(order.orderId));
    return;
  }
  const half = floorToStep(coinE8(order.size / 2n), sizeStep);
  if (how === 2 && half >= minSize && half > order.executedSize) {
    w.say(`changed on the page: ${w.simulator.changeOnPage(order.orderId, { size: half })}`);
    return;
  }
  // Up to 1 % to either side.
  const parts = BigInt((draw % 201) - 100);
  const price = floorToStep(yenE8(order.price + (order.price * parts) / 10_000n), tick);
  w.say(`changed on the page: ${w.simulator.changeOnPage(order.orderId, { price: formatE8(price) })}`);
};
