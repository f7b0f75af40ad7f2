// The operator's log. The message is a constant ("order.sent"); all else is a field with its unit. Secrets are redacted
// here.
import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type DestinationStream, type LogFn, type LoggerOptions, type Logger as PinoLogger, pino } from "pino";
import { AppError, errorText } from "../core/errors.ts";
import { redact } from "../core/redact.ts";
import type { EpochMs } from "../core/time.ts";
import { realClock } from "./clock.ts";
import { LogFiles } from "./logFiles.ts";
import { LogThrottle } from "./logThrottle.ts";
import { storageTrouble } from "./storageTrouble.ts";

export type Logger = PinoLogger;

/** Called with every error logged as such, also when its line is suppressed as a repetition. */
type ErrorListener = (error: unknown) => void;

const options = (level: string, onError?: ErrorListener): LoggerOptions => ({
  level,
  hooks: { logMethod: quietly(onError) },
  redact: {
    paths: ["apiKey", "secret", "token", "*.apiKey", "*.secret", "*.token", '*["API-KEY"]', '*["API-SIGN"]'],
    censor: "[redacted]",
  },
  // pino prints a bigint as a bare number, which JSON readers round: log it as a string.
  formatters: {
    level: (label) => ({ level: label }),
    log: (fields) => stringifyBigints(fields) as Record<string, unknown>,
  },
});

type LogHook = NonNullable<NonNullable<LoggerOptions["hooks"]>["logMethod"]>;

/**
 * A failing file is retried several times a second by several parts of the program: the same error (message and code)
 * is logged once, then at most once a minute with the number of suppressed lines, and never with a stack.
 */
const quietly = (onError: ErrorListener | undefined): LogHook => {
  const repeats = new LogThrottle();
  return function (this: PinoLogger, args: Parameters<LogFn>, method: LogFn): void {
    const [fields, message] = args as unknown as [unknown, unknown];
    const error = typeof fields === "object" && fields !== null ? (fields as { err?: unknown }).err : undefined;
    if (error === undefined) return void method.apply(this, args);
    onError?.(error);
    const trouble = storageTrouble(error);
    if (trouble === undefined) return void method.apply(this, args);
    const suppressed = repeats.admit(`${String(message)} ${trouble.code}`, realClock.monotonicMs());
    if (suppressed === undefined) return;
    const err = `${trouble.message} (${trouble.code})`; // A string: an error would bring its stack.
    const line = { ...(fields as object), err, ...(suppressed > 0 ? { leftOut: suppressed } : {}) };
    method.apply(this, [line, message] as unknown as Parameters<LogFn>);
  };
};

const stringifyBigints = (value: unknown): unknown => {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(stringifyBigints);
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, stringifyBigints(v)]));
  return value;
};

/** JSON lines to one stream (default stderr, so that stdout stays for results). */
export const streamLogger = (level: string, stream?: DestinationStream, onError?: ErrorListener): Logger =>
  pino(options(level, onError), withoutSecrets(stream ?? stderrStream()));

/** The whole line, whatever its field: a secret may stand in an error's text, its stack or a value of the venue. */
const withoutSecrets = (to: DestinationStream): DestinationStream => ({ write: (line) => to.write(redact(line)) });

interface LogFileOptions {
  readonly onError?: ErrorListener;
  /** How often broken log files are tried again, default 10 s. */
  readonly retryMs?: number;
  /** Default: the system clock, which names the day's file. */
  readonly nowMs?: () => EpochMs;
}

/**
 * JSON files in `dir`, one per JST day, those of the 7 newest days kept (owner's design 7.3; logFiles.ts). Throws AppError permanent
 * LOG_DIR when the folder cannot be made. When the files fail later (disk full), lines go to stderr until the files work again: a failing
 * log must not end the process that watches a position.
 */
export const fileLogger = (level: string, dir: string, given: LogFileOptions = {}): Logger => {
  const { onError, retryMs = 10_000, nowMs = () => realClock.nowMs() } = given;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (e) {
    const message = `expected a folder for the logs, found ${dir}: ${(e as Error).message}; remove what is there, or choose another --var`;
    throw new AppError("permanent", "LOG_DIR", message, { dir }, { cause: e });
  }
  return pino(options(level, onError), withoutSecrets(resilient(dir, retryMs, nowMs)));
};

/** The files, or stderr while they are broken. Never throws. */
const resilient = (dir: string, retryMs: number, nowMs: () => EpochMs): DestinationStream => {
  const stderr = stderrStream();
  const files = new LogFiles(dir, nowMs);
  let broken = false;
  const tryAgain = (): void => {
    const timer = setInterval(() => {
      if (!takesWrites(dir)) return;
      clearInterval(timer);
      broken = false;
      stderr.write(`the log files in ${dir} work again; logging goes on there\n`);
    }, retryMs);
    timer.unref();
  };
  return {
    write: (line) => {
      if (!broken)
        try {
          return files.write(line);
        } catch (e) {
          broken = true;
          files.close();
          const why = errorText(e);
          stderr.write(redact(`the log files in ${dir} broke (${why}); logging goes on here until they work again\n`));
          tryAgain();
        }
      stderr.write(line);
    },
  };
};

/** Synchronous, so that a line is out before the process can die. A closed stderr (EPIPE) must not end the process either. */
const stderrStream = (): DestinationStream => {
  const stderr = pino.destination({ dest: 2, sync: true });
  stderr.on("error", () => undefined);
  return stderr;
};

/** More than the lines of the next seconds. */
const PROBE_BYTES = 65_536;

/** Whether the folder has free space now: files opened without this check would fail at their first line. */
const takesWrites = (dir: string): boolean => {
  const path = join(dir, ".probe");
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const file = openSync(path, "w", 0o600);
    try {
      writeSync(file, Buffer.alloc(PROBE_BYTES));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return true;
  } catch {
    return false;
  } finally {
    removeIfPossible(path);
  }
};

const removeIfPossible = (path: string): void => {
  try {
    rmSync(path, { force: true });
  } catch {
    // A read-only disk: the probe file was not made either.
  }
};

export const silentLogger = (): Logger => pino({ level: "silent" });
