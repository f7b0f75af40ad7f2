// The replay: recorded days on a virtual clock. The loop runs what is due, then jumps to the next thing that can
// happen: a job, a schedule's tick, a fill, a price level reached. Time and events are durable before handlers act on
// them, so a killed replay continues where it stopped.

import type { AuditRow } from "../../db/tables/audit.ts";
import { META } from "../../db/tables/meta.ts";
import { barOpen, type EpochMs, earliest, earliestKnown, epochMs, jstDate } from "../../lib/core/time.ts";
import { parseTopic } from "../../lib/core/wakeTopics.ts";
import type { VirtualClock } from "../../lib/io/clock.ts";
import type { Simulator } from "../../lib/sim/simulator.ts";
import { closingJobs, reconcileJob } from "../jobs.ts";
import { onAccountEvent } from "../orders/accountEvents.ts";
import type { System } from "./createSystem.ts";

interface ReplayRun {
  readonly system: System;
  readonly simulator: Simulator;
  readonly clock: VirtualClock;
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
  readonly bootId: string;
  /** Called with new audit events after each step, in order. */
  readonly onAudit: (rows: readonly AuditRow[]) => void;
  readonly onProgress: (nowMs: EpochMs) => void;
  /** Asked between two steps; false: the replay stops there, no job runs, and another start continues it. */
  readonly goesOn: () => boolean;
}

/** Runs to the end (or until `goesOn` is false): no proposal waits, no trade is open, no job is due. Resolves with the JST dates reported. */
export const runReplay = async (run: ReplayRun): Promise<void> => {
  const { system, clock, toMs } = run;
  const { db, store, scheduler, worker } = system;
  let seenSeq = db.read.audit.last()?.seq ?? 0;
  store.enqueue(reconcileJob(`start:${run.bootId}`));
  // A wake during the downtime is lost, so every waiting job is woken once.
  store.wakeAll();
  for (;;) {
    await worker.drain();
    while (system.pumpOutbox() > 0) await worker.drain();
    const rows = db.read.audit.after(seenSeq, 10_000);
    seenSeq = rows.at(-1)?.seq ?? seenSeq;
    run.onAudit(rows);
    const now = clock.nowMs();
    run.onProgress(now);
    if (!run.goesOn()) return;
    const ticks = now < toMs ? scheduler.nextTickMs() : undefined;
    const due = store.nextDueMs();
    const target = earliestKnown(due, ticks === undefined ? undefined : earliest(ticks, toMs));
    if (target === undefined) {
      if (finish(run)) return;
      continue;
    }
    step(run, target);
  }
};

/** Moves time to `target`, or to the first fill or watched price before it, and wakes the jobs that wait for it. */
const step = ({ system, simulator, clock, toMs }: ReplayRun, target: EpochMs): void => {
  const { db, store, scheduler } = system;
  const topics = store.wakeTopics().flatMap((text) => {
    const topic = parseTopic(text);
    return topic ? [{ text, topic }] : [];
  });
  const watches = topics.flatMap(({ topic }) => (topic.kind === "price" ? [topic] : []));
  const next = epochMs(Math.max(clock.nowMs(), Math.min(target, simulator.nextEventMs(target, watches) ?? target)));
  // The venue's file is the durable clock of a replay; our database is written once a bar, for commands in other
  // processes.
  const events = simulator.advanceTo(next);
  const newBar = barOpen(next) !== barOpen(clock.nowMs());
  clock.advanceTo(next);
  if (newBar) db.transaction((tx) => tx.meta.set(META.virtualNowMs, String(next)));
  for (const event of events) onAccountEvent({ db, store }, event);
  for (const { text, topic } of topics) if (topic.kind === "price" && touched(simulator, topic)) store.wake(text);
  // Schedules stop at the end of the window; the jobs they started are finished. (The drain runs the ticks.)
  if (next >= toMs) for (const schedule of scheduler.list()) scheduler.setPaused(schedule.name, true);
};

const touched = (
  simulator: Simulator,
  watch: { readonly symbol: string; readonly side: "atOrAbove" | "atOrBelow"; readonly price: bigint },
): boolean => {
  const last = simulator.lastPrice(watch.symbol);
  return watch.side === "atOrAbove" ? last >= watch.price : last <= watch.price;
};

/**
 * Enqueues the closing work once (labels, the report of the unfinished day). True when there was nothing left to
 * enqueue.
 */
const finish = ({ system, clock, toMs }: ReplayRun): boolean => {
  const date = jstDate(epochMs(toMs - 1));
  return closingJobs(clock.nowMs(), date)
    .map((job) => system.store.enqueue(job).created)
    .every((created) => !created);
};
