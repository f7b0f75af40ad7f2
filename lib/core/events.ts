// The economic calendar: reading its CSV, and the rule that keeps entries away from important releases.
// The file affects a trading decision, so it is read strictly: one bad line refuses the whole file, with its line
// number.
import { AppError } from "./errors.ts";
import { type EpochMs, MINUTE_MS, parseInstant } from "./time.ts";

const IMPORTANCES = ["low", "medium", "high"] as const;
export type Importance = (typeof IMPORTANCES)[number];

export interface EconomicEvent {
  readonly atMs: EpochMs;
  /** ISO 4217, upper case. */
  readonly currency: string;
  readonly importance: Importance;
  readonly title: string;
  /** Minutes before and after in which no entry is made; undefined: the setting's. */
  readonly windowMinutes: number | undefined;
}

/**
 * A BOJ statement has no fixed time (usually 11:30 to 13:00 Tokyo), so its nominal time needs a wide window (DESIGN 8).
 */
const BOJ_WINDOW_MINUTES = 90;
/** Widest window of one event: half a day. A search for events near a moment must cover this distance. */
export const MAX_WINDOW_MINUTES = 720;

const HEADER = ["time_utc", "currency", "importance", "title"];
const PROBLEMS_SHOWN = 20;

interface CsvLine {
  readonly line: number;
  readonly fields: readonly string[];
}

/** RFC 4180: quotes, doubled quotes, commas and line breaks inside quotes; LF or CRLF. Blank lines are skipped. */
const csvLines = (text: string, problems: string[]): readonly CsvLine[] => {
  const lines: CsvLine[] = [];
  let fields: string[] = [];
  let field = "";
  let quoted = false;
  let line = 1;
  let startLine = 1;
  const end = () => {
    fields.push(field);
    if (fields.length > 1 || field.trim() !== "") lines.push({ line: startLine, fields });
    fields = [];
    field = "";
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "\n") line += 1;
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[i + 1] === '"') {
        field += '"';
        i += 1;
      } else {
        quoted = false;
        if (i + 1 < text.length && !/[,\r\n]/.test(text[i + 1]!))
          problems.push(`line ${line}: expected a comma after a quoted field, found ${JSON.stringify(text[i + 1])}`);
      }
    } else if (char === '"' && field === "") quoted = true;
    else if (char === ",") {
      fields.push(field);
      field = "";
    } else if (char === "\n") {
      if (field.endsWith("\r")) field = field.slice(0, -1);
      end();
      startLine = line;
    } else field += char;
  }
  if (quoted) problems.push(`line ${startLine}: a quoted field is not closed`);
  if (field !== "" || fields.length > 0) end();
  return lines;
};

const isBankOfJapan = (currency: string, title: string): boolean =>
  currency === "JPY" && /\bBOJ\b|Bank of Japan/i.test(title);

const parseEvent = (fields: readonly string[]): EconomicEvent | string => {
  const [time = "", currency = "", importance = "", title = "", window = ""] = fields.map((f) => f.trim());
  let atMs: EpochMs;
  try {
    atMs = parseInstant(time);
  } catch (e) {
    if (e instanceof RangeError) return `time_utc: ${e.message}`;
    throw e;
  }
  if (!/^[A-Z]{3}$/.test(currency))
    return `currency: expected three capital letters such as USD, found ${JSON.stringify(currency)}`;
  const known = IMPORTANCES.find((i) => i === importance);
  if (!known) return `importance: expected one of ${IMPORTANCES.join(", ")}, found ${JSON.stringify(importance)}`;
  if (title === "") return "title: expected some text, found nothing";
  if (title.length > 200) return `title: expected at most 200 characters, found ${title.length}`;
  if (window !== "" && !(/^\d{1,4}$/.test(window) && Number(window) <= MAX_WINDOW_MINUTES))
    return `window_minutes: expected whole minutes from 0 to ${MAX_WINDOW_MINUTES} or nothing, found ${JSON.stringify(window)}`;
  const fallback = isBankOfJapan(currency, title) ? BOJ_WINDOW_MINUTES : undefined;
  return { atMs, currency, importance: known, title, windowMinutes: window === "" ? fallback : Number(window) };
};

/**
 * Reads `time_utc,currency,importance,title[,window_minutes]`, sorted by time. A BOJ event without a window of its own
 * gets 90 minutes. Throws AppError permanent EVENTS_INVALID with every problem's line (the first 20): nothing is read
 * then.
 */
export const parseEventsCsv = (text: string): readonly EconomicEvent[] => {
  const problems: string[] = [];
  const [header, ...rows] = csvLines(text.replace(/^\uFEFF/, ""), problems);
  const names = header?.fields.map((f) => f.trim()) ?? [];
  const expected = names.length > HEADER.length ? [...HEADER, "window_minutes"] : HEADER;
  const events: EconomicEvent[] = [];
  if (names.join() !== expected.join())
    problems.push(
      `line ${header?.line ?? 1}: expected the header ${HEADER.join()}[,window_minutes], found ${JSON.stringify(names.join())}`,
    );
  else {
    const seen = new Map<string, number>();
    for (const { line, fields } of rows) {
      const event =
        fields.length === names.length
          ? parseEvent(fields)
          : `expected ${names.length} fields, found ${fields.length}; a title with a comma needs quotes`;
      if (typeof event === "string") {
        problems.push(`line ${line}: ${event}`);
        continue;
      }
      const key = JSON.stringify([event.atMs, event.currency, event.title]);
      const earlier = seen.get(key);
      if (earlier !== undefined)
        problems.push(`line ${line}: the same time, currency and title as line ${earlier}; keep one of them`);
      else seen.set(key, line);
      events.push(event);
    }
    if (rows.length === 0) problems.push("expected at least one event, found only the header");
  }
  if (problems.length > 0) {
    const hidden = problems.length - PROBLEMS_SHOWN;
    const shown = problems.slice(0, PROBLEMS_SHOWN).join("\n  ");
    throw new AppError(
      "permanent",
      "EVENTS_INVALID",
      `the event file was not read, nothing was changed:\n  ${shown}${hidden > 0 ? `\n  and ${hidden} more` : ""}`,
      { problems: problems.length },
    );
  }
  return events.sort((a, b) => a.atMs - b.atMs || (a.currency + a.title < b.currency + b.title ? -1 : 1));
};

interface NewsVerdict {
  readonly blocked: boolean;
  /** The blocking event nearest in time. */
  readonly event?: EconomicEvent;
}

/**
 * No entry within an important event's window, both edges included. Only importance `high` blocks. `events` must hold
 * all within MAX_WINDOW_MINUTES of `atMs`; whether news is avoided at all is the caller's setting.
 */
export const newsGate = (
  events: readonly EconomicEvent[],
  atMs: EpochMs,
  defaultWindowMinutes: number,
): NewsVerdict => {
  const away = (event: EconomicEvent): number => Math.abs(event.atMs - atMs);
  const nearest = events
    .filter((e) => e.importance === "high" && away(e) <= (e.windowMinutes ?? defaultWindowMinutes) * MINUTE_MS)
    .reduce<EconomicEvent | undefined>((best, e) => (best === undefined || away(e) < away(best) ? e : best), undefined);
  return nearest ? { blocked: true, event: nearest } : { blocked: false };
};
