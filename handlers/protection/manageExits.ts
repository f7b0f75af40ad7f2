// Manages the legs of one trade: read the venue, decide with lib/core/exits.ts, do one thing, decide again. Shared by
// placeProtectiveOrders and watchPosition, so protection does not depend on which of them runs first. Each step is
// committed before and after, so this may be interrupted anywhere and called again.
import type { LegRow } from "../../db/tables/tradeLegs.ts";
import { AppError } from "../../lib/core/errors.ts";
import type { CloseHow, ExitFacts, LegAction } from "../../lib/core/exitFacts.ts";
import { isFirstStopDue, wasUnfilled } from "../../lib/core/exitPauses.ts";
import { nextAction, tooLittle } from "../../lib/core/exits.ts";
import { PANIC } from "../../lib/core/haltKinds.ts";
import { type In, isLive, type Order, settleMs } from "../../lib/core/order.ts";
import { sizeText } from "../../lib/core/text/format.ts";
import { type EpochMs, earliestKnown, epochMs, plusMs } from "../../lib/core/time.ts";
import type { WakeTopic } from "../../lib/core/wakeTopics.ts";
import { settleDust } from "../book/dust.ts";
import type { LegWithOrders, TradeCtx } from "../book/tradeCtx.ts";
import type { AppCtx } from "../context.ts";
import { cancel, findSentOrder } from "../orders/orderLookup.ts";
import { abandon } from "../orders/sendOrder.ts";
import { planMissingLegs } from "./addMissingLegs.ts";
import { isReserved, type Observed, observe, readPrices } from "./observeVenue.ts";
import { mustBeOpen, place } from "./placeExitOrder.ts";
import { bareAlertKey, raiseUnprotected, resolveBare } from "./unprotectedAlert.ts";

type ExitProgress =
  /** Every leg asked for is closed. */
  | { readonly kind: "flat" }
  /** Every open leg has its order at the venue, or waits for an answer; look again by then. */
  | {
      readonly kind: "wait";
      readonly untilMs: EpochMs | undefined;
      readonly reason: string;
      readonly wakeOn: readonly WakeTopic[];
      /** Every open leg has an order that the venue has accepted. */
      readonly covered: boolean;
    };

/** Limit of steps per leg in one run: more of them mean that two rules contradict each other. */
const MOST_STEPS = 20;
const LOOK_AGAIN_MS = 500;
const TRANSIT_MS = 100;
const TRANSIT_LIMIT_MS = 5_000;

/** With `positionId`: the legs of that position alone. Throws AppError retry when the venue cannot be read. */
export const manageExits = async (t: TradeCtx): Promise<ExitProgress> => {
  const { ctx, trade } = t;
  await placeFirstStops(t);
  const observed = await observe(t);
  let { prices } = observed;
  tellShrunkStops(t);
  let asked = false;
  const reserved = await isReserved(t);
  const looked = new Set<number>();
  const most = MOST_STEPS * (1 + ctx.db.tradeLegs.ofTrade(trade.id).length);
  for (let step = 0; step < most; step += 1) {
    settleDust(t);
    if (prices === undefined && !asked && needsPrices(t)) {
      asked = true;
      prices = await readPrices(ctx, trade.symbol);
    }
    const next = decide(t, { ...observed, prices, reserved }, looked);
    if (next.kind !== "do") {
      resolveHealed(t);
      return next;
    }
    const lookedUp = await perform(t, next.leg, next.action);
    if (lookedUp !== undefined) looked.add(lookedUp);
  }
  throw new AppError("alert", "DRIVE_ENDLESS", `trade ${trade.id} took ${most} steps in one look and is not settled`);
};

/**
 * A new fill gets its stop before anything is read: each read first would leave it unprotected for longer. The venue
 * itself says when the stop price is already passed (ERR-5129), or when the position is gone or not visible yet
 * (ERR-254).
 */
