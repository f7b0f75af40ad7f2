#!/usr/bin/env node
// The entry point of the `trader` command and the only place that reads the environment. What it wires: handlers/cli/.
import { existsSync, readFileSync, statSync } from "node:fs";
import { parseEnv } from "node:util";
import { type Config, parseConfig, SETTINGS } from "../lib/core/config.ts";
import { UsageError } from "../lib/core/errors.ts";
import { runTrader } from "./cli/program.ts";
import type { Terminal } from "./cli/terminal.ts";

/** `.env` in the working folder fills what the environment does not set. A file others can read is refused: it may hold keys. */
const environment = (): Record<string, string | undefined> => {
  if (!existsSync(".env")) return process.env;
  const mode = statSync(".env").mode & 0o077;
  if (mode !== 0 && process.platform !== "win32")
    throw new UsageError(".env: expected a file only you can read, found it open to others; run chmod 600 .env");
  let file: Record<string, string | undefined>;
  try {
    file = parseEnv(readFileSync(".env", "utf8"));
  } catch (e) {
    throw new UsageError(`.env: expected a readable file, found: ${(e as Error).message}`, { cause: e });
  }
  // A mistyped name would leave the default in force while its owner believes otherwise.
  const unknown = Object.keys(file).filter((name) => !(name in SETTINGS));
  if (unknown.length > 0)
    throw new UsageError(
      `.env: expected only names of .env.example, found ${unknown.map((name) => `${name}${hint(name)}`).join(", ")}`,
    );
  return { ...file, ...process.env };
};
const hint = (name: string): string => {
  const near = Object.keys(SETTINGS).find((known) => known.slice(0, 8) === name.slice(0, 8).toUpperCase());
  return near === undefined ? "" : ` (did you mean ${near}?)`;
};

const config = (): Config => {
  const result = parseConfig(environment());
  if (result.kind === "bad")
    throw new UsageError(
      `settings are wrong:\n${result.problems.map((p) => `  ${p}`).join("\n")}\nSee .env.example for every setting, its meaning and default`,
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

// A reader that goes away (trader jobs list | head) is no failure.
process.stdout.on("error", (e: NodeJS.ErrnoException) => {
  if (e.code === "EPIPE") process.exit(0);
  throw e;
});
const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, PATH } = process.env;
const screen = terminal();
process.exitCode = await runTrader(process.argv.slice(2), {
  config,
  ...(screen ? { terminal: screen } : {}),
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
  service: { notifySocket: NOTIFY_SOCKET, watchdogUsec: WATCHDOG_USEC, watchdogPid: WATCHDOG_PID, path: PATH },
});
