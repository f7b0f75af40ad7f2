// Hourly: labels what happened after each signal, approved or not, so that the model is evaluated on all bars and not
// only on the approved ones. Labels come from stored closed candles only; both sides of every evaluated bar are
// labelled.

import type { SignalLabel, UnlabelledSignal } from "../db/tables/labels.ts";
import type { Config } from "../lib/core/config.ts";
import { LABEL_COST_BPS, type RuleSettings, rulePlan, simulateRule, touchLabel } from "../lib/core/labels.ts";
import { toNumber } from "../lib/core/money.ts";
import { BAR_MS, DAY_MS, type EpochMs, epochMs, HOUR_MS, plusMs } from "../lib/core/time.ts";
import type { Reads } from "../queue/types.ts";
import type { AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS } from "./jobs.ts";

/** Older bars are skipped: a gap in their candles will not be filled any more. */
const LOOK_BACK_MS = 7 * DAY_MS;
/**
 * This long after the horizon, a gap after the first hour is taken as final: the touch is labelled, the rule is not.
 */
const GAP_FINAL_AFTER_MS = DAY_MS;

/** The traded rule according to the settings. The time stop is counted in whole candles, rounded up. */
const ruleSettings = (config: Config): RuleSettings => ({
  stopAtrMultiple: config.STOP_LOSS_ATR_MULTIPLE,
  tp1Ratio: toNumber(config.TP1_PCT),
  tp2Ratio: toNumber(config.TP2_PCT),
  timeStopMs: Math.ceil((config.TIME_STOP_HOURS * HOUR_MS) / BAR_MS) * BAR_MS,
  costBps: LABEL_COST_BPS,
});

export const labelSignals: AppHandler<"labelSignals"> = {
  name: "labelSignals",
  input: JOB_INPUTS.labelSignals,
  maxAttempts: 3,
  timeoutMs: 60_000,
  risk: "neutral",
  serialKey: () => "labelSignals",
  async run({ tickMs }, ctx): Promise<AppOutcome> {
    const rule = ruleSettings(ctx.config);
    const horizonMs = Math.max(rule.timeStopMs, HOUR_MS);
    const newestBar = plusMs(epochMs(tickMs), -horizonMs - BAR_MS);
    const signals = ctx.db.labels.unlabelled(plusMs(newestBar, -LOOK_BACK_MS), newestBar);
    const labels = signals.flatMap((signal) => labelsOf(ctx.db, signal, rule, epochMs(tickMs), ctx.clock.nowMs()));
    if (labels.length === 0)
      return { kind: "stop", reason: signals.length === 0 ? "nothing to label" : "candles are still missing" };
    return {
      kind: "done",
      write: (tx) => {
        for (const label of labels) tx.labels.insert(label);
      },
    };
  },
};

const labelsOf = (
  db: Reads,
  { id, symbol, barOpenMs, atr }: UnlabelledSignal,
  rule: RuleSettings,
  tickMs: EpochMs,
  labelledMs: EpochMs,
): readonly SignalLabel[] => {
  const entryMs = plusMs(barOpenMs, BAR_MS);
  const endMs = plusMs(entryMs, Math.max(rule.timeStopMs, HOUR_MS));
  const entry = db.candles.at(symbol, barOpenMs)?.close;
  if (entry === undefined) return [];
  const candles = db.candles.range(symbol, entryMs, endMs);
  const labels: SignalLabel[] = [];
  for (const side of ["long", "short"] as const) {
    const touch = touchLabel(side, barOpenMs, entry, candles);
    if (!touch) return [];
    const plan = rulePlan(side, entryMs, entry, atr, rule);
    const result = plan && simulateRule(plan, candles);
    if (plan && !result && tickMs < endMs + GAP_FINAL_AFTER_MS) return [];
    labels.push({
      signalId: id,
      side,
      ...touch,
      rule: result && { netBps: result.netBps, exit: result.exit },
      labelledMs,
    });
  }
  return labels;
};
