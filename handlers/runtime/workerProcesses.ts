// The workers as another process sees them: their rows, and whether their processes are alive.
import type { RegisteredWorker } from "../../db/tables/queueLook.ts";
import { processState } from "../../lib/io/process.ts";
import type { Database } from "../../queue/types.ts";

export interface WatchedWorker extends RegisteredWorker {
  readonly process: "alive" | "gone" | "unknown" | "stopped";
}
/** A worker writes a heartbeat every 10 s; after this long without one it counts as hung (its lease is over). */
export const SILENT_MS = 30_000;

/** The workers that may be running; if none, the one with the newest heartbeat, so that its end is visible. */
export const watchedWorkers = (db: Database): readonly WatchedWorker[] => {
  const judged = db.read.queueLook.workers().map((row) => ({
    ...row,
    process: row.stoppedMs === undefined ? processState({ pid: row.pid, host: row.host }) : ("stopped" as const),
  }));
  const living = judged.filter((w) => w.process === "alive" || w.process === "unknown");
  if (living.length > 0) return living;
  const last = judged.reduce<WatchedWorker | undefined>(
    (a, b) => (a && a.heartbeatMs >= b.heartbeatMs ? a : b),
    undefined,
  );
  return last ? [last] : [];
};
