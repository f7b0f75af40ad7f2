// `trader start`: replays recorded days (runtime/replay.ts). A second run continues the same replay; another window,
// seed, approver or setting is refused instead of being mixed into the same book.

import type { Command } from "commander";
import { type Deps, start } from "../runtime/replay.ts";
import { DEFAULT_SEED, type StartOptions } from "../runtime/replayIdentity.ts";

export const registerStart = (program: Command, deps: Deps): void => {
  program
    .command("start")
    .description("replay recorded days through the whole system (no settings needed)")
    .option(
      "--from <iso>",
      "first bar close to judge, e.g. 2025-08-11T21:00:00Z (default: the last 3 bundled venue days)",
    )
    .option("--days <n>", "venue days to replay")
    .option("--approver <who>", "all, none (never answers) or random:SEED (default all)")
    .option("--seed <n>", `seed of the simulated venue and of reaction times (default ${DEFAULT_SEED})`)
    .option("--var <dir>", "state folder")
    .option("--model <dir>", "model folder, or the id of a shipped model")
    .option("--data <symbol=file...>", "candle files (CSV or .csv.gz, 1 or 15 minutes) instead of the bundled days")
    .option("--fresh", "forget the replay in this folder and begin again")
    .option("--json", "one JSON object a line; the last one is about the whole database")
    .action((options: StartOptions) => start(options, deps));
};
