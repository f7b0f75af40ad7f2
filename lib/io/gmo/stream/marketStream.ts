// The public WebSocket: tickers, books and trades of any symbols over one connection (GMO API 10.2). Nothing is
// repaired after a gap: every book is complete and the next ticker replaces the last; missed trades are in REST and in
// the archive.
import { AppError } from "../../../core/errors.ts";
import { tradesProblem } from "../../../core/plausible.ts";
import { type MeasuredOffset, QUOTE_IMPOSSIBLE } from "../../../core/quoteAge.ts";
import type { EpochMs } from "../../../core/time.ts";
import type { MarketEvent, Received } from "../../../core/venueEvents.ts";
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../logger.ts";
import type { Random } from "../../random.ts";
import type { Judged, QuoteChecks } from "../quoteChecks.ts";
import { redactBody } from "../reply.ts";
import type { ReplyTime } from "../secondLook.ts";
import type { Timers } from "../timers.ts";
import type { PublicChannel } from "../wireEvents.ts";
import type { CommandPace } from "./commandPace.ts";
import { type Connect, wsConnect } from "./connection.ts";
import { Delivery, type Listener } from "./delivery.ts";
import { STREAM_LIMITS, type StreamLimits } from "./limits.ts";
import type { RefusedCommand } from "./session.ts";
import { StreamSocket } from "./streamSocket.ts";
import { ReportOnce, type StreamState } from "./streamState.ts";
import { keyOf, keyOfFrame, type Subscription, Subscriptions } from "./subscriptions.ts";

export type MarketStreamEvent =
  | ({ readonly kind: "market" } & Received<MarketEvent>)
  | { readonly kind: "state"; readonly state: StreamState }
  /** For the log or the owner, by its verdict. Reported once until the stream is live again. */
  | { readonly kind: "problem"; readonly error: AppError }
  /** This listener was too slow: so many events were dropped, the oldest first. */
  | { readonly kind: "lost"; readonly count: number };

export interface MarketStreamOptions {
  /** Default GMO's. Without a trailing slash. */
  readonly url?: string;
  /** One for all sockets of the process. */
  readonly pace: CommandPace;
  readonly timers: Timers;
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Random;
  readonly log: Logger;
  readonly connect?: Connect;
  /**
   * Frames older than its limit by the venue's time are not delivered, but reported once as a problem until a fresh one of
   * the same kind comes. The venue's clock as the REST client measured it (`clockOffset`). Without it all are delivered.
   */
  readonly quotes?: { readonly checks: QuoteChecks; readonly venueClock: () => MeasuredOffset | undefined };
  readonly limits?: Partial<StreamLimits>;
  /** Events waiting for one slow listener. Default 1,000. */
  readonly queueLimit?: number;
}

const GMO_WS_PUBLIC_URL = "wss://api.coin.z.com/ws/public/v1";
const QUEUE_LIMIT = 1_000;

export class MarketStream {
  readonly #options: MarketStreamOptions;
  readonly #wanted = new Subscriptions();
  readonly #holders = new Map<string, number>();
  readonly #delivery: Delivery<MarketStreamEvent>;
  readonly #problems: ReportOnce;
  readonly #socket: StreamSocket;
  /** Subscriptions whose last frame was refused for its time. */
  readonly #stale = new Set<string>();
  #state: StreamState;

