// The runner's health as another process sees it: whether the folder's lock is held, and the age of the last heartbeat.
import { lastWorker } from "../../db/tables/workers.ts";
import { SECOND_MS } from "../../lib/core/time.ts";
import { processState } from "../../lib/io/process.ts";
import type { Database } from "../../queue/types.ts";

/** Three heartbeats, the length of a lease: beyond it another runner may take over the jobs. */
const OLD_HEARTBEAT_MS = 30 * SECOND_MS;

export interface RunnerHealth {
  /** `off`: the lock is free. `starting`: it is held, but the queue has not started. */
  readonly light: "green" | "red" | "off" | "starting";
  readonly heartbeatAgeMs: number | null;
  /** Why it is red. */
  readonly why: string | null;
}

interface RunnerFacts {
  readonly locked: boolean;
  /** A replay writes no heartbeats between its drains, and needs no supervision. */
  readonly replay: boolean;
  readonly realNowMs: number;
}

export const runnerHealth = (db: Database, facts: RunnerFacts): RunnerHealth => {
  if (!facts.locked) return { light: "off", heartbeatAgeMs: null, why: null };
  if (facts.replay) return { light: "green", heartbeatAgeMs: null, why: null };
  const row = lastWorker(db.sql);
  // The row belongs to a killed predecessor: the process that holds the lock is still starting.
  if (!row || processState(row) === "gone") return { light: "starting", heartbeatAgeMs: null, why: null };
  const ageMs = facts.realNowMs - row.heartbeatMs;
  const heartbeatAgeMs = Math.round(ageMs);
  const ageSeconds = Math.round(ageMs / SECOND_MS);
  if (Math.abs(ageMs) <= OLD_HEARTBEAT_MS) {
    if (row.trouble === null) return { light: "green", heartbeatAgeMs, why: null };
    const redSeconds = Math.max(0, Math.round((facts.realNowMs - (row.troubleSinceMs ?? facts.realNowMs)) / SECOND_MS));
    return { light: "red", heartbeatAgeMs, why: `for ${redSeconds} s: ${row.trouble}` };
  }
  const why =
    ageMs > 0
      ? `process ${row.pid} holds the folder, but its last heartbeat is ${ageSeconds} s old (expected at most ${OLD_HEARTBEAT_MS / SECOND_MS}): it cannot write its file (disk full, locked), or it hangs. Look at its log, df and trader doctor; a restart is safe`
      : `the heartbeat of process ${row.pid} lies ${-ageSeconds} s in the future: the machine's clock was set back; it corrects itself within 10 s, or the process hangs`;
  return { light: "red", heartbeatAgeMs, why };
};
