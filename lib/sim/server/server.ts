// Serves the simulated venue over HTTP and WebSocket on loopback: one simulator, the same state machine as in process,
// with its time driven by the wall clock. Binds 127.0.0.1 only. All market and account data come from the simulator.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { AppError } from "../../core/errors.ts";
import { type EpochMs, earliestKnown } from "../../core/time.ts";
import type { SymbolRules } from "../../core/venue.ts";
import type { Faults } from "../faults/faultTypes.ts";
import type { Market } from "../market/market.ts";
import type { Simulator, VenueEvent } from "../simulator.ts";
import { HttpFront } from "./http.ts";
import { PrivateFeed } from "./privateFeed.ts";
import { PublicFeed } from "./publicFeed.ts";
import { type ServerOptions, serverOptions } from "./serverOptions.ts";
import { parseSocketRules, SocketFaults } from "./socketFaults.ts";
import { Sockets } from "./sockets.ts";
import { Tokens } from "./tokens.ts";
import { VenueTime } from "./venueTime.ts";
import { realWall, type Wall } from "./wallClock.ts";

export interface VenueServerConfig {
  /** Closed with the server. Its API-TIMESTAMP clock should be the wall clock (SimulatorOptions.authClock). */
  readonly simulator: Simulator;
  /** The simulator's market and rules; the trade archive is read from them. */
  readonly market: Market;
  readonly rules: readonly SymbolRules[];
  readonly seed: number | string;
  /** Start of the venue; relative times of a fault script count from it. */
  readonly startMs: EpochMs;
  /** 0: any free port. */
  readonly port?: number;
  /** Venue seconds per second, default 1; 0: time moves by `advanceTo` only. */
  readonly speed?: number;
  /** Venue time follows this clock, which runs at `speed`. Default: the wall's time since the start, times `speed`. */
  readonly clockMs?: () => number;
  readonly options?: Partial<ServerOptions>;
  /** The simulator's request faults, for requests that the server answers itself (access tokens). */
  readonly requestFaults?: Faults;
  /** The `sockets` value of a fault script, not parsed. */
  readonly sockets?: unknown;
  readonly wall?: Wall;
  /** Called when a step of the venue failed; the server stops answering. Default: throw. */
  readonly onFailure?: (error: unknown) => void;
  /** Called once when the machine does not keep up with `speed`: venue time runs slower. */
  readonly onSlow?: () => void;
}

/** Base addresses; a client appends /v1/… to the REST ones and /{token} to the private socket's. */
export interface VenueAddresses {
  readonly restPublic: string;
  readonly restPrivate: string;
  readonly wsPublic: string;
  readonly wsPrivate: string;
}

export interface VenueServer {
  readonly port: number;
  readonly addresses: VenueAddresses;
  readonly simulator: Simulator;
  /** Advances venue time; every frame on the way is sent. Throws RangeError for the past. */
  advanceTo(ms: EpochMs): void;
  /** Number of open WebSockets. */
  sockets(): number;
  /** Ends every connection and timer, then the simulator. */
  close(): Promise<void>;
}

/** Longer than a client keeps an idle connection, so that the client closes it first. */
const KEEP_ALIVE_MS = 75_000;

