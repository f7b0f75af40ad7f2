// Account events as the private channels publish them (GMO API 10.4), in process. They are snapshots: a caller may keep
// them. wireFrames.ts converts them into WebSocket frames.
import type { CoinE8, YenE8 } from "../../core/money.ts";
import type { EpochMs } from "../../core/time.ts";
import type { Side } from "../../core/venue.ts";
import type { SimExecution, SimOrder, SimPosition } from "./rows.ts";

/** One row of positionSummary: the open positions of a symbol and side. */
export interface PositionSummary {
  readonly symbol: string;
  readonly side: Side;
  /** 0 without positions. */
  readonly averageRate: YenE8;
  /** Whole yen, rounded down. */
  readonly lossGain: YenE8;
  /** Reserved by live close orders. */
  readonly ordered: CoinE8;
  readonly size: CoinE8;
}

export type VenueEvent = { readonly symbol: string; readonly atMs: EpochMs } & (
  | {
      readonly kind: "order";
      /** NOR new or triggered, ROR changed or change refused, COR cancelled, ER expired. */
      readonly msgType: "NOR" | "ROR" | "COR" | "ER";
      readonly order: Readonly<SimOrder>;
      /**
       * Present in the event only, not over REST: SOK_TAKER and PRICE_LIMIT of a live order, CLOSED_ORDER (GMO API
       * 7.3).
       */
      readonly cancelType?: string;
    }
  | {
      readonly kind: "execution";
      readonly msgType: "ER";
      readonly execution: SimExecution;
      readonly order: Readonly<SimOrder>;
    }
  | {
      readonly kind: "position";
      /** OPR opened, UPR size or reservation changed, ULR loss-cut price changed, CPR closed. */
      readonly msgType: "OPR" | "UPR" | "ULR" | "CPR";
      readonly position: Readonly<SimPosition>;
      /** `orderdSize`: the size that live close orders reserve. */
      readonly reserved: CoinE8;
      /** Of the size still open. Whole yen, rounded down. */
      readonly lossGain: YenE8;
      /** Summary of the position's symbol and side after this event. */
      readonly summary: PositionSummary;
    }
);
