// The options of the server around the simulated venue: one per behaviour of GMO Coin that is not published, and
// switches. Times are wall time unless a line says venue time.
import { AppError } from "../../core/errors.ts";

export interface ServerOptions {
  // Limits.
  /** Limit of private requests per second, GET and other methods separately: by tier (20, 30, 50), or none. */
  readonly privateLimit: "tier" | "off";
  /** Public requests per second and address; 0: no limit. GMO API 3: not published, refused at about 5. */
  readonly publicPerSecond: number;
  /** Minimum time between two WebSocket commands of one address, over all its sockets; 0: no limit. */
  readonly commandIntervalMs: number;
  /** Error frame text for a command that comes too fast; the exact text was never captured (GMO API 17.10). */
  readonly commandTooFastText: string;
  /** Maximum public and private sockets of one address; more are refused. 0: no limit. GMO API 17.7: unknown. */
  readonly maxConnections: number;
  /** Not published. A client takes 503 for maintenance. */
  readonly tooManyConnectionsStatus: 403 | 429 | 503;
  /** Largest request body; HTTP 413 beyond it. Not published. */
  readonly maxBodyBytes: number;

  // Sockets.
  readonly pingIntervalMs: number;
  /** The connection is terminated after this many consecutive pings without a pong. */
  readonly missedPongs: number;
  /** A socket that never sends anything is terminated after this. */
  readonly idleCloseMs: number;
  /** A socket that does not read is terminated when this much is buffered for it. */
  readonly maxBufferedBytes: number;
  /** HTTP status of an upgrade with an unknown or expired token. Not published. */
  readonly badTokenStatus: 404 | 401;
  /** Close code of a socket whose token expired, was deleted or evicted; 1006: no close frame. Unknown. */
  readonly tokenCloseCode: number;
  /** Close code of open sockets when maintenance begins; 1006: no close frame. Unknown. */
  readonly maintenanceCloseCode: number;
  readonly tokenLifeMs: number;
  readonly maxTokens: number;

  // Public data, venue time.
  readonly bookGridMs: number;
  /** An unchanged book is sent again after this. */
  readonly bookHeartbeatMs: number;
  /** How often the ticker is checked; it is sent when it has changed. */
  readonly tickerGridMs: number;
  /** positionSummaryEvents with PERIODIC. */
  readonly summaryPeriodMs: number;
  /** The cache in front of the public REST API returns the same reply for this long (GMO API 4); 0: no cache. */
  readonly publicCacheMs: number;

  // Order of events and replies.
  /** Time between the events of a request and its reply, in the drawn order; 0: none. */
  readonly eventGapMs: number;
  /** Events of one instant: channels mixed by the seed, each in its own order; or all in the order they happened. */
  readonly channelOrder: "mixed" | "kept";

  /**
   * Permissions the key lacks: REST paths ("/v1/closeOrder") and private channels; using one is refused with ERR-5012.
   */
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

/** Throws AppError permanent SIM_OPTION for an invalid number. */
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
