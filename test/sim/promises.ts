// What must hold in any world once no trade is open, whatever happened before. And a world's state in words, for
// failures.

import { ledgerDifferences } from "../../handlers/reconcile.ts";
import { maxBig } from "../../lib/core/money.ts";
import { isSpot } from "../../lib/core/product.ts";
import type { World } from "./world.ts";

/** The broken promises, all of them, so that a failing test shows the whole picture. */
export const brokenPromises = async (w: World): Promise<readonly string[]> => {
  const broken: string[] = [];
  const { read } = w.db;
  for (const o of w.orders())
    if (["intended", "sending", "unknown", "open"].includes(o.state))
      broken.push(`order ${o.id} (${o.intent.purpose}) is still ${o.state}`);
  for (const p of read.positions.open()) broken.push(`position ${p.positionId} is still open`);
  for (const symbol of w.symbols) {
    // Dust that no order can be made of is the owner's.
    if (w.simulator.bareSize(symbol) > coinsLeft(w, symbol)) broken.push(`${symbol} is bare at the venue`);
    if (!isSpot(symbol))
      for (const p of await w.venue.openPositions(symbol)) broken.push(`the venue still holds ${p.positionId}`);
    for (const o of await w.venue.activeOrders(symbol)) broken.push(`the venue still has order ${o.orderId}`);
  }
  for (const job of w.deadJobs()) broken.push(`job ${job.name} is dead: ${job.error?.code} ${job.error?.message}`);
  for (const d of await ledgerDifferences({ db: read, venue: w.venue }, w.symbols)) broken.push(d.text);
  if (read.audit.firstBroken() !== undefined) broken.push("the audit chain is broken");
  for (const trade of read.trades.alive()) broken.push(`trade ${trade.id} is still ${trade.status}`);
  for (const trade of read.trades.newest(100)) {
    const entered = w
      .orders("entry")
      .filter((o) => o.intent.tradeId === trade.id && "executed" in o)
      .reduce((sum, o) => sum + ("executed" in o ? o.executed : 0n), 0n);
    if (entered > trade.targetSize) broken.push(`trade ${trade.id} entered more than approved`);
  }
  const entries = w.simulator
    .orders()
    .filter((o) => o.settleType === "OPEN" && !(isSpot(o.symbol) && o.side === "SELL"));
  const known = new Set(w.orders().flatMap((o) => ("venueOrderId" in o ? [o.venueOrderId] : [])));
  for (const o of entries) if (!known.has(String(o.orderId))) broken.push(`entry ${o.orderId} is not in our book`);
  return broken;
};

const coinsLeft = (w: World, symbol: string): bigint => {
  const { ownerCoins } = w.db.read;
  return maxBig(ownerCoins.amount(symbol) - ownerCoins.outside(symbol), 0n);
};

export const describeWorld = (w: World): string => {
  const orders = w
    .orders()
    .map(
      (o) =>
        `${o.id} ${o.intent.purpose} ${o.intent.executionType} ${o.state}${"code" in o ? ` ${o.code}` : ""}${"detail" in o && o.detail ? ` ${o.detail}` : ""}`,
    );
  const trades = w.db.read.trades
    .newest(10)
    .map((t) => `trade ${t.id} ${t.status} ${t.exitReason ?? t.cancelReason ?? ""} ${t.pnlAmount ?? ""}`);
  const jobs = w.store
    .list({ limit: 100 })
    .filter((j) => j.state !== "done")
    .map((j) => `${j.name} ${j.state} ${j.reason ?? ""} ${j.error?.code ?? ""} ${j.error?.message ?? ""}`);
  return [`minute ${w.minute.toFixed(3)}`, ...trades, ...orders, ...jobs].join("\n  ");
};
