// Finds running jobs whose worker will never finish them: its process is gone, or its lease has expired.
import type { RunningRow } from "../db/tables/jobWrites.ts";
import { ownIdentity, processState } from "../lib/io/process.ts";

// Two workers may share this process (tests, a command beside the worker); the pid alone distinguishes neither them nor
// a worker of an earlier process with the same pid. This is a fact about the process, therefore module state.
const liveHere = new Set<string>();
export const markAlive = (bootId: string): void => void liveHere.add(bootId);
export const markStopped = (bootId: string): void => void liveHere.delete(bootId);

/**
 * The rows to recover. `ownJobs` are the attempts this worker is really running: a late heartbeat of theirs is this
 * worker's to send, not a reason to run them a second time.
 */
export const findLost = (
  rows: readonly RunningRow[],
  self: { bootId: string; ownJobs: ReadonlySet<number>; realNowMs: number },
): readonly RunningRow[] => {
  const verdicts = new Map<string, boolean>();
  const own = ownIdentity();
  const isGone = (row: RunningRow): boolean => {
    if (liveHere.has(row.worker)) return false;
    if (row.pid === null || row.host === null) return true;
    if (row.pid === own.pid && row.host === own.host) return true; // This process, but none of its live workers.
    return processState({ pid: row.pid, host: row.host }) === "gone";
  };
  const gone = (row: RunningRow): boolean => {
    const known = verdicts.get(row.worker);
    if (known !== undefined) return known;
    const verdict = isGone(row);
    verdicts.set(row.worker, verdict);
    return verdict;
  };
  return rows.filter((row) => {
    if (row.worker === self.bootId) return !self.ownJobs.has(row.id);
    return row.lease_until_ms <= self.realNowMs || gone(row);
  });
};
