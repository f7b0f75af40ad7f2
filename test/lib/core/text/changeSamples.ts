// Parameters for the texts about orders that were changed at the venue.
import type { OrderChange } from "../../../../lib/core/orderChanges.ts";

const changes: readonly OrderChange[] = [
  { field: "price", before: "10000123", after: "9900456" },
  { field: "size", before: "0.004", after: "0.002" },
  { field: "side", before: "BUY", after: "SELL" },
  { field: "executionType", before: "STOP", after: "LIMIT" },
  { field: "settleType", before: "OPEN", after: "CLOSE" },
  { field: "losscutPrice", before: "9000111", after: "none" },
];

export const CHANGE_SAMPLES = {
  changed: (["entry", "stop", "takeProfit", "exit"] as const).flatMap((purpose) =>
    (["takenOver", "cancelled", "coverAgain", "replaced", "filled"] as const).map((effect) => ({
      purpose,
      effect,
      symbol: "BTC_JPY",
      tradeId: 4711,
      orderId: "8000000301",
      changes,
    })),
  ),
  moved: [
    {
      symbol: "BTC_JPY",
      tradeId: 4711,
      size: "0.004 BTC",
      oursYen: 9_950_123,
      theirsYen: 9_900_456,
      approvedYen: 201,
      nowYen: 402,
    },
  ],
  losscut: [true, false].map((first) => ({
    symbol: "BTC_JPY",
    tradeId: 4711,
    positionId: "270010001",
    before: "9000111",
    after: "none",
    first,
  })),
  shrunk: [{ size: "0.002 BTC", symbol: "BTC_JPY", tradeId: 4711 }],
} as const;
