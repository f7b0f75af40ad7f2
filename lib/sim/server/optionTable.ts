// `--option NAME=VALUE` of the simulated venue: every option of the venue, the server and the market by name, with its
// values, its default and one line of help. Full descriptions: options.ts, serverOptions.ts.
import { AppError } from "../../core/errors.ts";
import { FAITHFUL_OPTIONS, PLAIN_OPTIONS, type VenueOptions } from "../engine/options.ts";
import { SERVER_OPTIONS, type ServerOptions } from "./serverOptions.ts";

/** Options of the candle market (candleMarket.ts). */
interface MarketOptions {
  readonly bookLevels: number;
  readonly volumeShare: number;
}
export const MARKET_OPTIONS: MarketOptions = { bookLevels: 100, volumeShare: 0.02 };
/** The server's defaults: the stricter reading wherever GMO's is not known. */
export const SERVED_VENUE_OPTIONS: VenueOptions = { ...PLAIN_OPTIONS, ...FAITHFUL_OPTIONS };

type Values = readonly string[] | "count" | "count or none" | "share" | "list" | "text";
type Row = readonly [values: Values, about: string];
const YES_NO = ["true", "false"] as const;

const VENUE = {
  partialFills: [YES_NO, "resting orders fill in parts of the traded size, not whole at once"],
  stopTrigger: [["last", "touch"], "which price triggers a STOP"],
  triggeredStop: [["market", "limit"], "what a triggered STOP becomes; limit: fills up to its trigger price only"],
  limitFak: [["refused", "accepted"], "LIMIT with FAK; refused is ERR-5111"],
  sokUnsupportedCode: [["ERR-5111", "ERR-5106"], "code for SOK on a symbol without it"],
  uncoveredOrders: [["fill", "cancel"], "what happens to an order due to fill without margin"],
  yenRounding: [["yen", "nearest", "exact"], "rounding of profits and fees"],
  lockTakerFee: [YES_NO, "a resting spot BUY also locks its taker fee"],
  assetYen: [["mixed", "whole", "exact"], "decimals of yen in account/assets: amount only, none, both"],
  hedgedMargin: [["sum", "larger"], "margin of a symbol held long and short"],
  positionGranularity: [["execution", "order"], "one position per fill or per opening order"],
  bulkCloseFirst: [["oldest", "newest"], "which positions a bulk close settles first"],
  positionVisibleAfterMs: ["count", "a new position can be closed after this, venue ms"],
  positionNotVisibleCode: [["ERR-254", "ERR-5106"], "code for a close before that"],
  cancelBeforeBuyClose: [["accepted", "refused"], "cancelBefore on a closing BUY"],
  vanishedCloseEvent: [["POSITION_LOSSCUT", "CLOSED_ORDER"], "event cancelType of close orders of a loss-cut position"],
  losscutTrigger: [["last", "touch"], "which price triggers a loss cut; touch: bid of a long, ask of a short"],
  losscutMaxPercent: ["count or none", "maximum distance of losscutPrice from the entry, percent"],
  losscutMinTicks: ["count", "minimum distance of losscutPrice from its trigger, ticks"],
  tooHighPriceCode: [["ERR-5121", "ERR-5106"], "code for a price too far above the market"],
  tooHighPriceText: ["text", "its message"],
  maxActiveOrders: ["count", "live orders, ERR-635 beyond"],
  maxChanges: ["count", "changes of one order, ERR-5206 beyond"],
  positionCapCountsOrders: [YES_NO, "resting orders count towards the position cap"],
  dailyOpenOrders: ["count", "new positions of a day, in units of the largest order"],
  dailySpotOrders: ["count", "net spot trades of a day, in units of the largest order"],
  accountLosscutPercent: ["count or none", "margin ratio of the account loss cut"],
  marginCallPercent: ["count or none", "margin ratio below which a margin call begins at 06:30 JST"],
  marginCallGraceMs: ["count", "time to meet a margin call before everything is closed, venue ms"],
  marginCallProcessingMs: ["count", "duration of ERR-683 after a call began, venue ms"],
  cancelAfterMs: ["count", "delay until an accepted cancel takes effect, venue ms"],
  changeAfterMs: ["count", "delay until an accepted change takes effect, venue ms"],
  eventOrder: [["random", "before", "after"], "when the events of a request come, relative to its reply"],
  maintenance: [["none", "saturday"], "closed Saturdays 09:00 to 11:00 JST, pre-open to 11:10"],
  statusInMaintenance: [["data", "refusal"], "reply of /v1/status in maintenance"],
  maintenanceHttpStatus: [["200", "503"], "HTTP status of ERR-5201 and ERR-5202"],
  signatureWindowMs: ["count", "maximum difference of API-TIMESTAMP to the wall clock, ms"],
  timestampAheadCode: [["ERR-5008", "ERR-5009"], "code for a timestamp ahead of the server"],
  paginationCount: [["rows", "asked"], "pagination.count: rows on the page, or the requested count"],
  listOrder: [["newest", "oldest"], "order of activeOrders, latestExecutions, openPositions"],
  emptyBulkCancel: [["list", "absent"], "cancelBulkOrder with nothing to cancel: [] or no data"],
  feeRowFields: [["known", "guessed"], "exchangeFee rows: feeType and deliveryDatetime only, or also guessed fields"],
  feeCursor: [["cursor", "nextCursor", "pagination"], "field of the cursor in exchangeFee/history"],
  orderRetentionMs: ["count or none", "how long /v1/orders returns an ended order, venue ms"],
  weekStart: [["monday", "sunday"], "first day of 1week candles"],
  longKlineGrid: [["venueDay", "utcMidnight"], "grid of 4hour to 12hour candles"],
} as const satisfies Record<Exclude<keyof VenueOptions, "closures">, Row>;

