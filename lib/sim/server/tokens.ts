// Access tokens of the private WebSocket (GMO API 10.3): valid for 60 minutes, at most five; the sixth evicts the one
// nearest to expiry. Kept in memory: a restart of the server ends all tokens and their sockets.
import { createHash } from "node:crypto";
import type { ServerOptions } from "./serverOptions.ts";
import type { Wall } from "./wallClock.ts";

interface Entry {
  expiresAtMs: number;
  cancelExpiry: () => void;
}

interface TokensConfig {
  readonly wall: Wall;
  readonly options: Pick<ServerOptions, "tokenLifeMs" | "maxTokens">;
  /** Must differ at each start, so that tokens of different starts differ. */
  readonly seed: string;
  /** Called when a token has ended; closes its sockets. */
  readonly onEnd: (token: string) => void;
}

export class Tokens {
  readonly #tokens = new Map<string, Entry>();
  #issued = 0;
  constructor(private readonly config: TokensConfig) {}

  issue(): string {
    while (this.#tokens.size >= this.config.options.maxTokens) {
      const [oldest] = [...this.#tokens].reduce((a, b) => (b[1].expiresAtMs < a[1].expiresAtMs ? b : a));
      this.end(oldest);
    }
    this.#issued += 1;
    const hash = createHash("sha256").update(`${this.config.seed}:token:${this.#issued}`).digest("base64url");
    const token = hash.slice(0, 32);
    this.#start(token);
    return token;
  }
  /** Renews the full lifetime from now. False: no such token. */
  extend(token: string): boolean {
    const entry = this.#tokens.get(token);
    if (!entry) return false;
    entry.cancelExpiry();
    this.#start(token);
    return true;
  }
  #start(token: string): void {
    const { wall, options } = this.config;
    const cancelExpiry = wall.after(options.tokenLifeMs, () => this.end(token));
    this.#tokens.set(token, { expiresAtMs: wall.monotonicMs() + options.tokenLifeMs, cancelExpiry });
  }
  has(token: string): boolean {
    return this.#tokens.has(token);
  }
  /** False: no such token. */
  end(token: string): boolean {
    const entry = this.#tokens.get(token);
    if (!entry) return false;
    entry.cancelExpiry();
    this.#tokens.delete(token);
    this.config.onEnd(token);
    return true;
  }
  close(): void {
    for (const entry of this.#tokens.values()) entry.cancelExpiry();
    this.#tokens.clear();
  }
}
