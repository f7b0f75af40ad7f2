// A whole day of the venue in minutes: one clock, up to so many times as fast as the wall's (fastTime.ts), drives the server and our connector
// alike, so that every limit of both (tokens, pings, backoffs, paces) has its real length in venue time. Only the time
// limit of a request is of the wall: the machine's own speed decides it.
import { toNumber } from "../../../../lib/core/money.ts";
import { type EpochMs, epochMs, MINUTE_MS, SECOND_MS } from "../../../../lib/core/time.ts";
import { createGmoApi } from "../../../../lib/io/gmo/api.ts";
import { GmoClient } from "../../../../lib/io/gmo/client.ts";
import { httpTransport } from "../../../../lib/io/gmo/httpTransport.ts";
import { repairOver } from "../../../../lib/io/gmo/stream/accountRepair.ts";
import { AccountStream } from "../../../../lib/io/gmo/stream/accountStream.ts";
import { CommandPace } from "../../../../lib/io/gmo/stream/commandPace.ts";
import type { StreamLimits } from "../../../../lib/io/gmo/stream/limits.ts";
import { MarketStream } from "../../../../lib/io/gmo/stream/marketStream.ts";
import type { TokenLimits } from "../../../../lib/io/gmo/stream/tokenKeeper.ts";
import { silentLogger } from "../../../../lib/io/logger.ts";
import { type Random, seededRandom } from "../../../../lib/io/random.ts";
import { parseFaults } from "../../../../lib/sim/faults/faults.ts";
import type { Faults } from "../../../../lib/sim/faults/faultTypes.ts";
import { openVenue } from "../../../../lib/sim/server/openVenue.ts";
import { startVenueServer } from "../../../../lib/sim/server/server.ts";
import { Script } from "../../../sim/script.ts";
import { FastTime } from "./fastTime.ts";
import { START_MS, START_PRICE } from "./stand.ts";

export const SYMBOLS: readonly string[] = ["BTC_JPY", "BTC"];

/** Minutes that wander by up to 0.2 %, now and then a wick of 1 %. */
const candles = (random: Random, minutes: number) => {
  const script = new Script(START_MS, START_PRICE);
  let price = START_PRICE;
  for (let i = 0; i < minutes; i++) {
    const close = Math.round(
      Math.min(1.3, Math.max(0.7, (price / START_PRICE) * (1 + (random.next() - 0.5) / 250))) * START_PRICE,
    );
    const wick = random.int(40) === 0 ? 0.01 : 0.0005;
    const high = Math.round(Math.max(price, close) * (1 + wick * random.next()));
    const low = Math.round(Math.min(price, close) * (1 - wick * random.next()));
    script.candle(high, low, close, 20 + random.int(200));
    price = close;
  }
  return script.build();
};

