// Step 7, second half: sends the entry and manages it until it is filled, refused or its approval has expired; books
// every fill together with the job that protects it. It runs during a halt too (risk "reducing"): then it only cancels
// and books. After a restart it takes up an order that rests and is still valid.

import type { Proposal } from "../db/tables/proposals.ts";
import type { Trade } from "../db/tables/trades.ts";
import { leftBehind, nextEntryStep, passivePrice } from "../lib/core/entry.ts";
import { AppError } from "../lib/core/errors.ts";
import { START } from "../lib/core/haltKinds.ts";
import { type CoinE8, coinE8, minBig } from "../lib/core/money.ts";
import { type In, type Order, settleMs } from "../lib/core/order.ts";
import { sameLook } from "../lib/core/orderMatch.ts";
import { isNoQuote } from "../lib/core/quoteAge.ts";
import { isBelowHalf, type SizeBound } from "../lib/core/risk.ts";
import { sizeText } from "../lib/core/text/format.ts";
import { english, type Note } from "../lib/core/text/reasonTexts.ts";
import { type EpochMs, epochMs, plusMs } from "../lib/core/time.ts";
import type { OrderBook } from "../lib/core/venue.ts";
import { audit } from "./book/booking.ts";
import { entryFilled } from "./book/openTrades.ts";
import { type TradeCtx, tradeCtx } from "./book/tradeCtx.ts";
import { endEntry } from "./book/tradeEnd.ts";
import type { AppCtx, AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS } from "./jobs.ts";
import { bestQuote } from "./market/quotes.ts";
import { entryIntent } from "./orders/entryIntent.ts";
import { bindLateOrders } from "./orders/lateArrivals.ts";
import { cancel, externalActivity, findSentOrder, isUnexplained, syncOpenOrders } from "./orders/orderLookup.ts";
import { type Around, abandon, intendAndSend, sendIntended } from "./orders/sendOrder.ts";
import { pollAgain, withVenueRetry } from "./protection/venueRetry.ts";
import { clockGates, type Recheck, recheckEntry } from "./risk/entryCheck.ts";

const MOST_STEPS = 40;
const LOOK_AGAIN_MS = 1_000;
/** A check this old at most serves the next quote too: halts, time and clock are judged again at the send. */
const CHECKED_MS = 2_000;
/**
 * A resting entry is polled this many times as often as a protected position: a fill found late is an unprotected
 * position. With the default of 2 s, a fill that no event reports is found within 333 ms, which leaves time for two
 * stops within a second.
 */
const POLLS = 6;
/** How often to check whether to follow the market: each check costs public requests, which have a low rate limit. */
const FOLLOW_EVERY_MS = 2_000;

export const watchEntry: AppHandler<"watchEntry"> = {
  name: "watchEntry",
  input: JOB_INPUTS.watchEntry,
  maxAttempts: 100_000,
  timeoutMs: 120_000,
  risk: "reducing",
  priority: 50,
  backoff: { baseMs: 500, capMs: 5_000 },
  serialKey: ({ proposalId }) => `entry:${proposalId}`,
  async run({ proposalId }, ctx): Promise<AppOutcome> {
    const trade = ctx.db.trades.byProposal(proposalId);
    const proposal = ctx.db.proposals.byId(proposalId);
    if (!trade || !proposal)
      throw new AppError("permanent", "TRADE_MISSING", `expected a trade of proposal ${proposalId}, found none`);
    if (trade.entryEndedMs !== undefined) return { kind: "done" };
    const t = tradeCtx(ctx, trade);
    return withVenueRetry(t, () => work(t, proposal));
  },
};

