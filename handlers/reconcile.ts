// Compares the venue with our book, at start, every five minutes and after an alert. What can be explained is booked; what
// has no protection gets it now; a trade nobody looks after gets its watcher back. What stays unexplained at a second look
// halts entries and is told to the owner; when nothing is left, the halts of doubt end by themselves.

import { z } from "zod";
import { clearHalt, raiseHalt } from "../db/halts.ts";
import type { SeenDifference } from "../db/tables/differences.ts";
import { AppError } from "../lib/core/errors.ts";
import { API_HALT, DOUBT, FAILURE_HANDLING, MISMATCH, QUARANTINE } from "../lib/core/haltKinds.ts";
import { settleMs } from "../lib/core/order.ts";
import { symbolsOf } from "../lib/core/product.ts";
import { textsOf } from "../lib/core/text/catalogue.ts";
import { composeAlert } from "../lib/core/text/composeAlert.ts";
import { type EpochMs, earliest, jstDayStart, MINUTE_MS, plusMs } from "../lib/core/time.ts";
import type { NewJob, Outcome, Tx } from "../queue/types.ts";
import type { AppCtx, AppHandler } from "./context.ts";
import { checkJob } from "./jobs.ts";
import { expireProposal } from "./proposals/expireProposal.ts";
import { endSettled } from "./protection/unansweredAlert.ts";
import { asAlert } from "./protection/venueRetry.ts";
import type { CoinDifference } from "./reconciliation/coinTrades.ts";
import { missingJobs } from "./reconciliation/missingJobs.ts";
import { settleSymbol } from "./reconciliation/settleSymbol.ts";
import { syncAccount } from "./risk/account.ts";
import { checkLossLimits } from "./risk/lossLimits.ts";

export { ledgerDifferences, ledgerMatchesVenue } from "./reconciliation/compareBook.ts";

/** `quick`: something unexplained was heard or seen. It is settled and protected at once; what stays unlike is the full one's. */
const Input = z.strictObject({ tickMs: z.int().optional(), quick: z.boolean().optional() });
type Input = z.infer<typeof Input>;

const SECOND_LOOK_MS = 5_000;
/** A start is over when its last order without an answer is settled: then every second counts. */
const UNANSWERED_LOOK_MS = 1_000;
/** The venue could not be read: nobody may trade before it can, so it is asked again soon, and for ever. */
const LOOK_AGAIN_MS = 2_000;
/** Differences seen this often are facts. */
const SEEN_ENOUGH = 2;
/** A proposal still pending this long after its deadline has lost its job. */
const ABANDONED_MS = 60_000;

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
    let account: Awaited<ReturnType<typeof syncAccount>>;
    try {
      for (const symbol of symbolsOf(ctx.config.PRODUCT)) {
        found.push(...(await settleSymbol(ctx, symbol)));
        next.push(...missingJobs(ctx, symbol));
      }
      if (quick === true) return { kind: "done", next: [...next, ...fullOne(found, ctx.clock.nowMs())] };
      account = await syncAccount(ctx);
    } catch (e) {
      if (!(e instanceof AppError) || e.verdict !== "retry" || ctx.signal.aborted) throw asAlert(e);
      ctx.log.warn({ code: e.code, err: e }, "reconcile.venueNotAnswering");
      const untilMs = plusMs(ctx.clock.nowMs(), LOOK_AGAIN_MS);
      return { kind: "snooze", untilMs, reason: `the venue could not be read (${e.code})`, next };
    }
    checkLossLimits(ctx, account);
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
        untilMs: plusMs(nowMs, SECOND_LOOK_MS),
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
  return earliest(nowMs + SECOND_LOOK_MS, Math.max(nowMs + UNANSWERED_LOOK_MS, Math.min(...settles)));
};

/** Once a minute for the same difference. */
const fullOne = (found: readonly CoinDifference[], nowMs: EpochMs): readonly NewJob[] => {
  const [first] = found;
  if (first === undefined) return [];
  return [{ name: "reconcile", key: `reconcile:found:${first.key}:${Math.floor(nowMs / MINUTE_MS)}`, input: {} }];
};

/** Records what was found, counts what turns out to be a payment of the owner's, and returns the rest. */
export const settled = (tx: Tx, found: readonly CoinDifference[], atMs: EpochMs): readonly SeenDifference[] => {
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

const judge = (tx: Tx, ctx: AppCtx, differences: readonly SeenDifference[], atMs: EpochMs): void => {
  const locale = ctx.config.LOCALE;
  const by = { atMs, actor: "reconcile", traceId: ctx.job.traceId };
  // Its own job ends a proposal at its deadline; where that job is dead or cancelled, the symbol must not stay blocked.
  for (const proposal of tx.proposals.pending())
    if (atMs >= proposal.validUntilMs + ABANDONED_MS)
      expireProposal(tx, proposal, { actor: "reconcile", atMs, locale });
  endSettled(tx, by);
  const facts = differences.filter((d) => d.seen >= SEEN_ENOUGH);
  if (facts.length > 0) {
    const reason = facts.map((d) => d.text).join("; ");
    const text = textsOf(locale).alerts.mismatch({ keys: facts.map((d) => d.key) });
    const alert = composeAlert(locale, { key: MISMATCH, severity: "critical", atMs }, text);
    raiseHalt(tx, { kind: MISMATCH, reason, by, alert });
    return;
  }
  for (const kind of [MISMATCH, DOUBT, FAILURE_HANDLING, QUARANTINE] as const)
    clearHalt(tx, { kind, by, alertKey: kind });
};