const placeFirstStops = async (t: TradeCtx): Promise<void> => {
  const { ctx, trade } = t;
  planMissingLegs(t);
  for (const leg of t.legs()) {
    if (tooLittle(trade.symbol, leg.open, trade.minSize)) continue;
    // The orders are read again: placing the stop before took its time.
    if (!isFirstStopDue({ ...leg, orders: ctx.db.orders.ofLeg(leg.id) }, ctx.clock.nowMs())) continue;
    await place(t, leg, {
      kind: "place",
      purpose: "stop",
      executionType: "STOP",
      price: leg.stop,
      exitReason: "stop_loss",
      why: "new position",
    });
  }
};

/** A leg without an order is closed by a limit first, or may get its stop back after a market order nobody took. */
const needsPrices = (t: TradeCtx): boolean => {
  const { ctx, trade } = t;
  if (t.legs().some((leg) => leg.open > 0n && wasUnfilled(leg.orders))) return true;
  const isOver = ctx.clock.nowMs() >= (ctx.db.trades.byId(trade.id)?.timeStopMs ?? Number.POSITIVE_INFINITY);
  const how = ownerCloses(ctx, trade.id) ?? (isOver ? "makerFirst" : undefined);
  if (how !== "makerFirst") return false;
  return t
    .legs()
    .some((leg) => leg.open > 0n && !leg.excess && !leg.orders.some((o) => isLive(o) || o.intent.purpose === "exit"));
};

type Decision = ExitProgress | { readonly kind: "do"; readonly leg: LegRow; readonly action: LegAction };