const work = async (t: TradeCtx, proposal: Proposal): Promise<AppOutcome> => {
  const { ctx, trade } = t;
  const entries = () => t.orders().filter((o) => o.intent.purpose === "entry");
  const open = entries().filter((o): o is In<"open"> => o.state === "open");
  const unreported = await syncOpenOrders(t, open);
  // An order presumed never sent may still arrive and fill beside its successor: look for it, so that the successor is
  // cancelled.
  if (entries().some((o) => o.state === "neverSent" && o.sentMs !== undefined))
    await bindLateOrders(t, await externalActivity(ctx, trade.symbol));
  if (unreported.length > 0) {
    // Ended at the venue: there is nothing to cancel or to quote, only to poll again. Reconcile alerts the owner
    // meanwhile.
    const untilMs = plusMs(ctx.clock.nowMs(), LOOK_AGAIN_MS);
    return pollAgain(
      ctx,
      trade.symbol,
      { untilMs, reason: "the venue has not reported its executions" },
      LOOK_AGAIN_MS,
    );
  }
  const looked = new Set<number>();
  let refusal: Note | undefined;
  let justRead: { readonly quote: FreshQuote; readonly atMs: EpochMs } | undefined;
  for (let count = 0; count < MOST_STEPS; count += 1) {
    const nowMs = ctx.clock.nowMs();
    const legs = ctx.db.tradeLegs.ofTrade(trade.id);
    const orders = entries();
    const halts = ctx.db.halts.active(nowMs).map((h) => h.kind);
    const step = nextEntryStep({
      direction: trade.direction,
      nowMs,
      validUntilMs: proposal.validUntilMs,
      // It may have been reduced since.
      size: ctx.db.trades.byId(trade.id)?.targetSize ?? trade.targetSize,
      filled: entryFilled(ctx.db, trade.id),
      minSize: trade.minSize,
      maxRequotes: ctx.config.MAX_REQUOTES,
      orders,
      halts: halts.filter((kind) => kind !== START),
      comparing: halts.includes(START),
      checkSentBeforeMs: uncheckedSince(t),
      closedGates: clockGates(ctx, nowMs).filter((gate) => !gate.pass),
      exitStarted: legs.some((leg) => leg.open < leg.size),
      band: { low: proposal.bandLow, high: proposal.bandHigh },
      stop: proposal.stop,
      ownerCloses: ctx.db.trades.byId(trade.id)?.closeHow !== undefined,
    });
    switch (step.kind) {
      case "look": {
        if (looked.has(step.order.id)) {
          const settledMs = step.order.sentMs + settleMs("entry");
          const untilMs = epochMs(settledMs > nowMs ? settledMs : nowMs + LOOK_AGAIN_MS);
          return pollAgain(ctx, trade.symbol, { untilMs, reason: "looking for the entry order" }, LOOK_AGAIN_MS);
        }
        looked.add(step.order.id);
        await findSentOrder(t, step.order);
        break;
      }
      case "abandon":
        abandon(t, step.order, english(step.why));
        break;
      case "send": {
        const { order } = step;
        const quote = await freshQuote(t, proposal);
        if (quote.kind === "refused") refusal = quote.reason;
        const around = await beforeEntry(t);
        if (around === "unexplained") refusal = { key: "unexplainedOrder" };
        // Price and size are still valid: send it unchanged. Otherwise abandon it and quote at the price just read.
        if (
          around !== "unexplained" &&
          !around.others.some((other) => sameLook(order.intent, other)) &&
          quote.kind === "ok" &&
          quote.price === order.intent.plannedPrice &&
          quote.size >= order.intent.size
        )
          await syncIfOpen(t, await sendIntended(t, order.id, around));
        else {
          abandon(t, order, english(refusal ?? { key: "priceMoved" }));
          if (refusal === undefined) justRead = { quote, atMs: nowMs };
        }
        break;
      }
      case "quote": {
        const reads = justRead !== undefined && isWithin(ctx, justRead.atMs, CHECKED_MS) ? justRead.quote : undefined;
        justRead = undefined;
        const quote = reads ?? (await freshQuote(t, proposal));
        if (quote.kind === "refused") return end(t, quote.reason);
        const around = await beforeEntry(t);
        if (around === "unexplained") return end(t, { key: "unexplainedOrder" });
        const size = minBig(step.size, quote.size);
        const bound = size < step.size ? quote.bound : undefined;
        const planned = coinE8(entryFilled(ctx.db, trade.id) + size);
        if (bound !== undefined && isBelowHalf(planned, proposal.size)) {
          const [now, approved] = [sizeText(planned, trade.symbol), sizeText(proposal.size, trade.symbol)];
          return end(t, { key: "belowHalf", with: { size: now, approved, bound } });
        }
        if (bound !== undefined) sayMadeSmaller(t, proposal, planned, bound);
        const intent = entryIntent(trade, proposal, quote.price, size);
        const why = orders.length === 0 ? "first quote" : "re-quote";
        const order = await intendAndSend(t, intent, why, { around });
        if (order) await syncIfOpen(t, order);
        break;
      }
      case "cancel":
        await cancel(t, step.order, english(step.why));
        break;
      case "check": {
        const check = await watching(t, step.order, recheckEntry(ctx, proposal, step.order));
        const now = ctx.db.orders.byId(step.order.id);
        // Filled meanwhile, in part or in full: decide again.
        if (now?.state !== "open" || now.executed !== step.order.executed) break;
        const refused = refusalOf(check, now);
        if (refused === undefined) takeUp(t, now);
        else await cancel(t, now, english(refused));
        break;
      }
      case "wait": {
        if (step.mayReprice && step.order && isTurnToFollow(ctx, step.order)) {
          const follows = await watching(t, step.order, mayFollow(t, proposal, step.order));
          const now = ctx.db.orders.byId(step.order.id);
          // Filled meanwhile, in part or in full: decide again.
          if (now?.state !== "open" || now.executed !== step.order.executed) break;
          if (follows) {
            await cancel(t, now, "the market left it behind");
            break;
          }
        }
        return pollAgain(ctx, trade.symbol, step, Math.floor(ctx.pollMs / POLLS));
      }
      case "end":
        return end(t, refusal ?? step.reason);
      default:
        step satisfies never;
    }
  }
  throw new AppError("alert", "ENTRY_ENDLESS", `the entry of trade ${trade.id} took ${MOST_STEPS} steps in one look`);
};

