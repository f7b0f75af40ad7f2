// What the exit rules (exits.ts) are given and what they answer. `legFacts` reads a leg's orders once for all rules.
import type { Leg } from "./leg.ts";
import type { CoinE8, YenE8 } from "./money.ts";
import { type ExitReason, type In, isLive, type LiveOrder, type Order, type OrderPurpose } from "./order.ts";
import type { EpochMs } from "./time.ts";
import type { Direction, ExecutionType } from "./venue.ts";
import type { WakeTopic } from "./wakeTopics.ts";

/** Best bid, best ask and last trade, from one ticker. */
export interface MarketPrices {
  readonly bid: YenE8;
  readonly ask: YenE8;
  readonly last: YenE8;
}
/** `makerFirst`: a limit at the best price of its own side for a few seconds, then market. */
export type CloseHow = "makerFirst" | "market";
export interface ExitFacts {
  readonly symbol: string;
  readonly direction: Direction;
  /** The venue's smallest order. */
  readonly minSize: CoinE8;
  readonly nowMs: EpochMs;
  /** undefined: the price is not known now; protection goes on without it. */
  readonly prices: MarketPrices | undefined;
  readonly timeStopMs: EpochMs;
  /** How the owner wants it closed now (/close, /panic); undefined: by its own exits. */
  readonly ownerCloses: CloseHow | undefined;
  /** An external closing order rests at the venue; it may hold the quantity that a refused stop needs. */
  readonly reserved?: boolean;
  /** The venue lists less of the leg's position than our book, or nothing: it was closed externally. */
  readonly short?: boolean;
  /** How long a take-profit or closing limit rests in the book before it is cancelled. */
  readonly restingMs: number;
}

export type LegAction =
  | { readonly kind: "closed" }
  /** Drop an intention an earlier attempt did not send, and decide again. */
  | { readonly kind: "abandon"; readonly order: In<"intended">; readonly why: string }
  /** The order may be at the venue: look it up. */
  | { readonly kind: "look"; readonly order: In<"sending" | "unknown"> }
  /** `givesUpStop`: allowed only while the venue takes new orders; otherwise the leg would stay unprotected. */
  | { readonly kind: "cancel"; readonly order: In<"open">; readonly why: string; readonly givesUpStop: boolean }
  | {
      readonly kind: "place";
      readonly purpose: Exclude<OrderPurpose, "entry">;
      readonly executionType: ExecutionType;
      /** undefined for MARKET. */
      readonly price: YenE8 | undefined;
      readonly exitReason: ExitReason;
      readonly why: string;
    }
  /** untilMs undefined: nothing is due; look again at the next poll. */
  | {
      readonly kind: "wait";
      readonly untilMs: EpochMs | undefined;
      readonly reason: string;
      readonly wakeOn: readonly WakeTopic[];
    };

/** The whole leg must be closed now: the owner asked for it, or its time stop has passed. */
interface Closing {
  readonly how: CloseHow;
  readonly exitReason: Extract<ExitReason, "manual" | "time_stop">;
  readonly why: string;
}

/** ExitFacts plus what the leg's orders say. */
export interface LegFacts extends ExitFacts {
  /** The newest order that has not ended. */
  readonly live: LiveOrder | undefined;
  /** `live`, where the venue has accepted it. */
  readonly working: In<"open"> | undefined;
  /** `working`, where it is the leg's STOP. */
  readonly stop: In<"open"> | undefined;
  /** `working`, where it is a take-profit or another closing order. */
  readonly exit: In<"open"> | undefined;
  /**
   * Orders that were or may have been at the venue, oldest first. Intentions dropped before the request are left out.
   */
  readonly sent: readonly Order[];
  /** The newest of `sent`. */
  readonly last: Order | undefined;
  /**
   * `last`, where the venue refused it as a STOP or MARKET order. A refused LIMIT is followed by the next rule at
   * once.
   */
  readonly refusal: In<"rejected"> | undefined;
  /** undefined: the leg is left to its stop and its target. */
  readonly closing: Closing | undefined;
}

export const legFacts = (leg: Leg, f: ExitFacts): LegFacts => {
  const live = leg.orders.findLast(isLive);
  const working = live?.state === "open" ? live : undefined;
  const isStop = working?.intent.purpose === "stop";
  const sent = leg.orders.filter((o) => !(o.state === "neverSent" && o.sentMs === undefined));
  const last = sent.at(-1);
  return {
    ...f,
    live,
    working,
    stop: isStop ? working : undefined,
    exit: isStop ? undefined : working,
    sent,
    last,
    refusal: last?.state === "rejected" && last.intent.executionType !== "LIMIT" ? last : undefined,
    closing: closingOf(f),
  };
};

const closingOf = (f: ExitFacts): Closing | undefined => {
  if (f.ownerCloses !== undefined) return { how: f.ownerCloses, exitReason: "manual", why: "the owner closes it" };
  if (f.nowMs >= f.timeStopMs) return { how: "makerFirst", exitReason: "time_stop", why: "time stop" };
  return undefined;
};
