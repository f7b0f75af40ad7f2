// Reports the service's state to systemd (the sd_notify protocol), through the program systemd-notify: Node has no
// datagram sockets of that kind. Does nothing without a service manager. Never blocks the loop or ends the program.
import { execFile } from "node:child_process";
import { redact } from "../core/redact.ts";

/** The service's environment from systemd: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID; PATH finds systemd-notify. */
export interface ServiceManager {
  readonly notifySocket?: string | undefined;
  readonly watchdogUsec?: string | undefined;
  readonly watchdogPid?: string | undefined;
  readonly path?: string | undefined;
}

/** One message. A name without a value is not sent. */
export interface Notice {
  /** The start has succeeded. Sent once. */
  readonly READY?: "1";
  /** The stop has begun. Sent once. */
  readonly STOPPING?: "1";
  /** The keep-alive that WatchdogSec= waits for. */
  readonly WATCHDOG?: "1";
  /** One line for `systemctl status`. */
  readonly STATUS?: string;
}

export interface Notifier {
  /** How often a keep-alive is due, ms; undefined when systemd does not watch this process. */
  readonly watchdogEveryMs: number | undefined;
  /** Returns at once. Notices sent while a message is in flight are merged into the next one; the newest value wins. */
  tell(notice: Notice): void;
  /** Resolves when every notice is delivered or given up, at most two `NOTIFY_TIMEOUT_MS` later. */
  close(): Promise<void>;
}

/** One systemd-notify may take this long, ms. It waits up to 5 s itself until systemd has read the message. */
export const NOTIFY_TIMEOUT_MS = 7_000;

/** Half of the time after which systemd considers the process hung; undefined when it does not watch this process. */
const watchdogEveryMs = (manager: ServiceManager, pid: number): number | undefined => {
  if (manager.watchdogPid !== undefined && manager.watchdogPid !== String(pid)) return undefined;
  if (!/^[1-9]\d{0,15}$/.test(manager.watchdogUsec ?? "")) return undefined;
  return Math.max(1, Math.floor(Number(manager.watchdogUsec) / 2_000));
};

const SILENT: Notifier = { watchdogEveryMs: undefined, tell: () => {}, close: async () => {} };

/** `onTrouble` is called when a message could not be delivered: once, and again only after a delivery in between. */
export const serviceNotifier = (
  manager: ServiceManager | undefined,
  onTrouble: (problem: string) => void,
  pid: number = process.pid,
): Notifier => {
  if (!manager?.notifySocket) return SILENT;
  const env = { NOTIFY_SOCKET: manager.notifySocket, ...(manager.path === undefined ? {} : { PATH: manager.path }) };
  let waiting: Notice = {};
  let delivery: Promise<void> | undefined;
  let troubled = false;

  const deliver = async (): Promise<void> => {
    while (Object.keys(waiting).length > 0) {
      const notice = waiting;
      waiting = {};
      const problem = await runNotify(notice, env);
      if (problem !== undefined && !troubled) onTrouble(problem);
      troubled = problem !== undefined;
    }
    delivery = undefined;
  };
  return {
    watchdogEveryMs: watchdogEveryMs(manager, pid),
    tell: (notice) => {
      waiting = { ...waiting, ...notice };
      delivery ??= deliver();
    },
    close: async () => delivery,
  };
};

/** Resolves with the error, if any. */
const runNotify = (notice: Notice, env: Readonly<Record<string, string>>): Promise<string | undefined> =>
  new Promise((resolve) => {
    // A line break would start another variable of the protocol.
    const args = Object.entries(notice).map(([name, value]) => `${name}=${redact(String(value)).replace(/\s+/g, " ")}`);
    const options = { env, timeout: NOTIFY_TIMEOUT_MS, killSignal: "SIGKILL" } as const;
    const failed = (e: Error): void =>
      resolve(
        `expected systemd-notify to report this service's state to systemd, found: ${e.message.trim()}. Without it systemd considers the service hung: install systemd's own programs, or run it without Type=notify and WatchdogSec=`,
      );
    try {
      execFile("systemd-notify", args, options, (error) => (error ? failed(error) : resolve(undefined)));
    } catch (e) {
      failed(e as Error); // No process can be started (out of memory or process ids).
    }
  });
