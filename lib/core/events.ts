// The economic calendar: reading its CSV, and the rule that keeps entries away from important releases.
// The file affects a trading decision, so it is read strictly: one bad line refuses the whole file, with its line
// number.
import { createHash } from "node:crypto";
import { AppError } from "./errors.ts";
import { eventKind, kindWindowMinutes, plainTitle } from "./eventKinds.ts";
import { Problems } from "./problems.ts";
import { DAY_MS, type EpochMs, MINUTE_MS, parseInstant } from "./time.ts";

const IMPORTANCES = ["low", "medium", "high"] as const;
export type Importance = (typeof IMPORTANCES)[number];

export interface EconomicEvent {
  readonly atMs: EpochMs;
  /** ISO 4217, upper case. */
  readonly currency: string;
  readonly importance: Importance;
  readonly title: string;
  /** Minutes before and after in which no entry is made: the file's, else the kind's; undefined: the setting's. */
  readonly windowMinutes: number | undefined;
}

/** Widest window of one event: half a day. A search for events near a moment must cover this distance. */
export const MAX_WINDOW_MINUTES = 720;

const HEADER = ["time_utc", "currency", "importance", "title"];

interface CsvLine {
  readonly line: number;
  readonly fields: readonly string[];
}

/** RFC 4180: quotes, doubled quotes, commas and line breaks inside quotes; LF or CRLF. Blank lines are skipped. */
const csvLines = (text: string, problems: Problems): readonly CsvLine[] => {
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

/** A Japanese keyboard may have written ＵＳＤ, ｈｉｇｈ or １２：３０. */
const narrow = (field: string): string => field.normalize("NFKC").trim();

const parseEvent = (fields: readonly string[]): EconomicEvent | string => {
  const [time = "", currency = "", importance = "", , window = ""] = fields.map((f) => narrow(f));
  const title = fields[3]?.trim() ?? "";
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
  const fallback = kindWindowMinutes({ currency, title });
  return { atMs, currency, importance: known, title, windowMinutes: window === "" ? fallback : Number(window) };
};

/**
 * Reads `time_utc,currency,importance,title[,window_minutes]`, sorted by time. An event without a window of its own
 * gets its kind's (eventKinds.ts). Throws AppError permanent EVENTS_INVALID with every problem's line (the first 20): nothing is read
 * then.
 */
export const parseEventsCsv = (text: string): readonly EconomicEvent[] => {
  const problems = new Problems();
  const [header, ...rows] = csvLines(text.replace(/^\uFEFF/, ""), problems);
  const names = header?.fields.map(narrow) ?? [];
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
  if (problems.count > 0) {
    throw new AppError(
      "permanent",
      "EVENTS_INVALID",
      `the event file was not read, nothing was changed:\n  ${problems.lines().join("\n  ")}`,
      { problems: problems.count },
    );
  }
  return events.sort((a, b) => a.atMs - b.atMs || (a.currency + a.title < b.currency + b.title ? -1 : 1));
};

/**
 * The window in force, minutes: the file's own, else the wider one of the kind and the setting. A window of the file
 * that equals the kind's cannot be told from it and counts as the kind's: it may only get wider.
 */
export const newsWindowMinutes = (event: EconomicEvent, settingMinutes: number): number => {
  const kind = kindWindowMinutes(event);
  const own = event.windowMinutes;
  return own === undefined || own === kind ? Math.max(kind ?? 0, settingMinutes) : own;
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
    .filter((e) => e.importance === "high" && away(e) <= newsWindowMinutes(e, defaultWindowMinutes) * MINUTE_MS)
    .reduce<EconomicEvent | undefined>((best, e) => (best === undefined || away(e) < away(best) ? e : best), undefined);
  return nearest ? { blocked: true, event: nearest } : { blocked: false };
};

/** An event is itself by time, currency and title. */
const keyOf = (e: Pick<EconomicEvent, "atMs" | "currency" | "title">): string =>
  JSON.stringify([e.atMs, e.currency, e.title]);

/** First and last time; throws RangeError without an event. */
export const spanOf = (events: readonly EconomicEvent[]): { readonly firstMs: EpochMs; readonly lastMs: EpochMs } => {
  const [first] = events;
  if (first === undefined) throw new RangeError("expected at least one event, found none");
  let { atMs: firstMs } = first;
  let lastMs = firstMs;
  for (const { atMs } of events) {
    if (atMs < firstMs) firstMs = atMs;
    if (atMs > lastMs) lastMs = atMs;
  }
  return { firstMs, lastMs };
};
/** Names an event at the command line: eight letters and digits, made of its time, currency and title. */
export const eventId = (e: Pick<EconomicEvent, "atMs" | "currency" | "title">): string =>
  createHash("sha256").update(keyOf(e)).digest("hex").slice(0, 8);

/** What an import does to the calendar. */
export interface CalendarChange {
  readonly added: readonly EconomicEvent[];
  /** Another importance or window; as they will be. */
  readonly changed: readonly EconomicEvent[];
  readonly unchanged: readonly EconomicEvent[];
  /** Of the span between the file's first and last event, both included: stored, but not in the file. */
  readonly withdrawn: readonly EconomicEvent[];
}

/**
 * `stored`: at least the events between the first and the last of `file`. `replaces`: the currencies that the file
 * rules in its span; undefined: it only adds and changes.
 */
export const calendarChange = (
  stored: readonly EconomicEvent[],
  file: readonly EconomicEvent[],
  replaces: ((currency: string) => boolean) | undefined,
): CalendarChange => {
  const before = new Map(stored.map((e) => [keyOf(e), e]));
  const wanted = new Set(file.map(keyOf));
  const isNew = (e: EconomicEvent): boolean => !before.has(keyOf(e));
  const isSame = (e: EconomicEvent): boolean => {
    const old = before.get(keyOf(e));
    return old !== undefined && old.importance === e.importance && old.windowMinutes === e.windowMinutes;
  };
  const { firstMs, lastMs } = spanOf(file);
  return {
    added: file.filter(isNew),
    changed: file.filter((e) => !isNew(e) && !isSame(e)),
    unchanged: file.filter(isSame),
    withdrawn: stored.filter(
      (e) => replaces?.(e.currency) === true && e.atMs >= firstMs && e.atMs <= lastMs && !wanted.has(keyOf(e)),
    ),
  };
};

/** An event that recurs does so at least a week apart. */
export const NEARBY_DAYS = 6;
/** Title without what stands in brackets, for comparing: "BOJ Statement (nominal time)". */
const bareTitle = (title: string): string =>
  plainTitle(title.normalize("NFKC").replace(/[([［（【][^)\]］）】]*[)\]］）】]/g, " ")) || plainTitle(title);

