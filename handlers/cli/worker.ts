// `trader worker`: the real-time system. Paper by default; live must be spelled out and is refused in this version.
// SIGTERM and Ctrl+C stop it gracefully, a second one at once; kill -9 at any time is safe.

import type { Command } from "commander";
import { type Deps, runWorker, type WorkerOptions } from "../runtime/worker.ts";

export const registerWorker = (program: Command, deps: Deps): void => {
  program
    .command("worker")
    .description("run the system in real time: live quotes, simulated account (MODE=paper)")
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON object a line: started, message, health, stopping")
    .action((options: WorkerOptions) => runWorker(options, deps));
};
