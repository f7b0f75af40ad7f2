// Sends requests through a transport and classifies the replies. Reads are retried a few times; a write is sent exactly
// once and its result is accepted, refused or unknown (docs/decisions/0005-at-most-once-sending.md).
import type { z } from "zod";
import { AppError, type Verdict } from "../../core/errors.ts";
import { type EpochMs, latest } from "../../core/time.ts";
import { FENCED, NOT_CONNECTED, type WriteResult } from "../../core/venue.ts";
import type { VenueClock } from "../../core/venueClock.ts";
import type { Logger } from "../logger.ts";
import { LogThrottle } from "../logThrottle.ts";
import { type Query, queryText } from "./bodies.ts";
import { ClockOffset, type OffsetEstimate, PublicClock, venueClockOf } from "./clockOffset.ts";
import { isTimestampRefused, ruleOf } from "./errorCodes.ts";
import { FenceError } from "./fence.ts";
import { type Direction, Pace, type PaceOptions } from "./pace.ts";
import type { Judge, QuoteChecks } from "./quoteChecks.ts";
import { evidenceOf, issueText, type ReadReply, readReply, redactBody } from "./reply.ts";
import { authHeaders, type Credentials } from "./sign.ts";
import { Stamps } from "./stamps.ts";
import type { Timers } from "./timers.ts";
import { type Transport, TransportError, type TransportReply, type TransportRequest } from "./transport.ts";

interface RefusedReply {
  readonly path: string;
  /** QUOTE_OLD, QUOTE_AHEAD, QUOTE_IMPOSSIBLE, VENUE_IMPOSSIBLE, VENUE_REPLY. */
  readonly code: string;
  readonly found: string;
  /** At most 2,000 characters, without secrets. */
  readonly body: string;
  /** Replies of the same kind that were not told since the last one. */
  readonly leftOut: number;
}
export interface ClientOptions {
  readonly transport: Transport;
  readonly credentials?: Credentials | undefined;
  /** API-TIMESTAMP: the wall clock, or the venue's clock of a simulator in virtual time. */
  readonly clock: { nowMs(): EpochMs };
  readonly log: Logger;
  readonly timers: Timers;
  /** Default 5,000: one request, including the reply's body. */
  readonly timeoutMs?: number;
  /** Our share of the venue's rate limits. */
  readonly pace?: PaceOptions;
  /** What market data must be; without it every reply that parses is taken (captured replies, tests of the wire). */
  readonly checks?: QuoteChecks;
  /** A read's reply that was not used, redacted, at most one a minute of each kind: for the audit log. Must not throw. */
  readonly onRefusedReply?: (evidence: RefusedReply) => void;
  /** A write that the fence of `transport` held back. Must not throw. */
  readonly onFenced?: (message: string) => void;
  /** Default true: API-TIMESTAMP follows the venue's clock where ours is measurably off (clockOffset.ts). */
  readonly followVenueClock?: boolean;
}

const DEFAULT_TIMEOUT_MS = 5_000;
const GET_TRIES = 3;
/** Waits before the second and third try. After a rate limit at least 2 s (GMO API 3). */
const SOON_MS = [250, 750] as const;
const RATE_LIMIT_PAUSE_MS = 2_000;

type Area = TransportRequest["area"];
type Path = TransportRequest["path"];
type WriteMethod = Exclude<TransportRequest["method"], "GET">;

/** Why one try of a read failed, and what to do about it. */
interface Failure {
  readonly error: AppError;
  /** undefined: give up. */
  readonly retryAfterMs: number | undefined;
}
interface Answered {
  readonly reply: TransportReply;
  readonly read: ReadReply;
  /** Our clock. */
  readonly receivedMs: EpochMs;
}

export class GmoClient {
  readonly pace: Pace;
  readonly #options: ClientOptions;
  readonly #timeoutMs: number;
  readonly #offset = new ClockOffset();
  readonly #publicClock = new PublicClock();
  readonly #stamps = new Stamps();
  #offsetWasLarge = false;
  readonly #kept = new LogThrottle();