/** Throws AppError permanent: SIM_PORT (in use or reserved), SIM_OPTION, SIM_FAULTS. */
export const startVenueServer = async (config: VenueServerConfig): Promise<VenueServer> => {
  const { simulator, market, seed, startMs, speed = 1, wall = realWall } = config;
  const options = serverOptions(config.options);
  const faults = new SocketFaults(parseSocketRules(config.sockets), seed, startMs);
  const { views } = simulator;
  const publicFeed = new PublicFeed(views, options, speed);
  const privateFeed = new PrivateFeed({ views, wall, options, seed, speed });
  let failed = false;
  const onFailure = (error: unknown): void => {
    if (failed) return;
    failed = true;
    if (config.onFailure) config.onFailure(error);
    else throw error;
  };

  // Events of a step are published at once; events of a request are published with its reply, before or after it.
  let serving = false;
  const stopEvents = simulator.onEvent((event: VenueEvent) => {
    if (!serving) stepEvents.push(event);
  });
  const stepEvents: VenueEvent[] = [];
  const time = new VenueTime({
    simulator,
    wall,
    speed,
    clockMs: config.clockMs,
    onFailure,
    onSlow: config.onSlow,
    nextFrameMs: (nowMs) =>
      earliestKnown(publicFeed.nextFrameMs(nowMs), privateFeed.nextFrameMs(), faults.nextMs(nowMs)),
    onStep: (beforeMs) => {
      const nowMs = simulator.nowMs();
      publicFeed.step(beforeMs, nowMs);
      if (stepEvents.length > 0) privateFeed.publish(stepEvents.splice(0));
      privateFeed.step(nowMs);
      sockets.step(beforeMs, nowMs);
    },
  });
  const atCurrentTime = (work: () => void): void => {
    try {
      if (speed > 0) time.catchUp();
      serving = true;
      work();
      time.schedule();
    } catch (e) {
      onFailure(e);
    } finally {
      serving = false;
    }
  };

  const tokens = new Tokens({
    wall,
    options,
    seed: `${seed}:${simulator.nowMs()}`,
    onEnd: (token) => sockets.endToken(token),
  });
  const sockets = new Sockets({ simulator, wall, options, faults, tokens, publicFeed, privateFeed, atCurrentTime });
  const rules = new Map(
    config.rules.filter((row) => market.symbols.includes(row.symbol)).map((row) => [row.symbol, row]),
  );
  const front = new HttpFront({
    simulator,
    wall,
    options,
    requestFaults: config.requestFaults,
    faults,
    tokens,
    privateFeed,
    archive: { market, rules, nowMs: () => simulator.nowMs() },
    atCurrentTime,
  });

  const http = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, response) => {
    if (failed) {
      response.socket?.destroy();
      return;
    }
    front.handle(incoming, response).catch((e: unknown) => {
      response.socket?.destroy();
      onFailure(e);
    });
  });
  http.on("upgrade", (request, socket, head) => {
    if (failed) socket.destroy();
    else if (/^websocket$/i.test(request.headers.upgrade ?? "")) sockets.upgrade(request, socket, head);
    else declineUpgrade(http, request, socket, head);
  });
  const port = await listen(http, config.port ?? 0).catch((e: unknown) => {
    tokens.close();
    stopEvents();
    throw e;
  });
  time.schedule();
  const host = `127.0.0.1:${port}`;

  return {
    port,
    simulator,
    addresses: {
      restPublic: `http://${host}/public`,
      restPrivate: `http://${host}/private`,
      wsPublic: `ws://${host}/ws/public/v1`,
      wsPrivate: `ws://${host}/ws/private/v1`,
    },
    advanceTo: (ms) => time.advanceTo(ms),
    sockets: () => sockets.count(),
    async close() {
      time.close();
      tokens.close();
      privateFeed.close();
      stopEvents();
      sockets.close();
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      http.closeAllConnections();
      await closed;
      simulator.close();
    },
  };
};

/**
 * A client may offer another protocol with any request (Java's client offers h2c); the server may ignore the offer (RFC
 * 9110, 7.8). Node detaches the connection from HTTP on every offer: this hands it back with the request, without the
 * offer.
 */
const declineUpgrade = (
  http: Server,
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void => {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (!/^(connection|upgrade|http2-settings)$/i.test(rawHeaders[i]!))
      lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  http.emit("connection", socket);
};

const listen = (http: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    http.once("error", (e: NodeJS.ErrnoException) => {
      const what =
        e.code === "EADDRINUSE"
          ? "one that another program listens on"
          : e.code === "EACCES"
            ? "a reserved one"
            : e.message;
      reject(
        new AppError(
          "permanent",
          "SIM_PORT",
          `expected a free port on 127.0.0.1, found ${what}: ${port}; choose another --port, or 0 for any`,
          { port },
          { cause: e },
        ),
      );
    });
    http.listen(port, "127.0.0.1", () => resolve((http.address() as AddressInfo).port));
  });
