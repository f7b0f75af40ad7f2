// A worker process that runs actorHandlers until it is killed, or stops gracefully on SIGTERM. Says when its health
// changes.
import { openDatabase } from "../../db/open.ts";
import { realClock } from "../../lib/io/clock.ts";
import { streamLogger } from "../../lib/io/logger.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { Scheduler } from "../../queue/schedule.ts";
import { JobStore } from "../../queue/store.ts";
import { createWorker } from "../../queue/worker.ts";
import { type ActorOrder, actorRegistry } from "./actorHandlers.ts";

const run = (order: ActorOrder): void => {
  const { busyTimeoutMs, tickEveryMs } = order;
  const db = openDatabase(order.dbPath, busyTimeoutMs === undefined ? {} : { busyTimeoutMs });
  const registry = actorRegistry(db, order.retryDelayMs);
  const store = new JobStore(db, registry, realClock);
  if (tickEveryMs !== undefined)
    new Scheduler(db, store, realClock).declareSchedule({
      name: "tick",
      handler: "tick",
      input: {},
      everyMs: tickEveryMs,
      offsetMs: 0,
      policy: "all",
      maxCatchUp: 10_000,
    });
  const worker = createWorker({
    db,
    store,
    registry,
    clock: realClock,
    log: streamLogger("error"),
    services: {},
    bootId: order.bootId,
    concurrency: 4,
    random: seededRandom(order.bootId),
    leaseMs: order.leaseMs,
  });
  worker.start();
  process.on("SIGTERM", () => {
    void worker.stop({ graceMs: order.graceMs ?? 100 }).then(() => {
      db.close();
      process.exit(0);
    });
    process.send?.("stopping");
  });
  process.send?.("running");
  let light = "";
  setInterval(() => {
    const health = worker.health();
    const text = health.ok ? "green" : `red ${health.why}`;
    if (text.split(" ")[0] !== light.split(" ")[0]) process.send?.(text);
    light = text;
  }, 20).unref();
};

process.once("message", (order: ActorOrder) => {
  try {
    run(order);
  } catch (error) {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  }
});
process.send?.("loaded");