/** The most urgent action over all legs, or how long to wait. Legs without an order at the venue come first. */
const decide = (
  t: TradeCtx,
  observed: Observed & { readonly reserved: boolean },
  looked: ReadonlySet<number>,
): Decision => {
  const nowMs = t.ctx.clock.nowMs();
  const factsOf = exitFacts(t, observed, nowMs);
  const legs = t.legs();
  const waits: Extract<LegAction, { kind: "wait" }>[] = [];
  let covered = true;
  for (const leg of legs.toSorted((a, b) => urgency(a) - urgency(b) || a.id - b.id)) {
    const action = nextAction(leg, factsOf(leg));
    if (action.kind === "closed") continue;
    // An order whose cancel was asked protects only until the venue has processed the cancel.
    const orderly = leg.open > 0n && !tooLittle(t.trade.symbol, leg.open, t.trade.minSize);
    if (orderly && !leg.orders.some((o) => o.state === "open" && o.cancelAskedMs === undefined)) covered = false;
    if (action.kind === "wait") waits.push(action);
    // One stop is given up at a time: the next one only when the order that follows this one stands.
    else if (
      action.kind === "cancel" &&
      action.givesUpStop &&
      legs.some((other) => other.id !== leg.id && isInTransit(other, nowMs))
    )
      waits.push({ kind: "wait", reason: "another leg first", untilMs: plusMs(nowMs, TRANSIT_MS), wakeOn: [] });
    else if (action.kind === "look" && looked.has(action.order.id))
      waits.push({
        kind: "wait",
        reason: "looking for an order",
        untilMs: lookAgainAt(action.order, nowMs),
        wakeOn: [],
      });
    else return { kind: "do", leg, action };
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

/** 0: open and without any order that is or may be at the venue. */
const urgency = (leg: LegWithOrders): number => (leg.open > 0n && !leg.orders.some(isLive) ? 0 : 1);

/**
 * Between two orders, for at most 5 s: a leg whose order the venue keeps refusing must not block the exits of the
 * others.
 */
const isInTransit = (leg: LegWithOrders, nowMs: EpochMs): boolean => {
  const last = leg.orders.at(-1);
  if (leg.open === 0n || last === undefined) return false;
  const sinceMs = last.state === "open" ? last.cancelAskedMs : "closedMs" in last ? last.closedMs : last.createdMs;
  return sinceMs !== undefined && nowMs >= sinceMs && nowMs < sinceMs + TRANSIT_LIMIT_MS;
};

/** What the rules are given for each leg at this moment. */
const exitFacts = (
  { ctx, trade }: TradeCtx,
  { prices, listed, reserved }: Observed & { readonly reserved: boolean },
  nowMs: EpochMs,
): ((leg: LegRow) => ExitFacts) => {
  const booked = new Map(ctx.db.positions.ofTrade(trade.id).map((p) => [p.positionId, p.open] as const));
  const facts: ExitFacts = {
    symbol: trade.symbol,
    direction: trade.direction,
    minSize: trade.minSize,
    nowMs,
    prices,
    // Set with the first fill, which is booked before any leg exists.
    timeStopMs: ctx.db.trades.byId(trade.id)?.timeStopMs ?? nowMs,
    ownerCloses: ownerCloses(ctx, trade.id),
    reserved,
    restingMs: ctx.config.TAKE_PROFIT_REST_SECONDS * 1_000,
  };
  return (leg) => ({
    ...facts,
    // More than was approved: closed at market, whatever the price; the other legs keep their own exits.
    ...(leg.excess ? { ownerCloses: "market" } : {}),
    short: listed !== undefined && (listed.get(leg.positionId) ?? 0n) < (booked.get(leg.positionId) ?? 0n),
  });
};

/** A panic closes every open position of ours, also one that filled after it was called. */
const ownerCloses = (ctx: AppCtx, tradeId: number): CloseHow | undefined =>
  ctx.db.halts.active(ctx.clock.nowMs()).some((h) => h.kind === PANIC)
    ? "market"
    : ctx.db.trades.byId(tradeId)?.closeHow;

const lookAgainAt = (order: In<"sending" | "unknown">, nowMs: EpochMs): EpochMs => {
  const settledMs = order.sentMs + settleMs(order.intent.purpose);
  return epochMs(settledMs > nowMs ? Math.min(settledMs, nowMs + LOOK_AGAIN_MS) : nowMs + LOOK_AGAIN_MS);
};

/** Does one action. Returns the id of the order it looked up, if it did: it is looked up once in a run. */
const perform = async (t: TradeCtx, leg: LegRow, action: LegAction): Promise<number | undefined> => {
  switch (action.kind) {
    case "closed":
    case "wait":
      return undefined;
    case "abandon":
      abandon(t, action.order, action.why);
      return undefined;
    case "look":
      await findSentOrder(t, action.order);
      return action.order.id;
    case "cancel":
      // In maintenance or pre-open the venue may take the cancel and refuse the order that should follow: keep the
      // stop.
      if (action.givesUpStop) await mustBeOpen(t);
      await cancel(t, action.order, action.why);
      return undefined;
    case "place":
      await place(t, leg, action);
      return undefined;
    default:
      return action satisfies never;
  }
};

/** An accepted order that covers the whole leg. */
const isWhole = (leg: LegRow, o: Order): boolean => o.state === "open" && o.intent.size - o.executed >= leg.open;

/** A stop that was made smaller at the venue leaves a part unprotected; `stopResize` then places it again. */
const tellShrunkStops = (t: TradeCtx): void => {
  const { ctx, trade, commit } = t;
  const alerted = new Set(ctx.db.alerts.open().map((a) => a.key));
  for (const leg of t.legs()) {
    const stop = leg.orders.findLast(isLive);
    if (stop?.state !== "open" || stop.intent.purpose !== "stop" || stop.changedMs === undefined) continue;
    if (isWhole(leg, stop) || alerted.has(bareAlertKey(leg.id))) continue;
    const size = sizeText(leg.open - (stop.intent.size - stop.executed), trade.symbol);
    commit((tx, by) =>
      raiseUnprotected(tx, by, leg.id, (texts) => texts.shrunk({ size, symbol: trade.symbol, tradeId: trade.id })),
    );
  }
};

/** Resolves the alerts of legs that have their order again, or are closed; of the whole trade. */
const resolveHealed = ({ ctx, trade, commit }: TradeCtx): void => {
  const alerted = new Set(ctx.db.alerts.open().map((a) => a.key));
  const healed = ctx.db.tradeLegs
    .ofTrade(trade.id)
    .filter((leg) => alerted.has(bareAlertKey(leg.id)))
    .filter((leg) => leg.open === 0n || ctx.db.orders.ofLeg(leg.id).some((o) => isWhole(leg, o)));
  if (healed.length > 0)
    commit((tx, by) => {
      for (const leg of healed) resolveBare(tx, by, leg.id);
    });
};