/**
 * Pairs that may be one event at two times: the same currency and title, or two rate decisions of one currency, at
 * different times at most NEARBY_DAYS apart. Each pair once, the earlier first; `around` must hold what lies that near
 * to `events`. Both block until one is removed.
 */
export const nearbyTwins = (
  events: readonly EconomicEvent[],
  around: readonly EconomicEvent[],
): readonly (readonly [EconomicEvent, EconomicEvent])[] => {
  const groups = new Map<string, EconomicEvent[]>();
  for (const e of around) {
    const keys = [`title ${bareTitle(e.title)}`, ...(eventKind(e) === "rateDecision" ? ["rateDecision"] : [])];
    for (const key of keys) {
      const group = `${e.currency} ${key}`;
      const known = groups.get(group);
      if (known === undefined) groups.set(group, [e]);
      else known.push(e);
    }
  }
  const asked = new Set(events.map(keyOf));
  const isAsked = (e: EconomicEvent): boolean => asked.has(keyOf(e));
  const pairs = new Map<string, readonly [EconomicEvent, EconomicEvent]>();
  for (const group of groups.values()) {
    const sorted = [...group].sort((a, b) => a.atMs - b.atMs);
    for (const [i, a] of sorted.entries())
      for (const b of sorted.slice(i + 1)) {
        if (b.atMs - a.atMs > NEARBY_DAYS * DAY_MS) break;
        if (a.atMs === b.atMs || !(isAsked(a) || isAsked(b))) continue;
        pairs.set(JSON.stringify([a.atMs, a.title, b.atMs, b.title, a.currency]), [a, b]);
      }
  }
  return [...pairs.values()].sort(([a], [b]) => a.atMs - b.atMs);
};

/** Important events of the traded market's currencies whose kind the table does not know. */
export const unknownImportant = (events: readonly EconomicEvent[]): readonly EconomicEvent[] =>
  events.filter((e) => e.importance === "high" && ["JPY", "USD"].includes(e.currency) && eventKind(e) === undefined);
