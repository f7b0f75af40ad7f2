// Time as UTC epoch milliseconds. JST (UTC+9, no daylight saving) appears only in the two day boundaries and in
// text for people: the JST calendar day (risk, reports) and the venue day that starts at 06:00 JST (candles, fees).

declare const unit: unique symbol;
/** UTC epoch milliseconds on the system's clock (virtual in replay). */
export type EpochMs = number & { readonly [unit]: "epoch_ms" };
export const epochMs = (value: number): EpochMs => {
  if (!Number.isSafeInteger(value)) throw new RangeError(`expected whole epoch milliseconds, found ${value}`);
  return value as EpochMs;
};
/** A nullable column or an absent value: null becomes undefined. */
export const epochMsOrUndefined = (value: number | null | undefined): EpochMs | undefined =>
  value === null || value === undefined ? undefined : epochMs(value);
/** `ms` (milliseconds) after `at`, or before it when negative. A fraction is rounded up: a wait never ends early. */
export const plusMs = (at: EpochMs, ms: number): EpochMs => epochMs(at + Math.ceil(ms));
/** The first of several times. Throws RangeError for none. */
export const earliest = (...times: readonly number[]): EpochMs => epochMs(Math.min(...times));
/** The first of the times that are known; undefined when none is. */
export const earliestKnown = (...times: readonly (EpochMs | undefined)[]): EpochMs | undefined => {
  const known = times.filter((ms) => ms !== undefined);
  return known.length === 0 ? undefined : earliest(...known);
};
/** The last of several times. Throws RangeError for none. */
export const latest = (...times: readonly number[]): EpochMs => epochMs(Math.max(...times));

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/** One bar: 15 minutes (owner's design 2.3). */
export const BAR_MS = 15 * MINUTE_MS;
const JST_OFFSET_MS = 9 * HOUR_MS;
const VENUE_DAY_OFFSET_MS = 3 * HOUR_MS; // 06:00 JST = 21:00 UTC the day before

/** Start (00:00 JST) of the JST calendar day that holds `at`. */
export const jstDayStart = (at: EpochMs): EpochMs =>
  (Math.floor((at + JST_OFFSET_MS) / DAY_MS) * DAY_MS - JST_OFFSET_MS) as EpochMs;
/** "YYYY-MM-DD" of the JST calendar day that holds `at`. */
export const jstDate = (at: EpochMs): string => new Date(at + JST_OFFSET_MS).toISOString().slice(0, 10);
/** Start of the JST week (Monday 00:00 JST) that holds `at`. 1970-01-01 was a Thursday. */
export const jstWeekStart = (at: EpochMs): EpochMs => {
  const day = Math.floor((at + JST_OFFSET_MS) / DAY_MS);
  return ((day - ((day + 3) % 7)) * DAY_MS - JST_OFFSET_MS) as EpochMs;
};
/** Start of the JST month that holds `at`. */
export const jstMonthStart = (at: EpochMs): EpochMs => {
  const date = new Date(at + JST_OFFSET_MS);
  return (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) - JST_OFFSET_MS) as EpochMs;
};
/** Epoch of 00:00 JST of a "YYYY-MM-DD" date. Throws RangeError on anything that is not a real date. */
export const jstDateStart = (date: string): EpochMs => {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date)
    throw new RangeError(`expected a date YYYY-MM-DD, found ${JSON.stringify(date)}`);
  return (ms - JST_OFFSET_MS) as EpochMs;
};

/** Start (06:00 JST) of the venue day that holds `at`. */
export const venueDayStart = (at: EpochMs): EpochMs =>
  (Math.floor((at + VENUE_DAY_OFFSET_MS) / DAY_MS) * DAY_MS - VENUE_DAY_OFFSET_MS) as EpochMs;
/** "YYYYMMDD" of the venue day that holds `at`, as klines and archives name it (GMO API 4.5). */
export const venueDate = (at: EpochMs): string =>
  new Date(venueDayStart(at) + JST_OFFSET_MS).toISOString().slice(0, 10).replaceAll("-", "");
/** Start (06:00 JST) of the venue day "YYYY-MM-DD"; undefined for what is no date. */
export const venueDayOf = (date: string): EpochMs | undefined => {
  try {
    return (jstDateStart(date) + 6 * HOUR_MS) as EpochMs;
  } catch {
    return undefined;
  }
};
/** First 06:00 JST strictly after `at`. */
export const nextVenueDayStart = (at: EpochMs): EpochMs => (venueDayStart(at) + DAY_MS) as EpochMs;

/** Open time of the bar that holds `at`. */
export const barOpen = (at: EpochMs): EpochMs => (Math.floor(at / BAR_MS) * BAR_MS) as EpochMs;

/** ISO-8601 UTC with milliseconds, as the owner's tables store times. */
export const isoUtc = (at: EpochMs): string => new Date(at).toISOString();
/** "2025-08-12 21:30 JST", for people. */
export const jstText = (at: EpochMs): string =>
  `${new Date(at + JST_OFFSET_MS).toISOString().slice(0, 16).replace("T", " ")} JST`;
/**
 * When a wait of `ms` that began at `fromMs` ends. A start in the future counts as already ended: the clock was set
 * back since, and that must never make a wait longer.
 */
export const waitEndMs = (fromMs: EpochMs, ms: number, nowMs: EpochMs): EpochMs =>
  fromMs > nowMs ? nowMs : ((fromMs + ms) as EpochMs);

/** Strict ISO-8601 instant with a zone ("Z" or an offset). Throws RangeError otherwise. */
export const parseInstant = (text: string): EpochMs => {
  const match = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.exec(text);
  const day = match ? Date.parse(`${match[1]}T00:00:00Z`) : Number.NaN;
  // Date.parse takes February 30th for March 2nd: a date that does not round-trip is invalid.
  const real = !Number.isNaN(day) && new Date(day).toISOString().slice(0, 10) === match?.[1];
  const ms = real ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new RangeError(
      `expected an ISO-8601 time with a zone such as 2025-08-12T21:00:00Z, found ${JSON.stringify(text)}`,
    );
  return ms as EpochMs;
};
