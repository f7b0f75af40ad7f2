// Builds one running system around an open database: job store, scheduler, worker, outbox pump. The worker, the replay
// and the test worlds differ only in what they pass in: clock, venue, messenger, and the options at the end of
// SystemParts.

import { raiseHalt } from "../../db/halts.ts";
import type { Config } from "../../lib/core/config.ts";
import { START } from "../../lib/core/haltKinds.ts";
import type { Venue } from "../../lib/core/venue.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Logger } from "../../lib/io/logger.ts";
import type { Random } from "../../lib/io/random.ts";
import type { LoadedModel } from "../../models/registry.ts";
import type { Health } from "../../queue/health.ts";
import type { Registry } from "../../queue/registry.ts";
import { Scheduler } from "../../queue/schedule.ts";
import { JobStore } from "../../queue/store.ts";
import type { Database } from "../../queue/types.ts";
import { createWorker, type Worker } from "../../queue/worker.ts";
import type { AppStore, CommandCtx, Messenger, Services } from "../context.ts";
import type { AppJob, AppSchedule } from "../jobs.ts";
import { countingVenue } from "../market/apiErrors.ts";
import { registry as programHandlers } from "../registry.ts";
import { pumpOutbox } from "../telegram/enqueueDeliveries.ts";
import { type Failure, onFailure } from "./onFailure.ts";
import { schedulesOf } from "./schedules.ts";

interface SystemParts {
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
  /** Health of what is around the queue: the paper account, the bot, progress.json. */
  readonly health?: () => Health;
  /** Slots kept for risk-reducing jobs; default as in queue/worker.ts. */
  readonly reserve?: number;
  /** Default every schedule of the product. A system without market data declares fewer. */
  readonly schedules?: readonly AppSchedule[];
  /** Default the program's handlers. A crash proof replaces one to see that its measure fails. */
  readonly registry?: Registry;
  /** Default: never (see Services.hears). */
  readonly hears?: () => boolean;
  /** What the handlers read instead of the venue itself (liveMarket.ts). */
  readonly overStream?: (venue: Venue) => Venue;
  /** Sees every failed attempt before the failure is handled; must not throw. */
  readonly onFailedAttempt?: (failure: Failure) => void;
}
export interface System {
  readonly db: Database;
  readonly desk: CommandCtx;
  /** Counts its API errors (handlers/market/apiErrors.ts). */
  readonly venue: Venue;
  readonly store: AppStore;
  readonly scheduler: Scheduler;
  readonly worker: Worker;
  /** Writes this program's schedules to the database and removes the others. Before the worker starts. */
  declareSchedules(): void;
  /** Enqueues a delivery for every message still in the outbox; idempotent. */
  pumpOutbox(): number;
}

/** Halts entries until reconcile finds that book and venue agree (DESIGN 7). Call before a worker starts. */
export const haltUntilReconciled = (db: Database, clock: Clock): void =>
  db.transaction((tx) => {
    const by = { atMs: clock.nowMs(), actor: "worker" };
    const reason = "just started: the venue is compared first";
    raiseHalt(tx, { kind: START, reason, by, alert: undefined });
  });

/** Builds the system. Writes nothing to the database and starts nothing. */
export const createSystem = (parts: SystemParts): System => {
  const { db, clock, log, registry = programHandlers, schedules = schedulesOf(parts.config.PRODUCT) } = parts;
  const locale = parts.config.LOCALE;
  const store: AppStore = new JobStore<AppJob>(db, registry, clock);
  const desk: CommandCtx = { db, store, clock };
  const scheduler = new Scheduler(db, store, clock);
  const venue = countingVenue(parts.venue, { desk, locale, log });
  const services: Services = {
    config: parts.config,
    venue: parts.overStream?.(venue) ?? venue,
    model: parts.model,
    messenger: parts.messenger,
    account: parts.account,
    pollMs: parts.pollMs,
    hears: parts.hears ?? (() => false),
    desk,
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
    ...(parts.reserve === undefined ? {} : { reserve: parts.reserve }),
    ...(parts.health === undefined ? {} : { health: parts.health }),
    virtual: parts.virtual,
    onFailure: (tx, failure) => {
      parts.onFailedAttempt?.(failure);
      return onFailure(tx, { atMs: clock.nowMs(), locale }, failure);
    },
  });
  return {
    db,
    desk,
    venue,
    store,
    scheduler,
    worker,
    declareSchedules: () => {
      for (const schedule of schedules) scheduler.declareSchedule(schedule);
      scheduler.removeExcept(schedules.map((s) => s.name));
    },
    pumpOutbox: () => pumpOutbox({ db, store, clock, config: parts.config }),
  };
};
