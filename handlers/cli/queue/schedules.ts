// `trader schedules list | run | pause | resume`: shows the schedules, runs one by hand, pauses and resumes them. A
// change is audited in its own transaction; a run by hand never replaces a scheduled tick.

import type { Command } from "commander";
import type { z } from "zod";
import type { Tx } from "../../../db/open.ts";
import type { Schedule } from "../../../db/tables/schedules.ts";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { type EpochMs, epochMs, isoUtc } from "../../../lib/core/time.ts";
import { entropyHex } from "../../../lib/io/random.ts";
import { Scheduler, tickAtOrAfter } from "../../../queue/schedule.ts";
import type { Enqueued, JobStore } from "../../../queue/store.ts";
import type { NewJob } from "../../../queue/types.ts";
import type { State } from "../../runtime/stateFolder.ts";
import { endedText, folderText, hintWith, idleText, isEndedReplay, shellQuoted } from "../folder.ts";
import type { SchedulePausedJson, ScheduleRunJson } from "../json/results.ts";
import { scheduleRowJson } from "../json/schedule.ts";
import { ACTOR, type Common, type JobsDeps, withCommon, within } from "../queueOptions.ts";
import { jstSeconds } from "../terminal.ts";
import { gatherSchedules, scheduleLines } from "./scheduleList.ts";

export const registerSchedules = (program: Command, deps: JobsDeps): void => {
  const schedules = program.command("schedules").description("scheduled jobs: list, run by hand, pause, resume");
  withCommon(schedules, "list", "every schedule with its next tick and what became of the last one").action(
    (options: Common) =>
      within(deps.look, options, (state) => {
        const { db, clock } = state;
        const rows = db.read.queueLook.atOnce(() => gatherSchedules(state));
        if (options.json) {
          deps.out(JSON.stringify(rows.map((row) => scheduleRowJson(row.schedule, row.job))));
          return;
        }
        const hint = hintWith(options);
        const width = deps.terminal?.columns();
        if (rows.length === 0)
          deps.out(
            `no schedules in ${folderText(db)}: the worker declares them when it first starts (${hint("worker")})`,
          );
        else for (const line of scheduleLines(rows, clock.nowMs(), width)) deps.out(line);
        const end = isEndedReplay(db) ? `; ${endedText(hint)}` : "";
        // Not wrapped: a hint must be copied as one line.
        if (rows.length > 0) deps.out(`${folderText(db)}${end}`);
      }),
  );
  withCommon(schedules, "run <name>", "enqueue the job of its newest tick now, by hand").action(
    (name: string, options: Common) => within(deps.open, options, (state) => run(state, deps, name, options)),
  );
  for (const verb of ["pause", "resume"] as const)
    withCommon(schedules, `${verb} <name>`, verb === "pause" ? "no ticks until it is resumed" : "tick again").action(
      (name: string, options: Common) =>
        within(deps.open, options, (state) => setPaused(state, deps, name, verb === "pause", options)),
    );
};

/** Throws UsageError that lists the names. */
const mustFind = (tx: Pick<Tx, "schedules">, name: string): Schedule => {
  const found = tx.schedules.byName(name);
  if (found) return found;
  const names = tx.schedules.all().map((schedule) => schedule.name);
  throw new UsageError(
    `expected the name of a schedule, found ${JSON.stringify(name)}; known: ${names.join(", ") || "none yet, the worker declares them when it first starts"}`,
  );
};

/**
 * The job of the newest tick at or before now, under a key of its own: the next tick still enqueues its own job. Where
 * a tick's job expires, this one expires as long after now, so that it is not expired when it is enqueued.
 */
const jobByHand = (schedule: Schedule, nowMs: EpochMs): NewJob & { readonly tickMs: EpochMs } => {
  const { everyMs, offsetMs, expiresAfterMs } = schedule;
  const tickMs = epochMs(tickAtOrAfter(nowMs + 1, everyMs, offsetMs) - everyMs);
  return {
    name: schedule.handler,
    key: `${schedule.name}:byHand:${isoUtc(nowMs)}:${entropyHex(4)}`,
    input: { ...schedule.input, tickMs },
    ...(expiresAfterMs === undefined ? {} : { expiresAtMs: epochMs(nowMs + expiresAfterMs) }),
    tickMs,
  };
};

