// One life of the process under proof: the system of handlers/runtime/createSystem.ts on a database and a venue connection
// that end at the life's crash point.

import type { Services } from "../../handlers/context.ts";
import { bookFence } from "../../handlers/orders/bookFence.ts";
import { registry } from "../../handlers/registry.ts";
import { createSystem, type System } from "../../handlers/runtime/createSystem.ts";
import { schedulesOf } from "../../handlers/runtime/schedules.ts";
import type { Config } from "../../lib/core/config.ts";
import { createGmoVenue } from "../../lib/io/gmo/gmoVenue.ts";
import type { Transport } from "../../lib/io/gmo/transport.ts";
import { silentLogger } from "../../lib/io/logger.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { MortalDatabase, Mortality } from "../sim/mortal.ts";
import { CLIENT_TIMEOUT_MS } from "./orderRequests.ts";
import { SABOTAGES } from "./orderSabotage.ts";
import type { OrderWorld } from "./orderWorld.ts";
import { LifeTime } from "./virtualTime.ts";

/** The one schedule a world of orders needs: there is no market data, and no report is read. */
const SCHEDULES = schedulesOf("margin").filter((schedule) => schedule.name === "reconcile");

export interface Life {
  readonly number: number;
  readonly mortality: Mortality;
  readonly time: LifeTime;
  readonly system: System;
  readonly db: System["db"];
  readonly store: System["store"];
  /** Requests so far, also those that died on the way. */
  requests: number;
  draining: Promise<void> | undefined;
  failure: unknown;
  readonly startedMs: number;
  recoveredMs: number | undefined;
}

interface LifeParts {
  readonly config: Config;
  readonly transport: (mortality: Mortality, time: LifeTime) => Transport;
  readonly onCommit: () => void;
}

/** Builds life `number`; writes nothing and starts nothing. */
export const newLife = (w: OrderWorld, number: number, parts: LifeParts): Life => {
  const { plan } = w;
  const mortality = new Mortality(plan.kills[number - 1] ?? Number.POSITIVE_INFINITY);
  const time = new LifeTime(w.time);
  const { clock } = time;
  const database = new MortalDatabase(w.sql, ":memory:", mortality, parts.onCommit);
  // A broken promise must show in its own column: the fence would hold it back.
  const fence = plan.sabotage ? {} : { fence: bookFence({ db: database.read, clock, config: parts.config }) };
  const venue = createGmoVenue({
    ...fence,
    onFenced: (message) => void w.fenced.push(message),
    transport: parts.transport(mortality, time),
    credentials: w.simulator.credentials(),
    clock,
    log: silentLogger(),
    timers: time.timers,
    timeoutMs: CLIENT_TIMEOUT_MS,
  });
  const system = createSystem({
    db: database,
    clock,
    config: parts.config,
    venue: plan.sabotage ? SABOTAGES[plan.sabotage].venue(venue) : venue,
    // No handler of these runs asks a model or the messenger.
    model: undefined as unknown as Services["model"],
    messenger: { deliver: () => Promise.reject(new Error("no messages in this world")) },
    account: "replay",
    pollMs: plan.pollMs,
    log: silentLogger(),
    bootId: `${plan.seed}-life-${number}`,
    random: seededRandom(`${plan.seed}:jitter`),
    concurrency: 3,
    reserve: 1,
    virtual: true,
    schedules: SCHEDULES,
    registry: plan.sabotage ? SABOTAGES[plan.sabotage].registry(registry) : registry,
    onFailedAttempt: ({ job, error }) => w.say(`job ${job.name} failed: ${error.code} ${error.message.slice(0, 160)}`),
  });
  return {
    number,
    mortality,
    time,
    system,
    db: system.db,
    store: system.store,
    requests: 0,
    draining: undefined,
    failure: undefined,
    startedMs: w.nowMs,
    recoveredMs: undefined,
  };
};
