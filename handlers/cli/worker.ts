// `trader worker`: the real-time system. Paper by default; live must be spelled out.
// SIGTERM and Ctrl+C stop it gracefully, a second one at once; kill -9 at any time is safe.

import { type Command, Option } from "commander";
import type { Config } from "../../lib/core/config.ts";
import { UsageError } from "../../lib/core/errors.ts";
import { isRehearsal } from "../../lib/core/liveSettings.ts";
import { type Clock, fastClock, parseFastClock } from "../../lib/io/clock.ts";
import { type Deps, runWorker, type WorkerOptions } from "../runtime/worker.ts";

/** Real orders follow the real time: only a rehearsal's worker may run on another. Throws UsageError. */
const rehearsalClock = (text: string, config: Config): Clock => {
  if (config.MODE !== "live" || !isRehearsal(config))
    throw new UsageError("--clock: expected a rehearsal (all four addresses on this machine), found none");
  const clock = parseFastClock(text);
  if (clock === undefined) throw new UsageError(`--clock: expected WALL,FROM,SPEED, found ${JSON.stringify(text)}`);
  return fastClock(clock);
};

export const registerWorker = (program: Command, deps: Deps): void => {
  program
    .command("worker")
    .description("run the system in real time: live quotes, simulated account (MODE=paper)")
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON object a line: started, message, health, stopping")
    .addOption(new Option("--clock <wall,from,speed>", "of a rehearsal").hideHelp())
    .action(({ clock, ...options }: WorkerOptions & { readonly clock?: string }) =>
      runWorker(options, clock === undefined ? deps : { ...deps, clock: rehearsalClock(clock, deps.config()) }),
    );
};
