// The daily, weekly and monthly loss limits as halts (DESIGN 8): whoever reads the account judges it here, the bar's equity
// check, an entry's check, the watch of an open trade, reconcile. A halt lasts to the end of its JST period.

import { raiseHalt } from "../../db/halts.ts";
import type { EquityPoint } from "../../db/tables/equity.ts";
import { LOSS_HALT } from "../../lib/core/haltKinds.ts";
import { toNumber, type YenE8, yenE8 } from "../../lib/core/money.ts";
import {
  type AccountFacts,
  type BookedPeriod,
  type LossFacts,
  type LossPeriod,
  type LossUse,
  lossUse,
} from "../../lib/core/risk.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import {
  DAY_MS,
  type EpochMs,
  jstDayStart,
  jstMonthStart,
  jstText,
  jstWeekStart,
  plusMs,
} from "../../lib/core/time.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import type { AppCtx } from "../context.ts";

const PERIOD = {
  day: { start: jstDayStart, days: 1, name: "daily" },
  week: { start: jstWeekStart, days: 7, name: "weekly" },
  month: { start: jstMonthStart, days: 31, name: "monthly" },
} as const;
const keyOf = (period: LossPeriod) => LOSS_HALT[period];

/**
 * The account against the starts of its JST day, week and month, and what our book and the owner's withdrawals tell of them. Also
 * of an account of then: `untilMs` ends what counts of the book and of the account's past.
 */
export const lossFacts = (
  db: Reads,
  account: Pick<AccountFacts, "equity" | "unrealised">,
  atMs: EpochMs,
  untilMs: number = Number.MAX_SAFE_INTEGER,
): LossFacts => {
  const starts = {
    day: db.equity.baseOf(jstDayStart(atMs), untilMs),
    week: db.equity.baseOf(jstWeekStart(atMs), untilMs),
    month: db.equity.baseOf(jstMonthStart(atMs), untilMs),
  };
  const equityOf = (base: EquityPoint | undefined): YenE8 => base?.equity ?? account.equity;
  const bookedOf = (base: EquityPoint | undefined): BookedPeriod => {
    if (base === undefined) return { result: yenE8(0n), paidOut: yenE8(0n) };
    const realised = db.executions.realisedBetween(base.atMs, untilMs);
    return { result: yenE8(realised - (base.unrealised ?? 0n)), paidOut: db.payments.outBetween(base.atMs, untilMs) };
  };
  return {
    equity: account.equity,
    unrealised: account.unrealised,
    dayStart: equityOf(starts.day),
    weekStart: equityOf(starts.week),
    monthStart: equityOf(starts.month),
    booked: { day: bookedOf(starts.day), week: bookedOf(starts.week), month: bookedOf(starts.month) },
  };
};

/** Stores the equity point and judges it. */
export const recordEquity = (tx: Tx, ctx: AppCtx, account: AccountFacts, atMs: EpochMs): void => {
  tx.equity.record(atMs, account.equity, account.unrealised);
  for (const use of lossUse(ctx.config, lossFacts(tx, account, atMs))) judge(tx, ctx, use, atMs);
};

/** Judges the account between two equity points. Commits only when a limit is newly reached, or its halt is over. */
export const checkLossLimits = (ctx: AppCtx, account: AccountFacts): void => {
  const atMs = ctx.clock.nowMs();
  const uses = lossUse(ctx.config, lossFacts(ctx.db, account, atMs));
  const halted = new Set(ctx.db.halts.active(atMs).map((h) => h.kind));
  const told = new Set(ctx.db.alerts.open().map((a) => a.key));
  const isNews = ({ period, reached }: LossUse): boolean =>
    !halted.has(keyOf(period)) && (reached || told.has(keyOf(period)));
  const news = uses.filter(isNews);
  if (news.length > 0)
    ctx.commit((tx) => {
      for (const use of news) judge(tx, ctx, use, atMs);
    });
};

const judge = (tx: Tx, ctx: AppCtx, { period, loss, limit, reached }: LossUse, atMs: EpochMs): void => {
  const { start, days, name } = PERIOD[period];
  const key = keyOf(period);
  if (!reached) {
    // The halt lasts to the period's end, also when the equity recovers: the alert is not over before.
    if (!tx.halts.active(atMs).some((halt) => halt.kind === key)) tx.alerts.resolve(key, atMs);
    return;
  }
  const untilMs = start(plusMs(start(atMs), days * DAY_MS));
  const reason = `the ${name} loss of ${Math.round(toNumber(loss))} JPY reached its limit of ${Math.round(toNumber(limit))} JPY; no new entries until ${jstText(untilMs)}`;
  if (tx.halts.active(atMs).some((halt) => halt.kind === key)) return;
  // The alert of the period before ends here, so that this period's halt is announced again.
  tx.alerts.resolve(key, atMs);
  const { LOCALE: locale } = ctx.config;
  const text = textsOf(locale).alerts.lossLimit({
    period,
    lossYen: toNumber(loss),
    limitYen: toNumber(limit),
    until: jstText(untilMs),
  });
  const by = { atMs, actor: ctx.job.name, traceId: ctx.job.traceId };
  const alert = composeAlert(locale, { key, severity: "critical", atMs }, text);
  raiseHalt(tx, { kind: key, reason, untilMs, by, alert });
};
