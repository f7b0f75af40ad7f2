// Keeps one WebSocket connected: session after session, with waits between them that depend on how the last one ended.
// The two streams (marketStream.ts, accountStream.ts) are built on it. Every promise it starts is awaited by `stop`.
import { AppError, toAppError } from "../../../core/errors.ts";
import type { VenueFrame } from "../../../core/venueEvents.ts";
import type { Logger } from "../../logger.ts";
import type { Random } from "../../random.ts";
import type { Timers } from "../timers.ts";
import { Backoff, slowly } from "./backoff.ts";
import type { CommandPace } from "./commandPace.ts";
import type { Connect } from "./connection.ts";
import type { StreamLimits } from "./limits.ts";
import { type RefusedCommand, Session, type SessionEnd } from "./session.ts";
import type { Subscriptions } from "./subscriptions.ts";
import { sleepUnlessAborted, unlessAborted } from "./wakeup.ts";

/** Where to connect, and what must be maintained meanwhile. */
interface Endpoint {
  /** Throws AppError when no address is available now. */
  url(): Promise<string>;
  /** Resolves with a reason to replace the connection, with undefined when the signal aborts. Never rejects. */
  keep?(living: AbortSignal): Promise<string | undefined>;
  /** True: the address it gave was to blame for the refusal, and the next one is another. */
  ended?(end: SessionEnd): boolean;
}
interface SocketHooks {
  onReady(living: AbortSignal): void;
  onFrame(frame: Exclude<VenueFrame, { kind: "error" }>): void;
  onUnreadable(text: string, channel: string | undefined, reason: string): void;
  onRefused(refused: RefusedCommand, session: Session): void;
  /** Not connected, or no longer. Once per try. */
  onDown(reason: string): void;
  onProblem(error: AppError): void;
}
interface SocketOptions {
  /** In logs and messages; addresses of the private stream hold a secret and are never shown. */
  readonly name: "public" | "private";
  readonly endpoint: Endpoint;
  readonly connect: Connect;
  readonly wanted: Subscriptions;
  readonly pace: CommandPace;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Logger;
  readonly limits: StreamLimits;
  readonly hooks: SocketHooks;
}

export class StreamSocket {
  readonly #options: SocketOptions;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  #session: Session | undefined;
  #running: Promise<void> | undefined;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.limits.reconnect, options.random);
  }
  start(): void {
    this.#running ??= this.#run();
  }
  /** Ends the connection and waits until nothing of it is left. No hook is called after that. */
  async stop(reason = "stopped"): Promise<void> {
    this.#stopping.abort();
    this.#session?.end(reason);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { timers, log, name, hooks } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const { reason, waitMs } = await this.#once();
      if (this.#stopping.signal.aborted) return;
      log.warn({ stream: name, reason, waitMs }, "stream.down");
      hooks.onDown(reason);
      await sleepUnlessAborted(timers, waitMs, this.#stopping.signal);
    }
  }

  /** One try: address, connection, session. */
  async #once(): Promise<{ readonly reason: string; readonly waitMs: number }> {
    const { endpoint, limits, random, hooks } = this.#options;
    let session: Session;
    try {
      const url = await unlessAborted(endpoint.url(), this.#stopping.signal);
      if (url === undefined) return { reason: "stopped", waitMs: 0 };
      session = this.#connect(url);
    } catch (e) {
      const error = toAppError(e);
      hooks.onProblem(error);
      const pauseMs = error.data["maintenance"] === true ? limits.maintenanceMs : limits.refusedMs;
      const soon = error.verdict === "retry" && error.data["maintenance"] !== true;
      return { reason: error.message, waitMs: soon ? this.#backoff.nextMs() : slowly(pauseMs, random) };
    }
    this.#session = session;
    void endpoint.keep?.(session.living).then((reason) => {
      if (reason !== undefined) session.end(reason);
    });
    const end = await session.ended;
    this.#session = undefined;
    const tokenIsToBlame = endpoint.ended?.(end) === true;
    return { reason: end.reason, waitMs: tokenIsToBlame ? this.#backoff.nextMs() : this.#waitAfter(end) };
  }
  #connect(url: string): Session {
    const { connect, wanted, pace, timers, limits, hooks, name, log } = this.#options;
    const session: Session = new Session({
      url,
      connect,
      wanted,
      pace,
      urgent: name === "private",
      timers,
      limits,
      hooks: {
        onOpen: () => log.info({ stream: name }, "stream.open"),
        onReady: () => hooks.onReady(session.living),
        onFrame: (frame) => hooks.onFrame(frame),
        onUnreadable: (text, channel, reason) => hooks.onUnreadable(text, channel, reason),
        onRefused: (refused) => hooks.onRefused(refused, session),
      },
    });
    return session;
  }

  #waitAfter(end: SessionEnd): number {
    const { limits, random, hooks, name } = this.#options;
    if (end.kind === "refused") {
      // Maintenance (GMO API 1.3) is a state of the venue and no error.
      if (end.httpStatus === 503) return slowly(limits.maintenanceMs, random);
      if (end.httpStatus! < 500) {
        const message =
          `expected the venue to open the ${name} WebSocket, found ${end.reason}; check the address (it ends in /v1, and ` +
          "no proxy between us and the venue may answer for it)";
        hooks.onProblem(new AppError("alert", "VENUE_WS_REFUSED", message, { httpStatus: end.httpStatus }));
        return slowly(limits.refusedMs, random);
      }
    }
    if ((end.openMs ?? 0) >= limits.stableMs) this.#backoff.reset();
    return this.#backoff.nextMs();
  }
}
