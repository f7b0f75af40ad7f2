// Drives the legs of one trade: observe the venue, decide with lib/core/exits.ts, do one thing at a time, decide again.
// placeProtectiveOrders and watchPosition share it, so protection is the same whoever comes first. Every step is durable
// before and after, so the function may be cut off anywhere and called again.
import type { LegRow } from "../../db/tables/tradeLegs.ts";
import type { Trade } from "../../db/tables/trades.ts";
import { AppError } from "../../lib/core/errors.ts";
import type { CloseHow, ExitFacts, LegAction, MarketPrices } from "../../lib/core/exitFacts.ts";
import { isFirstStopDue, QUANTITY_RESERVED } from "../../lib/core/exitPauses.ts";
import { isBetweenOrders, nextAction, tooLittle } from "../../lib/core/exits.ts";
import { PANIC } from "../../lib/core/haltKinds.ts";
import type { Leg } from "../../lib/core/leg.ts";
import type { CoinE8 } from "../../lib/core/money.ts";
import { type In, isLive, settleMs } from "../../lib/core/order.ts";
import { isSpot } from "../../lib/core/product.ts";
import { type EpochMs, earliestKnown, epochMs, plusMs } from "../../lib/core/time.ts";
import { closingSide } from "../../lib/core/venue.ts";
import type { WakeTopic } from "../../lib/core/wake.ts";
import { auditCtx } from "../book/booking.ts";
import { settleDust } from "../book/dust.ts";
import type { AppCtx } from "../context.ts";
import { cancel, findSentOrder, syncOpenOrders } from "../orders/lookup.ts";
import { abandon } from "../orders/sendOrder.ts";
import { bookOthersTrades, readHeld } from "../reconciliation/holdings.ts";
import { mustBeOpen, place } from "./placeExitOrder.ts";
import { ensureLegs } from "./planLegs.ts";
import { bareAlertKey, resolveBare } from "./unprotectedAlert.ts";

export type ExitProgress =
  /** Every leg asked for is closed. */
  | { readonly kind: "flat" }
  /** Every open leg has its order at the venue, or waits for an answer; look again by then. */
  | {
      readonly kind: "wait";
      readonly untilMs: EpochMs | undefined;
      readonly reason: string;
      readonly wakeOn: readonly WakeTopic[];
      /** Every open leg has an order the venue has accepted. */
      readonly covered: boolean;
    };

/** One look must end: more steps per leg than this mean that two rules disagree. */
const MOST_STEPS = 20;
const LOOK_AGAIN_MS = 500;
const TRANSIT_MS = 100;
const TRANSIT_LIMIT_MS = 5_000;

/** `only`: the legs of this position alone. Throws AppError retry when the venue cannot be read. */
export const manageExits = async (ctx: AppCtx, tradeId: number, only?: string): Promise<ExitProgress> => {
  const trade = ctx.db.trades.byId(tradeId);
  if (trade === undefined) throw new AppError("permanent", "TRADE_MISSING", `expected trade ${tradeId}, found none`);
  await placeFirstStops(ctx, trade, only);
  const { quote: seen, listed } = await observe(ctx, trade, only);
  let quote = seen;
  let asked = false;
  const reserved = await isReserved(ctx, trade, only);
  const looked = new Set<number>();
  const most = MOST_STEPS * (1 + ctx.db.tradeLegs.ofTrade(tradeId).length);
  for (let step = 0; step < most; step += 1) {
    settleDust(ctx, trade);
    if (quote === undefined && !asked && asksForPrice(ctx, trade, only)) {
      asked = true;
      quote = await quoteOf(ctx, trade.symbol);
    }
    const next = decide(ctx, trade, { quote, listed, reserved }, only, looked);
    if (next.kind !== "do") {
      resolveHealed(ctx, trade);
      return next;
    }
    await perform(ctx, trade, next.leg, next.action, looked);
  }
  throw new AppError("alert", "DRIVE_ENDLESS", `trade ${tradeId} took ${most} steps in one look and is not settled`);
};

/**
 * A fill that has had no stop yet gets it before anything is read: each read first would be so much longer bare. The venue
 * itself says when the stop's price is passed (ERR-5129), the position is gone or not to be seen yet (ERR-254).
 */
