// The life of one connection: handshake, pings, subscriptions at the pace of the process, errors matched with commands,
// the decision that it is dead. It ends exactly once and leaves no timer or listener behind; its creator decides what
// follows.
import type { Verdict } from "../../../core/errors.ts";
import type { VenueFrame } from "../../../core/venueEvents.ts";
import { ruleOf } from "../errorCodes.ts";
import type { Timers } from "../timers.ts";
import { readFrame } from "../wireEvents.ts";
import type { CommandPace } from "./commandPace.ts";
import type { Connect, Connection, ConnectionEnd } from "./connection.ts";
import type { StreamLimits } from "./limits.ts";
import { commandOf, keyOf, keyOfFrame, type Subscription, type Subscriptions } from "./subscriptions.ts";
import { sleepUnlessAborted, Wakeup } from "./wakeup.ts";

export interface SessionEnd {
  /** `dead`: we cut a silent connection. `asked`: `end` was called. */
  readonly kind: ConnectionEnd["kind"] | "dead" | "asked";
  readonly reason: string;
  readonly httpStatus: number | undefined;
  /** How long it was open; undefined: it never opened. */
  readonly openMs: number | undefined;
}
export interface RefusedCommand {
  /** undefined: no command was sent lately; the error is about something else. */
  readonly subscription: Subscription | undefined;
  readonly code: string;
  readonly text: string;
  readonly verdict: Verdict;
}
interface SessionHooks {
  onOpen(): void;
  /**
   * Everything wanted is subscribed and no refusal came for a while. Called again after every change of subscriptions.
   */
  onReady(): void;
  onFrame(frame: Exclude<VenueFrame, { kind: "error" }>): void;
  onUnreadable(text: string, channel: string | undefined, reason: string): void;
  /** Not for ERR-5003 and similar codes: those commands are sent again automatically. */
  onRefused(refused: RefusedCommand): void;
}
interface SessionOptions {
  readonly url: string;
  readonly connect: Connect;
  readonly wanted: Subscriptions;
  readonly pace: CommandPace;
  /** Its commands go before those of others. */
  readonly urgent: boolean;
  readonly timers: Timers;
  readonly limits: StreamLimits;
  readonly hooks: SessionHooks;
}

/** How late the watchdog may notice a deadline that a change of subscriptions set. */
const WATCH_EVERY_MS = 5_000;

interface Sent {
  readonly command: "subscribe" | "unsubscribe";
  readonly subscription: Subscription;
  readonly atMs: number;
}

export class Session {
  readonly ended: Promise<SessionEnd>;
  readonly #options: SessionOptions;
  readonly #connection: Connection;
  readonly #living = new AbortController();
  readonly #gone = new AbortController();
  readonly #work: Wakeup;
  readonly #forgetListener: () => void;
  readonly #sent = new Map<string, Sent>();
  readonly #lastFrameMs = new Map<string, number>();
  #recent: Sent[] = [];
  #resolve: (end: SessionEnd) => void = () => {};
  #verdict: Pick<SessionEnd, "kind" | "reason"> | undefined;
  #openedMs: number | undefined;
  #ready = false;
  #tooFast = 0;
  #receivedMs = 0;
  #venueReceivedMs = 0;
  #pingedMs = 0;

