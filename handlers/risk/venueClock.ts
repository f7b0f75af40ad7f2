// The halt `clock`: no entry is sent while the venue's clock is unknown, far from ours or has just been set. What is looked
// up after a lost answer does not depend on a clock (orders/orderLookup.ts); prices, times and limits do.
import { z } from "zod";
import { clearHalt, raiseHalt } from "../../db/halts.ts";
import { CLOCK_HALT } from "../../lib/core/haltKinds.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import { type ClockProblem, clockProblem, HALT_ENDS_BELOW_MS, type VenueClock } from "../../lib/core/venueClock.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import type { AppCtx } from "../context.ts";

/** Key in `meta`: what the last reconcile knew of the venue's clock, for doctor. */
const META_KEY = "venue_clock";
const Kept = z.strictObject({
  atMs: z.int(),
  measured: z.strictObject({ offsetMs: z.number(), errorMs: z.number() }).optional(),
  steady: z.boolean(),
  publicMs: z.number().optional(),
  refused: z.literal(true).optional(),
});

/** Raises or ends the halt by what the replies so far say. Commits only when that changes something. */
export const watchVenueClock = (ctx: AppCtx): void => {
  const clock = ctx.venue.clock();
  const atMs = ctx.clock.nowMs();
  const halted = ctx.db.halts.active(atMs).some((h) => h.kind === CLOCK_HALT);
  const problem = clockProblem(clock, halted ? HALT_ENDS_BELOW_MS : undefined);
  if (halted === (problem !== undefined)) return;
  const by = { atMs, actor: ctx.job.name, traceId: ctx.job.traceId };
  if (problem === undefined) {
    ctx.commit((tx) => clearHalt(tx, { kind: CLOCK_HALT, by, alertKey: CLOCK_HALT, data: clockStory(clock) }));
    return;
  }
  const { LOCALE: locale } = ctx.config;
  const text = textsOf(locale).alerts.clockOff(clockFacts(problem));
  const alert = composeAlert(locale, { key: CLOCK_HALT, severity: "critical", atMs }, text);
  const reason = textsOf("en").alerts.clockOff(clockFacts(problem)).what;
  ctx.commit((tx) => raiseHalt(tx, { kind: CLOCK_HALT, reason, by, alert, data: clockStory(clock) }));
};

const clockFacts = (problem: ClockProblem) => ({
  kind: problem.kind,
  seconds: problem.kind === "far" ? problem.offsetMs / 1_000 : undefined,
});

const clockStory = ({ measured, steady, publicMs, refused = false }: VenueClock) => ({
  offsetMs: measured === undefined ? null : Math.round(measured.offsetMs),
  errorMs: measured === undefined ? null : Math.round(measured.errorMs),
  publicMs: publicMs ?? null,
  steady,
  refused,
});

/** Keeps what is known, for a command that runs without the worker. */
export const keepVenueClock = (tx: Tx, clock: VenueClock, atMs: EpochMs): void => {
  const { measured, steady, publicMs, refused } = clock;
  const kept: z.infer<typeof Kept> = {
    atMs,
    steady,
    ...(measured === undefined ? {} : { measured: { offsetMs: measured.offsetMs, errorMs: measured.errorMs } }),
    ...(publicMs === undefined ? {} : { publicMs }),
    ...(refused === true ? { refused } : {}),
  };
  tx.meta.set(META_KEY, JSON.stringify(kept));
};

/** What the last reconcile kept; undefined: none yet. Throws on a row that nobody of this program wrote. */
export const keptVenueClock = (db: Reads): { readonly atMs: number; readonly clock: VenueClock } | undefined => {
  const text = db.meta.get(META_KEY);
  if (text === undefined) return undefined;
  const { atMs, measured, steady, publicMs, refused = false } = Kept.parse(JSON.parse(text));
  return { atMs, clock: { measured, steady, publicMs, refused } };
};
