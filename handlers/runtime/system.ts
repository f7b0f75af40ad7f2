// Wires one running system around an open database: job store, scheduler, worker, outbox pump. Replay and worker differ
// only in what they hand in: clock, venue, messenger.

import { raiseHalt } from "../../db/halts.ts";
import type { Config } from "../../lib/core/config.ts";
import { DOUBT } from "../../lib/core/haltKinds.ts";
import type { Venue } from "../../lib/core/venue.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Logger } from "../../lib/io/logger.ts";
import type { Random } from "../../lib/io/random.ts";
import type { LoadedModel } from "../../models/registry.ts";
import { Scheduler } from "../../queue/schedule.ts";
import { JobStore } from "../../queue/store.ts";
import type { Database } from "../../queue/types.ts";
import { createWorker, type Worker } from "../../queue/worker.ts";
import type { AppStore, Messenger, Services } from "../context.ts";
import type { AppJob } from "../jobs.ts";
import { countingVenue } from "../market/apiErrors.ts";
import { registry } from "../registry.ts";
import { pumpOutbox } from "../telegram/outboxJobs.ts";
import { onFailure } from "./onFailure.ts";
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
  /** Watched: its API errors are counted (handlers/market/apiErrors.ts). */
  readonly venue: Venue;
  readonly store: AppStore;
  readonly scheduler: Scheduler;
  readonly worker: Worker;
  /** Enqueues a delivery for every message still in the outbox; idempotent, so it can run as often as one likes. */
  pumpOutbox(): number;
}

/** Before a worker starts: no entry until reconcile has found book and venue equal (DESIGN 7). */
export const haltUntilReconciled = (db: Database, clock: Clock): void =>
  db.transaction((tx) => {
    const by = { atMs: clock.nowMs(), actor: "worker" };
    const reason = "just started: the venue is compared first";
    raiseHalt(tx, { kind: DOUBT, reason, by, alert: undefined });
  });

/** Declares the schedules and builds the worker; starts nothing. */
export const createSystem = (parts: SystemParts): System => {
  const { db, clock, log } = parts;
  const store: AppStore = new JobStore<AppJob>(db, registry, clock);
  const scheduler = new Scheduler(db, store, clock);
  const schedules = schedulesOf(parts.config.PRODUCT);
  for (const schedule of schedules) scheduler.declareSchedule(schedule);
  scheduler.removeExcept(schedules.map((s) => s.name));
  const venue = countingVenue(parts.venue, { desk: { db, store, clock }, locale: parts.config.LOCALE, log });
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
