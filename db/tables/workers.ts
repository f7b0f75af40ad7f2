// workers, read: which process last registered as the queue's worker. Written by the queue (jobWrites.ts).
import type { EpochMs } from "../../lib/core/time.ts";
import type { ProcessIdentity } from "../../lib/io/process.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

interface WorkerRow extends ProcessIdentity {
  /** Real clock. */
  readonly heartbeatMs: EpochMs;
  /** Why it is unhealthy, as reported with that heartbeat. */
  readonly trouble: string | null;
  readonly troubleSinceMs: EpochMs | null;
}

/** The worker that registered last and has not stopped cleanly. */
export const lastWorker = (sql: Sqlite): WorkerRow | undefined =>
  sql
    .prepare<[], WorkerRow>(
      "SELECT pid, host, heartbeat_ms AS heartbeatMs, trouble, trouble_since_ms AS troubleSinceMs FROM workers WHERE stopped_ms IS NULL ORDER BY rowid DESC LIMIT 1",
    )
    .get();
