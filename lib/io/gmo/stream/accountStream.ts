// The private WebSocket: our orders, fills and positions as they change, and a view of them that is complete again
// after every gap (rule: venueView.ts). Events are hints that arrive early; the view and REST are the truth.
//
// After each connection: subscribe, wait until the subscriptions must be live, read REST, emit `repaired`, then the
// events received meanwhile, then `live`. While live, doubts are resolved over REST in the background and events
// continue.
import { AppError, toAppError } from "../../../core/errors.ts";
import type { EpochMs } from "../../../core/time.ts";
import type { Execution } from "../../../core/venue.ts";
import type { AccountEvent, Received } from "../../../core/venueEvents.ts";
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../logger.ts";
import type { Random } from "../../random.ts";
import { redactBody } from "../reply.ts";
import type { Timers } from "../timers.ts";
import type { PrivateChannel } from "../wireEvents.ts";
import type { Repair } from "./accountRepair.ts";
import type { AccountSnapshot } from "./accountTypes.ts";
import { Backoff, type BackoffLimits } from "./backoff.ts";
import type { CommandPace } from "./commandPace.ts";
import { type Connect, wsConnect } from "./connection.ts";
import { Delivery, type Listener } from "./delivery.ts";
import { STREAM_LIMITS, type StreamLimits } from "./limits.ts";
import type { RefusedCommand, Session } from "./session.ts";
import { StreamSocket } from "./streamSocket.ts";
import { ReportOnce, type StreamState } from "./streamState.ts";
import { keyOf, Subscriptions } from "./subscriptions.ts";
import { TOKEN_LIMITS, TokenKeeper, type TokenLimits, type TokenSource } from "./tokenKeeper.ts";
import { type Effect, type Merged, VenueView, type VenueViewOptions } from "./venueView.ts";
import { sleepUnlessAborted, unlessAborted, Wakeup } from "./wakeup.ts";

export type AccountStreamEvent =
  /** The effect on the view; repeated and outdated events are not emitted. Orders we do not know are. */
  | ({ readonly kind: "account"; readonly effect: Exclude<Effect, "old"> } & Received<AccountEvent>)
  /** The view agrees with REST again. `newExecutions`: fills that no event has reported. */
  | {
      readonly kind: "repaired";
      readonly reason: string;
      readonly snapshot: AccountSnapshot;
      readonly newExecutions: readonly Execution[];
    }
  | { readonly kind: "state"; readonly state: StreamState }
  /** For the log or the owner, by its verdict. Reported once until the stream is live again. */
  | { readonly kind: "problem"; readonly error: AppError }
  /** This listener was too slow: so many events were dropped, the oldest first. `repaired` follows. */
  | { readonly kind: "lost"; readonly count: number };

interface RepairLimits {
  /** Even without a doubt: an event can be lost unnoticed. */
  readonly everyMs: number;
  /** Between two repairs while live, doubled after each consecutive repair that leaves doubts. */
  readonly pauseMs: number;
  readonly pauseCapMs: number;
  /** After a failure. */
  readonly retry: BackoffLimits;
  /** Events kept while a gap is repaired; beyond it they are dropped and the repair starts again. */
  readonly bufferLimit: number;
}
const REPAIR_LIMITS: RepairLimits = {
  everyMs: 10 * 60_000,
  pauseMs: 1_000,
  pauseCapMs: 60_000,
  retry: { baseMs: 2_000, capMs: 30_000 },
  bufferLimit: 10_000,
};