const SERVER = {
  privateLimit: [["tier", "off"], "tier: 20, 30 or 50 GET per second and as many POST"],
  publicPerSecond: ["count", "public requests per second; 0 = no limit"],
  commandIntervalMs: ["count", "minimum time between WebSocket commands of one address; 0 = no limit"],
  commandTooFastText: ["text", "error frame for a command that comes too fast"],
  maxConnections: ["count", "maximum sockets of one address; 0 = no limit"],
  tooManyConnectionsStatus: [["403", "429", "503"], "HTTP status of an upgrade beyond it"],
  maxBodyBytes: ["count", "largest request body, HTTP 413 beyond"],
  pingIntervalMs: ["count", "interval of the server's pings"],
  missedPongs: ["count", "pings without pong after which a socket is terminated"],
  idleCloseMs: ["count", "a socket that never sends is terminated after this"],
  maxBufferedBytes: ["count", "a socket that does not read is terminated at this backlog"],
  badTokenStatus: [["404", "401"], "HTTP status of an upgrade with a bad token"],
  tokenCloseCode: ["count", "close code when a token ends; 1006 = no close frame"],
  maintenanceCloseCode: ["count", "close code when maintenance begins; 1006 = no close frame"],
  tokenLifeMs: ["count", "lifetime of an access token"],
  maxTokens: ["count", "maximum access tokens"],
  bookGridMs: ["count", "interval of the book frames, venue ms"],
  bookHeartbeatMs: ["count", "an unchanged book is sent again after this, venue ms"],
  tickerGridMs: ["count", "interval of the ticker frames, venue ms"],
  summaryPeriodMs: ["count", "interval of PERIODIC position summaries, venue ms"],
  publicCacheMs: ["count", "maximum age of cached public replies, venue ms; 0 = no cache"],
  eventGapMs: ["count", "time between the events of a request and its reply"],
  channelOrder: [["mixed", "kept"], "order between private channels: mixed by seed, or as it happened"],
  denied: ["list", "permissions the key lacks: /v1/closeOrder,orderEvents,…"],
} as const satisfies Record<keyof ServerOptions, Row>;

