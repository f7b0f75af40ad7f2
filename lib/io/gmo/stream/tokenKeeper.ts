// The access token of the private WebSocket (GMO API 10.3): 60 minutes from its issue or last extension, at most five
// per account; a sixth deletes the one nearest to expiry and so cuts another stream. So a token is used again after a
// cut, extended every 20 minutes, replaced only when it is refused or cannot be extended, and deleted when we stop. It
// never appears in a log or an error.
import { AppError } from "../../../core/errors.ts";
import type { WriteResult } from "../../../core/venue.ts";
import { isMaintenance } from "../errorCodes.ts";
import type { Timers } from "../timers.ts";
import type { SessionEnd } from "./session.ts";
import { sleepUnlessAborted } from "./wakeup.ts";

/** The three calls of the REST connector (api.ts has them). */
export interface TokenSource {
  issueToken(signal?: AbortSignal): Promise<WriteResult<string>>;
  extendToken(token: string, signal?: AbortSignal): Promise<WriteResult<void>>;
  deleteToken(token: string, signal?: AbortSignal): Promise<WriteResult<void>>;
}
export interface TokenLimits {
  readonly extendEveryMs: number;
  /** Between tries to extend, when the failure may pass. PUT sets the expiry, so repeating it is safe. */
  readonly extendAgainMs: number;
  readonly extendTries: number;
  /** Longer than this since its last extension it is not used for a new connection: it lives 60 minutes. */
  readonly reuseWithinMs: number;
  /** A connection with a used token that ends this soon: the token is probably dead. */
  readonly suspectMs: number;
  /** Stopping waits at most this long for the token's calls. */
  readonly stopWithinMs: number;
}
export const TOKEN_LIMITS: TokenLimits = {
  extendEveryMs: 20 * 60_000,
  extendAgainMs: 30_000,
  extendTries: 3,
  reuseWithinMs: 50 * 60_000,
  suspectMs: 10_000,
  stopWithinMs: 3_000,
};

interface Token {
  readonly text: string;
  extendedMs: number;
  /** A connection has been opened with it. */
  used: boolean;
}
interface TokenKeeperOptions {
  readonly source: TokenSource;
  readonly timers: Timers;
  readonly limits: TokenLimits;
  /** A problem to report: it never holds the token. */
  readonly onProblem: (error: AppError) => void;
}

export class TokenKeeper {
  readonly #options: TokenKeeperOptions;
  #token: Token | undefined;
  #wasUsed = false;
  #issuing: Promise<unknown> | undefined;
  readonly #deleting = new Set<Promise<unknown>>();

  constructor(options: TokenKeeperOptions) {
    this.#options = options;
  }

  /** The token for the next connection. Throws AppError when the venue gives none. */
  async take(): Promise<string> {
    const { reuseWithinMs } = this.#options.limits;
    if (this.#token && this.#nowMs() - this.#token.extendedMs > reuseWithinMs) this.#drop();
    const token = this.#token ?? (await this.#issue());
    this.#wasUsed = token.used;
    token.used = true;
    return token.text;
  }
  /** The current connection started with a used token: its refusals may be the token's fault. */
  get reused(): boolean {
    return this.#wasUsed;
  }
  /** Forgets the token and tries to delete it at the venue. */
  replace(): void {
    this.#drop();
  }

  /**
   * While a connection lives. Resolves with a reason when the token must be replaced, with undefined when the signal
   * aborts.
   */
  async keep(living: AbortSignal): Promise<string | undefined> {
    const { timers, limits, source } = this.#options;
    let failures = 0;
    for (;;) {
      const token = this.#token;
      if (!token) return living.aborted ? undefined : "the token is gone";
      const dueMs = failures > 0 ? limits.extendAgainMs : token.extendedMs + limits.extendEveryMs - this.#nowMs();
      if (!(await sleepUnlessAborted(timers, Math.max(0, dueMs), living))) return undefined;
      const askedMs = this.#nowMs();
      const result = await settled(source.extendToken(token.text, living));
      if (living.aborted) return undefined;
      if (result.kind === "accepted") {
        token.extendedMs = askedMs;
        failures = 0;
        continue;
      }
      failures += 1;
      const mayPass = result.kind === "unknown" || result.verdict === "retry";
      if (!mayPass || failures >= limits.extendTries) {
        this.#drop();
        return `the token could not be extended (${result.code})`;
      }
    }
  }

  /**
   * Decides from the way a connection ended whether its token is still usable. Returns whether a used token is to blame for
   * a refusal: then the next try, with a new one, need not wait (after a restart the venue knows no token of before).
   */
  ended(end: SessionEnd): boolean {
    if (!this.#token) return false;
    const { limits } = this.#options;
    const refused = end.httpStatus !== undefined && end.httpStatus >= 400 && end.httpStatus < 500;
    const shortLived = end.kind === "closed" && (end.openMs ?? 0) < limits.suspectMs;
    if (!refused && !(shortLived && this.#wasUsed)) return false;
    if (this.#wasUsed) {
      const minutes = Math.floor((this.#nowMs() - this.#token.extendedMs) / 60_000);
      const message =
        `expected the stream's token to live 60 minutes, found it dead ${minutes} min after its last extension (${end.reason}); ` +
        "a new one is issued. If this repeats, other programs issue tokens with this account: it has five";
      this.#options.onProblem(new AppError("retry", "VENUE_WS_TOKEN_LOST", message, { minutes }));
    }
    this.#drop();
    return refused && this.#wasUsed;
  }

  /** Deletes the token, also one that is just being issued. Never throws, takes at most `stopWithinMs`. */
  async close(): Promise<void> {
    const { timers, limits } = this.#options;
    const done = new AbortController();
    const work = (async () => {
      await this.#issuing;
      this.#drop();
      await Promise.all(this.#deleting);
      done.abort();
    })();
    await Promise.race([work, sleepUnlessAborted(timers, limits.stopWithinMs, done.signal)]);
    done.abort();
  }

  #nowMs(): number {
    return this.#options.timers.monotonicMs();
  }
  async #issue(): Promise<Token> {
    const askedMs = this.#nowMs();
    // Not abortable: a token issued while we stop must be known, or it stays one of the five for an hour.
    const issuing = settled(this.#options.source.issueToken()).then((result) => {
      if (result.kind === "accepted") this.#token = { text: result.value, extendedMs: askedMs, used: false };
      return result;
    });
    this.#issuing = issuing;
    const result = await issuing;
    this.#issuing = undefined;
    if (this.#token) return this.#token;
    const { code, message } = result as Exclude<typeof result, { kind: "accepted" }>;
    const verdict = result.kind === "refused" ? result.verdict : "retry";
    throw new AppError(verdict, code, `expected a token for the private stream, found ${message}`, {
      maintenance: isMaintenance(code),
    });
  }
  #drop(): void {
    const token = this.#token;
    if (!token) return;
    this.#token = undefined;
    const deleting: Promise<unknown> = settled(this.#options.source.deleteToken(token.text)).finally(() =>
      this.#deleting.delete(deleting),
    );
    this.#deleting.add(deleting);
  }
}

/** A source that throws (no key, a bug) is reported like one that refuses: no rejection may go unhandled. */
const settled = async <T>(call: Promise<WriteResult<T>>): Promise<WriteResult<T>> => {
  try {
    return await call;
  } catch (e) {
    if (e instanceof AppError)
      return { kind: "refused", code: e.code, message: e.message, resend: "later", verdict: e.verdict };
    return { kind: "unknown", code: "UNCLASSIFIED", message: String(e) };
  }
};
