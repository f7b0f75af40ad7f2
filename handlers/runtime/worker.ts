// The real-time system from its start to its end, in four steps: openFolder, connect, start, untilStopped. Paper by
// default; live trades with a simulated exchange on this machine only.

import type { Config } from "../../lib/core/config.ts";
import { AppError, UsageError } from "../../lib/core/errors.ts";
import { isRehearsal, liveProblems } from "../../lib/core/liveSettings.ts";
import { SECOND_MS } from "../../lib/core/time.ts";
import type { Clock } from "../../lib/io/clock.ts";
import { fingerprint } from "../../lib/io/gmo/sign.ts";
import type { Timers } from "../../lib/io/gmo/timers.ts";
import type { Logger } from "../../lib/io/logger.ts";
import { type ServiceManager, serviceNotifier } from "../../lib/io/systemd.ts";
import { closingAfter, opening, runSteps } from "./closing.ts";
import { tellFolderLost } from "./folderLost.ts";
import { refusal, reportStopped, type Say, stopSignals } from "./shutdown.ts";
import { makeStateFolder } from "./stateFolder.ts";
import { connect } from "./workerConnections.ts";
import { type Folder, openFolder } from "./workerFolder.ts";
import { type Running, start } from "./workerStart.ts";

/** What running handlers get after SIGTERM. queue/systemd/cryptotrader.service allows for it. */
export const GRACE_MS = 10 * SECOND_MS;

export interface Deps {
  readonly config: () => Config;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Default the real ones; a test may run at another time of day and without the venue's request pace. */
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly whenOutCloses?: (run: () => void) => void;
  /** Under systemd: where to send the status. */
  readonly service?: ServiceManager | undefined;
}
/**
 * The fingerprint of the account that real orders would go to; undefined on paper. Throws UsageError or AppError
 * LIVE_NOT_AVAILABLE before anything is opened.
 */
const runnableAccount = (config: Config): string | undefined => {
  if (config.MODE === "replay")
    throw new UsageError("MODE: expected paper or live, found replay: recorded days are run by trader start");
  if (config.MODE !== "live") return undefined;
  if (!isRehearsal(config))
    throw new AppError(
      "permanent",
      "LIVE_NOT_AVAILABLE",
      "expected the addresses of a simulated exchange on this machine (trader simulator), found another: this version sends no order to a real exchange; the checks it needs (key rights, balance, seven days of paper) do not exist yet",
    );
  const account = config.GMO_API_KEY === undefined ? undefined : fingerprint(config.GMO_API_KEY);
  const problems = liveProblems(config, account);
  if (problems.length > 0)
    throw new UsageError(
      `MODE=live does not start before all of this is set:\n${problems.map((p) => `  ${p}`).join("\n")}`,
    );
  return account;
};
export interface WorkerOptions {
  readonly var?: string;
  readonly json?: boolean;
}

/** Runs until a signal stops it. Rejects with UsageError where a person must change something (shutdown.ts). */
export const runWorker = async (options: WorkerOptions, deps: Deps): Promise<void> => {
  const config = deps.config();
  const varDir = options.var ?? config.VAR_DIR;
  try {
    await run(options, deps, config, varDir);
  } catch (e) {
    throw refusal(e, varDir);
  }
};

const run = (options: WorkerOptions, deps: Deps, config: Config, varDir: string): Promise<void> => {
  const say: Say = (fact, text) => deps.out(options.json ? JSON.stringify(fact) : text);
  const onCloseFailed = (error: unknown): void => deps.err(`could not close everything: ${String(error)}`);
  return closingAfter(onCloseFailed, async (closing) => {
    const notifier = serviceNotifier(deps.service, deps.err);
    closing.add(() => notifier.close());
    const account = runnableAccount(config);
    makeStateFolder(varDir);
    // Before the first step, so that a stop during the start is graceful too.
    const stopping = stopSignals();
    const { clock, timers, err } = deps;
    await runSteps(
      {
        openFolder: () =>
          opening(onCloseFailed, (c) => {
            const folder = openFolder(c, varDir, config, account);
            deps.whenOutCloses?.(withoutReader(folder.log));
            return folder;
          }),
        connect: (folder) => opening(onCloseFailed, (c) => connect(c, folder, { config, say, clock, timers })),
        start: (folder, connections) =>
          opening(onCloseFailed, (c) => start(c, folder, connections, { config, say, err, notifier })),
        untilStopped: (folder, running) => untilStopped(folder, running, stopping, { say, err, config }),
      },
      onCloseFailed,
    );
  });
};

/** Open positions do not depend on who reads the output: the worker goes on, and its log file says so once. */
const withoutReader = (log: Logger): (() => void) => {
  let told = false;
  return () => {
    if (!told) log.warn("worker.outClosed");
    told = true;
  };
};

/** Waits for a signal, a broken file or a lost folder, then stops the queue. Throws the error of the last two. */
const untilStopped = async (
  { log, broken, watch }: Folder,
  { system, reporter, messenger }: Running,
  stopping: ReturnType<typeof stopSignals>,
  p: { readonly say: Say; readonly err: (text: string) => void; readonly config: Config },
): Promise<void> => {
  const { say } = p;
  const signal = await Promise.race([stopping.first, broken, watch.lost]);
  reporter.stopping();
  stopping.onSecond(() => void system.worker.stop({ graceMs: 0 }));
  if (watch.isLost) {
    const lost = await watch.lost;
    log.error({ err: lost }, "worker.folderLost");
    say({ event: "folderLost", why: lost.message }, `FOLDER LOST: ${lost.message}`);
    const told = tellFolderLost(messenger, p.config.LOCALE, system.desk.clock, lost);
    await Promise.all([system.worker.stop({ graceMs: 0 }), told.then((failure) => failure && p.err(failure))]);
    throw lost;
  }
  if (signal instanceof AppError) {
    log.error({ err: signal }, "worker.fileBroken");
    await system.worker.stop({ graceMs: 0 });
    throw signal;
  }
  say(
    { event: "stopping", signal },
    `${signal}: finishing what runs (at most ${GRACE_MS / SECOND_MS} s; again to stop at once)`,
  );
  await system.worker.stop({ graceMs: GRACE_MS });
  if (watch.isLost) throw await watch.lost;
  log.info({ signal }, "worker.stopped");
  reportStopped(say, system.store);
};
