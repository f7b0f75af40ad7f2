// This process's identity, and whether the process that left a row behind still runs. A pid alone is not enough:
// pids are reused, also by ourselves after a restart, so the kernel's boot id and the process's start time go with it.
import { readFileSync, readlinkSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** "<kernel boot>|<pid namespace>|<start time>"; empty parts where the system does not provide them. */
  readonly host: string;
}

const readOr = (read: () => string): string => {
  try {
    return read().trim();
  } catch {
    return ""; // No /proc here (not Linux), or no such process: "unknown", the caller decides.
  }
};
/** The fields of /proc/PID/stat from the third on; the command name before them may hold spaces. */
const statFields = (pid: number): readonly string[] =>
  readOr(() => readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "")).split(" ");
/** Start time in clock ticks since boot: field 22. */
const startTime = (pid: number): string => statFields(pid)[19] ?? "";
/** Ended, but its parent has not taken notice yet: its files and locks are released. */
const isZombie = (pid: number): boolean => statFields(pid)[0] === "Z";
const bootPart = (): string => readOr(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
const namespacePart = (): string => readOr(() => readlinkSync("/proc/self/ns/pid"));

export const ownIdentity = (): ProcessIdentity => ({
  pid: process.pid,
  host: [bootPart(), namespacePart(), startTime(process.pid)].join("|"),
});

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === "EPERM"; // It exists and belongs to another user.
  }
};

/**
 * "gone" only when certain: another kernel boot, no such pid, a zombie, or a pid with another start time.
 * A process of another pid namespace (a container) cannot be judged: "unknown".
 */
export const processState = (identity: ProcessIdentity): "alive" | "gone" | "unknown" => {
  const [boot = "", namespace = "", started = ""] = identity.host.split("|");
  if (boot !== "" && boot !== bootPart()) return "gone";
  if (namespace !== namespacePart()) return "unknown";
  if (!exists(identity.pid) || isZombie(identity.pid)) return "gone";
  const startedNow = startTime(identity.pid);
  return started !== "" && startedNow !== "" && started !== startedNow ? "gone" : "alive";
};