const placeFirstStops = async (ctx: AppCtx, trade: Trade, only: string | undefined): Promise<void> => {
  planMissingLegs(ctx, trade, only);
  for (const leg of ctx.db.tradeLegs.ofTrade(trade.id)) {
    if (tooLittle(trade.symbol, leg.open, trade.minSize) || (only !== undefined && leg.positionId !== only)) continue;
    if (!isFirstStopDue({ ...leg, orders: ctx.db.orders.ofLeg(leg.id) }, ctx.clock.nowMs())) continue;
    await place(ctx, trade, leg, {
      kind: "place",
      purpose: "stop",
      executionType: "STOP",
      price: leg.stop,
      exitReason: "stop_loss",
      why: "new position",
    });
  }
};

/** Every open quantity belongs to a leg. */
const planMissingLegs = (ctx: AppCtx, trade: Trade, only: string | undefined): void => {
  for (const position of ctx.db.positions.ofTrade(trade.id)) {
    if (only !== undefined && position.positionId !== only) continue;
    const legs = ctx.db.tradeLegs.ofPosition(position.positionId);
    if (position.open > legs.reduce((sum, leg) => sum + leg.open, 0n))
      ctx.commit((tx) => ensureLegs(tx, auditCtx(ctx, trade), position.positionId));
  }
};

interface Observed {
  /** undefined: not known now. */
  readonly quote: MarketPrices | undefined;
  /** Sizes of the positions the venue lists; undefined on spot. */
  readonly listed: ReadonlyMap<string, CoinE8> | undefined;
}
/** Brings the book up to date with the venue and reads the price; protection goes on without a price. */
const observe = async (ctx: AppCtx, trade: Trade, only: string | undefined): Promise<Observed> => {
  const ours = ctx.db.orders.ofTrade(trade.id).filter((o) => only === undefined || o.intent.positionId === only);
  const open = ours.filter((o): o is In<"open"> => o.state === "open" && o.intent.purpose !== "entry");
  const legs = ctx.db.tradeLegs.ofTrade(trade.id).map((leg) => ({ ...leg, orders: ctx.db.orders.ofLeg(leg.id) }));
  // What follows a stop that was given up is decided already. Where it needs a price (asksForPrice), that is asked once the stop
  // has ended: asked at each look before, it would wait for the slow public pace when it counts.
  const hurry = legs.some(isBetweenOrders);
  // At the same time: between a stop that was given up and the order that follows it, every round trip counts.
  // Coins carry no id of their own: there the balance must be older than what is known of our orders.
  const before = readHeld(ctx, trade.symbol);
  const [held, refreshed, quote] = await Promise.allSettled([
    before,
    isSpot(trade.symbol) ? before.then(() => syncOpenOrders(ctx, trade, open)) : syncOpenOrders(ctx, trade, open),
    hurry ? undefined : quoteOf(ctx, trade.symbol),
  ]);
  for (const read of [held, refreshed, quote]) if (read.status === "rejected") throw read.reason;
  if (held.status === "fulfilled") await bookOthersTrades(ctx, trade, held.value);
  planMissingLegs(ctx, trade, only);
  const positions = held.status === "fulfilled" && held.value.kind === "positions" ? held.value.positions : undefined;
  return {
    quote: quote.status === "fulfilled" ? quote.value : undefined,
    listed: positions && new Map(positions.map((p) => [p.positionId, p.size])),
  };
};

/** A leg without an order is to be closed by a limit first: that one needs a price. */
const asksForPrice = (ctx: AppCtx, trade: Trade, only: string | undefined): boolean => {
  const isOver = ctx.clock.nowMs() >= (ctx.db.trades.byId(trade.id)?.timeStopMs ?? Number.POSITIVE_INFINITY);
  const how = ownerCloses(ctx, trade.id) ?? (isOver ? "makerFirst" : undefined);
  if (how !== "makerFirst") return false;
  return ctx.db.tradeLegs.ofTrade(trade.id).some((leg) => {
    if (leg.open === 0n || leg.excess || (only !== undefined && leg.positionId !== only)) return false;
    const orders = ctx.db.orders.ofLeg(leg.id);
    return !orders.some((o) => isLive(o) || o.intent.purpose === "exit");
  });
};

