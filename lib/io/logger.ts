// The operator's log. The message is a constant ("order.sent"); all else is a field with its unit. Secrets are redacted here.
import { mkdirSync } from "node:fs";
import { type DestinationStream, type LoggerOptions, type Logger as PinoLogger, pino, transport } from "pino";
import { AppError } from "../core/errors.ts";

export type Logger = PinoLogger;

const options = (level: string): LoggerOptions => ({
  level,
  redact: {
    paths: ["apiKey", "secret", "token", "*.apiKey", "*.secret", "*.token", '*["API-KEY"]', '*["API-SIGN"]'],
    censor: "[redacted]",
  },
  // pino prints a bigint as a bare number and loses it in JSON readers: keep it a string.
  formatters: {
    level: (label) => ({ level: label }),
    log: (fields) => stringifyBigints(fields) as Record<string, unknown>,
  },
});

const stringifyBigints = (value: unknown): unknown => {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(stringifyBigints);
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, stringifyBigints(v)]));
  return value;
};

/** JSON lines to one stream (default stderr, so that stdout stays for results). */
export const streamLogger = (level: string, stream?: DestinationStream): Logger =>
  pino(options(level), stream ?? pino.destination({ dest: 2, sync: true }));

/**
 * JSON files in `dir`, rotated daily, 7 kept (owner's design 7.3). Throws AppError permanent LOG_DIR when there can be no such
 * folder. When the files break later (disk full), lines go to stderr: a lost log must not end the process that watches a position.
 */
export const fileLogger = (level: string, dir: string): Logger => {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (e) {
    const message = `expected a folder for the logs, found ${dir}: ${(e as Error).message}; remove what is there, or choose another --var`;
    throw new AppError("permanent", "LOG_DIR", message, { dir }, { cause: e });
  }
  const files = transport({
    target: "pino-roll",
    options: {
      file: `${dir}/trader`,
      frequency: "daily",
      extension: ".log",
      dateFormat: "yyyy-MM-dd",
      limit: { count: 7 },
    },
  });
  const fallback = pino.destination({ dest: 2, sync: true });
  let broken = false;
  files.on("error", (error: Error) => {
    if (!broken) fallback.write(`the log files in ${dir} broke (${error.message}); logging goes on here\n`);
    broken = true;
  });
  return pino(options(level), { write: (line) => void (broken ? fallback : files).write(line) });
};

export const silentLogger = (): Logger => pino({ level: "silent" });
