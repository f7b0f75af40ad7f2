// Compares the venue with our book, at start, every five minutes and after an alert. What can be explained is booked;
// what is unprotected is protected; a trade without its jobs gets them again. A difference that persists at the second
// look halts entries and alerts the owner; when none is left, the halts that a mismatch or a doubt raised are cleared.

import { clearHalt, raiseHalt } from "../db/halts.ts";
import type { SeenDifference } from "../db/tables/differences.ts";
import { AppError } from "../lib/core/errors.ts";
import { API_HALT, DOUBT, FAILURE_HANDLING, MISMATCH, QUARANTINE, START } from "../lib/core/haltKinds.ts";
import { isInFlight, settleMs } from "../lib/core/order.ts";
import { symbolsOf } from "../lib/core/product.ts";
import { textsOf } from "../lib/core/text/catalogue.ts";
import { composeAlert } from "../lib/core/text/composeAlert.ts";
import { type EpochMs, earliest, jstDayStart, MINUTE_MS, plusMs } from "../lib/core/time.ts";
import type { Tx } from "../queue/types.ts";
import type { AppCtx, AppHandler, AppOutcome } from "./context.ts";
import { type AppJob, checkJob, JOB_INPUTS, reconcileJob } from "./jobs.ts";
import { watchRights } from "./orders/keyRights.ts";
import { expireProposal } from "./proposals/expireProposal.ts";
import { endAnswers } from "./protection/endedChanges.ts";
import { endSettled } from "./protection/unansweredAlert.ts";
import { asAlert } from "./protection/venueRetry.ts";
import type { CoinDifference } from "./reconciliation/coinTrades.ts";
import { missingJobs } from "./reconciliation/missingJobs.ts";
import { recordDifferences, SEEN_ENOUGH } from "./reconciliation/recordDifferences.ts";
import { settleSymbol } from "./reconciliation/settleSymbol.ts";
import { syncAccount } from "./risk/account.ts";
import { checkLossLimits } from "./risk/lossLimits.ts";
import { keepVenueClock, watchVenueClock } from "./risk/venueClock.ts";

export { ledgerDifferences, ledgerMatchesVenue } from "./reconciliation/compareBook.ts";

/** Delay of the second look at a new difference. */
const SECOND_LOOK_MS = 5_000;
/** While an order is in flight no start is complete, so it is looked up again twice a second. */
const UNANSWERED_LOOK_MS = 500;
/**
 * Retry interval when the venue could not be read: nothing may be traded before it can, so there is no limit of
 * attempts.
 */
const LOOK_AGAIN_MS = 2_000;
/** A proposal still pending this long after its deadline has no job any more that ends it. */
const ABANDONED_MS = 60_000;

export const reconcile: AppHandler<"reconcile"> = {
  name: "reconcile",
  input: JOB_INPUTS.reconcile,
  maxAttempts: 100,
  timeoutMs: 120_000,
  risk: "neutral",
  priority: 60,
  // Short: the next reconcile, such as the one of a start, waits behind a failed one.
  backoff: { baseMs: 500, capMs: 5_000 },
  // `quick`: for an unexplained event or lookup. It books and protects at once and leaves remaining differences to a
  // full run. It never waits behind a full run that waits for its second look, nor a full run behind a quick one.
  serialKey: ({ quick }) => (quick === true ? "reconcile:quick" : "reconcile"),
  async run({ quick }, ctx): Promise<AppOutcome> {
    const found: CoinDifference[] = [];
    const next: AppJob[] = [];
    let account: Awaited<ReturnType<typeof syncAccount>>;
    try {
      for (const symbol of symbolsOf(ctx.config.PRODUCT)) {
        found.push(...(await settleSymbol(ctx, symbol)));
        next.push(...missingJobs(ctx, symbol));
      }
      if (quick === true) return { kind: "done", next: [...next, ...fullRun(found, ctx.clock.nowMs())] };
      account = await syncAccount(ctx);
    } catch (e) {
      if (!(e instanceof AppError) || e.verdict !== "retry" || ctx.signal.aborted) throw asAlert(e);
      ctx.log.warn({ code: e.code, err: e }, "reconcile.venueNotAnswering");
      const untilMs = plusMs(ctx.clock.nowMs(), LOOK_AGAIN_MS);
      return { kind: "snooze", untilMs, reason: `the venue could not be read (${e.code})`, next };
    }
    checkLossLimits(ctx, account);
    watchVenueClock(ctx);
    await probeRights(ctx);
    const nowMs = ctx.clock.nowMs();
    if (isUnchecked(ctx, nowMs)) next.push(checkJob(nowMs));
    // While the state of an order is not known, venue and book cannot be said to agree: no halt ends.
    const settlesMs = inFlightLookMs(ctx, nowMs);
    if (settlesMs !== undefined)
      return { kind: "snooze", untilMs: settlesMs, reason: "an order is without an answer", next };
    const before = ctx.db.differences.all();
    const again = new Set(before.map((d) => d.key));
    if (found.some((d) => !again.has(d.key)))
      return {
        kind: "snooze",
        untilMs: plusMs(nowMs, SECOND_LOOK_MS),
        reason: "a difference was seen for the first time",
        write: (tx) => void tx.differences.record(found, nowMs),
        next,
      };
    return {
      kind: "done",
      write: (tx) => {
        // The first run of a JST day records the equity: no bar has done so yet when the worker was down at midnight.
        if ((tx.equity.latest()?.atMs ?? 0) < jstDayStart(nowMs))
          tx.equity.record(nowMs, account.equity, account.unrealised);
        keepVenueClock(tx, ctx.venue.clock(), nowMs);
        judge(tx, ctx, recordDifferences(tx, found, nowMs), nowMs);
      },
      next,
    };
  },
};

