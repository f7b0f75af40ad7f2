// Compares the venue with our book, at start, every five minutes and after an alert. What can be explained is booked; what
// has no protection gets it now; a trade nobody looks after gets its watcher back. What stays unexplained at a second look
// halts entries and is told to the owner; when nothing is left, the halts of doubt end by themselves.
import { z } from "zod";
import type { SeenDifference } from "../db/tables/differences.ts";
import type { Trade } from "../db/tables/trades.ts";
import { AppError } from "../lib/core/errors.ts";
import { tooLittle } from "../lib/core/exits.ts";
import { orderDifferences, positionDifferences } from "../lib/core/ledger.ts";
import { type In, isLive, settleMs } from "../lib/core/order.ts";
import { symbolsOf } from "../lib/core/product.ts";
import { textsOf } from "../lib/core/text/catalogue.ts";
import { composeAlert } from "../lib/core/text/composeAlert.ts";
import { type EpochMs, jstDayStart, MINUTE_MS } from "../lib/core/time.ts";
import { isTerminalStatus } from "../lib/core/venue.ts";
import type { NewJob, Outcome, Tx } from "../queue/types.ts";
import { readAccount } from "./account.ts";
import { API_HALT, checkJob } from "./apiWatch.ts";
import { expireProposal } from "./awaitApproval.ts";
import { judgeLosses } from "./losses.ts";
import { bookCoinTrades, type CoinDifference, coinDifferences } from "./orders/coins.ts";
import { finishIfFlat } from "./orders/drive.ts";
import { correctEstimates, ESTIMATED_AFTER_MS, estimatedClose } from "./orders/estimated.ts";
import { adoptLateArrivals } from "./orders/foreign.ts";
import { bookOthersTrades, readHeld } from "./orders/held.ts";
import { bookSeen, lookFor, refresh, type Strangers, strangers } from "./orders/look.ts";
import { unrelenting } from "./orders/patience.ts";
import { settleRests } from "./orders/rests.ts";
import { endSettled } from "./orders/unanswered.ts";
import type { AppCtx, AppHandler } from "./services.ts";

export { ledgerDifferences, ledgerMatchesVenue } from "./orders/ledger.ts";

/** `quick`: something unexplained was heard or seen. It is settled and protected at once; what stays unlike is the full one's. */
const Input = z.strictObject({ tickMs: z.int().optional(), quick: z.boolean().optional() });
type Input = z.infer<typeof Input>;

/** A sent order is settled by its own job; only when that had its time, and this much more, it is done here. */
const LEFT_ALONE_MS = 5_000;
const SECOND_LOOK_MS = 5_000;
/** A start is over when its last order without an answer is settled: then every second counts. */
const UNANSWERED_LOOK_MS = 1_000;
/** The venue could not be read: nobody may trade before it can, so it is asked again soon, and for ever. */
const LOOK_AGAIN_MS = 2_000;
/** Differences seen this often are facts. */
const SEEN_ENOUGH = 2;
/** A proposal still pending this long after its deadline has lost its job. */
const ABANDONED_MS = 60_000;
const MISMATCH = "mismatch";
/** Raised by the queue after an `alert`; nobody but a clean reconcile (or the owner) ends it. */
const DOUBT = "doubt";
/** Raised by the queue when the reaction to a failure failed itself (queue/ledger.ts). */
const FAILURE_HANDLING = "failureHandling";
/** Raised at the start on a restored backup (handlers/cli/restored.ts). */
export const QUARANTINE = "quarantine";