  /** undefined: what parses is taken. */
  readonly checks: QuoteChecks | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.checks = options.checks;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.pace = new Pace(options.timers, options.pace);
  }

  /**
   * Offset of the venue's clock from ours; `isLarge` needs a person's attention. undefined before the first private
   * reply.
   */
  clockOffset(): (OffsetEstimate & { readonly isLarge: boolean }) | undefined {
    const nowMs = this.#options.clock.nowMs();
    const estimate = this.#offset.estimate(nowMs);
    return estimate && { ...estimate, isLarge: this.#offset.isLarge(nowMs) };
  }

  /** What the replies so far say of the venue's clock; entries depend on it (venueClock.ts). */
  clock(): VenueClock {
    const clock = venueClockOf(this.#offset, this.#publicClock, this.#options.clock.nowMs());
    return { ...clock, refused: this.#stamps.areRefused };
  }

  /**
   * A read, at most three tries. Throws AppError: `retry` for transport, rate limit and maintenance, `permanent` for
   * bad arguments, `alert` for keys, restrictions and replies of an unexpected shape. `code` is the venue's code or
   * VENUE_*. What `judge` refuses is asked for again like a failed try, then thrown as `retry` with its code.
   */
  async get<T>(
    area: Area,
    path: Path,
    query: Query,
    schema: z.ZodType<T>,
    signal?: AbortSignal,
    judge?: Judge<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const result = await this.#tryGet(area, path, query, schema, attempt, signal, judge);
      if (result.kind === "ok") return result.value;
      const { error, retryAfterMs } = result.failure;
      if (retryAfterMs === undefined || attempt >= GET_TRIES || signal?.aborted) throw error;
      this.#options.log.warn({ path, attempt, code: error.code, retryAfterMs }, "gmo.retry");
      await this.#pause(() => this.#options.timers.sleep(retryAfterMs, signal), path);
    }
  }

  async #tryGet<T>(
    area: Area,
    path: Path,
    query: Query,
    schema: z.ZodType<T>,
    attempt: number,
    signal: AbortSignal | undefined,
    judge: Judge<T> | undefined,
  ): Promise<{ kind: "ok"; value: T } | { kind: "failed"; failure: Failure }> {
    const failed = (error: AppError, retryAfterMs?: number) =>
      ({ kind: "failed", failure: { error, retryAfterMs } }) as const;
    const soonMs = SOON_MS[attempt - 1] ?? SOON_MS[1];
    const direction: Direction = area === "public" ? "public" : "get";
    await this.#pause(() => this.pace.take(direction, signal), path);

    let answered: Answered;
    try {
      answered = await this.#send({ area, method: "GET", path, query: queryText(query), signal });
    } catch (e) {
      if (!(e instanceof TransportError)) throw e;
      const error = this.#error("retry", `VENUE_${e.failure.toUpperCase()}`, path, "a reply", e.message, {}, e);
      return failed(error, soonMs);
    }
    const { reply, read } = answered;
    const evidence = () => ({ httpStatus: reply.httpStatus, body: this.#evidence(path, reply.body) });
    switch (read.kind) {
      case "garbled": {
        const { reason, closedCode } = read;
        if (closedCode === undefined)
          return failed(this.#error("retry", "VENUE_GARBLED", path, "a JSON envelope", reason, evidence()), soonMs);
        const found = `${closedCode} with ${reason} (${ruleOf(closedCode).meaning})`;
        return failed(this.#error("retry", closedCode, path, "data", found, evidence()));
      }
      case "refused": {
        const rule = ruleOf(read.code);
        const found = `${read.code} ${JSON.stringify(read.text)} (${rule.meaning})`;
        const error = this.#error(rule.verdict, read.code, path, "data", found, evidence());
        switch (rule.retryGet) {
          case "no":
            return failed(error);
          case "soon":
            return failed(error, soonMs);
          case "pause":
            return failed(error, RATE_LIMIT_PAUSE_MS);
          case "resign":
            // Once: a second refusal means a wrong clock, not a delay between signing and sending (GMO API 2.1).
            return attempt === 1 ? failed(error, 0) : failed(error);
          default:
            return rule.retryGet satisfies never;
        }
      }
      case "ok": {
        const parsed = schema.safeParse(read.data);
        if (parsed.success) {
          const { receivedMs } = answered;
          const judged = judge?.(parsed.data, {
            venueMs: read.venueMs,
            receivedMs,
            clock: this.#offset.estimate(receivedMs),
          });
          if (judged?.kind !== "refused") return { kind: "ok", value: judged?.value ?? parsed.data };
          this.#keep(path, judged.code, judged.found, reply.body);
          return failed(
            this.#error("retry", judged.code, path, judged.expected, judged.found, { ...judged.data, ...evidence() }),
            soonMs,
          );
        }
        const found = issueText(parsed.error);
        const error = this.#error("alert", "VENUE_REPLY", path, "the documented shape", found, evidence());
        if (this.checks === undefined) return failed(error);
        // One reply decides nothing, and a number that cannot be read is one that is impossible.
        this.#keep(path, error.code, found, reply.body);
        return failed(error, soonMs);
      }
      default:
        return read satisfies never;
    }
  }

  /**
   * A write, sent at most once in all cases. Never throws for a failure of the network or the venue.
   * `refused` with NOT_SENT or NOT_CONNECTED means nothing left this process (aborted before sending; no connection).
   */
  post<T>(path: Path, body: object, schema: z.ZodType<T>, signal?: AbortSignal): Promise<WriteResult<T>> {
    return this.write("POST", path, body, schema, signal);
  }

  /** As `post`; the body of PUT and DELETE is sent but not signed (GMO API 2). */
  async write<T>(
    method: WriteMethod,
    path: Path,
    body: object,
    schema: z.ZodType<T>,
    signal?: AbortSignal,
  ): Promise<WriteResult<T>> {
    this.#requireCredentials(path);
    const unknown = (code: string, reason: string): WriteResult<T> => {
      const message = this.#redacted(reason);
      this.#options.log.error({ path, code, reason: message }, "gmo.write.unknown");
      return { kind: "unknown", code, message };
    };
    try {
      await this.pace.take("post", signal);
    } catch {
      const message = `${path}: aborted before it was sent`;
      return { kind: "refused", code: "NOT_SENT", message, resend: "later", verdict: "retry" };
    }

    let answered: Answered;
    try {
      answered = await this.#send({ area: "private", method, path, body: JSON.stringify(body), signal });
    } catch (e) {
      if (e instanceof FenceError) {
        this.#options.log.error({ path, reason: e.message }, "gmo.write.fenced");
        this.#options.onFenced?.(e.message);
        return { kind: "refused", code: FENCED, message: e.message, resend: "never", verdict: "alert" };
      }
      // Also for errors other than TransportError: after send() only the venue's own reply can prove "not executed".
      if (e instanceof TransportError && e.notSent) {
        const message = this.#redacted(`${path}: not sent: ${e.message}`);
        this.#options.log.warn({ path, code: NOT_CONNECTED, reason: message }, "gmo.write.notSent");
        return { kind: "refused", code: NOT_CONNECTED, message, resend: "later", verdict: "retry" };
      }
      const failure = e instanceof TransportError ? e.failure : "other";
      return unknown(`VENUE_${failure.toUpperCase()}`, `${path}: no reply: ${(e as Error).message}`);
    }
    const { reply, read } = answered;
    switch (read.kind) {
      case "garbled":
        return unknown(
          read.closedCode ?? "VENUE_GARBLED",
          `${path}: ${read.reason}: ${this.#evidence(path, reply.body)}`,
        );
      case "refused": {
        const { resendPost, verdict, meaning } = ruleOf(read.code);
        const message = this.#redacted(`${path}: ${read.code} ${JSON.stringify(read.text)} (${meaning})`);
        if (resendPost === "unknown") return unknown(read.code, message);
        this.#options.log.warn({ path, code: read.code, reason: message }, "gmo.write.refused");
        return { kind: "refused", code: read.code, message, resend: resendPost, verdict };
      }
      case "ok": {
        const parsed = schema.safeParse(read.data);
        if (parsed.success) return { kind: "accepted", value: parsed.data };
        const found = `accepted, but not with the expected data (${issueText(parsed.error)})`;
        return unknown("VENUE_REPLY", `${path}: ${found}: ${this.#evidence(path, reply.body)}`);
      }
      default:
        return read satisfies never;
    }
  }

  async #send(request: {
    area: Area;
    method: TransportRequest["method"];
    path: Path;
    query?: string;
    body?: string;
    signal: AbortSignal | undefined;
  }): Promise<Answered> {
    const { area, method, path, query, body, signal } = request;
    const { transport, timers, log, clock } = this.#options;
    // Signed immediately before sending: ERR-5008 is seen when time passes between the two (GMO API 2.1).
    const sentMs = clock.nowMs();
    const measuredMs = this.#options.followVenueClock === false ? sentMs : this.#offset.stamp(sentMs);
    const stamp = this.#stamps.choose(sentMs, measuredMs);
    const headers =
      area === "public" ? {} : authHeaders(this.#requireCredentials(path), stamp.atMs, method, path, body);
    const startedMs = timers.monotonicMs();
    const reply = await transport.send({
      area,
      method,
      path,
      ...(query ? { query } : {}),
      ...(body === undefined ? {} : { body }),
      headers,
      timeoutMs: this.#timeoutMs,
      ...(signal ? { signal } : {}),
    });
    const elapsedMs = timers.monotonicMs() - startedMs;
    log.debug({ method, path, httpStatus: reply.httpStatus, elapsedMs }, "gmo.reply");
    const read = readReply(reply);
    if (read.kind === "refused" && read.code === "ERR-5003")
      this.pace.refused(area === "public" ? "public" : method === "GET" ? "get" : "post");
    if (area === "private" && read.kind !== "garbled")
      this.#stamps[read.kind === "refused" && isTimestampRefused(read.code) ? "refused" : "taken"](stamp);
    this.#learnClock(area, read, sentMs, elapsedMs);
    return { reply, read, receivedMs: latest(sentMs, clock.nowMs()) };
  }

  /** Requests are signed by private replies alone: public ones may come from a cache (GMO API 2.1). */
  #learnClock(area: Area, read: ReadReply, sentMs: EpochMs, elapsedMs: number): void {
    if (read.kind === "refused" && isTimestampRefused(read.code)) this.#offset.forget();
    if (read.venueMs === undefined) return;
    // The longer of the two measures: a clock set back meanwhile, or virtual time, would make the round trip too short.
    const receivedMs = latest(Math.ceil(sentMs + elapsedMs), this.#options.clock.nowMs());
    const sample = { sentMs, receivedMs, venueMs: read.venueMs };
    if (area === "public") {
      this.#publicClock.add(sample);
      return;
    }
    if (this.#offset.add(sample)) {
      this.#publicClock.forget();
      this.checks?.forgetClock();
    }
    const offset = this.clockOffset();
    if (offset === undefined || offset.isLarge === this.#offsetWasLarge) return;
    this.#offsetWasLarge = offset.isLarge;
    const fields = { offsetMs: Math.round(offset.offsetMs), errorMs: Math.round(offset.errorMs) };
    if (offset.isLarge) this.#options.log.error(fields, "gmo.clock.off");
    else this.#options.log.info(fields, "gmo.clock.fine");
  }

  #requireCredentials(path: Path): Credentials {
    if (this.#options.credentials) return this.#options.credentials;
    throw this.#error("permanent", "VENUE_NO_KEY", path, "an API key and its secret", "none; set them in the settings");
  }

  async #pause(wait: () => Promise<void>, path: Path): Promise<void> {
    try {
      await wait();
    } catch (e) {
      throw this.#error("retry", "VENUE_ABORTED", path, "time to ask", "an aborted request", {}, e);
    }
  }

  /** A reply that is not used is evidence: redacted, at most one a minute of each kind. */
  #keep(path: Path, code: string, found: string, body: string): void {
    const leftOut = this.#kept.admit(`${code} ${path}`, this.#options.timers.monotonicMs());
    if (leftOut === undefined) return;
    const evidence = { path, code, found: this.#redacted(found), body: this.#evidence(path, body), leftOut };
    this.#options.log.error(evidence, "gmo.refusedReply");
    this.#options.onRefusedReply?.(evidence);
  }

  /** For every external text before it enters a message, a log or a row. */
  #redacted(text: string): string {
    return redactBody(text, this.#options.credentials);
  }
  #evidence(path: Path, body: string): string {
    return evidenceOf(path, body, this.#options.credentials);
  }

  #error(
    verdict: Verdict,
    code: string,
    path: Path,
    expected: string,
    found: string,
    evidence: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ): AppError {
    return new AppError(
      verdict,
      code,
      `${path}: expected ${expected}, found ${this.#redacted(found)}`,
      { path, ...evidence },
      { cause },
    );
  }
}
