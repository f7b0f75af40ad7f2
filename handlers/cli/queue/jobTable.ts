// The table of `trader jobs list`. In a file every row is one line; on a terminal an error that does not fit is printed
// below its job, because its last words say what to do.
import type { Job } from "../../../db/tables/jobs.ts";
import type { EpochMs } from "../../../lib/core/time.ts";
import { jstSeconds, noteLines, shortJst, table, textWidth } from "../terminal.ts";
import { note, stateText } from "./jobText.ts";

export const TABLE_LEGEND = "WHEN (JST): a ready job's start, a parked one's deadline, an ended one's end";
/** Least width of the column of notes. */
const NOTE_LEAST = 20;

/** When a ready job runs, a parked one's deadline, when an ended one ended. */
const when = (job: Job): EpochMs =>
  job.finishedMs ?? (job.state === "parked" && job.deadlineMs !== undefined ? job.deadlineMs : job.runAtMs);

/** `width`: of the terminal, if there is one; long keys are then cut in the middle. */
export const jobTable = (jobs: readonly Job[], nowMs: EpochMs, width: number | undefined): readonly string[] => {
  const head = ["ID", "STATE", "HANDLER", "KEY", "TRIES", "WHEN (JST)"];
  const rows = jobs.map((job) => [
    String(job.id),
    stateText(job),
    job.name,
    job.key,
    `${job.attempts}/${job.maxAttempts}`,
    width === undefined ? jstSeconds(when(job)).slice(0, 19) : shortJst(when(job), nowMs),
  ]);
  const notes = jobs.map(note);
  if (width === undefined) return table([[...head, "NOTE"], ...rows.map((row, i) => [...row, notes[i]!])]);
  const used = Math.max(...table([head, ...rows]).map(textWidth));
  const room = Math.max(0, width - used - 2);
  const column = room >= NOTE_LEAST || notes.every((text) => textWidth(text) <= room);
  // An error of a dead job is printed whole; a job that is done needs no second line.
  const below = jobs.map((job, i) =>
    textWidth(notes[i]!) > room && (job.state === "dead" || (!column && job.state !== "done")) ? notes[i]! : "",
  );
  const beside = notes.map((text, i) => (column && below[i] === "" ? text : ""));
  const hasNotes = beside.some((text) => text !== "");
  const cells = rows.map((row, i) => (hasNotes ? [...row, beside[i]!] : row));
  const shrink = hasNotes ? [6] : [];
  const lines = table([hasNotes ? [...head, "NOTE"] : head, ...cells], { width, shrink, middle: [3] });
  return lines.flatMap((line, i) => [line, ...noteLines(below[i - 1] ?? "", width)]);
};