export interface AccountStreamOptions extends VenueViewOptions {
  /** Default GMO's, "/{token}" is appended. Without a trailing slash. */
  readonly url?: string;
  readonly tokens: TokenSource;
  readonly repair: Repair;
  /** Default: executions, orders, positions. The key must have the right to all, or the stream gives up. */
  readonly channels?: readonly PrivateChannel[];
  /** One for all sockets of the process. */
  readonly pace: CommandPace;
  readonly timers: Timers;
  /** Close to the venue's time: a clock far ahead only costs repairs, one far behind trusts late events. */
  readonly clock: Pick<Clock, "nowMs">;
  readonly random: Random;
  readonly log: Logger;
  readonly connect?: Connect;
  readonly limits?: Partial<StreamLimits>;
  readonly tokenLimits?: Partial<TokenLimits>;
  readonly repairLimits?: Partial<RepairLimits>;
  /** Events waiting for one slow listener. Default 10,000. */
  readonly queueLimit?: number;
}

const GMO_WS_PRIVATE_URL = "wss://api.coin.z.com/ws/private/v1";
const CHANNELS: readonly PrivateChannel[] = ["executionEvents", "orderEvents", "positionEvents"];
const QUEUE_LIMIT = 10_000;

interface Buffered {
  readonly event: AccountEvent;
  readonly atMs: number;
  readonly receivedMs: EpochMs;
}

