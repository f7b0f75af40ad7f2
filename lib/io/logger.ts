// The operator's log. The message is a constant ("order.sent"); all else is a field with its unit. Secrets are redacted here.
import { type DestinationStream, type LoggerOptions, type Logger as PinoLogger, pino, transport } from "pino";

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

/** JSON files in `dir`, rotated daily, 7 kept (owner's design 7.3). */
export const fileLogger = (level: string, dir: string): Logger =>
  pino(
    options(level),
    transport({
      target: "pino-roll",
      options: {
        file: `${dir}/trader`,
        frequency: "daily",
        extension: ".log",
        mkdir: true,
        dateFormat: "yyyy-MM-dd",
        limit: { count: 7 },
      },
    }),
  );

export const silentLogger = (): Logger => pino({ level: "silent" });
