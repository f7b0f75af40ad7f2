// The worker's health light: says once when it turns red and once when it is green again, and keeps systemd told (status
// line, sign of life). A red light is not a hang: a full disk is not mended by a restart, so only a worker whose queue
// has stopped looking gives no sign of life.
import { SECOND_MS } from "../../lib/core/time.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Logger } from "../../lib/io/logger.ts";
import type { Notifier } from "../../lib/io/systemd.ts";
import type { Health } from "../../queue/health.ts";
import type { Worker } from "../../queue/worker.ts";

const LOOK_EVERY_MS = SECOND_MS;
/** Of the status line, when no watchdog sets the pace. */
const STATUS_EVERY_MS = 30 * SECOND_MS;

export interface LightParts {
  readonly worker: Pick<Worker, "health" | "polledMs">;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly log: Logger;
  /** The rest of the status line, such as "paper, last market data 14:00". May throw: the file may be in trouble. */
  readonly describe: () => string;
  readonly say: (fact: Readonly<Record<string, unknown>>, text: string) => void;
}

export interface HealthReporter {
  /** From here on the service is "started" for systemd. */
  ready(): void;
  /** Something that `describe` tells of has changed: systemd hears it now, not at the next sign of life. */
  refresh(): void;
  /** The stop has begun; the light goes on until `end`. */
  stopping(): void;
  end(): void;
}

/** Red when one of the parts is, for the oldest reason. */
export const worstHealth = (...parts: readonly (() => Health)[]): Health => {
  const red = parts.map((health) => health()).filter((health) => !health.ok);
  return red.sort((a, b) => a.sinceMs - b.sinceMs)[0] ?? { ok: true };
};

const seconds = (ms: number): number => Math.max(0, Math.round(ms / SECOND_MS));

/** Begins to look at the worker's health once a second. */
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
      return `${phase}, ${light}`; // The file does not answer: the light says so, or will at the queue's next try.
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
  // Not an age: a locked file holds each try of every part for seconds, and that is trouble but no hang.
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
