// Time that moves only when told, connections that do only what a test says, and a source of tokens that counts.
// Everything that is still waiting or open can be counted, so that a test can say: nothing is left.
import { expect } from "vitest";
import { type EpochMs, epochMs } from "../../../../../lib/core/time.ts";
import type { WriteResult } from "../../../../../lib/core/venue.ts";
import type { Connect, ConnectionEnd, ConnectionHandlers } from "../../../../../lib/io/gmo/stream/connection.ts";
import type { TokenSource } from "../../../../../lib/io/gmo/stream/tokenKeeper.ts";
import type { Timers } from "../../../../../lib/io/gmo/timers.ts";

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}
const START_MS = Date.parse("2026-09-20T00:00:00Z");

/** Lets everything run that needs no time. */
export const flush = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
};

export class FakeTimers implements Timers {
  nowMs = 0;
  readonly #sleepers = new Set<Sleeper>();
  readonly clock = { nowMs: (): EpochMs => epochMs(START_MS + this.nowMs) };

  monotonicMs(): number {
    return this.nowMs;
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", abort);
      };
      const abort = (): void => {
        end();
        reject(signal!.reason);
      };
      const sleeper: Sleeper = {
        atMs: this.nowMs + ms,
        wake: () => {
          end();
          resolve();
        },
      };
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener("abort", abort, { once: true });
      this.#sleepers.add(sleeper);
    });
  }
  /** Moves on by `ms`, waking sleepers in order and letting each do what it does. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    await flush();
    for (;;) {
      const next = [...this.#sleepers].sort((a, b) => a.atMs - b.atMs).find(({ atMs }) => atMs <= untilMs);
      if (!next) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.wake();
      await flush();
    }
    this.nowMs = untilMs;
  }
  get waiting(): number {
    return this.#sleepers.size;
  }
}

/** The venue's end of one connection. */
export class FakeConnection {
  readonly commands: { readonly atMs: number; readonly command: Record<string, unknown> }[] = [];
  pings = 0;
  closeAsked = false;
  ended = false;
  opened = false;
  /** Answers pings, agrees to close. */
  polite = true;
  readonly bornMs: number;
  constructor(
    readonly url: string,
    private readonly handlers: ConnectionHandlers,
    private readonly timers: FakeTimers,
  ) {
    this.bornMs = timers.nowMs;
  }
  open(): void {
    this.opened = true;
    this.handlers.onOpen();
  }
  send(frame: object | string): void {
    this.handlers.onText(typeof frame === "string" ? frame : JSON.stringify(frame));
  }
  ping(): void {
    this.handlers.onPing();
  }
  end(end: ConnectionEnd): void {
    if (this.ended) return;
    this.ended = true;
    this.handlers.onEnd(end);
  }
  cut(code = 1006): void {
    this.end({ kind: "closed", code, reason: "" });
  }
  /** "executionEvents", "orderbooks BTC_JPY", "-ticker BTC_JPY" for an unsubscribe. */
  get said(): string[] {
    return this.commands.map(({ command }) =>
      `${command["command"] === "subscribe" ? "" : "-"}${command["channel"]} ${command["symbol"] ?? ""}`.trim(),
    );
  }
  received(text: string): void {
    this.commands.push({ atMs: this.timers.nowMs, command: JSON.parse(text) as Record<string, unknown> });
  }
  pinged(): void {
    this.pings += 1;
    if (this.polite && !this.ended) queueMicrotask(() => this.handlers.onPong());
  }
  closing(): void {
    this.closeAsked = true;
    if (this.polite) queueMicrotask(() => this.cut(1000));
  }
}

/**
 * Every connection anybody made, the newest last. `onConnect` decides what the venue does with it; default: it opens.
 */
export class FakeNetwork {
  readonly all: FakeConnection[] = [];
  onConnect: (connection: FakeConnection) => void = (connection) => connection.open();
  constructor(private readonly timers: FakeTimers) {}

  readonly connect: Connect = (url, handlers) => {
    const connection = new FakeConnection(url, handlers, this.timers);
    this.all.push(connection);
    setImmediate(() => {
      if (!connection.ended) this.onConnect(connection);
    });
    return {
      send: (text) => connection.received(text),
      ping: () => connection.pinged(),
      close: () => connection.closing(),
      terminate: () => queueMicrotask(() => connection.cut()),
    };
  };
  get last(): FakeConnection {
    return this.all.at(-1)!;
  }
  get live(): FakeConnection[] {
    return this.all.filter(({ ended }) => !ended);
  }
}

const accepted = <T>(value: T): WriteResult<T> => ({ kind: "accepted", value });
export const refused = (code: string, verdict: "retry" | "permanent" | "alert"): WriteResult<never> => ({
  ...{ kind: "refused", code, message: `${code} (a test)`, resend: "later" },
  verdict,
});

/** Tokens as the venue keeps them: five at most, the one nearest to expiry goes first. */
export class FakeTokens implements TokenSource {
  readonly calls: string[] = [];
  living: { readonly token: string; untilMs: number }[] = [];
  #count = 0;
  onIssue: () => Promise<WriteResult<string> | undefined> = async () => undefined;
  onExtend: () => WriteResult<void> | undefined = () => undefined;
  onDelete: () => Promise<void> = async () => {};
  constructor(private readonly timers: FakeTimers) {}

  async issueToken(): Promise<WriteResult<string>> {
    this.calls.push("issue");
    const other = await this.onIssue();
    return other ?? accepted(this.give());
  }
  give(): string {
    this.#count += 1;
    const token = `token-${this.#count}`;
    this.living.push({ token, untilMs: this.timers.nowMs + 3_600_000 });
    this.living.sort((a, b) => a.untilMs - b.untilMs);
    if (this.living.length > 5) this.living.shift();
    return token;
  }
  async extendToken(token: string): Promise<WriteResult<void>> {
    this.calls.push(`extend ${token}`);
    const other = this.onExtend();
    if (other) return other;
    const known = this.living.find((row) => row.token === token);
    if (!known) return refused("ERR-5106", "permanent");
    known.untilMs = this.timers.nowMs + 3_600_000;
    return accepted(undefined);
  }
  async deleteToken(token: string): Promise<WriteResult<void>> {
    this.calls.push(`delete ${token}`);
    await this.onDelete();
    this.living = this.living.filter((row) => row.token !== token);
    return accepted(undefined);
  }
  knows(url: string): boolean {
    return this.living.some(({ token, untilMs }) => url.endsWith(`/${token}`) && untilMs > this.timers.nowMs);
  }
}

/** Stops the streams of a test. Nothing of it may be left: no timer, no connection. */
export const stopAll = async (stage: {
  readonly timers: FakeTimers;
  readonly network: FakeNetwork;
  readonly streams: readonly { stop(): Promise<unknown> }[];
}): Promise<void> => {
  const stops = stage.streams.map((stream) => stream.stop());
  await stage.timers.pass(10_000);
  await Promise.all(stops);
  const left = { timers: stage.timers.waiting, connections: stage.network.live.length };
  expect(left).toEqual({ timers: 0, connections: 0 });
};
