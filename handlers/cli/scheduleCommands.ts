// `trader schedules list | run | pause | resume`: the clockwork as a person reads it and holds it. What a person changes is
// audited in the same transaction; a run by hand never takes a scheduled tick's place.
import { dirname } from "node:path";
import type { Command } from "commander";
import type { Tx } from "../../db/open.ts";
import type { Job } from "../../db/tables/jobs.ts";
import type { Schedule } from "../../db/tables/schedules.ts";
import { AppError, UsageError } from "../../lib/core/errors.ts";
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, isoUtc, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import { isLocked } from "../../lib/io/lock.ts";
import { entropyHex } from "../../lib/io/random.ts";
import { Scheduler, tickAtOrAfter } from "../../queue/schedule.ts";
import type { Enqueued } from "../../queue/store.ts";
import type { NewJob } from "../../queue/types.ts";
import { ACTOR, type Common, type JobsDeps, type JobsState, withCommon, within } from "./common.ts";
import { jobJson, note, stateText } from "./jobText.ts";
import { durationText, jstSeconds, jstTimeOfDay, table } from "./terminal.ts";

export const registerSchedules = (program: Command, deps: JobsDeps): void => {
  const schedules = program
    .command("schedules")
    .description("what runs by the clock: look, run by hand, pause, resume");
  withCommon(schedules, "list", "every schedule with its next tick and what became of the last one").action(
    (options: Common) =>
      within(deps.look, options, (state) => {
        const rows = state.db.read.queueLook.atOnce(() => gather(state));
        if (options.json) deps.out(JSON.stringify(rows.map(rowJson)));
        else if (rows.length === 0)
          deps.out("no schedules: the worker declares them when it first starts (trader worker)");
        else for (const line of listLines(rows, state.clock.nowMs(), deps.terminal?.columns())) deps.out(line);
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
 * The job a tick would give, for the newest tick at or before now: the coming tick keeps its bar, its day and its message.
 * Its key is its own. Where a tick's job expires, this one does as long after now, so that it is not born too old.
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

const run = ({ db, store, clock }: JobsState, deps: JobsDeps, name: string, options: Common): void => {
  const { schedule, job, result } = db.transaction((tx) => {
    const found = mustFind(tx, name);
    const nowMs = clock.nowMs();
    const { tickMs, ...job } = jobByHand(found, nowMs);
    const enqueued: Enqueued = store.enqueueIn(tx, job);
    const data = { schedule: name, tickMs, jobId: enqueued.id, name: job.name, key: job.key };
    tx.audit.append({ atMs: nowMs, kind: "schedule.runByHand", actor: ACTOR, data });
    return { schedule: found, job: { ...job, tickMs }, result: enqueued };
  });
  if (options.json)
    deps.out(JSON.stringify({ id: result.id, schedule: name, name: job.name, key: job.key, tickMs: job.tickMs }));
  else
    deps.out(
      `job ${result.id} ${job.name} ${job.key}: ready, for the tick of ${jstSeconds(job.tickMs)}; watch it with trader jobs show ${result.id}`,
    );
  if (schedule.paused) deps.err(`note: ${name} is paused and stays so; only this one job runs`);
  const dir = dirname(db.path);
  if (!isLocked(dir)) deps.err(`note: no worker runs for ${dir}; the job waits for one (trader worker)`);
};

const setPaused = (state: JobsState, deps: JobsDeps, name: string, paused: boolean, options: Common): void => {
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
    deps.out(JSON.stringify({ name, paused, changed, nextTickMs }));
    return;
  }
  const word = paused ? "paused" : "not paused";
  if (!changed) deps.out(`${name} was ${word} already, nothing was changed`);
  else if (paused) deps.out(`${name} paused: no tick until trader schedules resume ${name}, also after a restart`);
  else
    deps.out(
      nextTickMs > clock.nowMs()
        ? `${name} resumed: next tick ${jstSeconds(nextTickMs)}`
        : `${name} resumed: ${MISSED[before.policy]}`,
    );
};
const MISSED: Readonly<Record<Schedule["policy"], string>> = {
  skip: "the ticks missed meanwhile are skipped, unless the newest is still fresh",
  once: "the newest tick missed meanwhile is made up",
  all: "the ticks missed meanwhile are made up, oldest first",
};

interface Row {
  readonly schedule: Schedule;
  /** The last tick's job; undefined when there was no tick, or the job is pruned. */
  readonly job: Job | undefined;
}
const gather = ({ db }: JobsState): readonly Row[] =>
  db.read.schedules.all().map((schedule) => ({
    schedule,
    job:
      schedule.lastTickMs === undefined
        ? undefined
        : db.read.jobs.byKey(schedule.handler, `${schedule.name}:${schedule.lastTickMs}`),
  }));

const rowJson = ({ schedule: s, job }: Row): Record<string, unknown> => ({
  name: s.name,
  handler: s.handler,
  input: s.input,
  every: everyText(s.everyMs, s.offsetMs),
  everyMs: s.everyMs,
  offsetMs: s.offsetMs,
  policy: s.policy,
  maxCatchUp: s.maxCatchUp,
  expiresAfterMs: s.expiresAfterMs ?? null,
  nextTickMs: s.nextTickMs,
  lastTickMs: s.lastTickMs ?? null,
  paused: s.paused,
  lastJob: job ? jobJson(job) : null,
});

const listLines = (rows: readonly Row[], nowMs: EpochMs, width: number | undefined): readonly string[] =>
  table(
    [
      ["NAME", "HANDLER", "EVERY", "MISSED", "NEXT TICK (JST)", "UTC", "IN", "LAST TICK (JST)", "ITS JOB"],
      ...rows.map(({ schedule: s, job }) => [
        s.name,
        s.handler,
        everyText(s.everyMs, s.offsetMs),
        s.policy === "all" ? `all, at most ${s.maxCatchUp}` : s.policy,
        jstSeconds(s.nextTickMs).slice(0, 19),
        isoUtc(s.nextTickMs).slice(11, 19),
        s.paused
          ? "PAUSED"
          : s.nextTickMs < nowMs
            ? `LATE by ${durationText(nowMs - s.nextTickMs)}`
            : durationText(s.nextTickMs - nowMs),
        s.lastTickMs === undefined ? "none yet" : jstSeconds(s.lastTickMs).slice(0, 19),
        s.lastTickMs === undefined ? "" : job ? `#${job.id} ${stateText(job)} ${note(job)}`.trimEnd() : "pruned",
      ]),
    ],
    { width, shrink: [8, 1, 0] },
  );

/** "every 15 min, at +5 s", "every day at 00:05:00 JST". */
export const everyText = (everyMs: number, offsetMs: number): string => {
  if (everyMs === DAY_MS) return `every day at ${jstTimeOfDay(epochMs(offsetMs))} JST`;
  const units = [
    [DAY_MS, "d"],
    [HOUR_MS, "h"],
    [MINUTE_MS, "min"],
    [SECOND_MS, "s"],
    [1, "ms"],
  ] as const;
  const span = (ms: number): string => {
    let left = ms;
    const parts: string[] = [];
    for (const [unitMs, unit] of units) {
      if (left >= unitMs) parts.push(`${Math.floor(left / unitMs)} ${unit}`);
      left %= unitMs;
    }
    return parts.join(" ");
  };
  return `every ${span(everyMs)}${offsetMs === 0 ? "" : `, at +${span(offsetMs)}`}`;
};