const run = ({ db, store, clock }: State, deps: JobsDeps, name: string, options: Common): void => {
  const { schedule, job, result } = db.transaction((tx) => {
    const found = mustFind(tx, name);
    const nowMs = clock.nowMs();
    const { tickMs, ...job } = jobByHand(found, nowMs);
    // A stored schedule's name and input are checked by the store when the job is enqueued.
    const queue: Pick<JobStore, "enqueueIn"> = store;
    const enqueued: Enqueued = queue.enqueueIn(tx, job);
    const data = { schedule: name, tickMs, jobId: enqueued.id, name: job.name, key: job.key };
    tx.audit.append({ atMs: nowMs, kind: "schedule.runByHand", actor: ACTOR, data });
    return { schedule: found, job: { ...job, tickMs }, result: enqueued };
  });
  const hint = hintWith(options);
  if (options.json) {
    const { id } = result;
    const fact = { id, schedule: name, name: job.name, key: job.key, tickAt: isoUtc(job.tickMs) };
    deps.out(JSON.stringify(fact satisfies z.infer<typeof ScheduleRunJson>));
  } else
    deps.out(
      `job ${result.id} ${job.name} ${job.key}: ready in ${folderText(db)}, for the tick of ${jstSeconds(job.tickMs)}; watch it with ${hint(`jobs show ${result.id}`)}`,
    );
  if (schedule.paused) deps.err(`note: ${name} is paused and stays so; only this one job runs`);
  const idle = idleText(db, hint);
  if (idle !== undefined) deps.err(`note: ${idle}`);
};

const setPaused = (state: State, deps: JobsDeps, name: string, paused: boolean, options: Common): void => {
  const { db, store, clock } = state;
  const scheduler = new Scheduler(db, store, clock);
  const { before, changed } = db.transaction((tx) => {
    const before = mustFind(tx, name);
    if (before.paused === paused) return { before, changed: false };
    if (!scheduler.setPaused(name, paused))
      throw new AppError(
        "permanent",
        "SCHEDULE_GONE",
        `expected the schedule ${name}, found it removed meanwhile; nothing was changed`,
      );
    const data = { schedule: name, handler: before.handler, before: before.paused, after: paused };
    tx.audit.append({ atMs: clock.nowMs(), kind: paused ? "schedule.paused" : "schedule.resumed", actor: ACTOR, data });
    return { before, changed: true };
  });
  const { nextTickMs } = before;
  if (options.json) {
    const fact = { name, paused, changed, nextTickAt: isoUtc(nextTickMs) };
    deps.out(JSON.stringify(fact satisfies z.infer<typeof SchedulePausedJson>));
    return;
  }
  const where = `in ${folderText(db)}`;
  if (!changed) deps.out(`${name} is ${paused ? "paused already" : "not paused"} ${where}, nothing was changed`);
  else if (paused) {
    const resume = hintWith(options)(`schedules resume ${shellQuoted(name)}`);
    deps.out(`${name} paused ${where}: no tick until ${resume}, also after a restart`);
  } else {
    const then = nextTickMs > clock.nowMs() ? `next tick ${jstSeconds(nextTickMs)}` : MISSED[before.policy];
    deps.out(`${name} resumed ${where}: ${then}`);
  }
  if (isEndedReplay(db)) deps.err(`note: ${endedText(hintWith(options))}; no time passes in it any more`);
};
const MISSED: Readonly<Record<Schedule["policy"], string>> = {
  skip: "the ticks missed meanwhile are skipped, unless the newest is still fresh",
  once: "the newest tick missed meanwhile is made up",
  all: "the ticks missed meanwhile are made up, oldest first",
};
