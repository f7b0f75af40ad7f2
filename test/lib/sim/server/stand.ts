// A venue server on loopback with a scripted market, and an independent client for it: plain fetch and `ws`, signing
// written out again. Time stands still unless a test moves it: the venue's by `advance`, the wall's by `wall.advance`.
import { createHmac } from "node:crypto";
import WebSocket from "ws";
import { yen } from "../../../../lib/core/money.ts";
import { type EpochMs, epochMs, MINUTE_MS, parseInstant, SECOND_MS } from "../../../../lib/core/time.ts";
import { parseFaults } from "../../../../lib/sim/faults/faults.ts";
import { openVenue, type VenueSource } from "../../../../lib/sim/server/openVenue.ts";
import { startVenueServer, type VenueServer } from "../../../../lib/sim/server/server.ts";
import type { ServerOptions } from "../../../../lib/sim/server/serverOptions.ts";
import type { Wall } from "../../../../lib/sim/server/wallClock.ts";
import { Script } from "../../../sim/script.ts";

export const START_MS = parseInstant("2025-07-01T00:00:00Z");
export const START_PRICE = 10_000_000;

/** A wall clock that a test moves. */
export class ManualWall implements Wall {
  #nowMs = 0;
  readonly #timers = new Map<number, { readonly atMs: number; readonly run: () => void }>();
  #next = 0;
  monotonicMs(): number {
    return this.#nowMs;
  }
  after(ms: number, run: () => void): () => void {
    const id = this.#next++;
    this.#timers.set(id, { atMs: this.#nowMs + ms, run });
    return () => this.#timers.delete(id);
  }
  /** Runs what is due on the way, in order. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.atMs <= untilMs);
      const first = due.toSorted(([a, x], [b, y]) => x.atMs - y.atMs || a - b)[0];
      if (!first) break;
      this.#timers.delete(first[0]);
      this.#nowMs = first[1].atMs;
      first[1].run();
    }
    this.#nowMs = untilMs;
  }
  /** Timers that wait. */
  waiting(): number {
    return this.#timers.size;
  }
}

/** No limit, no cache, no delay, no mixing: what most tests are not about. */
export const QUIET: Partial<ServerOptions> = {
  privateLimit: "off",
  publicPerSecond: 0,
  commandIntervalMs: 0,
  publicCacheMs: 0,
  eventGapMs: 0,
  channelOrder: "kept",
};

export interface StandOptions {
  readonly btc?: (script: Script) => Script;
  readonly server?: Partial<ServerOptions>;
  /** Of the venue; whole fills and no delays unless said otherwise. */
  readonly venue?: NonNullable<VenueSource["options"]>["venue"];
  /** A fault script. */
  readonly faults?: object;
  readonly seed?: number;
  readonly speed?: number;
  readonly path?: string;
  /** Instead of the one a test moves. */
  readonly wall?: Wall;
  readonly port?: number;
  readonly volume?: number;
  /** Yen; default 1,000,000. */
  readonly equity?: number;
  readonly credentials?: VenueSource["credentials"];
  readonly authClock?: () => EpochMs;
  /** ETH_JPY, flat at 500,000, beside BTC_JPY. */
  readonly eth?: boolean;
}

export interface Reply {
  readonly http: number;
  readonly text: string;
  readonly headers: Headers;
  // Replies are checked field by field, as an independent client sees them.
  // biome-ignore lint/suspicious/noExplicitAny: the shape of a reply is what the tests are about
  readonly json: any;
  readonly code: string | undefined;
}

/** One socket and all frames it has received. */
export class Ear {
  // biome-ignore lint/suspicious/noExplicitAny: the shape of a frame is what the tests are about
  readonly frames: any[] = [];
  pings = 0;
  readonly #waiters = new Set<() => void>();
  readonly closed: Promise<number>;
  constructor(readonly ws: WebSocket) {
    ws.on("message", (data: Buffer) => {
      const text = data.toString();
      try {
        this.frames.push(JSON.parse(text));
      } catch {
        this.frames.push(text);
      }
      this.#look();
    });
    ws.on("ping", () => {
      this.pings += 1;
      this.#look();
    });
    ws.on("error", () => undefined);
    this.closed = new Promise((resolve) => ws.on("close", (code) => resolve(code)));
  }
  #look(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
  /** Resolves when the condition holds. */
  until(condition: (ear: Ear) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!condition(this)) return;
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
      void this.closed.then((code) => reject(new Error(`closed with ${code}, heard ${JSON.stringify(this.frames)}`)));
      look();
    });
  }
  /** At least so many frames; of a channel when one is named. */
  async heard(count: number, channel?: string): Promise<Ear["frames"]> {
    const of = (): Ear["frames"] => this.frames.filter((frame) => channel === undefined || frame.channel === channel);
    await this.until(() => of().length >= count);
    return of();
  }
  send(message: object | string): void {
    this.ws.send(typeof message === "string" ? message : JSON.stringify(message));
  }
  subscribe(channel: string, more: object = {}): void {
    this.send({ command: "subscribe", channel, ...more });
  }
  /** Everything sent so far has reached the venue, and everything it sent before that has reached us. */
  async settled(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      void this.closed.then((code) => reject(new Error(`closed with ${code}, heard ${JSON.stringify(this.frames)}`)));
      this.ws.once("pong", () => resolve());
      this.ws.ping();
    });
  }
}