  /** Throws TypeError for an address that is no URL. */
  constructor(options: MarketStreamOptions) {
    this.#options = options;
    const url = new URL(options.url ?? GMO_WS_PUBLIC_URL).href;
    const { log, pace, timers, random } = options;
    this.#delivery = new Delivery<MarketStreamEvent>({
      log,
      queueLimit: options.queueLimit ?? QUEUE_LIMIT,
      keyOf: (event) => (event.kind === "market" && event.event.kind !== "trade" ? keyOfFrame(event.event) : undefined),
      lost: (count) => ({ kind: "lost", count }),
    });
    this.#problems = new ReportOnce((error) => {
      log.warn({ stream: "public", code: error.code, message: error.message }, "stream.problem");
      this.#delivery.emit({ kind: "problem", error });
    });
    this.#state = { kind: "connecting", sinceMs: options.clock.nowMs() };
    this.#socket = new StreamSocket({
      name: "public",
      endpoint: { url: async () => url },
      connect: options.connect ?? wsConnect,
      wanted: this.#wanted,
      pace,
      timers,
      random,
      log,
      limits: { ...STREAM_LIMITS, ...options.limits },
      hooks: {
        onReady: () => this.#ready(),
        onFrame: (frame) => this.#frame(frame as MarketEvent),
        onUnreadable: (text, channel, reason) => this.#unreadable(text, channel, reason),
        onRefused: (refused) => this.#refused(refused),
        onDown: (reason) => this.#down(reason, false),
        onProblem: (error) => this.#problems.problem(error),
      },
    });
  }

  /** `live` means connected with every wanted subscription sent; it stays while a new subscription is in progress. */
  get state(): StreamState {
    return this.#state;
  }
  start(): void {
    this.#socket.start();
  }
  async stop(): Promise<void> {
    await this.#socket.stop();
    this.#down("stopped", true);
  }
  listen(listener: Listener<MarketStreamEvent>): () => void {
    return this.#delivery.listen(listener);
  }
  /**
   * Subscribed once for any number of users; unsubscribed when the last one calls the returned function. `trades` come
   * with
   * TAKER_ONLY: one row a match.
   */
  subscribe(channel: PublicChannel, symbol: string): () => void {
    const subscription: Subscription = {
      channel,
      symbol,
      ...(channel === "trades" ? ({ option: "TAKER_ONLY" } as const) : {}),
    };
    const key = keyOf(subscription);
    this.#holders.set(key, (this.#holders.get(key) ?? 0) + 1);
    this.#wanted.want(subscription);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = this.#holders.get(key)! - 1;
      if (left > 0) {
        this.#holders.set(key, left);
        return;
      }
      this.#holders.delete(key);
      this.#wanted.forget(key);
    };
  }
  /** For the health check and for tests: nothing may accumulate. */
  counts(): { readonly listeners: number; readonly waiting: number; readonly subscriptions: number } {
    const subscriptions = this.#wanted.list().length;
    return { listeners: this.#delivery.listenerCount, waiting: this.#delivery.waiting, subscriptions };
  }

  #setState(state: StreamState): void {
    this.#state = state;
    this.#delivery.emit({ kind: "state", state });
  }
  #ready(): void {
    if (this.#state.kind === "live") return;
    this.#problems.clear();
    this.#setState({ kind: "live", sinceMs: this.#options.clock.nowMs() });
  }
  #down(reason: string, final: boolean): void {
    const before = this.#state;
    const sinceMs = before.kind === "live" ? this.#options.clock.nowMs() : before.sinceMs;
    if (before.kind === "down" && before.reason === reason && before.final === final) return;
    this.#setState({ kind: "down", sinceMs, reason, final });
  }
  #frame(event: MarketEvent): void {
    // An unsubscribe is in flight: no listener wants this any more.
    const key = keyOfFrame(event);
    if (!this.#wanted.has(key)) return;
    const receivedMs = this.#options.clock.nowMs();
    const judged = this.#judge(event, receivedMs);
    if (judged.kind === "taken") {
      this.#stale.delete(key);
      this.#delivery.emit({ kind: "market", event: judged.value, receivedMs });
      return;
    }
    if (this.#stale.has(key)) return;
    this.#stale.add(key);
    const { code, expected, found, data } = judged;
    const error = new AppError("retry", code, `${key}: expected ${expected}, found ${found}`, { key, ...data });
    this.#options.log.warn({ stream: "public", code, message: error.message }, "stream.problem");
    this.#delivery.emit({ kind: "problem", error });
  }
  #judge(event: MarketEvent, receivedMs: EpochMs): Judged<MarketEvent> {
    const { quotes } = this.#options;
    if (quotes === undefined) return { kind: "taken", value: event };
    const at: ReplyTime = { venueMs: undefined, receivedMs, clock: quotes.venueClock() };
    const { checks } = quotes;
    switch (event.kind) {
      case "ticker":
        return asEvent(event, checks.ticker(event, at));
      case "orderBook":
        return asEvent(event, checks.book(event, at));
      case "trade": {
        const problem = tradesProblem([event], receivedMs);
        const { timestampMs } = event;
        return problem === undefined
          ? checks.fresh(timestampMs, at, () => event)
          : {
              kind: "refused",
              code: QUOTE_IMPOSSIBLE,
              expected: "numbers that are possible",
              found: problem,
              data: {},
            };
      }
      default:
        return event satisfies never;
    }
  }
  #unreadable(text: string, channel: string | undefined, reason: string): void {
    const message = `expected a frame of GMO API 10.2, found one of ${channel ?? "no channel"} that does not parse: ${reason}`;
    this.#problems.problem(new AppError("alert", "VENUE_FRAME", message, { channel, body: redactBody(text) }), channel);
  }
  #refused({ subscription, code, text, verdict }: RefusedCommand): void {
    const what = subscription ? keyOf(subscription) : "no recent command";
    const message = `expected frames of ${what}, found ${code} ${text}; it is not requested again`;
    this.#problems.problem(new AppError(verdict, code, message, { subscription: what }), what);
  }
}

/** The frame with what the check adds to it. */
const asEvent = <E extends MarketEvent>(event: E, judged: Judged<Partial<E>>): Judged<E> =>
  judged.kind === "refused" ? judged : { kind: "taken", value: { ...event, ...judged.value } };
