// `--option NAME=VALUE` of the simulated venue: every option of the venue, of the server and of the market by name, with its
// values, its default and a line about it. What the options mean in full: options.ts, serverOptions.ts.
import { AppError } from "../../core/errors.ts";
import { FAITHFUL_OPTIONS, PLAIN_OPTIONS, type VenueOptions } from "../engine/options.ts";
import { SERVER_OPTIONS, type ServerOptions } from "./serverOptions.ts";

/** Of the candle market (candleMarket.ts). */
export interface MarketOptions {
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
  partialFills: [YES_NO, "a resting order gets a part of what trades, not all at once"],
  stopTrigger: [["last", "touch"], "which price triggers a STOP"],
  triggeredStop: [["market", "limit"], "what a triggered STOP is; limit: up to its trigger price only"],
  limitFak: [["refused", "accepted"], "LIMIT with FAK; refused is ERR-5111"],
  sokUnsupportedCode: [["ERR-5111", "ERR-5106"], "SOK where the symbol has none"],
  uncoveredOrders: [["fill", "cancel"], "an order that should fill when its margin is gone"],
  yenRounding: [["yen", "nearest", "exact"], "rounding of profits and fees"],
  lockTakerFee: [YES_NO, "a resting spot BUY locks its fee, too"],
  assetYen: [["mixed", "whole", "exact"], "yen in account/assets: only amount with decimals, neither, both"],
  hedgedMargin: [["sum", "larger"], "margin of a symbol held both ways"],
  positionGranularity: [["execution", "order"], "one position per fill or per opening order"],
  bulkCloseFirst: [["oldest", "newest"], "which positions a bulk close takes first"],
  positionVisibleAfterMs: ["count", "a new position cannot be closed before, venue ms"],
  positionNotVisibleCode: [["ERR-254", "ERR-5106"], "what such a close gets"],
  cancelBeforeBuyClose: [["accepted", "refused"], "cancelBefore on a closing BUY"],
  vanishedCloseEvent: [["POSITION_LOSSCUT", "CLOSED_ORDER"], "said of close orders whose position was cut"],
  losscutTrigger: [["last", "touch"], "which price cuts a position; touch: bid of a long, ask of a short"],
  losscutMaxPercent: ["count or none", "farthest losscutPrice from the entry, percent"],
  losscutMinTicks: ["count", "nearest losscutPrice to the price that cuts, ticks"],
  tooHighPriceCode: [["ERR-5121", "ERR-5106"], "a price too high above the market"],
  tooHighPriceText: ["text", "what its message says"],
  maxActiveOrders: ["count", "live orders, ERR-635 beyond"],
  maxChanges: ["count", "changes of one order, ERR-5206 beyond"],
  positionCapCountsOrders: [YES_NO, "resting orders count towards the position cap"],
  dailyOpenOrders: ["count", "new positions of a day, in largest orders"],
  dailySpotOrders: ["count", "net spot trades of a day, in largest orders"],
  accountLosscutPercent: ["count or none", "maintenance ratio at which everything is cut"],
  marginCallPercent: ["count or none", "ratio that begins a margin call at 06:30 JST"],
  marginCallGraceMs: ["count", "until an unmet margin call is closed by force, venue ms"],
  marginCallProcessingMs: ["count", "ERR-683 for this long after a call began, venue ms"],
  cancelAfterMs: ["count", "an accepted cancel takes effect after, venue ms"],
  changeAfterMs: ["count", "an accepted change takes effect after, venue ms"],
  eventOrder: [["random", "before", "after"], "events of a request and its reply"],
  maintenance: [["none", "saturday"], "closed Saturdays 09:00 to 11:00 JST, pre-open to 11:10"],
  statusInMaintenance: [["data", "refusal"], "what /v1/status says then"],
  maintenanceHttpStatus: [["200", "503"], "HTTP status of ERR-5201 and ERR-5202"],
  signatureWindowMs: ["count", "API-TIMESTAMP against the wall clock, each way"],
  timestampAheadCode: [["ERR-5008", "ERR-5009"], "code of a timestamp ahead of ours"],
  paginationCount: [["rows", "asked"], "pagination.count: rows of the page, or as asked for"],
  listOrder: [["newest", "oldest"], "order of activeOrders, latestExecutions, openPositions"],
  emptyBulkCancel: [["list", "absent"], "cancelBulkOrder with nothing to cancel: [] or no data"],
  feeRowFields: [["known", "guessed"], "exchangeFee rows: feeType and deliveryDatetime, or more"],
  feeCursor: [["cursor", "nextCursor", "pagination"], "where exchangeFee/history tells its cursor"],
  orderRetentionMs: ["count or none", "how long /v1/orders knows an ended order, venue ms"],
  weekStart: [["monday", "sunday"], "first day of 1week candles"],
  longKlineGrid: [["venueDay", "utcMidnight"], "grid of 4hour to 12hour candles"],
} as const satisfies Record<Exclude<keyof VenueOptions, "closures">, Row>;

const SERVER = {
  privateLimit: [["tier", "off"], "20, 30 or 50 GET and as many POST a second"],
  publicPerSecond: ["count", "public requests a second; 0 = no limit"],
  commandIntervalMs: ["count", "between WebSocket commands of one address; 0 = no limit"],
  commandTooFastText: ["text", "error frame of a command too fast"],
  maxConnections: ["count", "sockets of one address, refused beyond; 0 = no limit"],
  tooManyConnectionsStatus: [["403", "429", "503"], "HTTP status of an upgrade beyond it"],
  maxBodyBytes: ["count", "largest request body, HTTP 413 beyond"],
  pingIntervalMs: ["count", "the server's ping"],
  missedPongs: ["count", "pings without pong that end a socket"],
  idleCloseMs: ["count", "a socket that never sends is cut after"],
  maxBufferedBytes: ["count", "a socket that does not read is cut at"],
  badTokenStatus: [["404", "401"], "HTTP status of an upgrade with a bad token"],
  tokenCloseCode: ["count", "close code when a token ends; 1006 = cut"],
  maintenanceCloseCode: ["count", "close code when maintenance begins; 1006 = cut"],
  tokenLifeMs: ["count", "life of an access token"],
  maxTokens: ["count", "access tokens at a time"],
  bookGridMs: ["count", "grid of the books, venue ms"],
  bookHeartbeatMs: ["count", "an unchanged book is said again after, venue ms"],
  tickerGridMs: ["count", "grid of the ticker, venue ms"],
  summaryPeriodMs: ["count", "PERIODIC position summaries, venue ms"],
  publicCacheMs: ["count", "age of cached public replies, venue ms; 0 = no cache"],
  eventGapMs: ["count", "between the events of a request and its reply"],
  channelOrder: [["mixed", "kept"], "order of private channels among each other"],
  denied: ["list", "rights the key lacks: /v1/closeOrder,orderEvents,…"],
} as const satisfies Record<keyof ServerOptions, Row>;

const MARKET = {
  bookLevels: ["count", "levels a side over REST, 30 to 500"],
  volumeShare: ["share", "share of the candles' volume that this venue trades"],
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

/** All options, one a line, for --help. */
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
