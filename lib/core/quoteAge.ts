// The age of market data, judged by the venue's own time in it and not by when we asked: a cache or a stopped feed
// repeats old bodies at once. All times of the venue go through the measured offset of its clock from ours.
import { AppError } from "./errors.ts";
import type { Note } from "./text/reasonTexts.ts";
import { type EpochMs, plusMs, SECOND_MS } from "./time.ts";

/** Data older than QUOTE_MAX_AGE_SECONDS: no quote. */
export const QUOTE_OLD = "QUOTE_OLD";
/** Data dated later than the venue's clock can be: the two clocks differ by more than is known. No quote either. */
export const QUOTE_AHEAD = "QUOTE_AHEAD";

/** Numbers that cannot be, or that contradict what was known and that no second look confirms (plausible.ts). */
export const QUOTE_IMPOSSIBLE = "QUOTE_IMPOSSIBLE";

/** Data may be dated this much after our estimate of the venue's time: the largest offset that may be unknown. */
export const LARGEST_AHEAD_MS = 5 * SECOND_MS;

/** What is known of the venue's clock: venue minus us, milliseconds. Zero and zero while it is not measured. */
export interface MeasuredOffset {
  readonly offsetMs: number;
  /** The true offset lies within plus and minus this. */
  readonly errorMs: number;
}
export const UNMEASURED: MeasuredOffset = { offsetMs: 0, errorMs: 0 };

type QuoteAge =
  /** `asOfMs`: the venue's time of the data on our clock, never later than when we received them. */
  | { readonly kind: "fresh"; readonly ageMs: number; readonly asOfMs: EpochMs }
  | { readonly kind: "old"; readonly ageMs: number }
  | { readonly kind: "ahead"; readonly aheadMs: number };

/**
 * Judges data that carry the venue's time `venueMs` and were received at `receivedMs` (our clock). Exactly `maxAgeMs`
 * is still fresh; an age that is no number is old. Total: never throws.
 */
export const judgeAge = (
  venueMs: EpochMs,
  receivedMs: EpochMs,
  { offsetMs, errorMs }: MeasuredOffset,
  maxAgeMs: number,
): QuoteAge => {
  const ageMs = receivedMs + offsetMs - venueMs;
  if (!(ageMs <= maxAgeMs)) return { kind: "old", ageMs: Math.round(ageMs) };
  const aheadMs = -ageMs - errorMs;
  if (aheadMs > LARGEST_AHEAD_MS) return { kind: "ahead", aheadMs: Math.round(aheadMs) };
  return { kind: "fresh", ageMs: Math.max(0, ageMs), asOfMs: plusMs(receivedMs, -Math.floor(Math.max(0, ageMs))) };
};

/** The connector refused market data: there is no quote now. Safe to ask again. */
export const isNoQuoteCode = (code: string): boolean => code.startsWith("QUOTE_");
export const isNoQuote = (e: unknown): e is AppError => e instanceof AppError && isNoQuoteCode(e.code);

/** Why there is no quote, for the owner. `data` of the error holds `ageMs` or `aheadMs`. */
export const noQuoteNote = (e: AppError, maxAgeMs: number): Note => {
  const { ageMs, aheadMs } = e.data;
  if (e.code === QUOTE_IMPOSSIBLE) return { key: "quoteImpossible" };
  if (typeof aheadMs === "number") return { key: "quoteAhead", with: { aheadMs } };
  return { key: "quoteOld", with: { ageMs: typeof ageMs === "number" ? ageMs : undefined, maxAgeMs } };
};

/** Age of a quote now, milliseconds, 0 or more. */
export const quoteAgeMs = (asOfMs: EpochMs, nowMs: EpochMs): number => Math.max(0, nowMs - asOfMs);
