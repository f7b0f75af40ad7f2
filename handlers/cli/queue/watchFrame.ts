// One frame of `trader jobs watch`: the state of the queue, gathered in one short read, and its text. The text is a
// pure function of the frame. The most important lines come first, because a low terminal shows only the top.

import { dirname } from "node:path";
import type { Halt } from "../../../db/tables/halts.ts";
import type { JobState, JobStats } from "../../../db/tables/jobs.ts";
import { META } from "../../../db/tables/meta.ts";
import type { FailedAttempt, RunningJob } from "../../../db/tables/queueLook.ts";
import type { Schedule } from "../../../db/tables/schedules.ts";
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, jstText, MINUTE_MS } from "../../../lib/core/time.ts";
import { type NoPrices, noPrices, noPricesText } from "../../market/priceOutage.ts";
import { type State, virtualNow } from "../../runtime/stateFolder.ts";
import { SILENT_MS, type WatchedWorker, watchedWorkers } from "../../runtime/workerProcesses.ts";
import { folderText, isEndedReplay } from "../folder.ts";
import {
  clean,
  durationText,
  jstSeconds,
  type Line,
  noteLines,
  type Style,
  shortJst,
  table,
  textWidth,
  wrapTo,
} from "../terminal.ts";
import { haltEnds } from "../trading/bookText.ts";
import { dueText } from "./scheduleList.ts";

