// One WebSocket on the venue's side: a ping once a minute, terminated after three missed pongs or when the client never
// sends anything; faults may be applied to outgoing frames (socketFaults.ts).
import type { WebSocket } from "ws";
import type { EpochMs } from "../../core/time.ts";
import type { ServerOptions } from "./serverOptions.ts";
import type { SocketFault, SocketFaults } from "./socketFaults.ts";
import type { Wall } from "./wallClock.ts";

interface ConnectionConfig {
  readonly ws: WebSocket;
  readonly area: "public" | "private";
  /** The client's address. */
  readonly ip: string;
  /** Access token of a private socket. */
  readonly token: string | undefined;
  readonly wall: Wall;
  readonly options: ServerOptions;
  readonly faults: SocketFaults;
  readonly venueNowMs: () => EpochMs;
  readonly onMessage: (connection: Connection, text: string) => void;
  readonly onClosed: (connection: Connection) => void;
}

/** Time for the close handshake before the socket is terminated. */
const CLOSE_GRACE_MS = 5_000;

export class Connection {
  readonly area: "public" | "private";
  readonly ip: string;
  readonly token: string | undefined;
  readonly #timers = new Set<() => void>();
  readonly #cancelIdle: () => void;
  #missed = 0;
  #awaitsPong = false;
  #halfOpen = false;
  #deferred: { readonly text: string; readonly cancel: () => void } | undefined;

  constructor(private readonly config: ConnectionConfig) {
    const { ws, options } = config;
    this.area = config.area;
    this.ip = config.ip;
    this.token = config.token;
    this.#cancelIdle = this.#after(options.idleCloseMs, () => ws.terminate());
    this.#ping();
    const received = (): boolean => {
      if (!this.#halfOpen) this.#cancelIdle();
      return !this.#halfOpen;
    };
    ws.on("message", (data: Buffer) => {
      if (received()) config.onMessage(this, data.toString("utf8"));
    });
    ws.on("ping", (data) => {
      if (received()) ws.pong(data);
    });
    ws.on("pong", () => {
      this.#awaitsPong = false;
      this.#missed = 0;
    });
    // "close" follows at once; an invalid frame or a broken connection of one client must not affect the others.
    ws.on("error", () => undefined);
    ws.on("close", () => {
      for (const cancel of this.#timers) cancel();
      this.#timers.clear();
      config.onClosed(this);
    });
  }

  #after(ms: number, run: () => void): () => void {
    const cancel = this.config.wall.after(ms, () => {
      this.#timers.delete(cancel);
      run();
    });
    this.#timers.add(cancel);
    return () => {
      this.#timers.delete(cancel);
      cancel();
    };
  }

  #ping(): void {
    const { ws, options } = this.config;
    this.#after(options.pingIntervalMs, () => {
      if (this.#awaitsPong) this.#missed += 1;
      if (this.#missed >= options.missedPongs) return ws.terminate();
      this.#awaitsPong = true;
      if (!this.#halfOpen && ws.readyState === ws.OPEN) ws.ping();
      this.#ping();
    });
  }

  /** Faults are matched by `channel`; error frames have the channel "error". */
  send(channel: string, frame: object): void {
    const text = JSON.stringify(frame);
    const { area, config } = this;
    const fault = config.faults.faultsAt("frame", { area, channel }, config.venueNowMs())[0];
    const deferred = this.#deferred;
    this.#deferred = undefined;
    deferred?.cancel();
    this.#sendWith(fault, text);
    if (deferred) this.#write(deferred.text);
  }
  #sendWith(fault: SocketFault | undefined, text: string): void {
    switch (fault?.kind) {
      case undefined:
        this.#write(text);
        break;
      case "drop":
        break;
      case "duplicate":
        this.#write(text);
        this.#write(text);
        break;
      case "truncate":
        this.#write(text.slice(0, Math.floor(text.length / 2)));
        break;
      case "delay":
        this.#after(fault.ms, () => this.#write(text));
        break;
      case "reorder": {
        const release = (): void => {
          this.#deferred = undefined;
          this.#write(text);
        };
        this.#deferred = { text, cancel: this.#after(fault.ms, release) };
        break;
      }
      default:
        this.applyFault(fault!);
    }
  }
  #write(text: string): void {
    const { ws, options } = this.config;
    if (this.#halfOpen || ws.readyState !== ws.OPEN) return;
    // Terminates a client that does not read, so that its buffer does not fill the memory.
    if (ws.bufferedAmount > options.maxBufferedBytes) ws.terminate();
    else ws.send(text);
  }

  /** Applies a fault of the whole connection; other kinds have no effect here. */
  applyFault(fault: SocketFault): void {
    if (fault.kind === "cut") this.close(1006);
    if (fault.kind === "close") this.close(fault.code);
    if (fault.kind === "halfOpen") {
      this.#halfOpen = true;
      this.#cancelIdle();
    }
  }
  isHalfOpen(): boolean {
    return this.#halfOpen;
  }
  /** 1006: terminates without a close frame. */
  close(code: number): void {
    const { ws } = this.config;
    if (code === 1006 || this.#halfOpen) ws.terminate();
    else {
      ws.close(code);
      this.#after(CLOSE_GRACE_MS, () => ws.terminate());
    }
  }
}
