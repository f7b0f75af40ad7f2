// Yen that the owner pays out of the account is no loss. Whoever reads the account and finds less in it than our own executions
// explain asks the venue's history of withdrawals. What that does not tell (yet) stays a loss: a limit is rather reached too early.
import { z } from "zod";
import { AppError } from "../../lib/core/errors.ts";
import { maxBig, type RatioE8, ratioOfYenUp, type YenE8, yenE8 } from "../../lib/core/money.ts";
import type { AccountFacts } from "../../lib/core/risk.ts";
import { type EpochMs, epochMs, HOUR_MS, MINUTE_MS } from "../../lib/core/time.ts";
import type { AppCtx } from "../context.ts";

/** Less than this part of the equity is not worth a question: fees, and what a position costs over night. */
const WORTH_ASKING: RatioE8 = 100_000n as RatioE8; // 0.1 %
/** The history may be slower than the balance: asked once a minute for this long. */
const ASKED_FOR_MS = HOUR_MS;
const ASK_EVERY_MS = MINUTE_MS;
/** Further back it is not asked: 48 questions of half an hour. */
const FARTHEST_MS = 24 * HOUR_MS;
const META = "payments_watch";
const Watch = z.strictObject({ fromMs: z.int(), untilMs: z.int(), askedMs: z.int() });
type Watch = z.infer<typeof Watch>;

/** Books withdrawals. Never throws for what the venue does: without its answer nothing is taken for a payment. */
export const bookWithdrawals = async (ctx: AppCtx, account: AccountFacts): Promise<void> => {
  const nowMs = ctx.clock.nowMs();
  const watch = due(ctx, account, nowMs);
  if (watch === undefined) return;
  try {
    const paid = await ctx.venue.yenPaidOut(epochMs(watch.fromMs), nowMs, ctx.signal);
    ctx.commit((tx) => {
      tx.meta.set(META, JSON.stringify({ ...watch, askedMs: nowMs } satisfies Watch));
      for (const { atMs, amount } of paid) {
        if (amount <= 0n || !tx.payments.add(`withdrawal:${atMs}:${amount}`, atMs, amount)) continue;
        const data = { amountE8: amount, paidMs: atMs };
        tx.audit.append({ atMs: nowMs, kind: "payment.out", actor: ctx.job.name, traceId: ctx.job.traceId, data });
      }
    });
  } catch (e) {
    if (!(e instanceof AppError)) throw e;
    ctx.log.warn({ code: e.code, err: e }, "payments.notTold");
    // A history that is refused is not asked at every look: up to 48 questions each.
    ctx.commit((tx) => tx.meta.set(META, JSON.stringify({ ...watch, askedMs: nowMs } satisfies Watch)));
  }
};

/** undefined: nothing is missing, or it was asked a moment ago. */
const due = (ctx: AppCtx, account: AccountFacts, nowMs: EpochMs): Watch | undefined => {
  const before = watched(ctx.db.meta.get(META));
  const running = before !== undefined && nowMs < before.untilMs ? before : undefined;
  const last = ctx.db.equity.latest();
  const since =
    last !== undefined && missing(ctx, account, last.atMs, last.equity, last.unrealised) ? last.atMs : undefined;
  if (since === undefined && running === undefined) return undefined;
  if (running !== undefined && nowMs >= running.askedMs && nowMs < running.askedMs + ASK_EVERY_MS) return undefined;
  const fromMs = Math.max(nowMs - FARTHEST_MS, Math.min(running?.fromMs ?? nowMs, since ?? nowMs));
  const untilMs = since === undefined && running !== undefined ? running.untilMs : nowMs + ASKED_FOR_MS;
  return { fromMs, untilMs, askedMs: nowMs };
};

/** A note for ourselves: one that cannot be read is none, and the history is asked once more. The account must be read. */
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
  // Without the open part of the point, an open profit then may be what is missing now: asked once too often.
  const settled = equity - (unrealised ?? 0n) + ctx.db.executions.realisedBetween(sinceMs, Number.MAX_SAFE_INTEGER);
  const gone = settled - (account.equity - account.unrealised);
  return gone > ratioOfYenUp(yenE8(maxBig<bigint>(equity, 0n)), WORTH_ASKING);
};
