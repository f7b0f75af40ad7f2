// The public and private WebSockets of the venue (GMO API 10): accepts upgrades, executes commands, and closes sockets
// when a token ends or the venue closes. An error is one frame; the socket stays open.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { EpochMs } from "../../core/time.ts";
import type { Simulator } from "../simulator.ts";
import { Connection } from "./connection.ts";
import { RateLimits } from "./limits.ts";
import { PRIVATE_CHANNELS, type PrivateChannel, type PrivateFeed } from "./privateFeed.ts";
import { PUBLIC_CHANNELS, type PublicChannel, type PublicFeed } from "./publicFeed.ts";
import type { ServerOptions } from "./serverOptions.ts";
import type { SocketFaults } from "./socketFaults.ts";
import type { Tokens } from "./tokens.ts";
import type { Wall } from "./wallClock.ts";

interface SocketsConfig {
  readonly simulator: Simulator;
  readonly wall: Wall;
  readonly options: ServerOptions;
  readonly faults: SocketFaults;
  readonly tokens: Tokens;
  readonly publicFeed: PublicFeed;
  readonly privateFeed: PrivateFeed;
  /** Advances venue time to the present, does the work, then reschedules the next step. */
  readonly atCurrentTime: (work: () => void) => void;
}

const MAX_COMMAND_BYTES = 65_536;
const PUBLIC_PATH = "/ws/public/v1";
const PRIVATE_PATH = "/ws/private/v1/";
const REASONS: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

type Json = Readonly<Record<string, unknown>>;

