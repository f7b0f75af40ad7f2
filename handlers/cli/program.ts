// The `trader` command: all subcommands, and how their failures become exit codes: 0 done, 1 failed, 2 a person must
// change something (runtime/exitCode.ts). Nothing here reads the environment or the terminal; main.ts hands both in.

import { existsSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { AppError, errorText, UsageError } from "../../lib/core/errors.ts";
import { redact } from "../../lib/core/redact.ts";
import { projectVersion } from "../../lib/io/paths.ts";
import { storageError, storageTrouble } from "../../lib/io/storageTrouble.ts";
import { needsAPerson } from "../runtime/exitCode.ts";
import { markIfRestored } from "../runtime/restoredBackup.ts";
import { databasePath, openState, openToLook } from "../runtime/stateFolder.ts";
import type { CliWorld, CommandDeps } from "./commandDeps.ts";
import { COMMANDS } from "./commands.ts";

const EPILOGUE = `
Exit codes: 0 done, 1 failed, 2 wrong use: a person must change the arguments, the settings, or a folder, file, model or
program version.
Results go to stdout, everything else to stderr: errors as text, also with --json. Keys and units of --json: docs/json.md.
--var DIR chooses the state folder (its default is the setting VAR_DIR); a folder keeps its first mode.`;

/** An error in a subcommand's arguments names that subcommand's help. */
const nameItsHelp = (command: Command, parent: string): void => {
  const name = `${parent} ${command.name()}`;
  command.showHelpAfterError(`(${name} --help tells what it takes)`);
  for (const sub of command.commands) nameItsHelp(sub, name);
};

/** The modules the first word needs: those of its command; all of them for --help or an unknown word. */
const modulesFor = (word = ""): typeof COMMANDS => {
  if (word === "--version" || word === "-V") return [];
  const found = COMMANDS.filter(({ names }) => names.includes(word));
  return found.length > 0 ? found : COMMANDS;
};

/** Runs one command line (without node and script). Resolves with the exit code; never throws. */
export const runTrader = async (args: readonly string[], given: CliWorld): Promise<number> => {
  const world = withoutSecrets(given);
  const open = (create: boolean) => (options: { var?: string }) => {
    const dir = options.var ?? world.config().VAR_DIR;
    if (create && !existsSync(databasePath(dir)))
      world.err(`note: no system has run in ${dir} yet, so a new database is made there; is --var right?`);
    const state = openState(dir, { create });
    markIfRestored(state.db, dir);
    return state;
  };
  const look = (options: { var?: string }) => openToLook(options.var ?? world.config().VAR_DIR);
  const deps: CommandDeps = { ...world, open: open(false), create: open(true), look };
  const line = (write: (text: string) => void) => (text: string) => write(text.replace(/\n$/, ""));
  const program = new Command("trader")
    .description("Semi-automatic BTC/JPY and ETH/JPY day trader for GMO Coin")
    .version(projectVersion())
    .showHelpAfterError("(trader --help lists the commands)")
    .addHelpText("after", EPILOGUE)
    .configureOutput({ writeOut: line(world.out), writeErr: line(world.err) })
    .exitOverride();
  try {
    for (const { register } of modulesFor(args[0])) await register(program, deps);
    for (const command of program.commands) nameItsHelp(command, "trader");
    await program.parseAsync(args as string[], { from: "user" });
    return 0;
  } catch (e) {
    if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : 2;
    if (e instanceof UsageError) {
      world.err(`trader: ${e.message}`);
      // The databases were left open on purpose: a normal end would close them (runtime/workerFolder.ts).
      if (e.cause instanceof AppError && e.cause.code === "FOLDER_LOST") world.endNow?.(2);
      return 2;
    }
    const error = e instanceof AppError ? e : troubleOfTheFile(e, args, world);
    if (error) {
      world.err(`trader: ${error.code}: ${error.message}`);
      return needsAPerson(error.code) ? 2 : 1;
    }
    const detail =
      e instanceof Error
        ? e instanceof AggregateError
          ? `${errorText(e)}\n${e.stack}`
          : (e.stack ?? e.message)
        : String(e);
    world.err(`trader: unexpected failure, please report it: ${detail}`);
    return 1;
  }
};

/** Nothing that looks like a secret leaves by the terminal, whichever command or package wrote it. */
const withoutSecrets = ({ out, err, terminal, ...world }: CliWorld): CliWorld => ({
  ...world,
  out: (text) => out(redact(text)),
  err: (text) => err(redact(text)),
  outAsItIs: out,
  ...(terminal === undefined ? {} : { terminal: { ...terminal, write: (text) => terminal.write(redact(text)) } }),
});

/** An error of SQLite or a full disk as an AppError. Neither names the file: it is the state folder's database. */
const troubleOfTheFile = (e: unknown, args: readonly string[], world: CliWorld): AppError | undefined => {
  const found = storageTrouble(e);
  if (found === undefined || !(found.kind === "full" || found.code.startsWith("SQLITE_"))) return undefined;
  const at = args.findIndex((arg) => arg === "--var" || arg.startsWith("--var="));
  const given = args[at] === "--var" ? args[at + 1] : args[at]?.slice("--var=".length);
  return storageError(e, databasePath(given ?? world.config().VAR_DIR));
};
