// /signals: the last evaluated bars. /why: each gate of one of them, which explains why there was no signal.
import type { Signal } from "../../../db/tables/signals.ts";
import { FEATURE_SET } from "../../../lib/core/featureSet.ts";
import type { Gate } from "../../../lib/core/gates.ts";
import { symbolsOf } from "../../../lib/core/product.ts";
import { type Catalogue, textsOf } from "../../../lib/core/text/catalogue.ts";
import { shortTime } from "../../../lib/core/text/format.ts";
import { gateText } from "../../../lib/core/text/gateText.ts";
import { BAR_MS, barOpen, type EpochMs, epochMs, jstDayStart, jstText, MINUTE_MS } from "../../../lib/core/time.ts";
import { outcomeLines } from "../proposalCard.ts";
import type { AnswerFacts } from "./facts.ts";
import { silenceLines } from "./silence.ts";

const SHOWN = 12;
const REASONS_SHOWN = 3;

export const signalsAnswer = ({ db, config, nowMs }: AnswerFacts): string => {
  const { answers: t, words } = textsOf(config.LOCALE);
  const signals = db.signals.newest(SHOWN);
  const silent = silenceLines({ db, config, nowMs });
  if (signals.length === 0) return [...silent, t.noSignals].join("\n");
  return [
    ...silent,
    t.signalsTitle,
    ...signals.flatMap((s) => [
      t.signal({
        // A bar is named by its close, the time of its evaluation.
        time: shortTime(epochMs(s.barOpenMs + BAR_MS)),
        symbol: s.symbol,
        side: s.direction,
        probability: s.confidence,
        rank: s.rank,
      }),
      s.verdict === "filtered" ? t.filtered({ why: stoppedBy(words, s.gates ?? []) }) : t.verdict[s.verdict],
    ]),
  ].join("\n");
};

const stoppedBy = (words: Catalogue["words"], gates: readonly Gate[]): readonly string[] =>
  gates.filter((g) => !g.pass).map((g) => words.stopped[g.gate]);

export const whyAnswer = (facts: AnswerFacts): string => {
  const { answers: t } = textsOf(facts.config.LOCALE);
  const { arg } = facts;
  const found = signalsOf(facts);
  const unjudged = unjudgedBars(facts);
  // Without an argument the question is about now: a silence is the answer, then the last bar that was judged.
  const silent = arg === "" ? silenceLines(facts) : [];
  const parts = [...silent, ...unjudged, ...found.map((s) => whyText(facts, s))];
  if (parts.length === 0) return arg === "" ? t.noSignals : t.whyNotFound({ found: arg });
  return parts.join("\n\n");
};

/** Bars of the asked time that could not be judged, with their reason. */
export const unjudgedBars = ({ db, config, nowMs, arg }: AnswerFacts): readonly string[] => {
  const bars = barsAt(arg, nowMs);
  if (bars === undefined) return [];
  const { answers: t } = textsOf(config.LOCALE);
  const at = (bar: EpochMs): readonly string[] =>
    symbolsOf(config.PRODUCT).flatMap((symbol) => {
      const result = db.features.at(symbol, bar, FEATURE_SET)?.result;
      if (result?.kind !== "noSignal") return [];
      const { why, reason } = result;
      return [t.noSignalBar({ time: shortTime(epochMs(bar + BAR_MS)), symbol, why, reason })];
    });
  return bars.map(at).find((lines) => lines.length > 0) ?? [];
};

/**
 * By proposal id, by trade number, or by a bar's time today; without argument the last evaluated bar of each symbol.
 */
export const signalsOf = ({ db, nowMs, arg }: AnswerFacts): readonly Signal[] => {
  const one = (id: number | undefined): readonly Signal[] => {
    const signal = id === undefined ? undefined : db.signals.byId(id);
    return signal ? [signal] : [];
  };
  if (arg === "") {
    const newest = db.signals.newest(SHOWN);
    return newest.filter((s) => s.barOpenMs === newest[0]?.barOpenMs);
  }
  if (/^\d{1,9}$/.test(arg)) return one(db.trades.byId(Number(arg))?.signalId);
  const bars = barsAt(arg, nowMs);
  if (bars === undefined) return one(db.proposals.byId(arg.toLowerCase())?.signalId);
  const at = (bar: EpochMs) => db.signals.newest(400).filter((s) => s.barOpenMs === bar);
  return bars.map(at).find((signals) => signals.length > 0) ?? [];
};

/** The bars that a time HH:MM of today names: the one that closed then, and the one that was running. */
const barsAt = (arg: string, nowMs: EpochMs): readonly EpochMs[] | undefined => {
  const time = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(arg);
  if (time === null) return undefined;
  const atMs = epochMs(jstDayStart(nowMs) + (Number(time[1]) * 60 + Number(time[2])) * MINUTE_MS);
  const running = barOpen(atMs);
  return atMs === running ? [epochMs(running - BAR_MS), running] : [running];
};

const whyText = ({ db, config, nowMs }: AnswerFacts, s: Signal): string => {
  const { answers: t, words } = textsOf(config.LOCALE);
  const proposals = db.proposals.ofSignal(s.id);
  return [
    t.whyTitle({ time: shortTime(epochMs(s.barOpenMs + BAR_MS)), symbol: s.symbol, side: s.direction }),
    t.whyNumbers({ probability: s.confidence, rank: s.rank }),
    ...(s.candleRevisedMs === undefined ? [] : [t.revised({ time: jstText(s.candleRevisedMs) })]),
    ...(s.gates === undefined
      ? [t.noGates]
      : s.gates.map((g) => t.gate({ pass: g.pass, name: words.gate[g.gate], ...gateText(config.LOCALE, g) }))),
    ...(s.reasons.length === 0 ? [] : [t.reasonsTitle]),
    ...s.reasons.slice(0, REASONS_SHOWN).map((r) =>
      t.reason({
        feature: words.feature[r.feature as keyof typeof words.feature] ?? r.feature,
        supports: r.contribution >= 0,
      }),
    ),
    ...(proposals.length > 0 || s.gates === undefined
      ? []
      : [s.verdict === "filtered" ? t.filtered({ why: stoppedBy(words, s.gates) }) : t.verdict[s.verdict]]),
    ...proposals.map((p) => t.whyProposal({ id: p.id, became: outcomeLines({ db, config }, p, nowMs) })),
  ].join("\n");
};