/** Every kind of fault, by chance; and closed times, cuts and dead connections of both sockets by the clock. */
const faultScript = (random: Random, durationMs: number): string => {
  const request = (match: object, probability: number, fault: object): object => ({
    match: { ...match, probability },
    fault,
  });
  const lossy = (method: string, share: number): object[] =>
    (["before", "after"] as const).flatMap((phase) => [
      request({ method }, share / 4, { kind: "dropReply", phase }),
      request({ method }, share, { kind: "reset", phase }),
      request({ method }, share, { kind: "html", phase }),
      request({ method }, share, { kind: "truncate", phase }),
      request({ method }, share, { kind: "httpError", phase, httpStatus: 500 + random.int(5) }),
      request({ method }, share, { kind: "error", phase, code: "ERR-554" }),
    ]);
  const socket = (on: string, probability: number, fault: object, area?: string): object => ({
    match: { on, probability, ...(area ? { area } : {}) },
    fault,
  });
  const at = (fromMs: number, fault: object): object => ({ match: { on: "time", fromMs: Math.round(fromMs) }, fault });
  const quarters = [0.2, 0.45, 0.7].map((part) => durationMs * (part + 0.1 * random.next()));
  return JSON.stringify({
    rules: [
      ...lossy("GET", 0.004),
      ...lossy("POST", 0.02),
      request({ method: "PUT", path: "/v1/ws-auth" }, 0.4, { kind: "reset", phase: "before" }),
      request({ method: "PUT", path: "/v1/ws-auth" }, 0.2, { kind: "httpError", phase: "after", httpStatus: 502 }),
      request({}, 0.02, { kind: "late", ms: 3_000 }),
      request({}, 0.004, { kind: "error", phase: "before", code: "ERR-5003" }),
      request({}, 0.002, { kind: "error", phase: "before", code: "ERR-5008" }),
      request({ path: "/v1/order" }, 0.1, { kind: "partialFill", share: 0.4 }),
      request({ path: "/v1/order" }, 0.05, { kind: "expireSok" }),
      request({ path: "/v1/order" }, 0.1, { kind: "notClosable", ms: 5_000 }),
      request({ method: "POST" }, 0.1, { kind: "cancelLoses" }),
    ],
    closures: [
      {
        kind: "maintenance",
        fromMs: Math.round(durationMs * 0.3),
        untilMs: Math.round(durationMs * 0.3 + 2 * MINUTE_MS),
      },
      {
        kind: "preopen",
        fromMs: Math.round(durationMs * 0.3 + 2 * MINUTE_MS),
        untilMs: Math.round(durationMs * 0.3 + 3 * MINUTE_MS),
      },
      { kind: "emergency", fromMs: Math.round(durationMs * 0.6), untilMs: Math.round(durationMs * 0.6 + MINUTE_MS) },
    ],
    spikes: [{ symbol: "BTC_JPY", atMs: Math.round(durationMs * 0.5), percent: -5 }],
    sockets: [
      socket("frame", 0.05, { kind: "drop" }, "private"),
      socket("frame", 0.05, { kind: "duplicate" }, "private"),
      socket("frame", 0.05, { kind: "delay", ms: 4_000 }, "private"),
      socket("frame", 0.05, { kind: "reorder", ms: 4_000 }, "private"),
      socket("frame", 0.01, { kind: "truncate" }, "private"),
      socket("frame", 0.01, { kind: "cut" }, "private"),
      socket("frame", 0.005, { kind: "halfOpen" }, "private"),
      socket("frame", 0.01, { kind: "drop" }, "public"),
      socket("frame", 0.01, { kind: "duplicate" }, "public"),
      socket("frame", 0.0005, { kind: "truncate" }, "public"),
      socket("frame", 0.0005, { kind: "cut" }, "public"),
      socket("connect", 0.05, { kind: "cut" }),
      socket("connect", 0.03, { kind: "halfOpen" }),
      socket("connect", 0.05, { kind: "refuse", httpStatus: 500 }),
      socket("connect", 0.03, { kind: "close", code: 1001 }),
      socket("command", 0.03, { kind: "cut" }),
      socket("command", 0.05, { kind: "error", text: "ERR-5003 Requests are too many." }),
      socket("reply", 0.005, { kind: "cut" }),
      socket("reply", 0.02, { kind: "slowBody", ms: 2_000 }),
      at(quarters[0]!, { kind: "cut" }),
      at(quarters[1]!, { kind: "halfOpen" }),
      at(quarters[2]!, { kind: "close", code: 1001 }),
    ],
  });
};

/** Writes counted on both sides of the wire: as our connector hands them on, as they arrive. */
export class WriteLedger {
  readonly sent = new Map<string, number>();
  readonly arrived = new Map<string, number>();
  /** Of the call under way; undefined between calls. */
  sentInCall: number | undefined;
  readonly violations: string[] = [];
  send(method: string, path: string, body: string | undefined): void {
    if (method === "GET") return;
    count(this.sent, `${method} ${path} ${body ?? ""}`);
    // Tokens are the stream's; it asks for a new one when an answer is lost.
    if (path === "/v1/ws-auth") return;
    if (this.sentInCall === undefined) this.violations.push(`${method} ${path} ${body} outside of any call`);
    else if (++this.sentInCall > 1) this.violations.push(`${method} ${path} ${body} sent again`);
  }
  arrive(method: string, path: string, body: string | undefined): void {
    if (method === "GET") return;
    const key = `${method} ${path} ${body ?? ""}`;
    count(this.arrived, key);
    if (this.arrived.get(key)! > (this.sent.get(key) ?? 0)) this.violations.push(`${key} arrived more often than sent`);
  }
}
const count = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

/** Wider than the usual where a stall of this machine would look like a dead venue. */
const LIMITS: Partial<StreamLimits> = {
  handshakeMs: 30_000,
  pongWithinMs: 30_000,
  channelSilentMs: { orderbooks: 60_000 },
  maintenanceMs: 10_000,
  refusedMs: 10_000,
};
/** Shorter than the usual, as the venue's tokens are here: half an hour must see some end. */
const TOKEN_LIFE_MS = 5 * MINUTE_MS + 20 * SECOND_MS;
const TOKENS: Partial<TokenLimits> = { extendEveryMs: 5 * MINUTE_MS, reuseWithinMs: 4 * MINUTE_MS };
/** Wall time: nothing on loopback takes this long. */
const REQUEST_TIMEOUT_MS = 400;