export const reconcile: AppHandler<Input> = {
  name: "reconcile",
  input: Input,
  maxAttempts: 100,
  timeoutMs: 120_000,
  risk: "neutral",
  priority: 60,
  // Short: a follower, such as the one of a start, waits behind it.
  backoff: { baseMs: 500, capMs: 5_000 },
  // A quick one never waits behind a second look, nor the one of a start behind a quick one.
  serialKey: ({ quick }) => (quick === true ? "reconcile:quick" : "reconcile"),
  async run({ quick }, ctx): Promise<Outcome> {
    const found: CoinDifference[] = [];
    const next: NewJob[] = [];
    let account: Awaited<ReturnType<typeof readAccount>>;
    try {
      for (const symbol of symbolsOf(ctx.config.PRODUCT)) {
        found.push(...(await settleSymbol(ctx, symbol)));
        next.push(...guardians(ctx, symbol));
      }
      if (quick === true) return { kind: "done", next: [...next, ...fullOne(found, ctx.clock.nowMs())] };
      account = await readAccount(ctx);
    } catch (e) {
      if (!(e instanceof AppError) || e.verdict !== "retry" || ctx.signal.aborted) throw unrelenting(e);
      ctx.log.warn({ code: e.code, err: e }, "reconcile.venueNotAnswering");
      const untilMs = (ctx.clock.nowMs() + LOOK_AGAIN_MS) as EpochMs;
      return { kind: "snooze", untilMs, reason: `the venue could not be read (${e.code})`, next };
    }
    judgeLosses(ctx, account);
    const nowMs = ctx.clock.nowMs();
    if (isUnchecked(ctx, nowMs)) next.push(checkJob(nowMs));
    // What such an order has become is not known yet: that is no agreement, and ends no halt.
    const settlesMs = unansweredUntilMs(ctx, nowMs);
    if (settlesMs !== undefined)
      return { kind: "snooze", untilMs: settlesMs, reason: "an order is without an answer", next };
    const before = ctx.db.differences.all();
    const again = new Set(before.map((d) => d.key));
    if (found.some((d) => !again.has(d.key)))
      return {
        kind: "snooze",
        untilMs: (nowMs + SECOND_LOOK_MS) as EpochMs,
        reason: "a difference was seen for the first time",
        write: (tx) => void tx.differences.record(found, nowMs),
        next,
      };
    return {
      kind: "done",
      write: (tx) => {
        // The first look of a JST day, when no bar has made its point yet: the worker was down at midnight.
        if ((tx.equity.latest()?.atMs ?? 0) < jstDayStart(nowMs))
          tx.equity.record(nowMs, account.equity, account.unrealised);
        judge(tx, ctx, settled(tx, found, nowMs), nowMs);
      },
      next,
    };
  },
};

/** When orders without an answer are looked at again: as the first of them settles, then by the second. */
const unansweredUntilMs = (ctx: AppCtx, nowMs: EpochMs): EpochMs | undefined => {
  const settles = ctx.db.orders
    .allLive()
    .flatMap((o) => (o.state === "sending" || o.state === "unknown" ? [o.sentMs + settleMs(o.intent.purpose)] : []));
  if (settles.length === 0) return undefined;
  return Math.min(nowMs + SECOND_LOOK_MS, Math.max(nowMs + UNANSWERED_LOOK_MS, Math.min(...settles))) as EpochMs;
};

/** Once a minute for the same difference. */
const fullOne = (found: readonly CoinDifference[], nowMs: EpochMs): readonly NewJob[] => {
  const [first] = found;
  if (first === undefined) return [];
  return [{ name: "reconcile", key: `reconcile:found:${first.key}:${Math.floor(nowMs / MINUTE_MS)}`, input: {} }];
};

/** Records what was found, counts what turns out to be a payment of the owner's, and returns the rest. */
const settled = (tx: Tx, found: readonly CoinDifference[], atMs: EpochMs): readonly SeenDifference[] => {
  const byKey = new Map(found.map((d) => [d.key, d] as const));
  const quarrels: SeenDifference[] = [];
  for (const d of tx.differences.record(found, atMs)) {
    const { settle, settleAfterMs } = byKey.get(d.key) ?? {};
    const early = settleAfterMs !== undefined && atMs - d.firstSeenMs < settleAfterMs;
    if (settle === undefined || early) quarrels.push(d);
    else if (d.seen >= SEEN_ENOUGH) settle(tx);
  }
  return quarrels;
};

