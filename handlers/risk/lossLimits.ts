// The daily, weekly and monthly loss limits as halts (DESIGN 8). Each reader of the account checks it here: the bar's
// equity point, an entry's check, the watch of an open trade, reconcile. A halt lasts to the end of its JST period.

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
 * The account compared with its equity at the start of the JST day, week and month, with booked results and the owner's
 * withdrawals since then. For a past account, `untilMs` excludes later bookings and equity points.
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

/** Stores the equity point and checks it against the limits. */
export const recordEquity = (tx: Tx, ctx: AppCtx, account: AccountFacts, atMs: EpochMs): void => {
  tx.equity.record(atMs, account.equity, account.unrealised);
  for (const use of lossUse(ctx.config, lossFacts(tx, account, atMs))) applyLimit(tx, ctx, use, atMs);
};

/** Checks the account between two equity points. Commits only when a limit is newly reached, or its halt is over. */
export const checkLossLimits = (ctx: AppCtx, account: AccountFacts): void => {
  const atMs = ctx.clock.nowMs();
  const uses = lossUse(ctx.config, lossFacts(ctx.db, account, atMs));
  const halted = new Set(ctx.db.halts.active(atMs).map((h) => h.kind));
  const alerted = new Set(ctx.db.alerts.open().map((a) => a.key));
  const isChange = ({ period, reached }: LossUse): boolean =>
    !halted.has(keyOf(period)) && (reached || alerted.has(keyOf(period)));
  const changes = uses.filter(isChange);
  if (changes.length > 0)
    ctx.commit((tx) => {
      for (const use of changes) applyLimit(tx, ctx, use, atMs);
    });
};

/** Limits that this account has reached and that are not halted yet. */
export const newLimits = (ctx: AppCtx, account: AccountFacts): readonly LossPeriod[] => {
  const atMs = ctx.clock.nowMs();
  const halted = new Set(ctx.db.halts.active(atMs).map((h) => h.kind));
  return lossUse(ctx.config, lossFacts(ctx.db, account, atMs))
    .filter(({ period, reached }) => reached && !halted.has(keyOf(period)))
    .map(({ period }) => period);
};

const applyLimit = (tx: Tx, ctx: AppCtx, { period, loss, limit, reached }: LossUse, atMs: EpochMs): void => {
  const { start, days, name } = PERIOD[period];
  const key = keyOf(period);
  if (!reached) {
    // The halt lasts to the period's end even when the equity recovers: the alert stays open until then.
    if (!tx.halts.active(atMs).some((halt) => halt.kind === key)) tx.alerts.resolve(key, atMs);
    return;
  }
  const untilMs = start(plusMs(start(atMs), days * DAY_MS));
  const reason = `the ${name} loss of ${Math.round(toNumber(loss))} JPY reached its limit of ${Math.round(toNumber(limit))} JPY; no new entries until ${jstText(untilMs)}`;
  if (tx.halts.active(atMs).some((halt) => halt.kind === key)) return;
  // Resolve the alert of the previous period, so that this period's halt raises a new one.
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