  /** Throws SyntaxError for an address that is no WebSocket URL. */
  constructor(options: SessionOptions) {
    this.#options = options;
    this.#work = new Wakeup(options.timers);
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#connection = options.connect(options.url, {
      onOpen: () => this.#opened(),
      onText: (text) => this.#received(text),
      onPing: () => this.#markReceived(true),
      onPong: () => this.#markReceived(false),
      onEnd: (end) => this.#finish(end),
    });
    this.#forgetListener = options.wanted.onChange(() => this.#work.signal());
    void this.#watchHandshake();
  }

  /** Aborts when the session is over or about to be. */
  get living(): AbortSignal {
    return this.#living.signal;
  }
  /** Sends a close frame, cuts the connection if that takes too long. */
  end(reason: string): void {
    if (!this.#stopLiving({ kind: "asked", reason })) return;
    this.#connection.close();
    const { timers, limits } = this.#options;
    void sleepUnlessAborted(timers, limits.closeWithinMs, this.#gone.signal).then((slept) => {
      if (slept) this.#connection.terminate();
    });
  }

  #cut(reason: string): void {
    if (this.#stopLiving({ kind: "dead", reason })) this.#connection.terminate();
  }
  #stopLiving(verdict: Pick<SessionEnd, "kind" | "reason">): boolean {
    if (this.#living.signal.aborted) return false;
    this.#verdict = verdict;
    this.#living.abort();
    this.#forgetListener();
    return true;
  }
  #finish(end: ConnectionEnd): void {
    this.#stopLiving({ kind: end.kind, reason: reasonOf(end) });
    this.#gone.abort();
    const openMs = this.#openedMs === undefined ? undefined : this.#nowMs() - this.#openedMs;
    this.#resolve({ ...this.#verdict!, httpStatus: end.kind === "refused" ? end.httpStatus : undefined, openMs });
  }
  #nowMs(): number {
    return this.#options.timers.monotonicMs();
  }

  async #watchHandshake(): Promise<void> {
    const { timers, limits } = this.#options;
    const late = await sleepUnlessAborted(timers, limits.handshakeMs, this.#living.signal);
    if (late && this.#openedMs === undefined) this.#cut(`no answer to the upgrade within ${limits.handshakeMs} ms`);
  }
  #opened(): void {
    if (this.living.aborted) return;
    const nowMs = this.#nowMs();
    this.#openedMs = this.#receivedMs = this.#venueReceivedMs = this.#pingedMs = nowMs;
    this.#options.hooks.onOpen();
    void this.#keepAlive();
    void this.#keepSubscribed();
  }
  #markReceived(byVenue: boolean): void {
    this.#receivedMs = this.#nowMs();
    if (byVenue) this.#venueReceivedMs = this.#receivedMs;
  }

  async #keepAlive(): Promise<void> {
    const { timers, limits } = this.#options;
    for (;;) {
      const nowMs = this.#nowMs();
      const pingDueMs = this.#pingedMs + limits.pingEveryMs;
      const wakeMs = Math.min(pingDueMs, this.#deadline().atMs, nowMs + WATCH_EVERY_MS);
      if (!(await sleepUnlessAborted(timers, Math.max(0, wakeMs - nowMs), this.living))) return;
      const { atMs, reason } = this.#deadline();
      if (this.#nowMs() >= atMs) {
        this.#cut(reason);
        return;
      }
      if (this.#nowMs() < pingDueMs) continue;
      this.#pingedMs = this.#nowMs();
      this.#connection.ping();
    }
  }
  /** When the connection counts as dead unless something arrives, and why. */
  #deadline(): { readonly atMs: number; readonly reason: string } {
    const { limits } = this.#options;
    const found: { atMs: number; reason: string }[] = [
      {
        atMs: this.#venueReceivedMs + limits.serverSilentMs,
        reason: `the venue silent for ${limits.serverSilentMs} ms`,
      },
    ];
    // Half open: a ping was sent and nothing has been received since.
    if (this.#pingedMs > this.#receivedMs)
      found.push({ atMs: this.#pingedMs + limits.pongWithinMs, reason: `no pong within ${limits.pongWithinMs} ms` });
    for (const [key, { subscription, atMs }] of this.#sent) {
      const silentMs = limits.channelSilentMs[subscription.channel];
      if (silentMs === undefined) continue;
      const lastMs = Math.max(atMs, this.#lastFrameMs.get(key) ?? 0);
      found.push({ atMs: lastMs + silentMs, reason: `${key} silent for ${silentMs} ms` });
    }
    return found.reduce((first, other) => (other.atMs < first.atMs ? other : first));
  }

  async #keepSubscribed(): Promise<void> {
    const { pace, urgent, limits, hooks } = this.#options;
    while (!this.living.aborted) {
      if (this.#next()) {
        this.#ready = false;
        await pace.turn(this.living, urgent, () => this.#sendNext());
      } else if (this.#ready) await this.#work.wait(this.living);
      else if (!(await this.#work.wait(this.living, limits.settleMs)) && !this.living.aborted && !this.#next()) {
        this.#ready = true;
        this.#tooFast = 0;
        hooks.onReady();
      }
    }
  }
  #next(): Omit<Sent, "atMs"> | undefined {
    const wanted = this.#options.wanted;
    for (const subscription of wanted.list()) {
      const sent = this.#sent.get(keyOf(subscription));
      if (!sent || sent.subscription.option !== subscription.option) return { command: "subscribe", subscription };
    }
    for (const [key, { subscription }] of this.#sent)
      if (!wanted.has(key)) return { command: "unsubscribe", subscription };
    return undefined;
  }
  #sendNext(): boolean {
    const next = this.#next();
    if (!next || this.living.aborted) return false;
    const { command, subscription } = next;
    const sent: Sent = { ...next, atMs: this.#nowMs() };
    if (command === "subscribe") this.#sent.set(keyOf(subscription), sent);
    else this.#sent.delete(keyOf(subscription));
    this.#recent = [...this.#recentOnes(), sent];
    this.#connection.send(JSON.stringify(commandOf(command, subscription)));
    return true;
  }
  #recentOnes(): Sent[] {
    return this.#recent.filter(({ atMs }) => this.#nowMs() - atMs <= this.#options.limits.pairWithinMs);
  }

  #received(text: string): void {
    this.#markReceived(true);
    if (this.living.aborted) return;
    const read = readFrame(text);
    if (read.kind === "unreadable") this.#options.hooks.onUnreadable(text, read.channel, read.reason);
    else if (read.frame.kind === "error") this.#refused(read.frame.code, read.frame.text);
    else {
      this.#lastFrameMs.set(keyOfFrame(read.frame), this.#receivedMs);
      this.#options.hooks.onFrame(read.frame);
    }
  }
  /** The frame does not say which command it means: the last one, if there was one lately (GMO API 10.1). */
  #refused(code: string, text: string): void {
    const { pace, limits, hooks, wanted } = this.#options;
    const { verdict } = ruleOf(code);
    const recent = this.#recentOnes();
    const last = recent.at(-1);
    if (verdict === "retry" && last) {
      // Sent again later. It may mean an earlier command than the last: all recent ones are sent again, duplicates are
      // harmless.
      for (const sent of recent) {
        if (sent.command === "subscribe") this.#sent.delete(keyOf(sent.subscription));
        else this.#sent.set(keyOf(sent.subscription), sent);
      }
      this.#recent = [];
      this.#tooFast += 1;
      pace.pause(Math.min(limits.commandPauseCapMs, limits.commandPauseMs * 2 ** Math.min(this.#tooFast - 1, 20)));
      this.#ready = false;
      this.#work.signal();
      return;
    }
    if (last?.command === "subscribe") {
      const key = keyOf(last.subscription);
      this.#sent.delete(key);
      this.#recent = [];
      wanted.refuse(key, code);
      this.#work.signal();
    }
    hooks.onRefused({ subscription: last?.subscription, code, text, verdict });
  }
}

const reasonOf = (end: ConnectionEnd): string => {
  switch (end.kind) {
    case "refused":
      return `HTTP ${end.httpStatus} on upgrade`;
    case "failed":
      return end.reason;
    case "closed":
      return `closed with ${end.code}${end.reason === "" ? "" : ` ${end.reason}`}`;
  }
};