/** The halt of the API stands, and the job that ends it is gone. */
const isUnchecked = (ctx: AppCtx, nowMs: EpochMs): boolean =>
  ctx.db.halts.active(nowMs).some((h) => h.kind === API_HALT) &&
  !ctx.db.jobs.list({ name: "checkApi", limit: 5 }).some((j) => j.state === "ready" || j.state === "running");

/** Settles what is open of one symbol, books what was missed, and returns what cannot be explained. */
export const settleSymbol = async (ctx: AppCtx, symbol: string): Promise<readonly CoinDifference[]> => {
  const held = await readHeld(ctx, symbol);
  const trades = new Map<number, Trade>();
  const tradeOf = (id: number): Trade | undefined => {
    const trade = trades.get(id) ?? ctx.db.trades.byId(id);
    if (trade) trades.set(id, trade);
    return trade;
  };
  const nowMs = ctx.clock.nowMs();
  let untold = false;
  for (const order of ctx.db.orders.live(symbol)) {
    const trade = tradeOf(order.intent.tradeId);
    if (!trade) continue;
    if (order.state === "open") untold = (await refresh(ctx, trade, [order])).length > 0 || untold;
    else if (order.state !== "intended" && nowMs >= order.sentMs + settleMs(order.intent.purpose) + LEFT_ALONE_MS)
      await lookFor(ctx, trade, order);
  }
  const around = await strangers(ctx, symbol);
  await bookLateFills(ctx, around, tradeOf);
  for (const order of ctx.db.orders.givenUp(symbol, nowMs - LATE_MS)) tradeOf(order.intent.tradeId);
  for (const position of ctx.db.positions.open()) if (position.symbol === symbol) tradeOf(position.tradeId);
  if (held.kind === "coins") await bookCoinTrades(ctx, symbol, around);
  for (const trade of trades.values()) {
    if (around.orders.length > 0) await adoptLateArrivals(ctx, trade, around);
    await bookOthersTrades(ctx, trade, held);
    settleRests(ctx, trade);
    finishIfFlat(ctx, trade);
  }
  // After the late arrivals: what an order of ours has done is no close by another hand.
  correctEstimates(ctx, around.executions);
  // An order still without an answer explains one at the venue that looks foreign; its own job is looking.
  if (ctx.db.orders.live(symbol).some((o) => o.state === "sending" || o.state === "unknown")) return [];
  const ours = ctx.db.positions.open().filter((p) => p.symbol === symbol);
  const active = around.orders.filter((o) => !isTerminalStatus(o.status));
  return [
    ...orderDifferences(ctx.db.orders.venueIds(symbol), active),
    ...(held.kind === "coins"
      ? await coinDifferences(ctx, symbol, held.amount)
      : positionDifferences(ours, held.positions).map((d) => {
          const position = untold ? undefined : ours.find((p) => d.key === `size:${p.positionId}`);
          const settle = position && estimatedClose(ctx, position, held.positions);
          return settle === undefined ? d : { ...d, settle, settleAfterMs: ESTIMATED_AFTER_MS };
        })),
  ];
};
const LATE_MS = 3_600_000;

/** Fills of orders that had ended when we looked: the venue's word then was not its last. */
const bookLateFills = async (
  ctx: AppCtx,
  around: Strangers,
  tradeOf: (id: number) => Trade | undefined,
): Promise<void> => {
  for (const venueOrderId of new Set(around.unbooked.map((e) => e.orderId))) {
    const order = ctx.db.orders.byVenueId(venueOrderId);
    const trade = order && tradeOf(order.intent.tradeId);
    if (!order || !trade || isLive(order)) continue;
    const [shown] = await ctx.venue.orders([venueOrderId], ctx.signal);
    if (shown !== undefined) await bookSeen(ctx, trade, order.id, shown);
  }
};