export class AccountStream {
  /** Our view of the account. Reliable while the state is `live`; else it is as of the loss. */
  readonly view: VenueView;
  readonly #options: AccountStreamOptions;
  readonly #repairLimits: RepairLimits;
  readonly #wanted = new Subscriptions();
  readonly #delivery: Delivery<AccountStreamEvent>;
  readonly #problems: ReportOnce;
  readonly #tokens: TokenKeeper;
  readonly #socket: StreamSocket;
  readonly #repairBell: Wakeup;
  #state: StreamState;
  /** undefined: live, events are applied at once. */
  #buffer: Buffered[] | undefined = [];
  #overflowed = false;
  #asked: string | undefined;
  #repairs = new AbortController();
  #repairing: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  /** Throws TypeError for an address that is no URL. */
  constructor(options: AccountStreamOptions) {
    this.#options = options;
    const base = new URL(options.url ?? GMO_WS_PRIVATE_URL).href.replace(/\/$/, "");
    const { log, pace, timers, random } = options;
    this.view = new VenueView(options);
    this.#repairLimits = { ...REPAIR_LIMITS, ...options.repairLimits };
    this.#repairBell = new Wakeup(timers);
    this.#delivery = new Delivery<AccountStreamEvent>({
      log,
      queueLimit: options.queueLimit ?? QUEUE_LIMIT,
      keyOf: () => undefined,
      lost: (count) => ({ kind: "lost", count }),
      onLost: () => this.repairNow("a listener lost events"),
    });
    this.#problems = new ReportOnce((error) => {
      log.warn({ stream: "private", code: error.code, message: error.message }, "stream.problem");
      this.#delivery.emit({ kind: "problem", error });
    });
    this.#state = { kind: "connecting", sinceMs: options.clock.nowMs() };
    for (const channel of options.channels ?? CHANNELS) this.#wanted.want({ channel });
    const onProblem = (error: AppError): void => this.#problems.problem(error);
    this.#tokens = new TokenKeeper({
      source: options.tokens,
      timers,
      limits: { ...TOKEN_LIMITS, ...options.tokenLimits },
      onProblem,
    });
    this.#socket = new StreamSocket({
      name: "private",
      endpoint: {
        url: async () => `${base}/${encodeURIComponent(await this.#tokens.take())}`,
        keep: (living) => this.#tokens.keep(living),
        ended: (end) => this.#tokens.ended(end),
      },
      connect: options.connect ?? wsConnect,
      wanted: this.#wanted,
      pace,
      timers,
      random,
      log,
      limits: { ...STREAM_LIMITS, ...options.limits },
      hooks: {
        onReady: (living) => this.#subscribed(living),
        onFrame: (frame) => this.#received(frame as AccountEvent),
        onUnreadable: (text, channel, reason) => this.#unreadable(text, channel, reason),
        onRefused: (refused, session) => this.#refused(refused, session),
        onDown: (reason) => this.#down(reason, false),
        onProblem,
      },
    });
  }

  get state(): StreamState {
    return this.#state;
  }
  start(): void {
    this.#socket.start();
  }
  /** Closes the connection and deletes the token. Final: a new stream is needed to start again. */
  stop(): Promise<void> {
    return this.#stop("stopped");
  }
  listen(listener: Listener<AccountStreamEvent>): () => void {
    return this.#delivery.listen(listener);
  }
  /** Reads REST soon, for example after maintenance. `repaired` is emitted when it is done. */
  repairNow(reason: string): void {
    this.#asked ??= reason;
    this.#repairBell.signal();
  }
  /** For the health check and for tests: nothing may accumulate. */
  counts(): {
    readonly listeners: number;
    readonly waiting: number;
    readonly buffered: number;
    readonly doubts: number;
  } {
    const { listenerCount: listeners, waiting } = this.#delivery;
    return { listeners, waiting, buffered: this.#buffer?.length ?? 0, doubts: this.view.doubts };
  }

  #stop(reason: string): Promise<void> {
    this.#stopped ??= (async () => {
      this.#repairs.abort();
      await this.#socket.stop(reason);
      await this.#repairing;
      await this.#tokens.close();
      this.#buffer = [];
      this.#down(reason, true);
    })();
    return this.#stopped;
  }
  #setState(state: StreamState): void {
    this.#state = state;
    this.#delivery.emit({ kind: "state", state });
  }
  #down(reason: string, final: boolean): void {
    this.#repairs.abort();
    this.#buffer = [];
    const before = this.#state;
    if (before.kind === "down" && before.reason === reason && before.final === final) return;
    const sinceMs = before.kind === "live" ? this.#options.clock.nowMs() : before.sinceMs;
    this.#setState({ kind: "down", sinceMs, reason, final });
  }

  #received(event: AccountEvent): void {
    const { timers, clock } = this.#options;
    const received: Buffered = { event, atMs: timers.monotonicMs(), receivedMs: clock.nowMs() };
    if (!this.#buffer) this.#take(received);
    else if (this.#buffer.length < this.#repairLimits.bufferLimit) this.#buffer.push(received);
    else {
      this.#buffer = [];
      this.#overflowed = true;
    }
  }
  #take({ event, atMs, receivedMs }: Buffered): void {
    const effect = this.view.apply(event, atMs);
    if (effect === "old") return;
    this.#delivery.emit({ kind: "account", effect, event, receivedMs });
    if (effect === "unconfirmed") this.#repairBell.signal();
  }
  #unreadable(text: string, channel: string | undefined, reason: string): void {
    const message = `expected a frame of GMO API 10.4, found one of ${channel ?? "no channel"} that does not parse: ${reason}`;
    this.#problems.problem(new AppError("alert", "VENUE_FRAME", message, { channel, body: redactBody(text) }), channel);
    this.repairNow("an unreadable frame");
  }
  #refused({ subscription, code, text, verdict }: RefusedCommand, session: Session): void {
    const what = subscription ? keyOf(subscription) : "no recent command";
    if (subscription && this.#tokens.reused) {
      // Perhaps the old token is dead. A fresh one shows it.
      this.#wanted.allow(what);
      this.#tokens.replace();
      session.end(`${code} on ${what} with a used token`);
      return;
    }
    const remedy = subscription
      ? "; the stream stops. Give the key this right, then restart: rights count from the issue of the token on"
      : "";
    const message = `expected events of ${what}, found ${code} ${text}${remedy}`;
    this.#problems.problem(new AppError(verdict, code, message, { subscription: what }), what);
    // A view without one of its channels would look complete but be wrong.
    if (subscription) void this.#stop(`${code} on ${what}`);
  }

  /** On every new connection, and when a subscription had to be sent again. */
  #subscribed(living: AbortSignal): void {
    if (this.#stopped) return;
    this.#repairs.abort();
    const repairs = new AbortController();
    this.#repairs = repairs;
    living.addEventListener("abort", () => repairs.abort(), { once: true, signal: repairs.signal });
    this.#buffer ??= [];
    this.#overflowed = false;
    const sinceMs = this.#state.kind === "live" ? this.#options.clock.nowMs() : this.#state.sinceMs;
    this.#setState({ kind: "repairing", sinceMs });
    this.#repairing = this.#keepRepaired(repairs.signal);
  }
  async #keepRepaired(signal: AbortSignal): Promise<void> {
    const { timers, random } = this.#options;
    const retry = new Backoff(this.#repairLimits.retry, random);
    let reason: string | undefined = "a gap";
    let unsettled = 0;
    while (reason !== undefined) {
      const askedAtMs = timers.monotonicMs();
      if (await this.#repair(reason, askedAtMs, signal)) {
        retry.reset();
        unsettled = this.view.doubts > 0 ? unsettled + 1 : 0;
        reason = await this.#nextReason(timers.monotonicMs(), unsettled, signal);
      } else if (!(await sleepUnlessAborted(timers, retry.nextMs(), signal))) return;
    }
  }
  /** Waits for the next repair of a live stream; undefined when the signal aborts. */
  async #nextReason(repairedMs: number, unsettled: number, signal: AbortSignal): Promise<string | undefined> {
    const { everyMs, pauseMs, pauseCapMs } = this.#repairLimits;
    const earliestMs = repairedMs + Math.min(pauseCapMs, pauseMs * 2 ** Math.min(20, Math.max(0, unsettled - 1)));
    const nowMs = (): number => this.#options.timers.monotonicMs();
    while (!signal.aborted) {
      const settleAtMs = this.view.settleAtMs ?? Number.POSITIVE_INFINITY;
      const wantedMs = Math.min(this.#asked === undefined ? settleAtMs : nowMs(), repairedMs + everyMs);
      const dueMs = Math.max(earliestMs, wantedMs);
      if (nowMs() < dueMs) await this.#repairBell.wait(signal, dueMs - nowMs());
      else return this.#asked ?? (settleAtMs <= dueMs ? "a doubt" : "routine");
    }
    return undefined;
  }
  /** False: it must be done again. */
  async #repair(reason: string, askedAtMs: number, signal: AbortSignal): Promise<boolean> {
    const { repair, timers, log } = this.#options;
    this.#asked = undefined;
    let snapshot: AccountSnapshot | undefined;
    let merged: Merged;
    try {
      const asking = repair(() => this.view.openQuestions(), signal);
      snapshot = await unlessAborted(asking, signal);
      if (snapshot === undefined || signal.aborted) return false;
      merged = this.view.merge(snapshot, askedAtMs, timers.monotonicMs());
    } catch (e) {
      const { verdict, code, message, data } = toAppError(e);
      this.#problems.problem(
        new AppError(verdict, code, `repair of the private stream: ${message}`, data, { cause: e }),
      );
      return false;
    }
    const { newExecutions, contradictions } = merged;
    for (const contradiction of contradictions) {
      const message = `expected REST to agree with what events have ended, found ${contradiction} still live there; check the account`;
      this.#problems.problem(new AppError("alert", "VENUE_CONTRADICTION", message), contradiction);
    }
    if (this.#overflowed) {
      this.#overflowed = false;
      return false;
    }
    const fills = newExecutions.length;
    log.info({ reason, fills, buffered: this.#buffer?.length ?? 0, doubts: this.view.doubts }, "stream.repaired");
    this.#delivery.emit({ kind: "repaired", reason, snapshot, newExecutions });
    if (this.#buffer) this.#goLive(this.#buffer);
    return true;
  }
  #goLive(buffered: readonly Buffered[]): void {
    this.#buffer = undefined;
    for (const received of buffered) this.#take(received);
    this.#problems.clear();
    this.#setState({ kind: "live", sinceMs: this.#options.clock.nowMs() });
  }
}
