// What the server around the simulated venue does where GMO Coin's own behaviour is not published, and its switches. Times
// are wall time, except where a line says venue time.
import { AppError } from "../../core/errors.ts";

export interface ServerOptions {
  // Limits.
  /** Private requests a second, GET and the rest apart: by tier (20, 30, 50), or none. */
  readonly privateLimit: "tier" | "off";
  /** Public requests a second per address; 0: no limit. GMO API 3: not published, refused at about 5. */
  readonly publicPerSecond: number;
  /** Between two WebSocket commands of one address, all its sockets together; 0: no limit. */
  readonly commandIntervalMs: number;
  /** What the error frame of a command that comes too fast says; the exact text was never captured (GMO API 17.10). */
  readonly commandTooFastText: string;
  /** Sockets of one address at a time, both halves together; an upgrade beyond is refused. 0: no limit. GMO API 17.7: unknown. */
  readonly maxConnections: number;
  /** Not published. 503 looks like maintenance to a client. */
  readonly tooManyConnectionsStatus: 403 | 429 | 503;
  /** Largest request body; beyond it HTTP 413. Not published. */
  readonly maxBodyBytes: number;

  // Sockets.
  readonly pingIntervalMs: number;
  /** This many pings in a row without a pong end the connection. */
  readonly missedPongs: number;
  /** A socket that never sends anything is cut after this. */
  readonly idleCloseMs: number;
  /** A socket that does not read is cut when this much waits for it. */
  readonly maxBufferedBytes: number;
  /** What an upgrade with an unknown or expired token gets. Not published. */
  readonly badTokenStatus: 404 | 401;
  /** Close code of a socket whose token has expired, was deleted or evicted; 1006: cut without a close frame. Unknown. */
  readonly tokenCloseCode: number;
  /** Close code of open sockets when maintenance begins; 1006: cut. Unknown. */
  readonly maintenanceCloseCode: number;
  readonly tokenLifeMs: number;
  readonly maxTokens: number;

  // Public data, venue time.
  readonly bookGridMs: number;
  /** An unchanged book is said again when it was last said this long ago. */
  readonly bookHeartbeatMs: number;
  /** How often the ticker is looked at; it is sent when it has changed. */
  readonly tickerGridMs: number;
  /** positionSummaryEvents with PERIODIC. */
  readonly summaryPeriodMs: number;
  /** The cache in front of the public REST API gives the same answer for this long (GMO API 4); 0: no cache. */
  readonly publicCacheMs: number;

  // Order of what we say.
  /** Between the events of a request and its reply, in the order drawn for it; 0: at once. */
  readonly eventGapMs: number;
  /** Events of one instant: channels mixed by seed, each in its own order; or all as they happened. */
  readonly channelOrder: "mixed" | "kept";

  /** Rights the key does not have: REST paths ("/v1/closeOrder") and private channels; asking gets ERR-5012. */
  readonly denied: readonly string[];
}

export const SERVER_OPTIONS: ServerOptions = {
  privateLimit: "tier",
  publicPerSecond: 5,
  commandIntervalMs: 1_000,
  commandTooFastText: "ERR-5003 Requests are too many.",
  maxConnections: 20,
  tooManyConnectionsStatus: 403,
  maxBodyBytes: 65_536,
  pingIntervalMs: 60_000,
  missedPongs: 3,
  idleCloseMs: 60_000,
  maxBufferedBytes: 16_777_216,
  badTokenStatus: 404,
  tokenCloseCode: 1006,
  maintenanceCloseCode: 1001,
  tokenLifeMs: 3_600_000,
  maxTokens: 5,
  bookGridMs: 505,
  bookHeartbeatMs: 5_050,
  tickerGridMs: 2_020,
  summaryPeriodMs: 5_000,
  publicCacheMs: 1_000,
  eventGapMs: 3,
  channelOrder: "mixed",
  denied: [],
};

const AT_LEAST_ONE: readonly (keyof ServerOptions)[] = [
  "maxBodyBytes",
  "pingIntervalMs",
  "missedPongs",
  "idleCloseMs",
  "maxBufferedBytes",
  "tokenLifeMs",
  "maxTokens",
  "bookGridMs",
  "bookHeartbeatMs",
  "tickerGridMs",
  "summaryPeriodMs",
];
const isCloseCode = (code: number): boolean => code === 1000 || code === 1001 || code === 1006 || code >= 3000;

/** Throws AppError permanent SIM_OPTION for a number that cannot be. */
export const serverOptions = (given: Partial<ServerOptions> = {}): ServerOptions => {
  const options = { ...SERVER_OPTIONS, ...given };
  const wrong = (name: string, expected: string, found: unknown): AppError =>
    new AppError("permanent", "SIM_OPTION", `expected ${expected} for ${name}, found ${String(found)}`);
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== "number") continue;
    const least = AT_LEAST_ONE.includes(name as keyof ServerOptions) ? 1 : 0;
    if (!(Number.isSafeInteger(value) && value >= least && value <= 2_147_483_647))
      throw wrong(name, `a whole number of ${least} or more`, value);
  }
  for (const name of ["tokenCloseCode", "maintenanceCloseCode"] as const)
    if (!isCloseCode(options[name])) throw wrong(name, "1000, 1001, 1006 or 3000 to 4999", options[name]);
  return options;
};