const quoteOf = async (ctx: AppCtx, symbol: string): Promise<MarketPrices | undefined> => {
  try {
    const { bid, ask, last } = await ctx.venue.ticker(symbol, ctx.signal);
    return { bid, ask, last };
  } catch (e) {
    if (!(e instanceof AppError) || e.verdict === "alert") throw e;
    ctx.log.warn({ symbol, code: e.code }, "drive.noPrice");
    return undefined;
  }
};

/**
 * A stop was refused because something has the quantity: does a closing order of another hand still rest? The owner's, or one
 * of ours that a restored book has forgotten; it stays. A lost one of ours would be found by asking for the stop again (`place`).
 */
const isReserved = async (ctx: AppCtx, trade: Trade, only: string | undefined): Promise<boolean> => {
  const refused = ctx.db.tradeLegs.ofTrade(trade.id).some((leg) => {
    const last = ctx.db.orders.ofLeg(leg.id).at(-1);
    const asked = only === undefined || leg.positionId === only;
    return asked && leg.open > 0n && last?.state === "rejected" && QUANTITY_RESERVED.has(last.code);
  });
  if (!refused) return false;
  const lost = ctx.db.orders.ofTrade(trade.id).some((o) => o.state === "neverSent" && o.sentMs !== undefined);
  if (lost) return false;
  const ours = ctx.db.orders.venueIds(trade.symbol);
  const side = closingSide(trade.direction);
  const active = await ctx.venue.activeOrders(trade.symbol, ctx.signal);
  return active.some(
    (o) => !ours.has(o.orderId) && o.side === side && (isSpot(trade.symbol) || o.settleType !== "OPEN"),
  );
};

type Decision = ExitProgress | { readonly kind: "do"; readonly leg: LegRow; readonly action: LegAction };

/** The most urgent thing to do over all legs, or how long to wait. Legs without an order at the venue come first. */
const decide = (
  ctx: AppCtx,
  trade: Trade,
  { quote, listed, reserved }: Observed & { readonly reserved: boolean },
  only: string | undefined,
  looked: ReadonlySet<number>,
): Decision => {
  const nowMs = ctx.clock.nowMs();
  // Fixed with the first fill, which is booked before any leg exists.
  const timeStopMs = ctx.db.trades.byId(trade.id)?.timeStopMs ?? nowMs;
  const facts: ExitFacts = {
    symbol: trade.symbol,
    direction: trade.direction,
    minSize: trade.minSize,
    nowMs,
    prices: quote,
    timeStopMs,
    ownerCloses: ownerCloses(ctx, trade.id),
    reserved,
    restingMs: ctx.config.TAKE_PROFIT_REST_SECONDS * 1_000,
  };
  const all = ctx.db.tradeLegs.ofTrade(trade.id);
  // Nobody approved it: it goes at market, whatever the price; the others go on to their own exits.
  const booked = new Map(ctx.db.positions.ofTrade(trade.id).map((p) => [p.positionId, p.open] as const));
  const factsOf = (leg: LegRow): ExitFacts => ({
    ...facts,
    ...(leg.excess ? { ownerCloses: "market" } : {}),
    short: listed !== undefined && (listed.get(leg.positionId) ?? 0n) < (booked.get(leg.positionId) ?? 0n),
  });
  const rows = all.filter((leg) => only === undefined || leg.positionId === only);
  const legs = rows.map((row) => ({ row, leg: { ...row, orders: ctx.db.orders.ofLeg(row.id) } satisfies Leg }));
  const bare = ({ leg }: (typeof legs)[number]): number => (leg.open > 0n && !leg.orders.some(isLive) ? 0 : 1);
  const waits: Extract<LegAction, { kind: "wait" }>[] = [];
  let covered = true;
  // For a moment only: a leg whose order the venue keeps refusing must not keep the others from their exits.
  const inTransit = ({ leg }: (typeof legs)[number]): boolean => {
    const last = leg.orders.at(-1);
    if (leg.open === 0n || last === undefined) return false;
    const sinceMs = last.state === "open" ? last.cancelAskedMs : "closedMs" in last ? last.closedMs : last.createdMs;
    return sinceMs !== undefined && nowMs >= sinceMs && nowMs < sinceMs + TRANSIT_LIMIT_MS;
  };
  for (const { row, leg } of [...legs].sort((a, b) => bare(a) - bare(b) || a.row.id - b.row.id)) {
    const action = nextAction(leg, factsOf(row));
    if (action.kind === "closed") continue;
    // An order whose cancel was asked covers no longer than the venue takes for it.
    const orderly = leg.open > 0n && !tooLittle(trade.symbol, leg.open, trade.minSize);
    if (orderly && !leg.orders.some((o) => o.state === "open" && o.cancelAskedMs === undefined)) covered = false;
    if (action.kind === "wait") waits.push(action);
    // One stop is given up at a time: the next only when the order that follows this one stands.
    else if (action.kind === "cancel" && action.givesUpStop && legs.some((l) => l.row.id !== row.id && inTransit(l)))
      waits.push({ kind: "wait", reason: "another leg first", untilMs: plusMs(nowMs, TRANSIT_MS), wakeOn: [] });
    else if (action.kind === "look" && looked.has(action.order.id))
      waits.push({
        kind: "wait",
        reason: "looking for an order",
        untilMs: lookAgainAt(action.order, nowMs),
        wakeOn: [],
      });
    else return { kind: "do", leg: row, action };
  }
  if (waits.length === 0) return { kind: "flat" };
  const times = waits.flatMap((w) => (w.untilMs === undefined ? [] : [w.untilMs]));
  return {
    kind: "wait",
    untilMs: earliestKnown(...times),
    reason: [...new Set(waits.map((w) => w.reason))].join(", "),
    wakeOn: [...new Set(waits.flatMap((w) => w.wakeOn))],
    covered,
  };
};

