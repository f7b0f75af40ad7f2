// "No signal" as a state of a symbol: since when, until when and why, from the stored bars. The chain's steps store each
// bar through here, which also raises the alert of a long silence and ends it with the first bar that can be judged.

import { barAfter, firstJudgedAfter } from "../../lib/core/barHistory.ts";
import { FEATURE_WINDOW_BARS } from "../../lib/core/features.ts";
import type { NoSignal, NoSignalKind } from "../../lib/core/noSignal.ts";
import { type Product, symbolsOf } from "../../lib/core/product.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import { BAR_MS, type EpochMs, epochMs, HOUR_MS, isoUtc, jstText, MINUTE_MS, plusMs } from "../../lib/core/time.ts";
import { isClosedBar } from "../../lib/core/venueHours.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import type { AppCtx } from "../context.ts";

export interface Silence {
  readonly symbol: string;
  /** Close of the first bar without a signal: the moment from which there was none. */
  readonly sinceMs: EpochMs;
  readonly why: NoSignalKind;
  readonly reason: string;
  /** Close of the first bar that can be judged when every bar arrives; undefined: not known. */
  readonly untilMs: EpochMs | undefined;
}

/** A single bar without trades is no state worth an alert; a silence of this length, past or foreseen, is. */
const LONG_MS = HOUR_MS;
/** A bar is evaluated at most this long after its close: 5 minutes for a late candle, and the chain's own time. */
const EVALUATED_WITHIN_MS = 10 * MINUTE_MS;

/** The silence of one symbol; undefined when its newest evaluated bar could be judged, or none was evaluated yet. */
export const silenceOf = (db: Reads, symbol: string): Silence | undefined => {
  const newest = db.features.newest(symbol);
  const from = newest && db.features.silentFrom(symbol);
  if (newest?.result.kind !== "noSignal" || from === undefined) return undefined;
  const { why, reason, judgedFromMs } = newest.result;
  const untilMs = judgedFromMs === undefined ? undefined : epochMs(judgedFromMs + BAR_MS);
  return { symbol, sinceMs: plusMs(from, BAR_MS), why, reason, untilMs };
};

/** The silences of a running worker now: also that no bar has been evaluated although bars have closed. */
export const silencesNow = (db: Reads, product: Product, nowMs: EpochMs): readonly Silence[] =>
  symbolsOf(product).flatMap((symbol) => {
    const newest = db.features.newest(symbol);
    if (newest === undefined) return [];
    const dueMs = plusMs(newest.barOpenMs, 2 * BAR_MS);
    if (nowMs >= dueMs + EVALUATED_WITHIN_MS) {
      const reason = `the last evaluated bar opened at ${isoUtc(newest.barOpenMs)}; see the jobs of the chain`;
      return [
        { symbol, sinceMs: silenceOf(db, symbol)?.sinceMs ?? dueMs, why: "notEvaluated", reason, untilMs: undefined },
      ];
    }
    const silence = silenceOf(db, symbol);
    return silence === undefined ? [] : [silence];
  });

/** A bar without a signal before its indicators: when bars arrive again, the history decides how long it lasts. */
export const unjudgedBar = (
  db: Reads,
  symbol: string,
  barOpenMs: EpochMs,
  why: NoSignalKind,
  reason: string,
): NoSignal => ({
  kind: "noSignal",
  why: why === "venueClosed" && isClosedBar(barOpenMs) ? "closed" : why,
  reason,
  // Without a quote the candle itself is not missing: the next bar's fetch stores it.
  judgedFromMs:
    why === "noQuote" || isClosedBar(barOpenMs)
      ? barAfter(barOpenMs, 1)
      : firstJudgedAfter(
          db.candles.window(symbol, barOpenMs, FEATURE_WINDOW_BARS).filter((bar) => bar.openMs < barOpenMs),
          barOpenMs,
        ),
});

/** The audit event of a bar without a signal, and the alert when the silence is long. After the bar's row was written. */
export const recordNoSignal = (
  tx: Tx,
  ctx: AppCtx,
  bar: { readonly symbol: string; readonly barOpenMs: EpochMs; readonly actor: string },
  result: NoSignal,
): void => {
  const atMs = ctx.clock.nowMs();
  const { symbol, barOpenMs, actor } = bar;
  tx.audit.append({
    atMs,
    kind: "bar.noSignal",
    actor,
    traceId: ctx.job.traceId,
    data: { symbol, bar: isoUtc(barOpenMs), reason: result.reason },
  });
  const silence = silenceOf(tx, symbol);
  if (silence === undefined || silence.why === "closed") return;
  const { sinceMs, untilMs } = silence;
  if (Math.max(atMs, untilMs ?? 0) - sinceMs < LONG_MS) return;
  const { LOCALE: locale } = ctx.config;
  const until = untilMs === undefined ? undefined : jstText(untilMs);
  const text = textsOf(locale).alerts.noSignals({ symbol, why: silence.why, until });
  tx.alerts.raise(composeAlert(locale, { key: alertKey(symbol), severity: "warning", atMs, sinceMs }, text));
};

/** A bar was judged: a silence is over. */
export const endSilence = (tx: Tx, symbol: string, atMs: EpochMs): void =>
  void tx.alerts.resolve(alertKey(symbol), atMs);

const alertKey = (symbol: string): string => `noSignals:${symbol}`;

/** Line for `trader status` and the worker's state. */
export const silenceText = ({ symbol, sinceMs, untilMs, reason }: Silence): string =>
  `NO SIGNALS of ${symbol} since ${jstText(sinceMs)}, ${untilMs === undefined ? "until complete data arrives" : `until ${jstText(untilMs)} at the earliest`}: ${reason}`;
