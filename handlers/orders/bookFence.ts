// Judges each write before it leaves (lib/io/gmo/fence.ts) against the book alone: an entry against the owner's approval, a
// closing order against the position it closes, a cancel against our own orders. It repeats on purpose what the chain has
// checked before: what a fault in the chain would send is held back here.
import type { CoinE8 } from "../../lib/core/money.ts";
import { type In, isInFlight, isLive, type Order } from "../../lib/core/order.ts";
import { symbolsOf } from "../../lib/core/product.ts";
import { jstDayStart } from "../../lib/core/time.ts";
import { openingSide } from "../../lib/core/venue.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Fence, FencedWrite } from "../../lib/io/gmo/fence.ts";
import type { Reads } from "../../queue/types.ts";
import { LATE_ARRIVAL_MS } from "./lateArrivals.ts";

type NewOrder = Exclude<FencedWrite, { readonly kind: "cancelOrder" }>;
type Sending = In<"sending">;

/** Entry orders that the venue may have taken, per account and JST day. An owner who approves every bar stays below it. */
const MOST_ENTRIES_A_DAY = 400;
/** Of the newest orders, how many are looked at for it. */
const NEWEST = 1_000;
/** The request leaves this long after the last check of the approval at most: it waits for its turn (pace.ts). */
const LEAVES_WITHIN_MS = 30_000;
/** A price that our other orders share is moved by some ticks (distinctPrice). */
const MOVED_TICKS = 20n;

interface FenceOptions {
  readonly db: Reads;
  readonly clock: Pick<Clock, "nowMs">;
  readonly config: { readonly PRODUCT: "margin" | "spot"; readonly MAX_REQUOTES: number };
}

/** Call before the first request of a process: what was in flight then is looked up, never sent. */
export const bookFence = ({ db, clock, config }: FenceOptions): Fence => {
  const left = new Set(
    db.orders
      .allLive()
      .filter(isInFlight)
      .map((o) => o.id),
  );
  const sent = (write: NewOrder): string | undefined => {
    const row = db.orders
      .live(write.symbol)
      .find((o): o is Sending => o.state === "sending" && !left.has(o.id) && isSame(o, write));
    if (row === undefined) return "no order of the book is being sent that looks like this, or it was sent before";
    const why = row.intent.purpose === "entry" ? entryProblem(db, row, clock.nowMs(), config) : closeProblem(db, row);
    if (why === undefined) left.add(row.id);
    return why;
  };
  return (write) => (write.kind === "cancelOrder" ? cancelProblem(db, clock, config, write.orderId) : sent(write));
};

const isSame = ({ intent: i }: Sending, write: NewOrder): boolean => {
  if (i.side !== write.side || i.executionType !== write.executionType) return false;
  if (i.price !== write.price || i.size !== write.size) return false;
  return write.kind === "closeOrder" ? i.positionId === write.positionId : i.losscutPrice === write.losscutPrice;
};

const entryProblem = (
  db: Reads,
  row: Sending,
  nowMs: number,
  { MAX_REQUOTES }: FenceOptions["config"],
): string | undefined => {
  const { intent } = row;
  const trade = db.trades.byId(intent.tradeId);
  const proposal = trade && db.proposals.byId(trade.proposalId);
  const approval = proposal && db.proposals.approval(proposal.id);
  if (trade === undefined || proposal === undefined || approval?.decision !== "approved")
    return "the entry belongs to no approval";
  if (approval.hash !== proposal.hash) return "the approval is of other numbers";
  if (nowMs >= proposal.validUntilMs + LEAVES_WITHIN_MS) return "the approval's time is over";
  if (intent.symbol !== proposal.symbol) return `the approval is of ${proposal.symbol}`;
  if (intent.side !== openingSide(proposal.direction)) return `the approval is of a ${proposal.direction}`;
  const [low, high] = [proposal.bandLow - MOVED_TICKS * trade.tick, proposal.bandHigh + MOVED_TICKS * trade.tick];
  if (intent.price === undefined || intent.price < low || intent.price > high)
    return "its price is outside the approved band";
  const others = db.orders
    .working(trade.id)
    .filter((o) => o.intent.purpose === "entry" && o.id !== row.id && mayHaveArrived(o));
  const size = others.reduce((sum, o) => sum + mayFill(db, o), intent.size as bigint);
  if (size > proposal.size) return "together with the orders before it, it is larger than what was approved";
  if (others.length > MAX_REQUOTES) return `it is order ${others.length + 1} of one approval`;
  const dayMs = jstDayStart(row.sentMs);
  const today = db.orders
    .newest(NEWEST)
    .filter((o) => o.intent.purpose === "entry" && mayHaveArrived(o) && o.createdMs >= dayMs);
  return today.length > MOST_ENTRIES_A_DAY ? `it is entry order ${today.length} of this day` : undefined;
};

const mayHaveArrived = (o: Order): boolean =>
  o.state !== "rejected" && !(o.state === "neverSent" && o.sentMs === undefined);
/** What an order has filled or may still fill. */
const mayFill = (db: Reads, o: Order): CoinE8 => (isLive(o) ? o.intent.size : db.executions.bookedSize(o.id));

const closeProblem = (db: Reads, { intent }: Sending): string | undefined => {
  const position = intent.positionId === undefined ? undefined : db.positions.byId(intent.positionId);
  if (position === undefined) return "it closes no position of ours";
  if (position.tradeId !== intent.tradeId || position.symbol !== intent.symbol)
    return "it closes a position of another trade";
  if (position.side === intent.side) return "it would open instead of close";
  return intent.size > position.opened ? "it is larger than the position ever was" : undefined;
};

/** Ours: a row has its id, or it is newer than an order of ours whose answer never came. */
const cancelProblem = (
  db: Reads,
  clock: Pick<Clock, "nowMs">,
  { PRODUCT }: FenceOptions["config"],
  orderId: string,
): string | undefined => {
  if (db.orders.byVenueId(orderId) !== undefined) return undefined;
  const sinceMs = clock.nowMs() - LATE_ARRIVAL_MS;
  const lost = symbolsOf(PRODUCT).flatMap((symbol) => [
    ...db.orders.givenUp(symbol, sinceMs),
    ...db.orders.live(symbol),
  ]);
  const mayBeOurs = lost.some(
    (o) =>
      (isInFlight(o) || o.state === "neverSent") &&
      o.afterOrderId !== undefined &&
      BigInt(orderId) > BigInt(o.afterOrderId),
  );
  return mayBeOurs ? undefined : "it cancels an order of another hand";
};