/** Where the exchange does not say, the next entry's check asks again before anything is sent. */
const probeRights = async (ctx: AppCtx): Promise<void> => {
  try {
    await watchRights(ctx);
  } catch (e) {
    if (!(e instanceof AppError) || e.verdict !== "retry") throw e;
    ctx.log.warn({ code: e.code, err: e }, "reconcile.rightsUnknown");
  }
};

/** When to look at orders in flight again: when the first of them reaches its settle time, then twice a second. */
const inFlightLookMs = (ctx: AppCtx, nowMs: EpochMs): EpochMs | undefined => {
  const settles = ctx.db.orders
    .allLive()
    .filter(isInFlight)
    .map((o) => o.sentMs + settleMs(o.intent.purpose));
  if (settles.length === 0) return undefined;
  return earliest(nowMs + SECOND_LOOK_MS, Math.max(nowMs + UNANSWERED_LOOK_MS, Math.min(...settles)));
};

/** A full run for differences that a quick one found; at most one a minute for the same difference. */
const fullRun = (found: readonly CoinDifference[], nowMs: EpochMs): readonly AppJob[] => {
  const [first] = found;
  if (first === undefined) return [];
  return [reconcileJob(`found:${first.key}:${Math.floor(nowMs / MINUTE_MS)}`)];
};

/** The halt `api` is active, and no checkApi job is left to end it. */
const isUnchecked = (ctx: AppCtx, nowMs: EpochMs): boolean =>
  ctx.db.halts.active(nowMs).some((h) => h.kind === API_HALT) &&
  !ctx.db.jobs.list({ name: "checkApi", limit: 5 }).some((j) => j.state === "ready" || j.state === "running");

/** Raises the halt `mismatch` for differences that persist, or ends the halts that agreement ends. */
const judge = (tx: Tx, ctx: AppCtx, differences: readonly SeenDifference[], atMs: EpochMs): void => {
  const locale = ctx.config.LOCALE;
  const by = { atMs, actor: "reconcile", traceId: ctx.job.traceId };
  // A proposal is ended by its own job. Where that job is dead or cancelled, the symbol must not stay blocked.
  for (const proposal of tx.proposals.pending())
    if (atMs >= proposal.validUntilMs + ABANDONED_MS)
      expireProposal(tx, proposal, { actor: "reconcile", atMs, locale });
  endSettled(tx, by);
  endAnswers(tx, by);
  const facts = differences.filter((d) => d.seen >= SEEN_ENOUGH);
  if (facts.length > 0) {
    const reason = facts.map((d) => d.text).join("; ");
    const text = textsOf(locale).alerts.mismatch({ keys: facts.map((d) => d.key) });
    const alert = composeAlert(locale, { key: MISMATCH, severity: "critical", atMs }, text);
    raiseHalt(tx, { kind: MISMATCH, reason, by, alert });
    return;
  }
  for (const kind of [START, MISMATCH, DOUBT, FAILURE_HANDLING, QUARANTINE] as const)
    clearHalt(tx, { kind, by, alertKey: kind });
};
