// Books the owner's yen withdrawals, because a withdrawal is not a loss. When the account holds less than our own
// executions explain, the venue's withdrawal history is queried. What the history does not show (yet) counts as a loss:
// a limit is better reached too early than too late.
import { z } from "zod";
import { AppError } from "../../lib/core/errors.ts";
import { maxBig, type RatioE8, ratioOfYenUp, type YenE8, yenE8 } from "../../lib/core/money.ts";
import type { AccountFacts } from "../../lib/core/risk.ts";
import { type EpochMs, epochMs, HOUR_MS, MINUTE_MS, plusMs, SECOND_MS } from "../../lib/core/time.ts";
import { onOurClock, venueTime } from "../../lib/core/venueClock.ts";
import type { AppCtx } from "../context.ts";

/** A smaller part of the equity starts no query: fees, and the overnight cost of a position. */
const LEAST_MISSING: RatioE8 = 100_000n as RatioE8; // 0.1 %
/** The history may lag behind the balance: it is queried once a minute for this long. */
const QUERY_FOR_MS = HOUR_MS;
const QUERY_EVERY_MS = MINUTE_MS;
/** Longest query back in time: 48 requests of half an hour each. */
const FARTHEST_MS = 24 * HOUR_MS;
/** How far the time of a payment may be off from ours beyond the measured offset. */
const OVERLAP_MS = 10 * SECOND_MS;
const META = "payments_watch";
const Watch = z.strictObject({ fromMs: z.int(), untilMs: z.int(), askedMs: z.int() });
type Watch = z.infer<typeof Watch>;

/** Books withdrawals. Never throws on a venue error: without a response nothing is booked as a withdrawal. */
export const bookWithdrawals = async (ctx: AppCtx, account: AccountFacts): Promise<void> => {
  const nowMs = ctx.clock.nowMs();
  const watch = due(ctx, account, nowMs);
  if (watch === undefined) return;
  try {
    // The venue dates payments by its own clock; asked a little too widely, since each is booked once.
    const clock = ctx.venue.clock();
    const onVenue = (ms: EpochMs): EpochMs => venueTime(clock, ms) ?? ms;
    const fromMs = plusMs(onVenue(epochMs(watch.fromMs)), -OVERLAP_MS);
    const paid = await ctx.venue.yenPaidOut(fromMs, onVenue(nowMs), ctx.signal);
    ctx.commit((tx) => {
      tx.meta.set(META, JSON.stringify({ ...watch, askedMs: nowMs } satisfies Watch));
      for (const { atMs, amount } of paid) {
        const ourMs = onOurClock(clock, atMs, nowMs);
        if (amount <= 0n || !tx.payments.add(`withdrawal:${atMs}:${amount}`, ourMs, amount)) continue;
        const data = { amountE8: amount, paidMs: atMs };
        tx.audit.append({ atMs: nowMs, kind: "payment.out", actor: ctx.job.name, traceId: ctx.job.traceId, data });
      }
    });
  } catch (e) {
    if (!(e instanceof AppError)) throw e;
    ctx.log.warn({ code: e.code, err: e }, "payments.notTold");
    // After an error, wait for the next interval too: each query costs up to 48 requests.
    ctx.commit((tx) => tx.meta.set(META, JSON.stringify({ ...watch, askedMs: nowMs } satisfies Watch)));
  }
};

/** The query that is due; undefined: nothing is missing, or the last query was less than QUERY_EVERY_MS ago. */
const due = (ctx: AppCtx, account: AccountFacts, nowMs: EpochMs): Watch | undefined => {
  const before = watched(ctx.db.meta.get(META));
  const running = before !== undefined && nowMs < before.untilMs ? before : undefined;
  const last = ctx.db.equity.latest();
  const since =
    last !== undefined && missing(ctx, account, last.atMs, last.equity, last.unrealised) ? last.atMs : undefined;
  if (since === undefined && running === undefined) return undefined;
  if (running !== undefined && nowMs >= running.askedMs && nowMs < running.askedMs + QUERY_EVERY_MS) return undefined;
  const fromMs = Math.max(nowMs - FARTHEST_MS, Math.min(running?.fromMs ?? nowMs, since ?? nowMs));
  const untilMs = since === undefined && running !== undefined ? running.untilMs : nowMs + QUERY_FOR_MS;
  return { fromMs, untilMs, askedMs: nowMs };
};

/** The stored state; an unreadable one is ignored and the history queried again: reading the account must not fail. */
const watched = (text: string | undefined): Watch | undefined => {
  try {
    return text === undefined ? undefined : Watch.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
};

const missing = (
  ctx: AppCtx,
  account: AccountFacts,
  sinceMs: EpochMs,
  equity: YenE8,
  unrealised: YenE8 | undefined,
): boolean => {
  // Without the point's unrealised part, a past open profit may look like missing yen: that costs one needless query.
  const settled = equity - (unrealised ?? 0n) + ctx.db.executions.realisedBetween(sinceMs, Number.MAX_SAFE_INTEGER);
  const missingYen = settled - (account.equity - account.unrealised);
  return missingYen > ratioOfYenUp(yenE8(maxBig<bigint>(equity, 0n)), LEAST_MISSING);
};
