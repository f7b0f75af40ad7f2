// A simulated venue with a scripted market, spoken to as the wire does: raw paths, queries, bodies and headers. Signing
// is written out here again, apart from the connector's, so that a shared mistake cannot hide.
import { createHmac } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CoinE8, type YenE8, yen } from "../../../lib/core/money.ts";
import { type EpochMs, epochMs, MINUTE_MS, parseInstant, SECOND_MS } from "../../../lib/core/time.ts";
import { SPOT_SYMBOL_RULES, SYMBOL_RULES } from "../../../lib/sim/engine/symbolRules.ts";
import type { CandleFile } from "../../../lib/sim/market/candleFile.ts";
import { CandleMarket } from "../../../lib/sim/market/candleMarket.ts";
import type { Market } from "../../../lib/sim/market/market.ts";
import { SpotMarket } from "../../../lib/sim/market/spotMarket.ts";
import { Simulator, type SimulatorOptions } from "../../../lib/sim/simulator.ts";
import { Script } from "../../sim/script.ts";

/** 09:00 JST on a Tuesday: 21 hours before the leverage fee, far from the Saturday maintenance. */
export const START_MS = parseInstant("2025-07-01T00:00:00Z");
/** At 1 basis point of spread the best bid and ask stand 500 yen from it. */
export const START_PRICE = 10_000_000;

export interface DeskOptions {
  readonly btc?: (script: Script) => Script;
  /** Instead of `btc`. */
  readonly candles?: CandleFile;
  readonly venue?: SimulatorOptions;
  readonly seed?: number;
  readonly path?: string;
  readonly equity?: YenE8;
  readonly startMs?: EpochMs;
  /** When the (flat) ETH_JPY candles begin; default START_MS. */
  readonly eth?: EpochMs | "none";
  /** Coins per minute: the best level holds a tenth of it. */
  readonly volume?: number;
  /** Spot symbols BTC and ETH at exactly the margin symbols' prices, and the coins to begin with. */
  readonly spot?: Readonly<Record<string, CoinE8>>;
}

export interface Answer {
  readonly httpStatus: number;
  readonly text: string;
  readonly status: number;
  readonly code: string | undefined;
  // Replies are checked field by field, as an independent client sees them.
  // biome-ignore lint/suspicious/noExplicitAny: the shape of a reply is what the tests are about
  readonly data: any;
}

const ALL_RULES = [...SYMBOL_RULES, ...SPOT_SYMBOL_RULES];
const SAME_PRICE = { BTC: { of: "BTC_JPY", factor: 1 }, ETH: { of: "ETH_JPY", factor: 1 } };

export const marketOf = (btc: CandleFile, eth: EpochMs | "none" = START_MS): CandleMarket =>
  new CandleMarket({
    candles: { BTC_JPY: btc, ...(eth === "none" ? {} : { ETH_JPY: new Script(eth, 500_000).flat(30).build() }) },
    rules: SYMBOL_RULES,
    spreadsBps: new Map(["BTC_JPY", "ETH_JPY"].map((symbol) => [symbol, new Array<number>(24).fill(1)])),
    volumeShare: 1,
  });

/**
 * Two flat minutes, then the script; the venue starts where the script does. Whole fills unless `venue` says otherwise.
 */