/** A panic closes whatever is open of ours, also what filled after it was called. */
const ownerCloses = (ctx: AppCtx, tradeId: number): CloseHow | undefined =>
  ctx.db.halts.active(ctx.clock.nowMs()).some((h) => h.kind === PANIC)
    ? "market"
    : ctx.db.trades.byId(tradeId)?.closeHow;

const lookAgainAt = (order: In<"sending" | "unknown">, nowMs: EpochMs): EpochMs => {
  const settledMs = order.sentMs + settleMs(order.intent.purpose);
  return epochMs(settledMs > nowMs ? Math.min(settledMs, nowMs + LOOK_AGAIN_MS) : nowMs + LOOK_AGAIN_MS);
};

const perform = async (
  ctx: AppCtx,
  trade: Trade,
  leg: LegRow,
  action: LegAction,
  looked: Set<number>,
): Promise<void> => {
  switch (action.kind) {
    case "closed":
    case "wait":
      return;
    case "abandon":
      abandon(ctx, trade, action.order, action.why);
      return;
    case "look":
      looked.add(action.order.id);
      await findSentOrder(ctx, trade, action.order);
      return;
    case "cancel":
      // In maintenance or pre-open a cancel may pass where the order that should follow is refused: the stop stays.
      if (action.givesUpStop) await mustBeOpen(ctx, trade);
      await cancel(ctx, trade, action.order, action.why);
      return;
    case "place":
      await place(ctx, trade, leg, action);
      return;
    default:
      action satisfies never;
  }
};

/** Ends the alarms of legs that have their order again, or are closed. */
const resolveHealed = (ctx: AppCtx, trade: Trade): void => {
  const alarmed = new Set(ctx.db.alerts.open().map((a) => a.key));
  const healed = ctx.db.tradeLegs
    .ofTrade(trade.id)
    .filter((leg) => alarmed.has(bareAlertKey(leg.id)))
    .filter((leg) => leg.open === 0n || ctx.db.orders.ofLeg(leg.id).some((o) => o.state === "open"));
  if (healed.length > 0)
    ctx.commit((tx) => {
      for (const leg of healed) resolveBare(tx, auditCtx(ctx, trade), leg.id);
    });
};