export class Sockets {
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    autoPong: false,
    maxPayload: MAX_COMMAND_BYTES,
    // Negotiated when the client offers it (GMO API 10.1).
    perMessageDeflate: { threshold: 1_024, serverNoContextTakeover: true, clientNoContextTakeover: true },
  });
  readonly #connections = new Set<Connection>();
  readonly #raw = new Set<Duplex>();
  readonly #commands: RateLimits;
  constructor(private readonly config: SocketsConfig) {
    this.#commands = new RateLimits(config.wall);
  }

  count(): number {
    return this.#connections.size;
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A client may break off an upgrade; without a listener the error would end the process.
    socket.on("error", () => socket.destroy());
    this.#raw.add(socket);
    socket.on("close", () => this.#raw.delete(socket));
    this.config.atCurrentTime(() => {
      const path = (request.url ?? "").split("?")[0]!;
      const token = path.startsWith(PRIVATE_PATH) ? path.slice(PRIVATE_PATH.length) : undefined;
      const area = token === undefined ? "public" : "private";
      const ip = request.socket.remoteAddress ?? "";
      const refusal = this.#refusal(path, token, ip);
      const fault =
        refusal === undefined
          ? this.config.faults.faultsAt("connect", { area }, this.config.simulator.nowMs())[0]
          : undefined;
      if (refusal !== undefined) refuse(socket, refusal);
      else if (fault?.kind === "refuse") refuse(socket, fault.httpStatus);
      else if (fault?.kind === "cut") socket.destroy();
      else
        this.#server.handleUpgrade(request, socket, head, (ws) => {
          const connection = this.#accept(ws, area, token, ip);
          if (fault) connection.applyFault(fault);
        });
    });
  }
  /** The HTTP status of a refused upgrade; undefined when it is accepted. */
  #refusal(path: string, token: string | undefined, ip: string): number | undefined {
    const { options, tokens, simulator } = this.config;
    if (path !== PUBLIC_PATH && !token) return 404;
    if (simulator.views.socketUpgrade() === "refused") return 503;
    if (token !== undefined && !tokens.has(token)) return options.badTokenStatus;
    const ofAddress = [...this.#connections].filter((connection) => connection.ip === ip).length;
    return options.maxConnections > 0 && ofAddress >= options.maxConnections
      ? options.tooManyConnectionsStatus
      : undefined;
  }
  #accept(ws: WebSocket, area: "public" | "private", token: string | undefined, ip: string): Connection {
    const { wall, options, faults, simulator, publicFeed, privateFeed } = this.config;
    const connection = new Connection({
      ws,
      area,
      ip,
      token,
      wall,
      options,
      faults,
      venueNowMs: (): EpochMs => simulator.nowMs(),
      onMessage: (from, text) => this.config.atCurrentTime(() => this.#command(from, text)),
      onClosed: (gone) => {
        this.#connections.delete(gone);
        publicFeed.forget(gone);
        privateFeed.forget(gone);
      },
    });
    this.#connections.add(connection);
    return connection;
  }

  #command(connection: Connection, text: string): void {
    const { faults, simulator } = this.config;
    const { area } = connection;
    const command = parsed(text);
    const channel = typeof command?.["channel"] === "string" ? command["channel"] : undefined;
    const fault = faults.faultsAt(
      "command",
      { area, ...(channel === undefined ? {} : { channel }) },
      simulator.nowMs(),
    )[0];
    if (fault && fault.kind !== "error") connection.applyFault(fault);
    else {
      const error = fault ? fault.text : this.#execute(connection, command);
      if (error !== undefined) connection.send("error", { error });
    }
  }
  /** Executes a command. Returns the text of the error frame; a successful command has no reply. */
  #execute(connection: Connection, command: Json | undefined): string | undefined {
    const { commandIntervalMs } = this.config.options;
    const perSecond = commandIntervalMs === 0 ? 0 : 1_000 / commandIntervalMs;
    // Every message counts towards the rate, including invalid ones.
    if (!this.#commands.take(connection.ip, perSecond)) return this.config.options.commandTooFastText;
    if (!command) return "ERR-5106 Invalid request parameter.";
    const isPublic = connection.area === "public";
    const wrong = isPublic ? this.#public(connection, command) : this.#private(connection, command);
    if (wrong === "denied") return "ERR-5012 Invalid permissions for action";
    return wrong && `ERR-5106 Invalid request parameter. ${wrong}`;
  }

  /** Returns the name of the invalid field; undefined on success. */
  #public(connection: Connection, command: Json): string | undefined {
    const { publicFeed, simulator } = this.config;
    const { command: verb, channel, symbol, option } = command;
    if (verb !== "subscribe" && verb !== "unsubscribe") return "command";
    if (typeof channel !== "string" || !PUBLIC_CHANNELS.includes(channel)) return "channel";
    if (typeof symbol !== "string" || !simulator.views.symbols().includes(symbol)) return "symbol";
    const named = channel as PublicChannel;
    const isOptional = named === "trades" && verb === "subscribe";
    if (isOptional && option !== undefined && option !== "TAKER_ONLY") return "option";
    if (verb === "unsubscribe") publicFeed.unsubscribe(connection, named, symbol);
    else publicFeed.subscribe(connection, named, symbol, isOptional && option !== undefined ? "TAKER_ONLY" : "both");
    return undefined;
  }
  #private(connection: Connection, command: Json): string | undefined {
    const { privateFeed, options, simulator } = this.config;
    const { command: verb, channel, option } = command;
    if (verb !== "subscribe" && verb !== "unsubscribe") return "command";
    if (typeof channel !== "string" || !PRIVATE_CHANNELS.includes(channel)) return "channel";
    const named = channel as PrivateChannel;
    if (options.denied.includes(named)) return "denied";
    const isOptional = named === "positionSummaryEvents" && verb === "subscribe";
    if (isOptional && option !== undefined && option !== "PERIODIC") return "option";
    if (verb === "unsubscribe") privateFeed.unsubscribe(connection, named);
    else privateFeed.subscribe(connection, named, option === "PERIODIC", simulator.nowMs());
    return undefined;
  }

  /** Called after venue time moved from `beforeMs` to `nowMs`. */
  step(beforeMs: EpochMs, nowMs: EpochMs): void {
    for (const { area, fault } of this.config.faults.timeFaults(beforeMs, nowMs))
      for (const connection of this.#connections)
        if (area === undefined || connection.area === area) connection.applyFault(fault);
    if (this.#connections.size > 0 && this.config.simulator.views.socketUpgrade() === "refused")
      for (const connection of this.#connections) connection.close(this.config.options.maintenanceCloseCode);
  }
  /** Closes the sockets of an ended token. */
  endToken(token: string): void {
    for (const connection of this.#connections)
      if (connection.token === token) connection.close(this.config.options.tokenCloseCode);
  }

  close(): void {
    for (const connection of this.#connections) connection.close(1006);
    for (const socket of this.#raw) socket.destroy();
    this.#server.close();
  }
}

const parsed = (text: string): Json | undefined => {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as Json) : undefined;
  } catch {
    return undefined;
  }
};

const refuse = (socket: Duplex, status: number): void => {
  const head = `HTTP/1.1 ${status} ${REASONS[status] ?? "Refused"}`;
  socket.end(`${head}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
};
