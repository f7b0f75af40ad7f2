// Reports the worker's health: once when it turns red, once when it is green again, and regularly to systemd (status
// line, watchdog). Red is not a hang: a restart does not help against a full disk, so the watchdog is withheld only
// when the queue has stopped polling.
import { SECOND_MS } from "../../lib/core/time.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Logger } from "../../lib/io/logger.ts";
import type { Notifier } from "../../lib/io/systemd.ts";
import type { Worker } from "../../queue/worker.ts";

const LOOK_EVERY_MS = SECOND_MS;
/** Interval of the status line when no watchdog is set. */
const STATUS_EVERY_MS = 30 * SECOND_MS;

interface LightParts {
  readonly worker: Pick<Worker, "health" | "polledMs">;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly log: Logger;
  /** The rest of the status line, such as "paper, last market data 14:00". May throw when the file cannot be read. */
  readonly describe: () => string;
  readonly say: (fact: Readonly<Record<string, unknown>>, text: string) => void;
}

export interface HealthReporter {
  /** Reports READY to systemd. */
  ready(): void;
  /** Something in `describe` has changed: the status line is sent now, not at the next interval. */
  refresh(): void;
  /** Reports STOPPING to systemd; the checks go on until `end`. */
  stopping(): void;
  end(): void;
}

const seconds = (ms: number): number => Math.max(0, Math.round(ms / SECOND_MS));

/** Starts checking the worker's health once a second. */
export const startHealthReporter = (p: LightParts): HealthReporter => {
  let redSinceMs: number | undefined;
  let phase = "starting";
  const statusLine = (): string => {
    const health = p.worker.health();
    const light = health.ok
      ? "healthy"
      : `RED for ${seconds(p.clock.realNowMs() - health.sinceMs)} s: ${health.why.slice(0, 200)}`;
    try {
      return `${phase}, ${light}, ${p.describe()}`;
    } catch {
      return `${phase}, ${light}`; // The file cannot be read: the health says so, or will after the queue's next attempt.
    }
  };
  const look = (): void => {
    const health = p.worker.health();
    if (!health.ok && redSinceMs === undefined) {
      redSinceMs = health.sinceMs;
      p.log.error({ why: health.why }, "worker.healthRed");
      p.say(
        { event: "health", ok: false, why: health.why, redMs: null },
        `RED: ${health.why}; trying again until it works`,
      );
    } else if (health.ok && redSinceMs !== undefined) {
      const redMs = Math.max(0, p.clock.realNowMs() - redSinceMs);
      redSinceMs = undefined;
      p.log.info({ redMs }, "worker.healthGreen");
      p.say({ event: "health", ok: true, why: null, redMs }, `green again after ${seconds(redMs)} s`);
    } else return;
    p.notifier.tell({ STATUS: statusLine() });
  };
  // Compares poll times, not their age: a locked file delays each attempt by seconds, and that is not a hang.
  let polledMs = -1;
  let silent = false;
  const refresh = (): void => {
    const wasSilent = silent;
    silent = p.worker.polledMs() === polledMs;
    polledMs = p.worker.polledMs();
    if (!silent) {
      p.notifier.tell({ STATUS: statusLine(), ...(p.notifier.watchdogEveryMs === undefined ? {} : { WATCHDOG: "1" }) });
      return;
    }
    if (!wasSilent) p.log.error({ sinceMs: p.clock.monotonicMs() - polledMs }, "worker.queueSilent");
    p.notifier.tell({
      STATUS: `HUNG: the queue has stopped looking, ${seconds(p.clock.monotonicMs() - polledMs)} s ago`,
    });
  };
  const timers = [
    setInterval(look, LOOK_EVERY_MS),
    setInterval(refresh, p.notifier.watchdogEveryMs ?? STATUS_EVERY_MS),
  ];
  return {
    ready: () => {
      phase = "running";
      look();
      p.notifier.tell({ READY: "1", STATUS: statusLine() });
    },
    refresh: () => p.notifier.tell({ STATUS: statusLine() }),
    stopping: () => {
      phase = "stopping";
      p.notifier.tell({ STOPPING: "1", STATUS: statusLine() });
    },
    end: () => {
      look();
      for (const timer of timers) clearInterval(timer);
    },
  };
};