/** Jobs for whatever of ours has nobody to look after it. */
export const guardians = (ctx: AppCtx, symbol: string): readonly NewJob[] => {
  const nowMs = ctx.clock.nowMs();
  const jobs: NewJob[] = [];
  for (const trade of ctx.db.trades.alive()) {
    if (trade.symbol !== symbol) continue;
    const alive = (name: string, keyStart: string): boolean =>
      ctx.db.jobs
        .trace(trade.traceId)
        .some((j) => j.name === name && j.key.startsWith(keyStart) && ["ready", "running", "parked"].includes(j.state));
    const traceId = trade.traceId;
    const entry = `entry:${trade.proposalId}`;
    if (trade.entryEndedMs === undefined && !alive("watchEntry", entry))
      jobs.push({ name: "watchEntry", key: `${entry}:${nowMs}`, input: { proposalId: trade.proposalId }, traceId });
    for (const position of ctx.db.positions.ofTrade(trade.id)) {
      if (position.open === 0n) continue;
      const covered = coveredSize(ctx, position.positionId, trade);
      const protecting = ctx.db.jobs
        .trace(traceId)
        .some(
          (j) =>
            j.name === "placeProtectiveOrders" &&
            (j.input as { positionId?: string }).positionId === position.positionId &&
            ["ready", "running"].includes(j.state),
        );
      if (covered < position.open && !protecting)
        jobs.push({
          name: "placeProtectiveOrders",
          key: `protect:${position.positionId}:${nowMs}`,
          input: { positionId: position.positionId },
          traceId,
        });
    }
    const watch = `watch:${trade.id}`;
    if (trade.status === "open" && !alive("watchPosition", watch))
      jobs.push({ name: "watchPosition", key: `${watch}:${nowMs}`, input: { tradeId: trade.id }, traceId });
  }
  return jobs;
};

/** Coins too few for an order (spot) count as covered: nothing can be placed for them. */
const coveredSize = (ctx: AppCtx, positionId: string, { symbol, minSize }: Trade): bigint =>
  ctx.db.tradeLegs.ofPosition(positionId).reduce((sum, leg) => {
    if (tooLittle(symbol, leg.open, minSize)) return sum + leg.open;
    const live = ctx.db.orders.ofLeg(leg.id).filter((o): o is In<"open"> => isLive(o) && o.state === "open");
    return live.reduce((covered, o) => covered + o.intent.size - o.executed, sum);
  }, 0n);

const judge = (tx: Tx, ctx: AppCtx, differences: readonly SeenDifference[], atMs: EpochMs): void => {
  const locale = ctx.config.LOCALE;
  const write = (kind: string, data: Readonly<Record<string, unknown>>): void =>
    tx.audit.append({ atMs, kind, actor: "reconcile", traceId: ctx.job.traceId, data });
  // Its own job ends a proposal at its deadline; where that job is dead or cancelled, the symbol must not stay blocked.
  for (const proposal of tx.proposals.pending())
    if (atMs >= proposal.validUntilMs + ABANDONED_MS)
      expireProposal(tx, proposal, { actor: "reconcile", atMs, locale });
  endSettled(tx, { actor: "reconcile", atMs });
  const facts = differences.filter((d) => d.seen >= SEEN_ENOUGH);
  if (facts.length > 0) {
    const reason = facts.map((d) => d.text).join("; ");
    if (tx.halts.raise({ kind: MISMATCH, reason, atMs })) write("halt.raised", { kind: MISMATCH, reason });
    const text = textsOf(locale).alerts.mismatch({ keys: facts.map((d) => d.key) });
    tx.alerts.raise(composeAlert(locale, { key: MISMATCH, severity: "critical", atMs }, text));
    return;
  }
  for (const kind of [MISMATCH, DOUBT, FAILURE_HANDLING, QUARANTINE]) {
    if (tx.halts.clear(kind, "reconcile", atMs)) write("halt.cleared", { kind });
    tx.alerts.resolve(kind, atMs);
  }
};