export class Stand {
  readonly #ears: Ear[] = [];
  constructor(
    readonly server: VenueServer,
    readonly wall: ManualWall,
  ) {}

  advance(seconds: number): void {
    this.server.advanceTo(epochMs(this.server.simulator.nowMs() + Math.round(seconds * SECOND_MS)));
  }
  /** Signed with the real time unless told otherwise; `signed` replaces the signed body part. */
  async send(
    method: string,
    path: string,
    options: {
      readonly body?: string;
      readonly query?: string;
      readonly signed?: string;
      readonly timestamp?: number;
      readonly headers?: Record<string, string>;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<Reply> {
    const { restPrivate } = this.server.addresses;
    const { apiKey, secret } = this.server.simulator.credentials();
    const timestamp = String(options.timestamp ?? Date.now());
    const signed = options.signed ?? (method === "POST" ? (options.body ?? "") : "");
    const sign = createHmac("sha256", secret)
      .update(timestamp + method + path + signed)
      .digest("hex");
    return this.fetch(`${restPrivate}${path}${options.query ? `?${options.query}` : ""}`, {
      method,
      headers: { "API-KEY": apiKey, "API-TIMESTAMP": timestamp, "API-SIGN": sign, ...options.headers },
      ...(options.body === undefined ? {} : { body: options.body }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  }
  async fetch(url: string, init: RequestInit = {}): Promise<Reply> {
    const response = await fetch(url, init);
    const text = await response.text();
    let json: Reply["json"];
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { http: response.status, text, headers: response.headers, json, code: json?.messages?.[0]?.message_code };
  }
  get(path: string, query = ""): Promise<Reply> {
    return this.send("GET", path, { query });
  }
  post(path: string, body: object): Promise<Reply> {
    return this.send("POST", path, { body: JSON.stringify(body) });
  }
  public(path: string): Promise<Reply> {
    return this.fetch(`${this.server.addresses.restPublic}${path}`);
  }
  /** An order that must be accepted; BTC_JPY BUY unless said otherwise. */
  async order(body: Readonly<Record<string, unknown>>): Promise<number> {
    const executionType = body["price"] ? "LIMIT" : "MARKET";
    const reply = await this.post("/v1/order", { symbol: "BTC_JPY", side: "BUY", executionType, ...body });
    if (reply.json?.status !== 0) throw new Error(`expected an accepted order, found ${reply.text}`);
    return Number(reply.json.data);
  }

  async token(): Promise<string> {
    return (await this.send("POST", "/v1/ws-auth", { body: "{}" })).json.data;
  }
  /** An open socket. Rejects with "HTTP 404" when the upgrade is refused. */
  connect(url: string, options: WebSocket.ClientOptions = {}): Promise<Ear> {
    const ws = new WebSocket(url, options);
    const ear = new Ear(ws);
    this.#ears.push(ear);
    return new Promise((resolve, reject) => {
      ws.on("open", () => resolve(ear));
      ws.on("unexpected-response", (_, response) => {
        response.resume();
        reject(new Error(`HTTP ${response.statusCode}`));
      });
      ws.on("error", reject);
    });
  }
  publicEar(options?: WebSocket.ClientOptions): Promise<Ear> {
    return this.connect(this.server.addresses.wsPublic, options);
  }
  async privateEar(token?: string, options?: WebSocket.ClientOptions): Promise<Ear> {
    return this.connect(`${this.server.addresses.wsPrivate}/${token ?? (await this.token())}`, options);
  }
  async close(): Promise<void> {
    for (const { ws } of this.#ears) ws.terminate();
    await this.server.close();
  }
}

export const stand = async (options: StandOptions = {}): Promise<Stand> => {
  const { seed = 7, speed = 0, faults } = options;
  const script = (options.btc ?? ((s) => s.flat(600)))(new Script(START_MS, START_PRICE, options.volume).flat(2));
  const parsed = faults && parseFaults(JSON.stringify(faults));
  const venue = openVenue({
    candles: {
      BTC_JPY: script.build(),
      ...(options.eth ? { ETH_JPY: new Script(START_MS, 500_000).flat(600).build() } : {}),
    },
    seed,
    fromMs: epochMs(START_MS + 2 * MINUTE_MS),
    synchronous: "OFF",
    ...(options.path === undefined ? {} : { path: options.path }),
    ...(options.equity === undefined ? {} : { equity: yen(options.equity) }),
    ...(options.credentials ? { credentials: options.credentials } : {}),
    ...(options.authClock ? { authClock: options.authClock } : {}),
    ...(parsed ? { faults: parsed } : {}),
    options: {
      venue: { partialFills: false, positionVisibleAfterMs: 0, cancelAfterMs: 0, changeAfterMs: 0, ...options.venue },
      market: { volumeShare: 1 },
    },
  });
  const wall = new ManualWall();
  const server = await startVenueServer({
    ...venue,
    speed,
    wall: options.wall ?? wall,
    ...(options.port === undefined ? {} : { port: options.port }),
    options: { ...QUIET, ...options.server },
  });
  return new Stand(server, wall);
};
