// A worker process for the kill -9 suite: the real composition on a database file, its venue a simulator over HTTP. Arguments:
// one JSON object. Runs until it is killed.

import { openDatabase } from "../../db/open.ts";
import type { Services } from "../../handlers/context.ts";
import { createSystem, haltUntilReconciled } from "../../handlers/runtime/createSystem.ts";
import { schedulesOf } from "../../handlers/runtime/schedules.ts";
import { defaultConfig } from "../../lib/core/config.ts";
import { epochMs } from "../../lib/core/time.ts";
import { realClock } from "../../lib/io/clock.ts";
import { createGmoVenue } from "../../lib/io/gmo/gmoVenue.ts";
import { httpTransport } from "../../lib/io/gmo/httpTransport.ts";
import { realTimers } from "../../lib/io/gmo/timers.ts";
import { silentLogger } from "../../lib/io/logger.ts";
import { seededRandom } from "../../lib/io/random.ts";

export interface ChildArguments {
  readonly path: string;
  readonly publicUrl: string;
  readonly privateUrl: string;
  readonly apiKey: string;
  readonly secret: string;
  /** Venue time less the wall clock: the system lives in the venue's day. */
  readonly offsetMs: number;
  readonly bootId: string;
}

const given = JSON.parse(process.argv[2] ?? "{}") as ChildArguments;
const clock = { ...realClock, nowMs: () => epochMs(realClock.nowMs() + given.offsetMs) };
const db = openDatabase(given.path);
const system = createSystem({
  db,
  clock,
  config: defaultConfig({ TIME_STOP_HOURS: "0.25", MAX_DAILY_TRADES: "1000" }),
  venue: createGmoVenue({
    transport: httpTransport({ publicUrl: given.publicUrl, privateUrl: given.privateUrl }),
    credentials: { apiKey: given.apiKey, secret: given.secret },
    clock,
    log: silentLogger(),
    timers: realTimers,
  }),
  // No handler of this run asks a model.
  model: undefined as unknown as Services["model"],
  messenger: { deliver: () => Promise.resolve({ kind: "delivered" as const }) },
  account: "replay",
  pollMs: 1_000,
  log: silentLogger(),
  bootId: given.bootId,
  random: seededRandom(given.bootId),
  concurrency: 3,
  virtual: false,
  schedules: schedulesOf("margin").filter((schedule) => schedule.name === "reconcile"),
});
system.declareSchedules();
haltUntilReconciled(db, clock);
system.store.enqueue({ name: "reconcile", key: `reconcile:start:${given.bootId}`, input: {}, priority: 100 });
system.store.wakeAll();
system.worker.start();
process.stdout.write("started\n");