export class Desk {
  readonly market: Market;
  simulator: Simulator;
  readonly startMs: EpochMs;
  constructor(readonly options: DeskOptions = {}) {
    const script = (options.btc ?? ((s) => s.flat(600)))(new Script(START_MS, START_PRICE, options.volume).flat(2));
    const margin = marketOf(options.candles ?? script.build(), options.eth);
    this.market = options.spot ? new SpotMarket(margin, ALL_RULES, SAME_PRICE) : margin;
    this.startMs = options.startMs ?? epochMs(START_MS + 2 * MINUTE_MS);
    this.simulator = this.#open();
  }
  #open(): Simulator {
    const { path = ":memory:", equity = yen(1_000_000), seed = 7, venue, spot } = this.options;
    return Simulator.open({
      path,
      market: this.market,
      seed,
      ...(spot ? { rules: ALL_RULES, startCoins: spot } : {}),
      startEquity: equity,
      startMs: this.startMs,
      options: { synchronous: "OFF", partialFills: false, ...venue },
    });
  }
  /** As a new process would: everything not in the file is forgotten. */
  reopen(): void {
    this.simulator.close();
    this.simulator = this.#open();
  }
  close(): void {
    this.simulator.close();
  }

  get nowMs(): EpochMs {
    return this.simulator.nowMs();
  }
  pass(seconds: number) {
    return this.simulator.advanceTo(epochMs(this.nowMs + Math.round(seconds * SECOND_MS)));
  }

  /** One request, signed unless the path is a public one. */
  raw(method: string, path: string, { query, body }: { query?: string; body?: string } = {}): Answer {
    const { apiKey, secret } = this.simulator.credentials();
    const isPublic = PUBLIC_PATHS.has(path);
    const timestamp = String(this.nowMs);
    const sign = createHmac("sha256", secret).update(timestamp + method + path + (body ?? ""));
    return read(
      this.simulator.handle({
        area: isPublic ? "public" : "private",
        method,
        path,
        ...(query === undefined ? {} : { query }),
        ...(body === undefined ? {} : { body }),
        headers: isPublic ? {} : { "API-KEY": apiKey, "API-TIMESTAMP": timestamp, "API-SIGN": sign.digest("hex") },
      }),
    );
  }
  get(path: string, query: Readonly<Record<string, string | number>> = {}): Answer {
    return this.raw("GET", path, {
      query: Object.entries(query)
        .map(([key, value]) => `${key}=${value}`)
        .join("&"),
    });
  }
  post(path: string, body: object): Answer {
    return this.raw("POST", path, { body: JSON.stringify(body) });
  }

  /** An order that must be accepted; BTC_JPY BUY LIMIT unless said otherwise. Returns its id. */
  order(body: Readonly<Record<string, unknown>>): number {
    const full = { symbol: "BTC_JPY", side: "BUY", executionType: body["price"] ? "LIMIT" : "MARKET", ...body };
    return this.#accepted(this.post("/v1/order", full));
  }
  closeOrder(positionId: number, size: string, body: Readonly<Record<string, unknown>>): number {
    const executionType = body["price"] ? "LIMIT" : "MARKET";
    const settlePosition = [{ positionId, size }];
    return this.#accepted(
      this.post("/v1/closeOrder", { symbol: "BTC_JPY", side: "SELL", executionType, settlePosition, ...body }),
    );
  }
  #accepted(answer: Answer): number {
    if (answer.status !== 0) throw new Error(`expected an accepted order, found ${answer.text}`);
    return Number(answer.data);
  }
  /** A position bought (or sold) at the market. */
  position(size: string, side = "BUY"): number {
    const id = this.order({ size, side });
    return this.get("/v1/executions", { orderId: id }).data.list[0].positionId;
  }
  shown(orderId: number): Answer["data"] {
    return this.get("/v1/orders", { orderId }).data.list[0];
  }
  executionsOf(orderId: number): Answer["data"][] {
    return this.get("/v1/executions", { orderId }).data.list ?? [];
  }
  positions(symbol = "BTC_JPY"): Answer["data"][] {
    return this.get("/v1/openPositions", { symbol }).data.list ?? [];
  }
  active(symbol = "BTC_JPY"): Answer["data"][] {
    return this.get("/v1/activeOrders", { symbol }).data.list ?? [];
  }
}

const PUBLIC_PATHS = new Set(["status", "ticker", "orderbooks", "trades", "klines", "symbols"].map((p) => `/v1/${p}`));

export const read = (reply: { readonly httpStatus: number; readonly body: string }): Answer => {
  const json = JSON.parse(reply.body);
  const code = json.messages?.[0]?.message_code;
  return { httpStatus: reply.httpStatus, text: reply.body, status: json.status, code, data: json.data };
};

/** Everything the venue remembers, as text: two venues are the same when their texts are. */
export const stateText = ({ simulator, market }: Desk): string =>
  textOf({
    nowMs: simulator.nowMs(),
    orders: simulator.orders(),
    positions: simulator.positions(),
    executions: simulator.executions(),
    ledger: simulator.ledger(),
    account: simulator.account(),
    bare: market.symbols.map((symbol) => simulator.bareStats(symbol)),
  });
/** JSON with bigints, and fields in one order: rows read from the file have another. */
export const textOf = (thing: unknown): string =>
  JSON.stringify(thing, (_, value) => {
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });

export const tempFile = (name = "venue.db"): string => join(mkdtempSync(join(tmpdir(), "venue-")), name);
