// `trader schedules list`: the schedules with their last jobs, as a table that drops columns until it fits the
// terminal. The name, and whether the schedule is paused or late, are never cut.

import type { Job } from "../../../db/tables/jobs.ts";
import type { Schedule } from "../../../db/tables/schedules.ts";
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, isoUtc, MINUTE_MS, SECOND_MS } from "../../../lib/core/time.ts";
import type { State } from "../../runtime/stateFolder.ts";
import { cutTo, durationText, jstSeconds, jstTimeOfDay, noteLines, shortJst, table, textWidth } from "../terminal.ts";
import { note, stateText } from "./jobText.ts";

interface ScheduleRow {
  readonly schedule: Schedule;
  /** The last tick's job; undefined when there was no tick, or the job is pruned. */
  readonly job: Job | undefined;
}
export const gatherSchedules = ({ db }: State): readonly ScheduleRow[] =>
  db.read.schedules.all().map((schedule) => ({
    schedule,
    job:
      schedule.lastTickMs === undefined
        ? undefined
        : db.read.jobs.byKey(schedule.handler, `${schedule.name}:${schedule.lastTickMs}`),
  }));

/** "PAUSED", "LATE by 5 min", "14 min 5 s". */
export const dueText = (s: Schedule, nowMs: EpochMs): string =>
  s.paused
    ? "PAUSED"
    : s.nextTickMs < nowMs
      ? `LATE by ${durationText(nowMs - s.nextTickMs)}`
      : durationText(s.nextTickMs - nowMs);

interface Column {
  readonly title: string;
  readonly text: (row: ScheduleRow) => string;
}
const columns = (nowMs: EpochMs) => {
  const last = (text: (at: EpochMs) => string, { schedule: s }: ScheduleRow): string =>
    s.lastTickMs === undefined ? "none yet" : text(s.lastTickMs);
  const all = {
    name: { title: "NAME", text: ({ schedule: s }) => s.name },
    due: { title: "IN", text: ({ schedule: s }) => dueText(s, nowMs) },
    next: { title: "NEXT TICK (JST)", text: ({ schedule: s }) => jstSeconds(s.nextTickMs).slice(0, 19) },
    nextShort: { title: "NEXT (JST)", text: ({ schedule: s }) => shortJst(s.nextTickMs, nowMs) },
    nextTime: { title: "NEXT (JST)", text: ({ schedule: s }) => jstTimeOfDay(s.nextTickMs) },
    utc: { title: "UTC", text: ({ schedule: s }) => isoUtc(s.nextTickMs).slice(11, 19) },
    every: { title: "EVERY", text: ({ schedule: s }) => everyText(s.everyMs, s.offsetMs) },
    everyShort: { title: "EVERY", text: ({ schedule: s }) => spanText(s.everyMs) },
    missed: {
      title: "MISSED",
      text: ({ schedule: s }) => (s.policy === "all" ? `all, at most ${s.maxCatchUp}` : s.policy),
    },
    handler: { title: "HANDLER", text: ({ schedule: s }) => s.handler },
    last: { title: "LAST TICK (JST)", text: (row) => last((at) => jstSeconds(at).slice(0, 19), row) },
    lastShort: { title: "LAST", text: (row) => last((at) => shortJst(at, nowMs), row) },
    job: { title: "ITS JOB", text: jobText },
  } satisfies Record<string, Column>;
  return all;
};
const NARROWEST = ["name", "due"] as const;
/** From the widest to the narrowest. */
const LAYOUTS = [
  ["name", "due", "next", "utc", "every", "missed", "handler", "last", "job"],
  ["name", "due", "next", "utc", "every", "missed", "last", "job"],
  ["name", "due", "next", "every", "missed", "last", "job"],
  ["name", "due", "next", "every", "last", "job"],
  ["name", "due", "nextShort", "every", "lastShort", "job"],
  ["name", "due", "nextShort", "everyShort", "lastShort", "job"],
  ["name", "due", "nextShort", "everyShort", "job"],
  ["name", "due", "nextTime", "everyShort", "job"],
  ["name", "due", "everyShort", "job"],
  ["name", "due", "job"],
  NARROWEST,
] as const;
const jobHead = ({ schedule: s, job }: ScheduleRow): string =>
  s.lastTickMs === undefined ? "" : job ? `#${job.id} ${stateText(job)}` : "pruned";
const jobText = (row: ScheduleRow): string => (row.job ? `${jobHead(row)} ${note(row.job)}`.trimEnd() : jobHead(row));

/**
 * `width`: of the terminal, if there is one; an error of a dead job that does not fit is then printed below its
 * schedule.
 */
export const scheduleLines = (
  rows: readonly ScheduleRow[],
  nowMs: EpochMs,
  width: number | undefined,
): readonly string[] => {
  const known = columns(nowMs);
  const tableOf = (names: readonly (keyof typeof known)[], textOfJob: Column["text"]): readonly string[] => {
    const shown = names.map((name): Column => (name === "job" ? { ...known.job, text: textOfJob } : known[name]));
    return table([shown.map((c) => c.title), ...rows.map((row) => shown.map((c) => c.text(row)))]);
  };
  const [widest] = LAYOUTS;
  if (width === undefined) return tableOf(widest, jobText);
  const fits = (line: string): boolean => textWidth(line) <= width;
  const layout = LAYOUTS.find((names) => tableOf(names, jobHead).every(fits)) ?? NARROWEST;
  const whole = tableOf(layout, jobText);
  const isBelow = rows.map((row, i) => row.job?.state === "dead" && !fits(whole[i + 1] ?? ""));
  const lines = tableOf(layout, (row) => (isBelow[rows.indexOf(row)] ? jobHead(row) : jobText(row)));
  // Only the texts of ended jobs are cut: without them the layout fits. Below the narrowest layout the terminal wraps.
  return lines.flatMap((line, i) => [
    layout === NARROWEST ? line : cutTo(line, width),
    ...noteLines(isBelow[i - 1] ? note(rows[i - 1]!.job!) : "", width),
  ]);
};

/** "15 min", "1 d 2 h". */
const spanText = (ms: number): string => {
  const units = [
    [DAY_MS, "d"],
    [HOUR_MS, "h"],
    [MINUTE_MS, "min"],
    [SECOND_MS, "s"],
    [1, "ms"],
  ] as const;
  let left = ms;
  const parts: string[] = [];
  for (const [unitMs, unit] of units) {
    if (left >= unitMs) parts.push(`${Math.floor(left / unitMs)} ${unit}`);
    left %= unitMs;
  }
  return parts.join(" ");
};
/** 1970-01-01 was a Thursday. */
const WEEKDAYS = ["Thursdays", "Fridays", "Saturdays", "Sundays", "Mondays", "Tuesdays", "Wednesdays"] as const;
const weekday = (offsetMs: number): string => WEEKDAYS[Math.floor((offsetMs + 9 * HOUR_MS) / DAY_MS) % 7] ?? "";

/** "every 15 min, at +5 s", "every day at 00:05:00 JST", "Mondays at 00:10:00 JST". */
export const everyText = (everyMs: number, offsetMs: number): string =>
  everyMs === 7 * DAY_MS
    ? `${weekday(offsetMs)} at ${jstTimeOfDay(epochMs(offsetMs))} JST`
    : everyMs === DAY_MS
      ? `every day at ${jstTimeOfDay(epochMs(offsetMs))} JST`
      : `every ${spanText(everyMs)}${offsetMs === 0 ? "" : `, at +${spanText(offsetMs)}`}`;
