// Wires one running system around an open database: job store, scheduler, worker, outbox pump. Replay and worker differ
// only in what they hand in: clock, venue, messenger.
import type { Config } from "../../lib/core/config.ts";
import type { AppError } from "../../lib/core/errors.ts";
import { DAY_MS, type EpochMs } from "../../lib/core/time.ts";
import type { Venue } from "../../lib/core/venue.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Logger } from "../../lib/io/logger.ts";
import type { Random } from "../../lib/io/random.ts";
import type { LoadedModel } from "../../models/registry.ts";
import { Scheduler } from "../../queue/schedule.ts";
import { deadJobAlert, JobStore } from "../../queue/store.ts";
import type { Database, NewJob, Tx } from "../../queue/types.ts";
import { createWorker, type Worker } from "../../queue/worker.ts";
import { registry } from "../registry.ts";
import type { Messenger, Services } from "../services.ts";
import { schedulesOf } from "./schedules.ts";

export interface SystemParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: Config;
  readonly venue: Venue;
  readonly model: LoadedModel;
  readonly messenger: Messenger;
  readonly account: Services["account"];
  readonly pollMs: number;
  readonly log: Logger;
  readonly bootId: string;
  readonly random: Random;
  readonly concurrency: number;
  /** Replay: the worker only drains, in a fixed order. */
  readonly virtual: boolean;
}
export interface System {
  readonly db: Database;
  readonly store: JobStore;
  readonly scheduler: Scheduler;
  readonly worker: Worker;
  /** Enqueues a delivery for every message still in the outbox; idempotent, so it can run as often as one likes. */
  pumpOutbox(): number;
}

/**
 * Older messages are no longer delivered: whoever discarded one's job, or was away for a week, is not told of it now.
 * Less than jobs are kept at least (8 days), so that the key of its delivery still stands until then.
 */
const STALE_MESSAGE_MS = 7 * DAY_MS;

/** Declares the schedules and builds the worker; starts nothing. */
export const createSystem = (parts: SystemParts): System => {
  const { db, clock, log } = parts;
  const store = new JobStore(db, registry, clock);
  const scheduler = new Scheduler(db, store, clock);
  const schedules = schedulesOf(parts.config.PRODUCT);
  for (const schedule of schedules) scheduler.declareSchedule(schedule);
  scheduler.removeExcept(schedules.map((s) => s.name));
  const services: Services = {
    config: parts.config,
    venue: parts.venue,
    model: parts.model,
    messenger: parts.messenger,
    account: parts.account,
    pollMs: parts.pollMs,
    desk: { db, store, clock },
  };
  const worker = createWorker({
    db,
    store,
    registry,
    clock,
    log,
    services,
    bootId: parts.bootId,
    random: parts.random,
    concurrency: parts.concurrency,
    virtual: parts.virtual,
    onFailure: (tx, failure) => onFailure(tx, clock.nowMs(), failure),
  });
  return {
    db,
    store,
    scheduler,
    worker,
    pumpOutbox: () => {
      let created = 0;
      for (const id of db.read.outbox.waitingIds((clock.nowMs() - STALE_MESSAGE_MS) as EpochMs))
        if (store.enqueue({ name: "sendTelegram", key: `send:${id}`, input: { outboxId: id } }).created) created += 1;
      return created;
    },
  };
};

/** handlers/cli/history.ts sees to it. */
const HISTORY_COMES_BACK =
  " Candles of past days and the scores behind the rank are missing meanwhile, so bars may give no signal; the worker tries again by itself when the exchange answers.";

/**
 * What a failed attempt means for trading, in the transaction that records it: `alert` pauses entries and asks the venue
 * for the truth; a dead job is told to the owner. Clearing the pause is reconcile's work (or the owner's).
 */
export const onFailure = (
  tx: Tx,
  atMs: EpochMs,
  failure: {
    readonly job: { readonly id: number; readonly name: string; readonly traceId: string; readonly fence: number };
    readonly error: AppError;
    readonly dead: boolean;
  },
): NewJob[] => {
  const { job, error, dead } = failure;
  if (dead) {
    const again = job.name === "collectHistory" && error.verdict === "retry" ? HISTORY_COMES_BACK : "";
    const text = `job ${job.id} (${job.name}) has failed for good: ${error.code}: ${error.message}.${again} See trader jobs show ${job.id} in this folder`;
    tx.alerts.raise({
      key: deadJobAlert(job.id),
      severity: error.verdict === "alert" ? "critical" : "warning",
      text,
      atMs,
    });
    tx.audit.append({
      atMs,
      kind: "job.dead",
      actor: "queue",
      traceId: job.traceId,
      data: { job: job.id, name: job.name, code: error.code, message: error.message },
    });
  }
  if (error.verdict !== "alert") return [];
  const reason = `${job.name}: ${error.code}: ${error.message}`;
  if (tx.halts.raise({ kind: "doubt", reason, atMs }))
    tx.audit.append({
      atMs,
      kind: "halt.raised",
      actor: "queue",
      traceId: job.traceId,
      data: { kind: "doubt", reason },
    });
  tx.alerts.raise({
    key: "doubt",
    severity: "critical",
    text: `entries are paused: ${reason}. trader enqueue reconcile '{}' in this folder (or waiting five minutes) looks again`,
    atMs,
  });
  return job.name === "reconcile"
    ? []
    : [{ name: "reconcile", key: `reconcile:doubt:${job.id}:${job.fence}`, input: {} }];
};
