// Why a bar has no signal, as the owner is told it: "cannot" is a state with a beginning, a reason and, where it is
// known, an end. The detailed reason is stored beside it.

export const NO_SIGNAL_KINDS = [
  /** Bars are missing, or the history is too short; ends by itself (lib/core/barHistory.ts). */
  "history",
  /** The market does not move, or only rounding is left of an indicator. */
  "flat",
  /** Nothing was traded in the bar. */
  "noTrades",
  /** A candle that cannot be true. */
  "badCandle",
  /** The venue is in its scheduled maintenance. */
  "closed",
  /** The venue says that it is closed, outside its schedule. */
  "venueClosed",
  /** The venue has published neither the candle nor its trades, or the candle was not stored. */
  "dataLate",
  /** The exchange gave no quote of this moment. */
  "noQuote",
  /** A stored indicator lies outside its range. */
  "outOfRange",
  /** No bar has been evaluated at all. */
  "notEvaluated",
] as const;
export type NoSignalKind = (typeof NO_SIGNAL_KINDS)[number];

export interface NoSignal {
  readonly kind: "noSignal";
  readonly why: NoSignalKind;
  /** In English, with its numbers: for the audit and the log. */
  readonly reason: string;
  /** Open of the first bar that can be judged when every bar arrives; undefined: not known. */
  readonly judgedFromMs?: number;
}
