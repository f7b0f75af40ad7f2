// How soon the next order for a position follows a close that the venue refused, its stop given up for that close. The bare
// time cannot show it: the venue is to blame for the first second after a refusal (orderRequests.ts), and a pause of ours
// after a refusal is half a second. So it is measured by itself, from the answer to the next request, in venue time.
import { isSpot } from "../../lib/core/product.ts";
import type { TransportRequest } from "../../lib/io/gmo/transport.ts";
import type { Simulator } from "../../lib/sim/simulator.ts";
import { struckOf } from "./orderFaults.ts";

/** What a closing order is for: the position, or on spot the coins of a symbol. */
interface Closing {
  readonly key: string;
  readonly symbol: string;
  readonly isStop: boolean;
  readonly sells: boolean;
  /** Yen; undefined for MARKET. */
  readonly price: string | undefined;
}
const closingOf = (request: TransportRequest): Closing | undefined => {
  if (request.path !== "/v1/closeOrder" && !struckOf(request).sale) return undefined;
  const body = JSON.parse(request.body ?? "{}") as {
    readonly symbol: string;
    readonly side: string;
    readonly executionType: string;
    readonly price?: string;
    readonly settlePosition?: readonly { readonly positionId: number }[];
  };
  const { symbol, side, executionType, price } = body;
  const key = isSpot(symbol) ? symbol : String(body.settlePosition?.[0]?.positionId);
  return { key, symbol, isStop: executionType === "STOP", sells: side === "SELL", price };
};

/**
 * Refusals after which the next order rightly waits: ERR-5003 wants silence, ERR-5201 to 5203 say that the venue is closed
 * (its status is read first), ERR-200 and 208 that another order holds the quantity (it is looked for first).
 */
const WAITS = /^ERR-(5003|5201|5202|5203|200|208)$/;

interface Waiting {
  readonly sinceMs: number;
  readonly stop: Closing;
}

export class RefusedCloses {
  /** The longest of those gaps, milliseconds. */
  longestMs = 0;
  /** Refused closes that were measured. */
  count = 0;
  readonly #stops = new Map<string, Closing>();
  readonly #waiting = new Map<string, Waiting>();
  /** `simulator`: asked for when it is needed, because the world makes its requests before its venue. */
  constructor(private readonly simulator: () => Simulator) {}

  /** A request goes out. */
  sent(request: TransportRequest, nowMs: number): void {
    const closing = closingOf(request);
    const waiting = closing && this.#waiting.get(closing.key);
    if (closing === undefined || waiting === undefined) return;
    this.#waiting.delete(closing.key);
    this.#measure(waiting, nowMs);
  }

  /** Its answer. `code`: the venue's refusal; undefined: accepted. `unclear`: nobody can say. */
  answered(request: TransportRequest, nowMs: number, code: string | undefined, unclear: boolean): void {
    const closing = closingOf(request);
    if (closing === undefined) return;
    const stop = this.#stops.get(closing.key);
    this.#stops.delete(closing.key);
    if (unclear) return;
    if (code === undefined) {
      if (closing.isStop) this.#stops.set(closing.key, closing);
      return;
    }
    if (closing.isStop || stop === undefined || WAITS.test(code) || this.#isPassed(stop)) return;
    this.#waiting.set(closing.key, { sinceMs: nowMs, stop });
  }

  /** Something else keeps the process from it: a fault of another request, or its death. */
  disturbed(): void {
    this.#waiting.clear();
  }
  died(): void {
    this.#waiting.clear();
    this.#stops.clear();
  }
  /** The end of the run: what nothing has followed until now counts, too. */
  ended(nowMs: number): void {
    for (const waiting of this.#waiting.values()) this.#measure(waiting, nowMs);
    this.#waiting.clear();
  }

  #measure(waiting: Waiting, nowMs: number): void {
    // The price has reached the stop meanwhile: it could not stand there any more.
    if (this.#isPassed(waiting.stop)) return;
    this.count += 1;
    this.longestMs = Math.max(this.longestMs, nowMs - waiting.sinceMs);
  }
  /** The market stands at the stop's price or beyond it. */
  #isPassed({ symbol, sells, price }: Closing): boolean {
    const last = this.simulator().lastPrice(symbol);
    const at = BigInt(Math.round(Number(price) * 1e8));
    return sells ? last <= at : last >= at;
  }
}
