// A worker process that runs actorHandlers until it is killed, or stops gracefully on SIGTERM.
import { openDatabase } from "../../db/open.ts";
import { realClock } from "../../lib/io/clock.ts";
import { streamLogger } from "../../lib/io/logger.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { JobStore } from "../../queue/store.ts";
import { createWorker } from "../../queue/worker.ts";
import { type ActorOrder, actorRegistry } from "./actorHandlers.ts";

process.once("message", (order: ActorOrder) => {
  const db = openDatabase(order.dbPath);
  const registry = actorRegistry(db);
  const store = new JobStore(db, registry, realClock);
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
    void worker.stop({ graceMs: 100 }).then(() => {
      db.close();
      process.exit(0);
    });
  });
  process.send?.("running");
});
process.send?.("loaded");
