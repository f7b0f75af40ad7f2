// What a reply must be before anything is decided by it: written by the venue a moment ago (market data), possible
// (plausible.ts), and where it contradicts what was known a moment ago, confirmed by a second look. One object for one
// venue; the sockets may share it. Must never change a value, only take it or refuse it.
import type { Candle } from "../../core/candle.ts";
import { formatE8, type YenE8 } from "../../core/money.ts";
import {
  assetsProblem,
  assetsWorth,
  bookProblem,
  type CandlePeriod,
  candlesVerdict,
  isNearPrice,
  isOutsideBand,
  looksAgree,
  marginProblem,
  midOf,
  tickerProblem,
  tradesProblem,
} from "../../core/plausible.ts";
import {
  judgeAge,
  LARGEST_AHEAD_MS,
  type MeasuredOffset,
  QUOTE_AHEAD,
  QUOTE_IMPOSSIBLE,
  QUOTE_OLD,
  UNMEASURED,
} from "../../core/quoteAge.ts";
import { type EpochMs, earliestKnown, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../core/time.ts";
import type { Asset, Margin, OrderBook, PublicTrade, Ticker } from "../../core/venue.ts";
import { type ReplyTime, SecondLooks } from "./secondLook.ts";

export type Judged<T> =
  | { readonly kind: "taken"; readonly value: T }
  | {
      readonly kind: "refused";
      /** QUOTE_OLD, QUOTE_AHEAD, QUOTE_IMPOSSIBLE; of the account VENUE_IMPOSSIBLE. */
      readonly code: string;
      readonly expected: string;
      readonly found: string;
      /** For the error's data: `ageMs`, `aheadMs`. */
      readonly data: Readonly<Record<string, number>>;
    };
export type Judge<T> = (value: T, at: ReplyTime) => Judged<T>;

const DEFAULT_QUOTE_MAX_AGE_MS = 10 * SECOND_MS;
/**
 * A public `responsetime` is never later than the venue's clock, so the newest of the last minutes bounds the offset from
 * below. In paper trading it is the only measure: the account's clock there is not the exchange's.
 */
const BOUND_FOR_MS = 5 * MINUTE_MS;

/** A price known for longer than this says nothing of the band; a second look is asked for all the same. */
const BAND_FOR_MS = HOUR_MS;
const POSSIBLE = "numbers that are possible";

const taken = <T>(value: T): Judged<T> => ({ kind: "taken", value });
const impossible = (
  code: "QUOTE_IMPOSSIBLE" | "VENUE_IMPOSSIBLE",
  found: string,
  expected = POSSIBLE,
): Judged<never> => ({
  kind: "refused",
  code,
  expected,
  found,
  data: {},
});

const seconds = (ms: number): string => `${(ms / SECOND_MS).toFixed(1)} s`;

export class QuoteChecks {
  /** Middle of the last accepted prices of each symbol. */
  readonly #known = new Map<string, { readonly price: bigint; readonly atMs: EpochMs }>();
  readonly #prices = new SecondLooks<bigint>(looksAgree);
  readonly #candles = new SecondLooks<string>((a, b) => a === b);
  readonly #account = new SecondLooks<bigint>((a, b) => a === b || (a > 0n && b > 0n && looksAgree(a, b)));
  readonly #worth = new Map<"margin" | "assets", bigint>();

  /** Lower bounds of the offset, newest last, each higher than the ones after it. */
  #bounds: { readonly atMs: EpochMs; readonly offsetMs: number }[] = [];

  /** Oldest usable data, milliseconds. */
  constructor(readonly maxAgeMs: number = DEFAULT_QUOTE_MAX_AGE_MS) {}

  /** A price from before this process, for the first look. */
  remember(symbol: string, price: YenE8, atMs: EpochMs): void {
    if (price > 0n) this.#known.set(symbol, { price, atMs });
  }

  ticker(row: Ticker, at: ReplyTime): Judged<Ticker> {
    const problem = tickerProblem(row);
    if (problem !== undefined) return impossible(QUOTE_IMPOSSIBLE, problem);
    const judged = this.fresh(row.timestampMs, at, (asOfMs): Ticker => ({ ...row, asOfMs }));
    if (judged.kind === "refused") return judged;
    return this.#near(row.symbol, midOf(row.bid, row.ask), at, row.timestampMs) ?? judged;
  }
  book(book: OrderBook, at: ReplyTime): Judged<OrderBook> {
    const problem = bookProblem(book);
    if (problem !== undefined) return impossible(QUOTE_IMPOSSIBLE, problem);
    const judged = this.fresh(book.timestampMs, at, (asOfMs): OrderBook => ({ ...book, asOfMs }));
    const [bid, ask] = [book.bids[0]?.price, book.asks[0]?.price];
    if (judged.kind === "refused" || bid === undefined || ask === undefined) return judged;
    return this.#near(book.symbol, midOf(bid, ask), at, book.timestampMs) ?? judged;
  }
  trades(trades: readonly PublicTrade[], at: ReplyTime): Judged<readonly PublicTrade[]> {
    const problem = tradesProblem(trades, at.receivedMs);
    if (problem !== undefined) return impossible(QUOTE_IMPOSSIBLE, problem);
    // The newest trade is no proof of age: in a quiet market it is minutes old.
    return this.fresh(undefined, at, () => trades);
  }
  /** `key`: what was asked for. A candle that had not closed when the venue wrote the reply is left out. */
  candles(key: string, candles: Candle[], period: CandlePeriod | undefined, at: ReplyTime): Judged<Candle[]> {
    const verdict = candlesVerdict(candles, period, at.receivedMs);
    if (verdict.impossible !== undefined) return impossible(QUOTE_IMPOSSIBLE, verdict.impossible);
    if (verdict.doubtful === "") this.#candles.forget(key);
    else if (!this.#candles.agrees(key, verdict.doubtful, at))
      return impossible(
        "QUOTE_IMPOSSIBLE",
        verdict.doubtful,
        "bars near their neighbours, or the same in a second look",
      );
    const { venueMs } = at;
    if (venueMs === undefined || period === undefined) return taken(candles);
    return taken(candles.filter((candle) => candle.openMs + period.spanMs <= venueMs));
  }
  margin<T extends Margin>(margin: T, at: ReplyTime): Judged<T> {
    const problem = marginProblem(margin);
    if (problem !== undefined) return impossible("VENUE_IMPOSSIBLE", problem);
    return this.#worthOf("margin", margin.equity, at) ?? taken(margin);
  }
  assets(assets: readonly Asset[], at: ReplyTime): Judged<readonly Asset[]> {
    const problem = assetsProblem(assets);
    if (problem !== undefined) return impossible("VENUE_IMPOSSIBLE", problem);
    return this.#worthOf("assets", assetsWorth(assets), at) ?? taken(assets);
  }
  rows<T>(
    rows: readonly T[],
    problemOf: (row: T, nowMs: number) => string | undefined,
    { receivedMs }: ReplyTime,
  ): Judged<readonly T[]> {
    for (const row of rows) {
      const problem = problemOf(row, receivedMs);
      if (problem !== undefined) return impossible("VENUE_IMPOSSIBLE", problem);
    }
    return taken(rows);
  }

  /** undefined: near the last known price, or a second look agrees. A stream has no reply time: the stamp stands for it. */
  #near(symbol: string, price: bigint, at: ReplyTime, stampMs: EpochMs | undefined): Judged<never> | undefined {
    const known = this.#known.get(symbol);
    const isKnown = known === undefined || isNearPrice(price, known.price);
    if (isKnown) this.#prices.forget(symbol);
    else {
      const beside = `a price of ${formatE8(price)} beside the last known ${formatE8(known.price)}`;
      if (at.receivedMs - known.atMs < BAND_FOR_MS && isOutsideBand(price, known.price))
        return impossible(QUOTE_IMPOSSIBLE, beside, "a price inside the venue's band around the last known one");
      const look = { ...at, venueMs: at.venueMs ?? stampMs };
      if (!this.#prices.agrees(symbol, price, look))
        return impossible(QUOTE_IMPOSSIBLE, beside, "a price near the last known one, or the same in a second look");
    }
    this.#known.set(symbol, { price, atMs: at.receivedMs });
    return undefined;
  }
  /** An account that lost or gained more than 5 % since the last look, or is worth nothing, is looked at again. */
  #worthOf(name: "margin" | "assets", worth: bigint, at: ReplyTime): Judged<never> | undefined {
    const before = this.#worth.get(name);
    const usual = worth > 0n && (before === undefined || (before > 0n && looksAgree(before, worth)));
    if (usual || worth === before) this.#account.forget(name);
    else if (!this.#account.agrees(name, worth, at))
      return impossible(
        "VENUE_IMPOSSIBLE",
        `an account worth ${formatE8(worth)} yen${before === undefined ? "" : ` after ${formatE8(before)}`}`,
        "an account worth about what it was, or the same in a second look",
      );
    this.#worth.set(name, worth);
    return undefined;
  }

  /**
   * Judges data of which the venue says "as of `dataMs`" in a reply it wrote at `at.venueMs`: the older of the two counts.
   * `value` gets the data's time on our clock. Without any time the age is not known, and that is no quote.
   */
  fresh<T>(dataMs: EpochMs | undefined, at: ReplyTime, value: (asOfMs: EpochMs) => T): Judged<T> {
    const venueMs = earliestKnown(dataMs, at.venueMs);
    const expected = `data at most ${seconds(this.maxAgeMs)} old by the venue's own time`;
    if (venueMs === undefined)
      return { kind: "refused", code: QUOTE_OLD, expected, found: "a reply without a time", data: {} };
    const age = judgeAge(venueMs, at.receivedMs, this.#clockOf(at), this.maxAgeMs);
    switch (age.kind) {
      case "fresh":
        // Learnt only from what is not ahead of what is known: one impossible time must not age what follows.
        this.#learn(at);
        return { kind: "taken", value: value(age.asOfMs) };
      case "old":
        this.#learn(at);
        return {
          kind: "refused",
          code: QUOTE_OLD,
          expected,
          found: `data ${seconds(age.ageMs)} old (a repeated reply, a stopped feed, or this machine's clock is wrong)`,
          data: { ageMs: age.ageMs },
        };
      case "ahead":
        return {
          kind: "refused",
          code: QUOTE_AHEAD,
          expected,
          found: `data dated ${seconds(age.aheadMs)} after now (this machine's clock is wrong, or the venue's)`,
          data: { aheadMs: age.aheadMs },
        };
      default:
        return age satisfies never;
    }
  }

  #clockOf({ clock = UNMEASURED, receivedMs }: ReplyTime): MeasuredOffset {
    this.#bounds = this.#bounds.filter(({ atMs }) => Math.abs(receivedMs - atMs) <= BOUND_FOR_MS);
    const bound = this.#bounds[0]?.offsetMs ?? Number.NEGATIVE_INFINITY;
    return bound > clock.offsetMs ? { ...clock, offsetMs: bound } : clock;
  }
  /** The venue's clock or ours was set: the bounds were of the clock before. */
  forgetClock(): void {
    this.#bounds = [];
  }
  #learn({ venueMs, receivedMs, clock = UNMEASURED }: ReplyTime): void {
    if (venueMs === undefined) return;
    const offsetMs = venueMs - receivedMs;
    if (offsetMs > clock.offsetMs + clock.errorMs + LARGEST_AHEAD_MS) return;
    this.#bounds = [...this.#bounds.filter((b) => b.offsetMs > offsetMs), { atMs: receivedMs, offsetMs }];
  }
}
