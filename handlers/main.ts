#!/usr/bin/env node
// The entry point of the `trader` command and the only place that reads the environment. The commands are in
// handlers/cli/, the wiring of the worker and the replay in handlers/runtime/.
import { existsSync, lstatSync, type Stats, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { inspect, parseEnv } from "node:util";
import { type Config, isSecret, parseConfig, SETTINGS } from "../lib/core/config.ts";
import { envFileProblems } from "../lib/core/envFile.ts";
import { UsageError } from "../lib/core/errors.ts";
import { redact } from "../lib/core/redact.ts";
import { MEGABYTE, readCapped } from "../lib/io/cappedFile.ts";
import { runTrader } from "./cli/program.ts";
import type { Terminal } from "./cli/terminal.ts";

interface Environment {
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly problems: readonly string[];
}
/** The secrets that may come as systemd credentials: files of these names in $CREDENTIALS_DIRECTORY (systemd.exec(5)). */
const withCredentials = (): Environment => {
  const folder = process.env["CREDENTIALS_DIRECTORY"];
  const names = Object.keys(SETTINGS).filter((name) => isSecret(name) && folder && existsSync(join(folder, name)));
  const problems: string[] = [];
  const values: Record<string, string | undefined> = { ...process.env };
  for (const name of names) {
    const file = join(folder ?? "", name);
    let secret: string;
    try {
      secret = readCapped(file, MEGABYTE).toString("utf8").trim();
    } catch (e) {
      throw new UsageError(
        `${name}: expected a readable systemd credential at ${file}, found: ${(e as Error).message}`,
        {
          cause: e,
        },
      );
    }
    const other = values[name]?.trim() ?? "";
    if (other !== "" && other !== secret)
      problems.push(`${name}: expected one value, found a systemd credential and another in the environment; keep one`);
    values[name] = secret;
  }
  return { values, problems };
};
/** undefined: there is none. A link that leads nowhere, and a folder that cannot be searched, are no missing file. */
const envFileStats = (): Stats | undefined => {
  try {
    return lstatSync(".env", { throwIfNoEntry: false }) && statSync(".env");
  } catch (e) {
    throw new UsageError(
      `.env: expected a file with settings or nothing of that name, found: ${(e as Error).message}; repair or remove it`,
      { cause: e },
    );
  }
};
/**
 * The environment, and `.env` in the working folder; a setting that both give differently is a problem. A file others can read is refused: it may
 * hold keys.
 */
const environment = (): Environment => {
  const given = withCredentials();
  const stats = envFileStats();
  if (stats === undefined) return given;
  if (!stats.isFile()) throw new UsageError(".env: expected a file with settings, found something else; move it away");
  const mode = stats.mode & 0o077;
  if (mode !== 0 && process.platform !== "win32")
    throw new UsageError(".env: expected a file only you can read, found it open to others; run chmod 600 .env");
  let text: string;
  try {
    text = readCapped(".env", MEGABYTE).toString("utf8");
  } catch (e) {
    throw new UsageError(`.env: expected a readable file, found: ${(e as Error).message}`, { cause: e });
  }
  const file: Record<string, string | undefined> = parseEnv(text);
  // A line that is dropped, or a mistyped name, would silently leave the default in force.
  // Empty means not set, wherever it comes from.
  const set = Object.fromEntries(Object.entries(given.values).filter(([, value]) => value?.trim() !== ""));
  const differs = (name: string): boolean =>
    (file[name]?.trim() ?? "") !== "" && set[name] !== undefined && file[name]?.trim() !== set[name].trim();
  const names = Object.keys(SETTINGS);
  const problems = [...given.problems, ...envFileProblems(text, names, new Set(names.filter(differs)))];
  return { values: { ...file, ...set }, problems };
};
const config = (): Config => {
  const { values, problems } = environment();
  const result = parseConfig(values);
  const all = [...problems, ...(result.kind === "bad" ? result.problems : [])];
  if (result.kind === "bad" || all.length > 0)
    throw new UsageError(
      `settings are wrong:\n${all.map((p) => `  ${p}`).join("\n")}\nSee .env.example for every setting, its meaning and default`,
    );
  return result.config;
};

/** undefined: stdout is a file, a pipe, or a terminal that cannot redraw. */
const terminal = (): Terminal | undefined => {
  const { stdout, env } = process;
  if (!stdout.isTTY || env["TERM"] === "dumb") return undefined;
  return {
    columns: () => stdout.columns || 80,
    rows: () => stdout.rows || 24,
    colour: !env["NO_COLOR"],
    write: (text) => void stdout.write(text),
    onResize: (listener) => {
      stdout.on("resize", listener);
      return () => void stdout.off("resize", listener);
    },
  };
};

/** Asks on stderr: stdout is for results. Anything but y or yes means no, Ctrl+D included. */
const confirm = async (question: string): Promise<boolean> => {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const closed = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
    const answer = await Promise.race([lines.question(`${question} [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
};

// What nothing caught ends the process as Node would end it, but without the secrets that its text may carry.
process.on("uncaughtException", (e: unknown) => {
  const text = e instanceof Error ? inspect(e) : String(e);
  writeSync(2, `trader: unexpected failure, please report it: ${redact(text)}\n`);
  process.exit(1);
});
// Files this program writes (databases, logs, backups) are readable by its user only.
process.umask(0o077);
// A reader that closes the pipe (trader jobs list | head) is not a failure; what must not end there says so. Errors that nobody
// reads change no exit code.
let outClosed = (isStdout: boolean): void => {
  if (isStdout) process.exit(0);
};
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (e: NodeJS.ErrnoException) => {
    if (e.code !== "EPIPE") throw e;
    outClosed(stream === process.stdout);
  });
const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, PATH } = process.env;
const screen = terminal();
process.exitCode = await runTrader(process.argv.slice(2), {
  config,
  ...(screen ? { terminal: screen } : {}),
  ...(process.stdin.isTTY && process.stderr.isTTY ? { confirm } : {}),
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  endNow: (code) => process.exit(code),
  whenOutCloses: (run) => {
    outClosed = run;
  },
  self: { program: [process.execPath, ...process.execArgv, process.argv[1] ?? ""], path: PATH ?? "" },
  service: { notifySocket: NOTIFY_SOCKET, watchdogUsec: WATCHDOG_USEC, watchdogPid: WATCHDOG_PID, path: PATH },
});
