#!/usr/bin/env node
// The entry point of the `trader` command and the only place that reads the environment. What it wires: handlers/cli/.
import { existsSync, readFileSync, statSync } from "node:fs";
import { parseEnv } from "node:util";
import { type Config, parseConfig } from "../lib/core/config.ts";
import { UsageError } from "../lib/core/errors.ts";
import { runTrader } from "./cli/program.ts";

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

// A reader that goes away (trader jobs list | head) is no failure.
process.stdout.on("error", (e: NodeJS.ErrnoException) => {
  if (e.code === "EPIPE") process.exit(0);
  throw e;
});
process.exitCode = await runTrader(process.argv.slice(2), {
  config,
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
});
