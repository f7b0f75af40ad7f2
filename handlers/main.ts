#!/usr/bin/env node
// The `trader` command and the composition root: the only place that reads the environment. Exit codes: 0 done, 1 failed,
// 2 wrong use (arguments or settings).
import { existsSync, readFileSync, statSync } from "node:fs";
import { parseEnv } from "node:util";
import { Command, CommanderError } from "commander";
import { type Config, parseConfig } from "../lib/core/config.ts";
import { AppError, UsageError } from "../lib/core/errors.ts";
import { projectVersion } from "../lib/io/paths.ts";
import { registerAnswers } from "./cli/answers.ts";
import { registerAudit } from "./cli/audit.ts";
import { registerDoctor } from "./cli/doctor.ts";
import { registerEnqueue } from "./cli/enqueue.ts";
import { registerEvents } from "./cli/events.ts";
import { registerJobs } from "./cli/jobs.ts";
import { registerPredict } from "./cli/predict.ts";
import { registerSettings } from "./cli/settings.ts";
import { registerStart } from "./cli/start.ts";
import { openState } from "./cli/state.ts";
import { registerWorker } from "./cli/worker.ts";

export interface CliDeps {
  /** Parsed settings; throws UsageError with every problem. */
  readonly config: () => Config;
  /** Opens a state folder's database (default VAR_DIR). `create` makes it when missing. */
  readonly open: (options: { var?: string; create?: boolean }) => ReturnType<typeof openState>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** `.env` in the working folder fills what the environment does not set. A file others can read is refused: it may hold keys. */
const environment = (): Record<string, string | undefined> => {
  if (!existsSync(".env")) return process.env;
  const mode = statSync(".env").mode & 0o077;
  if (mode !== 0 && process.platform !== "win32")
    throw new UsageError(".env: expected a file only you can read, found it open to others; run chmod 600 .env");
  return { ...parseEnv(readFileSync(".env", "utf8")), ...process.env };
};

const config = (): Config => {
  const result = parseConfig(environment());
  if (result.kind === "bad")
    throw new UsageError(
      `settings are wrong:\n${result.problems.map((p) => `  ${p}`).join("\n")}\nSee .env.example for every setting, its meaning and default`,
    );
  return result.config;
};

export const buildProgram = (deps: CliDeps): Command => {
  const program = new Command("trader")
    .description("Semi-automatic BTC/JPY and ETH/JPY day trader for GMO Coin")
    .version(projectVersion())
    .showHelpAfterError("(trader --help lists the commands)")
    .exitOverride();
  registerStart(program, deps);
  registerWorker(program, deps);
  registerEnqueue(program, { ...deps, open: (o) => deps.open({ ...o, create: true }) });
  registerJobs(program, deps);
  registerAnswers(program, deps);
  registerEvents(program, { ...deps, open: (o) => deps.open({ ...o, create: true }) });
  registerPredict(program, deps);
  registerSettings(program, deps);
  registerDoctor(program, deps);
  registerAudit(program, deps);
  return program;
};

const main = async (argv: readonly string[]): Promise<number> => {
  const out = (text: string): void => void process.stdout.write(`${text}\n`);
  const err = (text: string): void => void process.stderr.write(`${text}\n`);
  const deps: CliDeps = {
    config,
    open: ({ var: dir, create }) => openState(dir ?? config().VAR_DIR, { create: create ?? false }),
    out,
    err,
  };
  try {
    await buildProgram(deps).parseAsync(argv as string[]);
    return Number(process.exitCode ?? 0);
  } catch (e) {
    if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : 2;
    if (e instanceof UsageError) {
      err(`trader: ${e.message}`);
      return 2;
    }
    if (e instanceof AppError) {
      err(`trader: ${e.code}: ${e.message}`);
      return 1;
    }
    err(`trader: unexpected failure, please report it: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`);
    return 1;
  }
};

// A reader that goes away (trader jobs list | head) is no failure.
process.stdout.on("error", (e: NodeJS.ErrnoException) => {
  if (e.code === "EPIPE") process.exit(0);
  throw e;
});
process.exitCode = await main(process.argv);
