// Wires one running system around an open database: job store, scheduler, worker, outbox pump. Replay and worker differ
// only in what they hand in: clock, venue, messenger.
import type { Config } from "../../lib/core/config.ts";
import type { AppError } from "../../lib/core/errors.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Venue } from "../../lib/core/venue.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Logger } from "../../lib/io/logger.ts";
import type { Random } from "../../lib/io/random.ts";
import type { LoadedModel } from "../../models/registry.ts";
import { Scheduler } from "../../queue/schedule.ts";
import { deadJobAlert, JobStore } from "../../queue/store.ts";
import type { Database, NewJob, Tx } from "../../queue/types.ts";
import { createWorker, type Worker } from "../../queue/worker.ts";
import { watchedVenue } from "../apiWatch.ts";
import { registry } from "../registry.ts";
import { pumpOutbox } from "../sendTelegram.ts";
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
  /** Watched: its API errors are counted (handlers/apiWatch.ts). */
  readonly venue: Venue;
  readonly store: JobStore;
  readonly scheduler: Scheduler;
  readonly worker: Worker;
  /** Enqueues a delivery for every message still in the outbox; idempotent, so it can run as often as one likes. */
  pumpOutbox(): number;
}

/** Declares the schedules and builds the worker; starts nothing. */
export const createSystem = (parts: SystemParts): System => {
  const { db, clock, log } = parts;
  const store = new JobStore(db, registry, clock);
  const scheduler = new Scheduler(db, store, clock);
  const schedules = schedulesOf(parts.config.PRODUCT);
  for (const schedule of schedules) scheduler.declareSchedule(schedule);
  scheduler.removeExcept(schedules.map((s) => s.name));
  const venue = watchedVenue(parts.venue, { desk: { db, store, clock }, locale: parts.config.LOCALE, log });
  const services: Services = {
    config: parts.config,
    venue,
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
    onFailure: (tx, failure) => onFailure(tx, { atMs: clock.nowMs(), locale: parts.config.LOCALE }, failure),
  });
  return {
    db,
    venue,
    store,
    scheduler,
    worker,
    pumpOutbox: () => pumpOutbox({ db, store, clock, config: parts.config }),
  };
};

/**
 * What a failed attempt means for trading, in the transaction that records it: `alert` pauses entries and asks the venue
 * for the truth; a dead job is told to the owner. Clearing the pause is reconcile's work (or the owner's).
 */
export const onFailure = (
  tx: Tx,
  at: { readonly atMs: EpochMs; readonly locale: Locale },
  failure: {
    readonly job: { readonly id: number; readonly name: string; readonly traceId: string; readonly fence: number };
    readonly error: AppError;
    readonly dead: boolean;
  },
): NewJob[] => {
  const { job, error, dead } = failure;
  const { atMs, locale } = at;
  const { alerts } = textsOf(locale);
  if (dead) {
    const severity = error.verdict === "alert" ? "critical" : "warning";
    // handlers/cli/history.ts sees to it.
    const comesBack = job.name === "collectHistory" && error.verdict === "retry";
    const text = alerts.jobDead({ id: job.id, name: job.name, code: error.code, comesBack });
    tx.alerts.raise(composeAlert(locale, { key: deadJobAlert(job.id), severity, atMs }, text));
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
  const text = alerts.doubt({ job: job.name, code: error.code });
  tx.alerts.raise(composeAlert(locale, { key: "doubt", severity: "critical", atMs }, text));
  return job.name === "reconcile"
    ? []
    : [{ name: "reconcile", key: `reconcile:doubt:${job.id}:${job.fence}`, input: {} }];
};