/** The start of this worker whose comparison this trade's entry has not been checked after; undefined: none. */
const uncheckedSince = ({ ctx, trade }: TradeCtx): EpochMs | undefined => {
  const comparedMs = ctx.db.halts.lastCleared(START)?.clearedMs;
  const checkedMs = ctx.db.trades.byId(trade.id)?.entryCheckedMs;
  return comparedMs === undefined || (checkedMs !== undefined && checkedMs >= comparedMs) ? undefined : comparedMs;
};

const refusalOf = (check: Recheck, order: In<"open">): Note | undefined => {
  if (check.kind === "refused") return check.reason;
  // A balance that moved by a yen takes a step off the size that the limits allow: that alone cancels nothing.
  return 2n * check.size < order.intent.size - order.executed ? { key: "noSize" } : undefined;
};

/** The limits leave less than when the trade began: kept with the trade for the card and the fill message, and audited. */
const sayMadeSmaller = (t: TradeCtx, proposal: Proposal, planned: CoinE8, bound: SizeBound): void => {
  const facts = { size: sizeText(planned, t.trade.symbol), approved: sizeText(proposal.size, t.trade.symbol), bound };
  t.commit((tx, by) => {
    tx.trades.reduceTarget(by.trade.id, planned, bound);
    audit(tx, by, "entry.smaller", {
      sizeE8: planned,
      approvedE8: proposal.size,
      bound,
      why: english({ key: "smaller", with: facts }),
    });
  });
};

/** The order rests on as it was approved; the next look after this one does not check it again. */
const takeUp = (t: TradeCtx, order: In<"open">): void => {
  const { ctx, trade } = t;
  const atMs = ctx.clock.nowMs();
  ctx.commit((tx) => {
    tx.trades.setEntryChecked(trade.id, atMs);
    tx.audit.append({
      atMs,
      kind: "entry.takenUp",
      actor: "watchEntry",
      traceId: trade.traceId,
      data: { tradeId: trade.id, proposalId: trade.proposalId, orderId: order.id, venueOrderId: order.venueOrderId },
    });
  });
};

/** A post-only order may have expired by the time its response arrives (GMO API 14.10), so it is read back at once. */
const syncIfOpen = async (t: TradeCtx, order: Order): Promise<void> => {
  if (order.state === "open") await syncOpenOrders(t, [order]);
};

