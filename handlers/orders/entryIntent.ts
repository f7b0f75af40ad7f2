// The entry order as it will be sent: post-only where the symbol has it, else a passive limit; on margin with its
// loss-cut fence.
import type { Proposal } from "../../db/tables/proposals.ts";
import type { Trade } from "../../db/tables/trades.ts";
import type { CoinE8, YenE8 } from "../../lib/core/money.ts";
import type { Intent } from "../../lib/core/order.ts";
import { isSpot } from "../../lib/core/product.ts";
import { losscutFence } from "../../lib/core/protection.ts";
import { openingSide, supportsPostOnly } from "../../lib/core/venue.ts";

export const entryIntent = (trade: Trade, proposal: Proposal, price: YenE8, size: CoinE8): Intent => ({
  tradeId: trade.id,
  purpose: "entry",
  legId: undefined,
  positionId: undefined,
  exitReason: undefined,
  symbol: trade.symbol,
  side: openingSide(trade.direction),
  executionType: "LIMIT",
  timeInForce: supportsPostOnly(trade.symbol) ? "SOK" : "FAS",
  price,
  plannedPrice: price,
  losscutPrice: isSpot(trade.symbol) ? undefined : losscutFence(trade.direction, price, proposal.stop, trade.tick),
  size,
});
