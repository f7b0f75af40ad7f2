// A market of recorded candles whose future is written while it runs, for a rehearsal: what has happened stays, from the next
// minute on the price goes where it is sent.
import type { Candle } from "../../core/candle.ts";
import { type EpochMs, epochMs, MINUTE_MS } from "../../core/time.ts";
import type { SymbolRules } from "../../core/venue.ts";
import { bundledSpreads } from "./bundled.ts";
import type { CandleFile } from "./candleFile.ts";
import { CandleMarket } from "./candleMarket.ts";
import type { Market } from "./market.ts";
import { SpotMarket } from "./spotMarket.ts";

/** How many minutes are known ahead: the price stands still at the end of a path. */
const AHEAD = 240;

export class SteeredMarket {
  #files: Readonly<Record<string, CandleFile>>;
  #current: Market;
  /** For Simulator.open: always the market as it stands. */
  readonly market: Market;

  constructor(
    files: Readonly<Record<string, CandleFile>>,
    private readonly rules: readonly SymbolRules[],
  ) {
    this.#files = files;
    this.#current = this.#build();
    const identity = this.#current.fingerprint();
    this.market = new Proxy({} as Market, {
      get: (_, name) => {
        if (name === "fingerprint") return () => identity;
        const value = Reflect.get(this.#current, name, this.#current) as unknown;
        return typeof value === "function" ? value.bind(this.#current) : value;
      },
    });
  }

  /** From the minute after `nowMs` on the closes are these shares of the price then, a minute each. */
  steer(symbol: string, nowMs: EpochMs, path: readonly number[]): void {
    const file = this.#files[symbol]!;
    const first = (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS;
    const before = file.candles.filter((c) => c.openMs < first);
    const price = before.at(-1)!.close;
    const level = (i: number): number => Math.round(price * (1 + (i < 0 ? 0 : path[Math.min(i, path.length - 1)]!)));
    const after = Array.from({ length: AHEAD }, (_, i): Candle => {
      const [open, close] = [level(i - 1), level(i)];
      const openMs = epochMs(first + i * MINUTE_MS);
      return { openMs, open, close, high: Math.max(open, close), low: Math.min(open, close), volume: 20 };
    });
    this.#files = { ...this.#files, [symbol]: { ...file, candles: [...before, ...after] } };
    this.#current = this.#build();
  }

  #build(): Market {
    const spreadsBps = bundledSpreads();
    const { rules } = this;
    return new SpotMarket(new CandleMarket({ candles: this.#files, rules, spreadsBps }), rules);
  }
}