const MARKET = {
  bookLevels: ["count", "levels per side over REST, 30 to 500"],
  volumeShare: ["share", "share of the candles' volume traded at this venue"],
} as const satisfies Record<keyof MarketOptions, Row>;

const TABLES: readonly (readonly [Readonly<Record<string, Row>>, Readonly<Record<string, unknown>>])[] = [
  [VENUE, { ...SERVED_VENUE_OPTIONS }],
  [SERVER, { ...SERVER_OPTIONS }],
  [MARKET, { ...MARKET_OPTIONS }],
];

export interface GivenOptions {
  readonly venue: Partial<VenueOptions>;
  readonly server: Partial<ServerOptions>;
  readonly market: Partial<MarketOptions>;
}

/** Throws AppError permanent SIM_OPTION for an unknown name, a wrong value or a name given twice. */
export const parseOptions = (given: readonly string[]): GivenOptions => {
  const parsed: [Record<string, unknown>, Record<string, unknown>, Record<string, unknown>] = [{}, {}, {}];
  for (const text of given) {
    const [name = "", value] = text.split(/=(.*)/s);
    const wrong = (expected: string, found: string): AppError =>
      new AppError("permanent", "SIM_OPTION", `--option: expected ${expected}, found ${JSON.stringify(found)}`);
    const which = TABLES.findIndex(([rows]) => Object.hasOwn(rows, name));
    if (which < 0 || value === undefined) throw wrong("NAME=VALUE with a name that --help lists", text);
    const into = parsed[which]!;
    if (Object.hasOwn(into, name)) throw wrong(`${name} once`, text);
    const [rows, defaults] = TABLES[which]!;
    const read = readValue(rows[name]![0], value, typeof defaults[name] === "number");
    if (read === WRONG) throw wrong(`${name}=${valuesText(rows[name]![0])}`, text);
    into[name] = read;
  }
  const market: Partial<MarketOptions> = parsed[2];
  const levels = market.bookLevels ?? MARKET_OPTIONS.bookLevels;
  if (levels < 30 || levels > 500)
    throw new AppError("permanent", "SIM_OPTION", `--option: expected bookLevels from 30 to 500, found ${levels}`);
  return { venue: parsed[0], server: parsed[1], market };
};

const WRONG = Symbol("wrong");
const readValue = (values: Values, text: string, isNumber: boolean): unknown => {
  if (values === "list") return text === "" ? [] : text.split(",");
  if (values === "text") return /^[\x20-\x7e]{1,200}$/.test(text) ? text : WRONG;
  if (values === "share") {
    const share = /^\d{1,4}(\.\d{1,8})?$/.test(text) ? Number(text) : 0;
    return share > 0 ? share : WRONG;
  }
  if (values === "count or none" && text === "none") return undefined;
  if (values === "count" || values === "count or none") return /^\d{1,12}$/.test(text) ? Number(text) : WRONG;
  if (!values.includes(text)) return WRONG;
  if (values === YES_NO) return text === "true";
  return isNumber ? Number(text) : text;
};
const valuesText = (values: Values): string =>
  typeof values !== "string" ? values.join("|") : values === "list" ? "a,b,…" : values;

/** All options, one per line, for --help. */
export const optionsText = (): string => {
  const lines = TABLES.flatMap(([rows, defaults]) =>
    Object.entries(rows).map(([name, [values, about]]) => {
      const value = defaults[name];
      const shown = value === undefined ? "none" : Array.isArray(value) ? "nothing" : String(value);
      const choice = typeof values === "string" ? "" : ` (${values.join(", ")})`;
      return [`${name}=${shown}`, `${about}${choice}`] as const;
    }),
  );
  const width = Math.max(...lines.map(([left]) => left.length));
  return lines.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
};
