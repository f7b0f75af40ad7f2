// One frame of `trader jobs watch`: what the queue does right now, gathered in one short read, and its text. The text is a
// pure function of what was gathered. Most important first, because a low terminal shows only the top.
import { dirname } from "node:path";
import type { Database } from "../../db/open.ts";
import type { Halt } from "../../db/tables/halts.ts";
import type { JobState, JobStats } from "../../db/tables/jobs.ts";
import type { FailedAttempt, RegisteredWorker, RunningJob } from "../../db/tables/queueLook.ts";
import type { Schedule } from "../../db/tables/schedules.ts";
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, isoUtc, MINUTE_MS } from "../../lib/core/time.ts";
import { processState } from "../../lib/io/process.ts";
import type { JobsState } from "./common.ts";
import { META, virtualNow } from "./state.ts";
import { bothTimes, clean, durationText, jstSeconds, jstTimeOfDay, type Line, type Style, table } from "./terminal.ts";

export interface WatchedWorker extends RegisteredWorker {
  readonly process: "alive" | "gone" | "unknown" | "stopped";
}
export interface Frame {
  /** System clock: of the machine, or the time a replay has reached. */
  readonly nowMs: EpochMs;
  readonly realNowMs: EpochMs;
  readonly dir: string;
  readonly mode: string | undefined;
  readonly stats: JobStats;
  readonly halts: readonly Halt[];
  readonly workers: readonly WatchedWorker[];
  readonly running: readonly RunningJob[];
  readonly finishedLastMinute: number;
  readonly finishedLastHour: number;
  /** Of the last 24 hours. */
  readonly failures: { readonly newest: readonly FailedAttempt[]; readonly total: number };
  /** By next tick, paused ones last. */
  readonly schedules: readonly Schedule[];
}

const FAILURES_SHOWN = 5;
const RUNNING_SHOWN = 10;
/** A worker writes its heartbeat every 10 s; without one for this long it hangs (its lease is over). */
const SILENT_MS = 30_000;

export const gatherFrame = ({ db, clock }: Pick<JobsState, "db" | "clock">): Frame =>
  db.read.queueLook.atOnce(() => {
    const nowMs = virtualNow(db) ?? clock.nowMs();
    const { queueLook } = db.read;
    const schedules = [...db.read.schedules.all()];
    schedules.sort((a, b) => Number(a.paused) - Number(b.paused) || a.nextTickMs - b.nextTickMs);
    return {
      nowMs,
      realNowMs: clock.realNowMs(),
      dir: dirname(db.path),
      mode: modeOf(db),
      stats: db.read.jobs.stats(nowMs),
      halts: db.read.halts.active(nowMs),
      workers: latest(queueLook.workers()),
      running: queueLook.running(),
      finishedLastMinute: queueLook.finishedSince(epochMs(nowMs - MINUTE_MS)),
      finishedLastHour: queueLook.finishedSince(epochMs(nowMs - HOUR_MS)),
      failures: queueLook.failures(epochMs(nowMs - DAY_MS), FAILURES_SHOWN),
      schedules,
    };
  });
const modeOf = (db: Database): string | undefined => db.read.meta.get(META.mode);

/** Those that may run; when none does, the one that was heard of last, so that its end is seen. */
const latest = (rows: readonly RegisteredWorker[]): readonly WatchedWorker[] => {
  const judged = rows.map((row) => ({
    ...row,
    process: row.stoppedMs === undefined ? processState({ pid: row.pid, host: row.host }) : ("stopped" as const),
  }));
  const living = judged.filter((w) => w.process === "alive" || w.process === "unknown");
  if (living.length > 0) return living;
  const last = judged.reduce<WatchedWorker | undefined>(
    (a, b) => (a && a.heartbeatMs >= b.heartbeatMs ? a : b),
    undefined,
  );
  return last ? [last] : [];
};

export const frameJson = (frame: Frame): Record<string, unknown> => ({
  nowMs: frame.nowMs,
  dir: frame.dir,
  mode: frame.mode ?? null,
  states: frame.stats.states,
  due: frame.stats.due,
  oldestDueMs: frame.stats.oldestDueMs ?? null,
  finishedLastMinute: frame.finishedLastMinute,
  finishedLastHour: frame.finishedLastHour,
  halts: frame.halts.map((h) => ({ kind: h.kind, reason: h.reason, untilMs: h.untilMs ?? null })),
  workers: frame.workers.map((w) => ({
    bootId: w.bootId,
    pid: w.pid,
    process: w.process,
    startedMs: w.startedMs,
    heartbeatMs: w.heartbeatMs,
    heartbeatAgeMs: frame.realNowMs - w.heartbeatMs,
  })),
  running: frame.running.map(({ job, startedMs }) => ({
    id: job.id,
    name: job.name,
    key: job.key,
    attempt: job.attempts,
    maxAttempts: job.maxAttempts,
    worker: job.worker ?? null,
    startedMs,
    ageMs: frame.nowMs - startedMs,
  })),
  failures: frame.failures.newest,
  failuresLastDay: frame.failures.total,
  schedules: frame.schedules.map((s) => ({ name: s.name, nextTickMs: s.nextTickMs, paused: s.paused })),
});