export interface Frame {
  /** System clock: of the machine, or the time a replay has reached. */
  readonly nowMs: EpochMs;
  readonly realNowMs: EpochMs;
  readonly dir: string;
  readonly mode: string | undefined;
  /** "var-paper (paper)". */
  readonly folder: string;
  /** A replay whose window is over. */
  readonly ended: boolean;
  readonly stats: JobStats;
  readonly halts: readonly Halt[];
  /** As the running worker recorded it; undefined while all symbols have prices. */
  readonly noPrices: NoPrices | undefined;
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

export const gatherFrame = ({ db, clock }: Pick<State, "db" | "clock">): Frame =>
  db.read.queueLook.atOnce(() => {
    const nowMs = virtualNow(db) ?? clock.nowMs();
    const { queueLook } = db.read;
    const schedules = [...db.read.schedules.all()];
    const workers = watchedWorkers(db);
    const ended = isEndedReplay(db);
    // An outage recorded by a worker that is gone is out of date.
    const runs = !ended && workers.some(({ process }) => process !== "stopped" && process !== "gone");
    schedules.sort((a, b) => Number(a.paused) - Number(b.paused) || a.nextTickMs - b.nextTickMs);
    return {
      nowMs,
      realNowMs: clock.realNowMs(),
      dir: dirname(db.path),
      mode: db.read.meta.get(META.mode),
      folder: folderText(db),
      ended,
      stats: db.read.jobs.stats(nowMs),
      halts: db.read.halts.active(nowMs),
      noPrices: runs ? noPrices(db) : undefined,
      workers,
      running: queueLook.running(),
      finishedLastMinute: queueLook.finishedSince(epochMs(nowMs - MINUTE_MS)),
      finishedLastHour: queueLook.finishedSince(epochMs(nowMs - HOUR_MS)),
      failures: queueLook.failures(epochMs(nowMs - DAY_MS), FAILURES_SHOWN),
      schedules,
    };
  });
/** The frame as lines of at most `width` columns; without a width they are not cut. */
export const frameLines = (frame: Frame, width?: number): readonly Line[] => {
  const wrapped = (line: Line): readonly Line[] =>
    wrapTo(line.text, width, "  ").map((text) => (line.style ? { text, style: line.style } : { text }));
  return [
    ...wrapped({ text: clean(`${jstSeconds(frame.nowMs)}  ${frame.folder}`), style: "bold" }),
    ...[...countLines(frame), ...frame.halts.map(haltLine), ...priceLines(frame), ...workerLines(frame)].flatMap(
      wrapped,
    ),
    ...runningLines(frame, width),
    ...failureLines(frame, width),
    ...tickLines(frame, width),
  ];
};

/** The reason of a loss limit already names its end. */
const haltLine = (halt: Halt): Line => {
  const { kind, reason, untilMs } = halt;
  const until =
    untilMs === undefined
      ? ` (${haltEnds(halt)})`
      : reason.includes(jstText(untilMs))
        ? ""
        : ` (until ${jstSeconds(untilMs)})`;
  return { text: clean(`HALT ${kind}: ${reason}${until}`), style: "bad" };
};

const priceLines = ({ noPrices: none }: Frame): readonly Line[] =>
  none === undefined ? [] : [{ text: clean(noPricesText(none)), style: "bad" }];

const countLines = ({ stats, finishedLastMinute, finishedLastHour, nowMs }: Frame): readonly Line[] => {
  const order: readonly JobState[] = ["ready", "running", "parked", "dead", "done", "cancelled", "expired"];
  const oldest = stats.oldestDueMs === undefined ? "" : `, the oldest since ${durationText(nowMs - stats.oldestDueMs)}`;
  return [
    {
      text: order.map((state) => `${state} ${stats.states[state].toLocaleString("en-US")}`).join("  "),
      ...(stats.states.dead > 0 ? { style: "warn" as const } : {}),
    },
    {
      text: `due now ${stats.due}${oldest}; ended in the last minute ${finishedLastMinute}, hour ${finishedLastHour}`,
    },
  ];
};

const section = (title: string): Line => ({ text: title, style: "dim" });

const workerLines = ({ workers, realNowMs, ended }: Frame): readonly Line[] => {
  if (ended) return [{ text: "this replay has ended", style: "warn" }];
  const text = (w: WatchedWorker): Line => {
    const age = realNowMs - w.heartbeatMs;
    const beat = `heartbeat ${durationText(age)} ago`;
    const who = `worker (pid ${w.pid})`;
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
    { width: inner(width), middle: [2] },
  );
  const more = running.length - shown.length;
  return [section("running"), ...rows(lines), ...(more > 0 ? [section(`  … ${more} more`)] : [])];
};

const failureLines = ({ failures, nowMs }: Frame, width: number | undefined): readonly Line[] => {
  if (failures.total === 0) return [section("no failed attempt in the last 24 h")];
  const head = ["ID", "HANDLER", "AGO", "TRY", "JOB IS"];
  const cells = failures.newest.map((f) => [
    String(f.jobId),
    f.name,
    durationText(nowMs - f.endedMs),
    `${f.attempt}/${f.maxAttempts}`,
    f.state,
  ]);
  const errors = failures.newest.map((f) => clean(`${f.error.code}: ${f.error.message}`));
  const styles = failures.newest.map((f): Style => (f.state === "dead" ? "bad" : "plain"));
  const title = section(`failed attempts of the last 24 h: ${failures.total}, the newest`);
  const whole = table([[...head, "ERROR"], ...cells.map((row, i) => [...row, errors[i]!])]);
  const room = inner(width);
  if (room === undefined || whole.every((line) => textWidth(line) <= room)) return [title, ...rows(whole, styles)];
  // The last words of an error say what to do: it is printed below its row, in at most three lines.
  const [first, ...others] = rows(table([head, ...cells], { width: room }), styles);
  const style = (i: number): Style => styles[i] ?? "plain";
  return [
    title,
    first!,
    ...others.flatMap((line, i) => [line, ...noteLines(errors[i]!, width!).map((text) => ({ text, style: style(i) }))]),
  ];
};

const tickLines = ({ schedules, nowMs, ended }: Frame, width: number | undefined): readonly Line[] => {
  if (ended) return []; // The schedules of an ended replay do not tick.
  if (schedules.length === 0) return [section("no schedules: the worker declares them when it first starts")];
  const lines = table(
    [["NEXT TICK", "IN", "JST"], ...schedules.map((s) => [s.name, dueText(s, nowMs), shortJst(s.nextTickMs, nowMs)])],
    { width: inner(width) },
  );
  return rows(
    lines,
    schedules.map((s): Style => (s.paused ? "warn" : "plain")),
  );
};
