// The `trader` command: all subcommands, and how their failures become exit codes: 0 done, 1 failed, 2 wrong use (arguments,
// settings, or for `trader worker` a folder, model or version that a person must change). Nothing here reads the environment or the terminal; main.ts hands both in.
import { existsSync } from "node:fs";
import { Command, CommanderError } from "commander";
import type { Config } from "../../lib/core/config.ts";
import { AppError, UsageError } from "../../lib/core/errors.ts";
import { projectVersion } from "../../lib/io/paths.ts";
import type { ServiceManager } from "../../lib/io/systemd.ts";
import { registerAnswers } from "./answers.ts";
import { registerAudit } from "./audit.ts";
import { registerDoctor } from "./doctor.ts";
import { registerEnqueue } from "./enqueue.ts";
import { registerEvents } from "./events.ts";
import { registerGmo } from "./gmo.ts";
import { registerJobs } from "./jobs.ts";
import { registerPredict } from "./predict.ts";
import { registerSchedules } from "./scheduleCommands.ts";
import { registerSettings } from "./settings.ts";
import { registerStart } from "./start.ts";
import { databasePath, openState, openToLook } from "./state.ts";
import type { Terminal } from "./terminal.ts";
import { registerWorker } from "./worker.ts";

export interface CliWorld {
  /** Parsed settings; throws UsageError with every problem. */
  readonly config: () => Config;
  /** One line to stdout (results) and to stderr (everything else). */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Set when stdout is a terminal that redraws in place. */
  readonly terminal?: Terminal;
  /** Where a service manager started us: what it put into the environment. */
  readonly service?: ServiceManager;
}

/** Runs one command line (without node and script). Resolves with the exit code; never throws. */
export const runTrader = async (args: readonly string[], world: CliWorld): Promise<number> => {
  const open = (create: boolean) => (options: { var?: string }) => {
    const dir = options.var ?? world.config().VAR_DIR;
    if (create && !existsSync(databasePath(dir)))
      world.err(`note: no system has run in ${dir} yet, so a new database is made there; is --var right?`);
    return openState(dir, { create });
  };
  const look = (options: { var?: string }) => openToLook(options.var ?? world.config().VAR_DIR);
  const deps = { ...world, open: open(false), look };
  const creating = { ...deps, open: open(true) };
  const line = (write: (text: string) => void) => (text: string) => write(text.replace(/\n$/, ""));
  const program = new Command("trader")
    .description("Semi-automatic BTC/JPY and ETH/JPY day trader for GMO Coin")
    .version(projectVersion())
    .showHelpAfterError("(trader --help lists the commands)")
    .configureOutput({ writeOut: line(world.out), writeErr: line(world.err) })
    .exitOverride();
  registerStart(program, deps);
  registerWorker(program, deps);
  registerEnqueue(program, creating);
  registerJobs(program, deps);
  registerSchedules(program, deps);
  registerAnswers(program, deps);
  registerEvents(program, creating);
  registerPredict(program, deps);
  registerSettings(program, deps);
  registerDoctor(program, deps);
  registerGmo(program, deps);
  registerAudit(program, deps);
  try {
    await program.parseAsync(args as string[], { from: "user" });
    return 0;
  } catch (e) {
    if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : 2;
    if (e instanceof UsageError) {
      world.err(`trader: ${e.message}`);
      return 2;
    }
    if (e instanceof AppError) {
      world.err(`trader: ${e.code}: ${e.message}`);
      return 1;
    }
    const detail = e instanceof Error ? (e.stack ?? e.message) : String(e);
    world.err(`trader: unexpected failure, please report it: ${detail}`);
    return 1;
  }
};