/** The frame as lines; long ones are cut by whoever shows them. `width` lets tables share the room they have. */
export const frameLines = (frame: Frame, width?: number): readonly Line[] => [
  {
    text: `trader jobs watch  ${frame.dir}  mode ${frame.mode ?? "none yet"}  ${bothTimes(frame.nowMs)}`,
    style: "bold",
  },
  ...countLines(frame),
  ...frame.halts.map(
    (h): Line => ({
      text: clean(
        `HALT ${h.kind}: ${h.reason} (${h.untilMs === undefined ? "until it is cleared" : `until ${jstSeconds(h.untilMs)}`})`,
      ),
      style: "bad",
    }),
  ),
  ...workerLines(frame),
  ...runningLines(frame, width),
  ...failureLines(frame, width),
  ...tickLines(frame, width),
];

const countLines = ({ stats, finishedLastMinute, finishedLastHour, nowMs }: Frame): readonly Line[] => {
  const order: readonly JobState[] = ["ready", "running", "parked", "dead", "done", "cancelled", "expired"];
  const oldest = stats.oldestDueMs === undefined ? "" : `, the oldest since ${durationText(nowMs - stats.oldestDueMs)}`;
  return [
    {
      text: order.map((state) => `${state} ${stats.states[state].toLocaleString("en-US")}`).join("   "),
      ...(stats.states.dead > 0 ? { style: "warn" as const } : {}),
    },
    {
      text: `due now ${stats.due}${oldest}; ended in the last minute ${finishedLastMinute}, in the last hour ${finishedLastHour}`,
    },
  ];
};

const section = (title: string): Line => ({ text: title, style: "dim" });

const workerLines = ({ workers, realNowMs }: Frame): readonly Line[] => {
  const text = (w: WatchedWorker): Line => {
    const age = realNowMs - w.heartbeatMs;
    const beat = `heartbeat ${durationText(age)} ago`;
    const who = `worker ${w.bootId} (pid ${w.pid})`;
    const up = `up ${durationText(realNowMs - w.startedMs)}`;
    switch (w.process) {
      case "stopped":
        return {
          text: `NO WORKER RUNS: ${who} stopped ${durationText(realNowMs - (w.stoppedMs ?? w.heartbeatMs))} ago`,
          style: "bad",
        };
      case "gone":
        return { text: `NO WORKER RUNS: ${who} is gone, its last ${beat}`, style: "bad" };
      default: {
        const other = w.process === "unknown" ? ", of another container" : "";
        return age > SILENT_MS
          ? { text: `${who} is SILENT: ${beat}, ${up}${other}`, style: "bad" }
          : { text: `${who}: ${beat}, ${up}${other}` };
      }
    }
  };
  return workers.length === 0 ? [{ text: "NO WORKER RUNS: none has ever run here", style: "bad" }] : workers.map(text);
};

const rows = (lines: readonly string[], styles: readonly Style[] = []): readonly Line[] =>
  lines.map((line, i) => ({ text: `  ${line}`, style: i === 0 ? "dim" : (styles[i - 1] ?? "plain") }));
const inner = (width: number | undefined): number | undefined => (width === undefined ? undefined : width - 2);

const runningLines = ({ running, nowMs }: Frame, width: number | undefined): readonly Line[] => {
  if (running.length === 0) return [section("nothing runs")];
  const shown = running.slice(0, RUNNING_SHOWN);
  const lines = table(
    [
      ["ID", "HANDLER", "KEY", "TRY", "FOR"],
      ...shown.map(({ job, startedMs }) => [
        String(job.id),
        job.name,
        job.key,
        `${job.attempts}/${job.maxAttempts}`,
        durationText(nowMs - startedMs),
      ]),
    ],
    { width: inner(width), shrink: [2] },
  );
  const more = running.length - shown.length;
  return [section("running"), ...rows(lines), ...(more > 0 ? [section(`  … ${more} more`)] : [])];
};

const failureLines = ({ failures, nowMs }: Frame, width: number | undefined): readonly Line[] => {
  if (failures.total === 0) return [section("no failed attempt in the last 24 h")];
  const lines = table(
    [
      ["ID", "HANDLER", "AGO", "TRY", "JOB IS", "ERROR"],
      ...failures.newest.map((f) => [
        String(f.jobId),
        f.name,
        durationText(nowMs - f.endedMs),
        `${f.attempt}/${f.maxAttempts}`,
        f.state,
        `${f.error.code}: ${f.error.message}`,
      ]),
    ],
    { width: inner(width), shrink: [5] },
  );
  const styles = failures.newest.map((f): Style => (f.state === "dead" ? "bad" : "plain"));
  return [section(`failed attempts of the last 24 h: ${failures.total}, the newest`), ...rows(lines, styles)];
};

const tickLines = ({ schedules, nowMs }: Frame, width: number | undefined): readonly Line[] => {
  if (schedules.length === 0) return [section("no schedules: the worker declares them when it first starts")];
  const text = (s: Schedule): string => {
    if (s.paused) return "PAUSED";
    const inMs = s.nextTickMs - nowMs;
    return inMs >= 0 ? durationText(inMs) : `LATE by ${durationText(-inMs)}`;
  };
  const day = (at: EpochMs): string =>
    jstSeconds(at).slice(0, 10) === jstSeconds(nowMs).slice(0, 10) ? "" : `${jstSeconds(at).slice(5, 10)} `;
  const lines = table(
    [
      ["NEXT TICK", "IN", "JST", "UTC"],
      ...schedules.map((s) => [
        s.name,
        text(s),
        `${day(s.nextTickMs)}${jstTimeOfDay(s.nextTickMs)}`,
        isoUtc(s.nextTickMs).slice(11, 19),
      ]),
    ],
    { width: inner(width), shrink: [0] },
  );
  return rows(
    lines,
    schedules.map((s): Style => (s.paused ? "warn" : "plain")),
  );
};
