// What a rehearsal found: the exchange's own facts beside the worker's book.
import type { Order } from "../../../lib/core/order.ts";
import { type EpochMs, SECOND_MS } from "../../../lib/core/time.ts";
import type { Reads } from "../../../queue/types.ts";
import type { VenueFacts } from "./venueProcess.ts";

export interface Round {
  readonly proposalId: string;
  /** Of the rehearsal's clock, as every time here. */
  readonly approvedMs: EpochMs;
  readonly killed: boolean;
  /** False: it ended without a fill. */
  readonly traded: boolean;
}

/** Spans in milliseconds of the wall, rounded; null: nothing was measured. */
export interface RehearsalResult {
  readonly rounds: number;
  readonly trades: number;
  readonly kills: number;
  /** Approvals of which more was filled than approved, or that filled twice. */
  readonly duplicateEntries: number;
  /** Orders of the exchange that the book does not know. */
  readonly lostOrders: number;
  /** Orders whose fate the book does not know at the end. */
  readonly unresolvedUnknown: number;
  readonly pnlMismatchJpy: number;
  readonly unprotectedMsMax: number | null;
  readonly unprotectedMsMaxAfterKill: number | null;
  readonly tapToAcceptedMsP50: number | null;
  readonly fillToStopMsP50: number | null;
  readonly fillToStopMsP99: number | null;
  readonly recoveryMsMax: number | null;
  readonly requestsPerSecondMax: number;
  /** Nothing held, nothing resting, and the same yen on both sides. */
  readonly bookMatchesVenue: boolean;
}

export interface Kill {
  readonly atMs: EpochMs;
  /** When the next worker had compared the exchange with its book. */
  readonly recoveredMs: EpochMs;
}
interface Found {
  readonly facts: VenueFacts;
  readonly rounds: readonly Round[];
  readonly kills: readonly Kill[];
  readonly db: Reads;
  readonly speed: number;
}

const venueIdOf = (o: Order): string | undefined => ("venueOrderId" in o ? o.venueOrderId : undefined);

/** After a kill, a span counts as its consequence this long. */
const AFTER_KILL_MS = 10 * SECOND_MS;

export const resultOf = ({ facts, rounds, kills, db, speed }: Found): RehearsalResult => {
  const orders = db.orders.all();
  const ours = new Set(orders.flatMap((o) => venueIdOf(o) ?? []));
  const trades = rounds.map((r) => db.trades.byProposal(r.proposalId)).filter((t) => t !== undefined);
  const filledOf = (tradeId: number): bigint =>
    orders
      .filter((o) => o.intent.tradeId === tradeId && o.intent.purpose === "entry")
      .reduce((sum, o) => sum + (facts.orders.find((v) => v.orderId === venueIdOf(o))?.executed ?? 0n), 0n);
  const wall = (ms: number): number => Math.round(ms / speed);
  const spans = facts.bare.map(({ fromMs, untilMs }) => ({
    fromMs,
    ms: untilMs === null ? Number.POSITIVE_INFINITY : untilMs - fromMs,
    afterKill: kills.some(
      (k) => (untilMs ?? Number.POSITIVE_INFINITY) >= k.atMs && fromMs <= k.recoveredMs + AFTER_KILL_MS * speed,
    ),
  }));
  const alive = spans.filter((s) => !s.afterKill).map((s) => wall(s.ms));
  const dead = spans.filter((s) => s.afterKill).map((s) => wall(s.ms));
  const taps = rounds.flatMap((round) => {
    const trade = db.trades.byProposal(round.proposalId);
    if (round.killed || trade === undefined) return [];
    const sent = orders
      .filter((o) => o.intent.tradeId === trade.id)
      .map(venueIdOf)
      .find((id) => id !== undefined);
    const accepted = facts.orders.find((v) => v.orderId === sent);
    return accepted === undefined ? [] : [wall(accepted.createdMs - round.approvedMs)];
  });
  const booked = db.executions.realisedBetween(0, Number.MAX_SAFE_INTEGER);
  const mismatch = facts.gained - booked;
  const isQuiet = facts.held === 0n && facts.orders.every((o) => !o.isLive);
  return {
    rounds: rounds.length,
    trades: rounds.filter((r) => r.traded).length,
    kills: kills.length,
    duplicateEntries: trades.filter((t) => filledOf(t.id) > (db.proposals.byId(t.proposalId)?.size ?? 0n)).length,
    lostOrders: facts.orders.filter((o) => !ours.has(o.orderId)).length,
    unresolvedUnknown: orders.filter((o) => o.state === "unknown" || o.state === "sending").length,
    pnlMismatchJpy: Number(mismatch) / 1e8,
    unprotectedMsMax: max(alive),
    unprotectedMsMaxAfterKill: max(dead),
    tapToAcceptedMsP50: percentile(taps, 0.5),
    fillToStopMsP50: percentile(alive, 0.5),
    fillToStopMsP99: percentile(alive, 0.99),
    recoveryMsMax: max(kills.map((k) => wall(k.recoveredMs - k.atMs))),
    requestsPerSecondMax: facts.requestsPerSecondMax,
    bookMatchesVenue: isQuiet && mismatch === 0n && db.trades.alive().length === 0,
  };
};

/** What a careful owner must not see. */
export const isFine = (r: RehearsalResult): boolean =>
  r.bookMatchesVenue && r.duplicateEntries + r.lostOrders + r.unresolvedUnknown === 0 && r.pnlMismatchJpy === 0;

const max = (values: readonly number[]): number | null => (values.length === 0 ? null : Math.max(...values));
/** The smallest value that at least this share of all does not exceed. */
const percentile = (values: readonly number[], share: number): number | null =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? null;