export type LongWorld = Awaited<ReturnType<typeof openLongWorld>>;
export const openLongWorld = async (seed: string, speed: number, durationMs: number) => {
  const time = new FastTime(speed);
  const ledger = new WriteLedger();
  const fromMs = epochMs(START_MS + 2 * MINUTE_MS);
  let beganMs = time.monotonicMs();
  const clock = { nowMs: (): EpochMs => epochMs(Math.floor(fromMs + time.monotonicMs() - beganMs)) };
  const script = parseFaults(faultScript(seededRandom(`${seed}:faults`), durationMs));
  const venue = openVenue({
    candles: { BTC_JPY: candles(seededRandom(`${seed}:candles`), Math.ceil(durationMs / MINUTE_MS) + 240) },
    seed,
    fromMs,
    synchronous: "OFF",
    authClock: () => clock.nowMs(),
    faults: {
      ...script,
      faults: (...args): Faults => {
        const inner = script.faults(...args);
        const counted: Faults = (request, phase, nowMs) => {
          if (phase === "before" && request.area === "private")
            ledger.arrive(request.method, request.path, request.body);
          return inner(request, phase, nowMs);
        };
        return Object.assign(counted, { effects: () => inner.effects?.() });
      },
    },
    // A stall of this machine between signing and judging is not what is tried here: 40 ms of it would be 5 s there.
    options: { venue: { signatureWindowMs: 5 * MINUTE_MS } },
  });
  let failure: unknown;
  // The server's time runs from here on.
  beganMs = time.monotonicMs();
  const server = await startVenueServer({
    ...venue,
    wall: time,
    options: { tokenLifeMs: TOKEN_LIFE_MS },
    onFailure: (e) => {
      failure ??= e;
    },
  });
  let events = 0;
  const stopCounting = server.simulator.onEvent(() => {
    events += 1;
  });

  const http = httpTransport({ publicUrl: server.addresses.restPublic, privateUrl: server.addresses.restPrivate });
  const api = createGmoApi(
    new GmoClient({
      transport: {
        send: (request) => {
          ledger.send(request.method, request.path, request.body);
          return http.send(request);
        },
      },
      credentials: server.simulator.credentials(),
      clock,
      log: silentLogger(),
      timers: time,
      timeoutMs: REQUEST_TIMEOUT_MS,
    }),
  );
  const common = {
    pace: new CommandPace(time, 1_500),
    timers: time,
    clock,
    random: seededRandom(`${seed}:streams`),
    log: silentLogger(),
    limits: LIMITS,
  };
  /** What the venue had told of when the last repair that got its answers began to ask; none while another one asks. */
  let askedAtEvent: number | undefined;
  const readAccount = repairOver(api, SYMBOLS, clock);
  const account = new AccountStream({
    ...common,
    url: server.addresses.wsPrivate,
    tokens: api,
    symbols: SYMBOLS,
    tokenLimits: TOKENS,
    repair: async (openQuestions, signal) => {
      const asked = events;
      askedAtEvent = undefined;
      const snapshot = await readAccount(openQuestions, signal);
      askedAtEvent = asked;
      return snapshot;
    },
  });
  const market = new MarketStream({ ...common, url: server.addresses.wsPublic });
  let closing: Promise<void> | undefined;
  const lastPrices = new Map<string, number>();
  market.listen((told) => {
    if (told.kind === "market" && told.event.kind === "ticker")
      lastPrices.set(told.event.symbol, toNumber(told.event.last));
  });
  return {
    time,
    clock,
    fromMs,
    ledger,
    server,
    api,
    account,
    market,
    /** Yen, by the public stream. */
    lastPrice: (symbol: string): number => lastPrices.get(symbol) ?? START_PRICE,
    /** The events of our account so far, published or not. */
    events: () => events,
    askedAtEvent: () => askedAtEvent,
    failure: () => failure,
    /** Resolves when the condition holds; rejects when the venue itself has failed. */
    until: async (condition: () => boolean): Promise<void> => {
      while (!condition()) {
        if (failure !== undefined) throw failure;
        await time.sleep(SECOND_MS);
      }
    },
    close: (): Promise<void> => {
      closing ??= (async () => {
        await account.stop();
        await market.stop();
        stopCounting();
        await server.close();
        await http.close();
        time.end();
      })();
      return closing;
    },
  };
};
