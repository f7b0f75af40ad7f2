// Step 7, second half: sends the entry and works it until it is filled, given up or out of time; books every fill, each with
// the job that protects it in the same commit. It runs under a halt too (risk "reducing"): then it only cancels and books.
import { z } from "zod";
import type { Proposal } from "../db/tables/proposals.ts";
import type { Trade } from "../db/tables/trades.ts";
import { leftBehind, nextEntryStep, passivePrice } from "../lib/core/entry.ts";
import { AppError } from "../lib/core/errors.ts";
import { coinE8, minBig } from "../lib/core/money.ts";
import { type In, type Order, settleMs } from "../lib/core/order.ts";
import { english, type Note } from "../lib/core/text/reasonTexts.ts";
import { epochMs, plusMs } from "../lib/core/time.ts";
import type { Outcome } from "../queue/types.ts";
import { auditCtx } from "./book/booking.ts";
import { endEntry } from "./book/tradeEnd.ts";
import type { AppCtx, AppHandler } from "./context.ts";
import { bestQuote } from "./market/quotes.ts";
import { entryIntent } from "./orders/entryIntent.ts";
import { bindLateOrders } from "./orders/lateArrivals.ts";
import { cancel, externalActivity, findSentOrder, syncOpenOrders } from "./orders/lookup.ts";
import { abandon, intendAndSend, sendIntended } from "./orders/sendOrder.ts";
import { pollAgain, withVenueRetry } from "./protection/venueRetry.ts";
import { clockGates, recheckEntry } from "./risk/entryCheck.ts";

const Input = z.strictObject({ proposalId: z.string().min(1) });
type Input = z.infer<typeof Input>;

const MOST_STEPS = 40;
const LOOK_AGAIN_MS = 1_000;
/**
 * A resting entry is looked at this many times as often as a protected position: a fill found late is a bare position. With
 * the default of 2 s, a fill that no event tells of is found within 333 ms, which leaves time for two stops inside a second.
 */
const POLLS = 6;
/** Whether to follow the market is asked about this often: each answer costs public requests, and those come slowly. */
const FOLLOW_EVERY_MS = 2_000;

export const watchEntry: AppHandler<Input> = {
  name: "watchEntry",
  input: Input,
  maxAttempts: 100_000,
  timeoutMs: 120_000,
  risk: "reducing",
  priority: 50,
  backoff: { baseMs: 500, capMs: 5_000 },
  serialKey: ({ proposalId }) => `entry:${proposalId}`,
  async run({ proposalId }, ctx): Promise<Outcome> {
    const trade = ctx.db.trades.byProposal(proposalId);
    const proposal = ctx.db.proposals.byId(proposalId);
    if (!trade || !proposal)
      throw new AppError("permanent", "TRADE_MISSING", `expected a trade of proposal ${proposalId}, found none`);
    if (trade.entryEndedMs !== undefined) return { kind: "done" };
    return withVenueRetry(ctx, trade, () => work(ctx, trade, proposal));
  },
};

