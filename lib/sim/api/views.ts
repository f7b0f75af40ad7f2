// Reads for the server around the simulator, which a trader must not use: current frames of both sockets, the checks of
// every private request, replies in the venue's envelope. Nothing here changes the venue.
import type { EpochMs } from "../../core/time.ts";
import type { TransportReply } from "../../io/gmo/transport.ts";
import type { VenueEvent } from "../engine/events.ts";
import type { Machine } from "../engine/machine.ts";
import { refuse } from "../engine/refusal.ts";
import { summariesOf } from "../engine/summary.ts";
import { tierLevel } from "./accountApi.ts";
import { type ApiOptions, type ApiRequest, authenticate, closedRefusal, refusalReply, successReply } from "./api.ts";
import { bookFrame, type PrivateFrame, privateFrames, summaryFrame, tickerFrame, tradeFrames } from "./wireFrames.ts";

export class VenueViews {
  constructor(
    private readonly current: () => Machine,
    private readonly apiOptions: () => ApiOptions,
  ) {}

  private get machine(): Machine {
    return this.current();
  }

  /** The traded symbols, including spot. */
  symbols(): readonly string[] {
    return [...this.machine.rules.keys()];
  }
  /** Rate limit tier of this week: 1, 2 or 3 (GMO API 3). */
  tierLevel(): 1 | 2 | 3 {
    return tierLevel(this.machine);
  }

  /**
   * The refusal by a closed venue or for a wrong key, timestamp or signature; undefined when the request may proceed.
   */
  refused(request: ApiRequest): TransportReply | undefined {
    const refusal = closedRefusal(this.machine) ?? authenticate(this.machine, this.apiOptions(), request);
    return refusal && refusalReply(refusal, this.machine.state.nowMs, this.machine.options);
  }
  /** "refused": a WebSocket upgrade is answered with HTTP 503 (GMO API 1.3). */
  socketUpgrade(): "open" | "refused" {
    return closedRefusal(this.machine) ? "refused" : "open";
  }
  /** A success in the venue's envelope; `data` is omitted when undefined. */
  success(data?: unknown): TransportReply {
    return successReply(data, this.machine.state.nowMs);
  }
  /** A refusal in the venue's envelope, with the status number and HTTP status of its code. */
  refusal(code: string, text: string): TransportReply {
    return refusalReply(refuse(code, text), this.machine.state.nowMs, this.machine.options);
  }

  /** Frames of one event, in order; a position event also produces a summary UPDATE. */
  privateFrames(event: VenueEvent): readonly PrivateFrame[] {
    return privateFrames(event);
  }
  /** positionSummaryEvents of all open positions: after a subscription, and every 5 s with PERIODIC. */
  summaryFrames(msgType: "INIT" | "PERIODIC"): readonly object[] {
    const { machine } = this;
    return summariesOf(machine.state, (symbol) => machine.quoteYen(symbol)).map((row) =>
      summaryFrame(row, machine.state.nowMs, msgType),
    );
  }
  /** undefined before the first price of the symbol. Throws RangeError for an unknown symbol. */
  tickerFrame(symbol: string): object | undefined {
    this.machine.matching.rulesOf(symbol);
    return tickerFrame(this.machine, symbol);
  }
  /** The best 30 levels per side. undefined before the first price. Throws RangeError for an unknown symbol. */
  bookFrame(symbol: string): object | undefined {
    this.machine.matching.rulesOf(symbol);
    return bookFrame(this.machine, symbol);
  }
  /** Matches in (afterMs, now], oldest first, one frame per printed row. Throws RangeError for an unknown symbol. */
  tradeFrames(symbol: string, afterMs: EpochMs, option: "both" | "TAKER_ONLY"): readonly object[] {
    this.machine.matching.rulesOf(symbol);
    return tradeFrames(this.machine, symbol, afterMs, option);
  }
}