/**
 * Read just before an entry is sent: the newest order id, by which this entry is recognised if its answer is lost, and the
 * orders of another hand, whose look it must not share. "unexplained": the venue shows something that may be an earlier
 * entry of this trade, given up as lost; a second one must not follow it.
 */
const beforeEntry = async (t: TradeCtx): Promise<Around | "unexplained"> => {
  const { ctx, trade } = t;
  const around = await externalActivity(ctx, trade.symbol);
  for (const order of t.orders())
    if (order.intent.purpose === "entry" && order.state === "neverSent" && order.sentMs !== undefined)
      if (await isUnexplained(ctx, order, around)) return "unexplained";
  return { newestId: ctx.db.orders.newestVenueId(), others: around.orders };
};

/** From `atMs` to `ms` later; a clock set back is neither. */
const isWithin = ({ clock }: AppCtx, atMs: EpochMs, ms: number): boolean => {
  const ageMs = clock.nowMs() - atMs;
  return ageMs >= 0 && ageMs <= ms;
};
type FreshQuote =
  | {
      readonly kind: "ok";
      readonly price: bigint & Proposal["entry"];
      readonly size: Trade["targetSize"];
      readonly bound: SizeBound | undefined;
    }
  | { readonly kind: "refused"; readonly reason: Note };

/** The check before the send, and the passive price it allows. */
const freshQuote = async ({ ctx, trade }: TradeCtx, proposal: Proposal): Promise<FreshQuote> => {
  const check = await recheckEntry(ctx, proposal);
  if (check.kind === "refused") return check;
  const band = { low: proposal.bandLow, high: proposal.bandHigh };
  const price = passivePrice(trade.direction, check.quote, band, trade.tick);
  if (price === undefined) return { kind: "refused", reason: { key: "noPassivePrice" } };
  return { kind: "ok", price, size: check.size, bound: check.bound };
};

/** Whether this poll checks the market, decided by the order's age alone: nothing is stored between two polls. */
const isTurnToFollow = (ctx: AppCtx, order: In<"open">): boolean => {
  const restedMs = Math.max(0, ctx.clock.nowMs() - order.sentMs);
  return restedMs % FOLLOW_EVERY_MS < ctx.pollMs / POLLS;
};

/**
 * Waits for `result` and keeps reading the order meanwhile: at the public rate limit the result may take seconds, and
 * a fill found only then would be unprotected for that long. Each read waits for its turn and its response, so they
 * are few.
 */
const watching = async <T>(t: TradeCtx, order: In<"open">, result: Promise<T>): Promise<T> => {
  let pending = true;
  const end = (): void => {
    pending = false;
  };
  const ended = result.then(end, end);
  try {
    for (let now: Order | undefined = order; pending && now?.state === "open"; now = t.ctx.db.orders.byId(order.id))
      await syncOpenOrders(t, [now]);
  } finally {
    await ended;
  }
  return result;
};

/** undefined: the exchange's book is too old to follow; the resting order stays inside its approved band. */
const bookOrNone = async (ctx: AppCtx, symbol: string): Promise<OrderBook | undefined> => {
  try {
    return await ctx.venue.orderBook(symbol, ctx.signal);
  } catch (e) {
    if (!isNoQuote(e)) throw e;
    ctx.log.warn({ symbol, code: e.code }, "entry.noQuote");
    return undefined;
  }
};

/** True when the market has moved away from a resting order and a new order would pass every check now. */
const mayFollow = async (t: TradeCtx, proposal: Proposal, order: In<"open">): Promise<boolean> => {
  const { ctx, trade } = t;
  const { price } = order.intent;
  const quoted = await bookOrNone(ctx, trade.symbol);
  if (quoted === undefined) return false;
  const { bid, ask } = bestQuote(quoted);
  if (price === undefined || !leftBehind(trade.direction, price, trade.direction === "long" ? bid : ask)) return false;
  const quote = await freshQuote(t, proposal);
  return quote.kind === "ok" && leftBehind(trade.direction, price, quote.price);
};

const end = (t: TradeCtx, reason: Note): AppOutcome => ({
  kind: "done",
  write: (tx) => endEntry(tx, t.auditCtx(), reason),
});