const work = async (ctx: AppCtx, trade: Trade, proposal: Proposal): Promise<Outcome> => {
  const entries = () => ctx.db.orders.ofTrade(trade.id).filter((o) => o.intent.purpose === "entry");
  const open = entries().filter((o): o is In<"open"> => o.state === "open");
  const unreported = await syncOpenOrders(ctx, trade, open);
  // A request given up as lost may arrive and fill beside its successor: seen at once, the successor is cancelled.
  if (entries().some((o) => o.state === "neverSent" && o.sentMs !== undefined))
    await bindLateOrders(ctx, trade, await externalActivity(ctx, trade.symbol));
  if (unreported.length > 0) {
    // Ended at the venue: there is nothing to cancel or to quote, only to look again. Reconcile asks a person meanwhile.
    const untilMs = plusMs(ctx.clock.nowMs(), LOOK_AGAIN_MS);
    return pollAgain(ctx, trade.symbol, { untilMs, reason: "the venue has not told its executions" }, LOOK_AGAIN_MS);
  }
  const looked = new Set<number>();
  let refusal: Note | undefined;
  for (let count = 0; count < MOST_STEPS; count += 1) {
    const nowMs = ctx.clock.nowMs();
    const legs = ctx.db.tradeLegs.ofTrade(trade.id);
    const orders = entries();
    const step = nextEntryStep({
      direction: trade.direction,
      nowMs,
      validUntilMs: proposal.validUntilMs,
      size: trade.targetSize,
      filled: coinE8(orders.reduce((sum, o) => sum + ctx.db.executions.bookedSize(o.id), 0n)),
      minSize: trade.minSize,
      maxRequotes: ctx.config.MAX_REQUOTES,
      orders,
      halts: ctx.db.halts.active(nowMs).map((h) => h.kind),
      closedGates: clockGates(ctx, nowMs).filter((gate) => !gate.pass),
      exitStarted: legs.some((leg) => leg.open < leg.size),
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
        await findSentOrder(ctx, trade, step.order);
        break;
      }
      case "abandon":
        abandon(ctx, trade, step.order, english(step.why));
        break;
      case "send": {
        const quote = await freshQuote(ctx, trade, proposal);
        if (quote.kind === "refused") refusal = quote.reason;
        // Priced a moment ago, and still the right price and size: it goes out as it is. Otherwise it is quoted anew.
        if (
          quote.kind === "ok" &&
          quote.price === step.order.intent.plannedPrice &&
          quote.size >= step.order.intent.size
        )
          await settled(ctx, trade, await sendIntended(ctx, trade, step.order.id));
        else abandon(ctx, trade, step.order, english(refusal ?? { key: "priceMoved" }));
        break;
      }
      case "quote": {
        const quote = await freshQuote(ctx, trade, proposal);
        if (quote.kind === "refused") return end(ctx, trade, quote.reason);
        const intent = entryIntent(trade, proposal, quote.price, minBig(step.size, quote.size));
        const order = await intendAndSend(ctx, trade, intent, orders.length === 0 ? "first quote" : "re-quote");
        if (order) await settled(ctx, trade, order);
        break;
      }
      case "cancel":
        await cancel(ctx, trade, step.order, english(step.why));
        break;
      case "wait": {
        if (step.mayReprice && step.order && isTurnToFollow(ctx, step.order)) {
          const follows = await watching(ctx, trade, step.order, mayFollow(ctx, trade, proposal, step.order));
          const now = ctx.db.orders.byId(step.order.id);
          // Filled meanwhile, in part or all of it: decided anew.
          if (now?.state !== "open" || now.executed !== step.order.executed) break;
          if (follows) {
            await cancel(ctx, trade, now, "the market left it behind");
            break;
          }
        }
        return pollAgain(ctx, trade.symbol, step, Math.floor(ctx.pollMs / POLLS));
      }
      case "end":
        return end(ctx, trade, refusal ?? step.reason);
      default:
        step satisfies never;
    }
  }
  throw new AppError("alert", "ENTRY_ENDLESS", `the entry of trade ${trade.id} took ${MOST_STEPS} steps in one look`);
};

/** Post-only orders may be expired by the time the answer is here (GMO API 14.10): look at once. */
const settled = async (ctx: AppCtx, trade: Trade, order: Awaited<ReturnType<typeof sendIntended>>): Promise<void> => {
  if (order.state === "open") await syncOpenOrders(ctx, trade, [order]);
};

type FreshQuote =
  | { readonly kind: "ok"; readonly price: bigint & Proposal["entry"]; readonly size: Trade["targetSize"] }
  | { readonly kind: "refused"; readonly reason: Note };

/** The check before the send, and the passive price it allows. */
const freshQuote = async (ctx: AppCtx, trade: Trade, proposal: Proposal): Promise<FreshQuote> => {
  const check = await recheckEntry(ctx, proposal);
  if (check.kind === "refused") return check;
  const band = { low: proposal.bandLow, high: proposal.bandHigh };
  const price = passivePrice(trade.direction, check.quote, band, trade.tick);
  if (price === undefined) return { kind: "refused", reason: { key: "noPassivePrice" } };
  return { kind: "ok", price, size: check.size };
};

/** One look in so many, told by the time alone: nothing is remembered between two looks. */
const isTurnToFollow = (ctx: AppCtx, order: In<"open">): boolean => {
  const restedMs = Math.max(0, ctx.clock.nowMs() - order.sentMs);
  return restedMs % FOLLOW_EVERY_MS < ctx.pollMs / POLLS;
};

/**
 * Waits for `answer` and looks at the order all the while: at the public pace the answer may take seconds, and a fill found only
 * then would have been bare so long. Each look waits for its turn and its reply, so they are few.
 */
const watching = async <T>(ctx: AppCtx, trade: Trade, order: In<"open">, answer: Promise<T>): Promise<T> => {
  let pending = true;
  const end = (): void => {
    pending = false;
  };
  const ended = answer.then(end, end);
  try {
    for (let now: Order | undefined = order; pending && now?.state === "open"; now = ctx.db.orders.byId(order.id))
      await syncOpenOrders(ctx, trade, [now]);
  } finally {
    await ended;
  }
  return answer;
};

/** The market has left a resting order behind, and a new one would pass every check now: else it rests on where it is. */
const mayFollow = async (ctx: AppCtx, trade: Trade, proposal: Proposal, order: In<"open">): Promise<boolean> => {
  const { price } = order.intent;
  const { bid, ask } = bestQuote(await ctx.venue.orderBook(trade.symbol, ctx.signal));
  if (price === undefined || !leftBehind(trade.direction, price, trade.direction === "long" ? bid : ask)) return false;
  const quote = await freshQuote(ctx, trade, proposal);
  return quote.kind === "ok" && leftBehind(trade.direction, price, quote.price);
};

const end = (ctx: AppCtx, trade: Trade, reason: Note): Outcome => ({
  kind: "done",
  write: (tx) => endEntry(tx, auditCtx(ctx, trade), reason),
});
