// What one run, or many, came to. Everything is judged against the simulated venue itself: its orders, executions and positions,
// and its clock.
import { ledgerDifferences } from "../../handlers/reconcile.ts";
import { formatE8, yen } from "../../lib/core/money.ts";
import { isSpot } from "../../lib/core/product.ts";
import { isAfterKill, unexcusedMs } from "./orderMeasure.ts";
import type { OrderWorld } from "./orderWorld.ts";

export interface OrderReport {
  seed: string;
  runs: number;
  /** Processes that died. */
  kills: number;
  /** Different places at which they died: before, on the way, after a request; before, after a commit; in which life. */
  crashPoints: number;
  /** Requests that were struck. */
  faults: number;
  /** Trades that entered more than approved, and times two entry orders of ours were live at once for a symbol. */
  duplicateEntries: number;
  /** Orders at the venue that came from us and are not in our book as they ended, and what the book holds live that ended. */
  lostOrders: number;
  /** Longest time a position of ours was bare, seconds of venue time, what the venue itself refused or lost taken off. */
  barePositionSecondsMax: number;
  /** The same of stretches that a kill fell into, or that began within 10 s of the start after it. */
  barePositionSecondsMaxAfterKill: number;
  /** Longest time from a refused close, its stop given up for it, to the next order for the position; see refusedCloses.ts. */
  refusedCloseSecondsMax: number;
  /** Refused closes for which it was measured. Not a goal. */
  refusedCloses: number;
  /** The longest of all, nothing taken off. Not a goal. */
  bareSecondsMaxUncorrected: number;
  /** Longest time an order rested at a price that the book did not show, while a worker lived; corrected in the same way. */
  priceDiffersSecondsMax: number;
  /** Longest time from a start to "reconciled and nothing bare", corrected in the same way. */
  recoverySecondsMax: number;
  /** Orders still without a settled answer. */
  unresolvedUnknown: number;
  /** Realised result less fees of our positions: our book against the venue's executions, whole yen, rounded up. */
  pnlMismatchJpy: number;
  ledgerMatchesVenue: boolean;
  /** Trades that had not ended by the end of the run. */
  tradesNotEnded: number;
  /** Jobs that died, audit chains that broke, moves that no state machine has. */
  brokenRules: number;
  /** Trades of the runs, and how they ended. */
  trades: number;
  endings: Record<string, number>;
  /** First runs that missed a goal, and how. */
  failures: { run: string; broken: readonly string[] }[];
}

export const GOALS = {
  duplicateEntries: 0,
  lostOrders: 0,
  barePositionSecondsMax: 1,
  barePositionSecondsMaxAfterKill: 5,
  refusedCloseSecondsMax: 0.3,
  priceDiffersSecondsMax: 5,
  recoverySecondsMax: 10,
  unresolvedUnknown: 0,
  pnlMismatchJpy: 0,
  tradesNotEnded: 0,
  brokenRules: 0,
} as const satisfies Partial<Record<keyof OrderReport, number>>;

export const emptyReport = (seed: string): OrderReport => ({
  seed,
  runs: 0,
  kills: 0,
  crashPoints: 0,
  faults: 0,
  duplicateEntries: 0,
  lostOrders: 0,
  barePositionSecondsMax: 0,
  barePositionSecondsMaxAfterKill: 0,
  refusedCloseSecondsMax: 0,
  refusedCloses: 0,
  bareSecondsMaxUncorrected: 0,
  priceDiffersSecondsMax: 0,
  recoverySecondsMax: 0,
  unresolvedUnknown: 0,
  pnlMismatchJpy: 0,
  ledgerMatchesVenue: true,
  tradesNotEnded: 0,
  brokenRules: 0,
  trades: 0,
  endings: {},
  failures: [],
});

/** The goals a report misses, in words. */
export const missedGoals = (report: OrderReport): readonly string[] => [
  ...Object.entries(GOALS).flatMap(([name, goal]) => {
    const found = report[name as keyof typeof GOALS];
    return found > goal ? [`${name} ${found}, at most ${goal} allowed`] : [];
  }),
  ...(report.ledgerMatchesVenue ? [] : ["ledgerMatchesVenue false"]),
];

/** Everything that can be said of one run once it has ended. */
export const judge = async (w: OrderWorld): Promise<{ report: OrderReport; notes: readonly string[] }> => {
  const report = emptyReport(w.plan.seed);
  const notes: string[] = [];
  const { read } = w.life.db;
  const venue = w.plainVenue;
  const nowMs = w.nowMs;
  report.runs = 1;
  report.kills = w.kills.length;
  report.faults = w.struck.length;

  const orders = read.orders.all();
  const atVenue = w.simulator.orders();
  const trades = read.trades.newest(100);
  report.trades = trades.length;
  for (const trade of trades) {
    const ending = trade.status === "closed" ? (trade.exitReason ?? "?") : trade.status;
    report.endings[ending] = (report.endings[ending] ?? 0) + 1;
    const mine = new Set(
      orders
        .filter((o) => o.intent.tradeId === trade.id && o.intent.purpose === "entry")
        .flatMap((o) => ("venueOrderId" in o ? [Number(o.venueOrderId)] : [])),
    );
    const entered = atVenue.filter((o) => mine.has(o.orderId)).reduce((sum, o) => sum + o.executedSize, 0n);
    if (entered > trade.targetSize) {
      report.duplicateEntries += 1;
      notes.push(`trade ${trade.id} entered ${formatE8(entered)}, ${formatE8(trade.targetSize)} approved`);
    }
    if (trade.status === "pending" || trade.status === "open") {
      report.tradesNotEnded += 1;
      notes.push(`trade ${trade.id} is still ${trade.status}`);
    }
  }
  if (w.twoEntries > 0) notes.push(`two entry orders at once, ${w.twoEntries} times`);
  report.duplicateEntries += w.twoEntries;

  const book = new Map(orders.flatMap((o) => ("venueOrderId" in o ? [[Number(o.venueOrderId), o] as const] : [])));
  const ENDS: Readonly<Record<string, string>> = { filled: "EXECUTED", cancelled: "CANCELED", expired: "EXPIRED" };
  for (const order of atVenue) {
    if (!w.ours.has(order.orderId)) continue;
    const row = book.get(order.orderId);
    // Accepted without an answer, ended without a fill: in no list of the venue, and without effect (GMO API 9.6).
    const invisible = order.executedSize === 0n && (order.status === "EXPIRED" || order.status === "CANCELED");
    const agrees =
      row === undefined
        ? invisible
        : row.state === "open"
          ? ["WAITING", "ORDERED", "MODIFYING", "CANCELLING"].includes(order.status)
          : ENDS[row.state] === order.status;
    if (agrees && (row === undefined || ("executed" in row && row.executed === order.executedSize))) continue;
    report.lostOrders += 1;
    notes.push(
      `venue order ${order.orderId} (${order.executionType} ${order.status}) is ${row?.state ?? "unknown"} to the book`,
    );
  }
  for (const order of orders) {
    if (order.state === "unknown" || order.state === "sending") report.unresolvedUnknown += 1;
    if (["intended", "sending", "unknown"].includes(order.state)) {
      report.lostOrders += 1;
      notes.push(`order ${order.id} (${order.intent.purpose}) is still ${order.state}`);
    }
  }

  for (const stretch of w.bare.all(nowMs)) {
    const seconds = unexcusedMs(stretch, [...w.excuses, ...w.longDowntimes()]) / 1_000;
    const after = isAfterKill(stretch, w.kills);
    const column = after ? "barePositionSecondsMaxAfterKill" : "barePositionSecondsMax";
    report[column] = Math.max(report[column], seconds);
    report.bareSecondsMaxUncorrected = Math.max(
      report.bareSecondsMaxUncorrected,
      (stretch.untilMs - stretch.fromMs) / 1_000,
    );
    if (seconds > GOALS[column])
      notes.push(`bare for ${seconds} s from ${w.at(stretch.fromMs)}${after ? " (kill)" : ""}`);
  }
  const { refusedCloses } = w;
  refusedCloses.ended(nowMs);
  report.refusedCloses = refusedCloses.count;
  report.refusedCloseSecondsMax = refusedCloses.longestMs / 1_000;
  if (report.refusedCloseSecondsMax > GOALS.refusedCloseSecondsMax)
    notes.push(`nothing followed a refused close for ${report.refusedCloseSecondsMax} s`);
  for (const stretch of w.prices.all(nowMs)) {
    // The goal is of a worker that lives; time may pass without a look while none does.
    const dead = w.kills.map(({ atMs, backMs }) => ({ fromMs: atMs, untilMs: backMs }));
    const seconds = unexcusedMs(stretch, [...w.excuses.filter((e) => e.byHand !== true), ...dead]) / 1_000;
    report.priceDiffersSecondsMax = Math.max(report.priceDiffersSecondsMax, seconds);
    if (seconds > GOALS.priceDiffersSecondsMax)
      notes.push(`an order rested at another price than the book's for ${seconds} s from ${w.at(stretch.fromMs)}`);
  }
  for (const recovery of w.recoveries) {
    const seconds = unexcusedMs(recovery, w.excuses) / 1_000;
    report.recoverySecondsMax = Math.max(report.recoverySecondsMax, seconds);
    if (seconds > GOALS.recoverySecondsMax) notes.push(`recovered after ${seconds} s from ${w.at(recovery.fromMs)}`);
  }

  const mine = new Set(
    w.simulator
      .executions()
      .filter((e) => e.settleType === "OPEN" && w.ours.has(e.orderId))
      .map((e) => e.positionId),
  );
  const atTheVenue = w.simulator
    .executions()
    .filter((e) => mine.has(e.positionId))
    .reduce((sum, e) => sum + e.lossGain - e.fee, 0n);
  const inTheBook = read.executions.all().reduce((sum, e) => sum + e.lossGain - e.fee, 0n);
  const difference = isSpotWorld(w) ? coinMismatch(w, inTheBook) : distance(atTheVenue, inTheBook);
  report.pnlMismatchJpy = Number((difference + 99_999_999n) / 100_000_000n);
  if (difference > 0n) notes.push(`the venue realised ${formatE8(atTheVenue)}, our book ${formatE8(inTheBook)}`);

  const foreign = new Set(
    w.simulator
      .executions()
      .filter((e) => w.foreignPositions.has(e.positionId ?? -1) && !mine.has(e.positionId))
      .map((e) => `execution:${e.executionId}`),
  );
  for (const d of await ledgerDifferences({ db: read, venue }, w.symbols)) {
    if (foreign.has(d.key)) continue;
    if ([...w.foreignPositions].some((id) => d.key === `position:${id}`)) continue;
    // Theirs and ours together; ours alone is compared above.
    if (d.key === "pnl" && w.foreignPositions.size > 0) continue;
    report.ledgerMatchesVenue = false;
    notes.push(d.text);
  }

  const broken = [
    ...w.life.store.list({ state: "dead", limit: 100 }).map((job) => `job ${job.name} is dead: ${job.error?.code}`),
    ...w.oddFailures(),
    ...(read.audit.firstBroken() === undefined ? [] : ["the audit chain is broken"]),
  ];
  report.brokenRules = broken.length;
  notes.push(...broken);
  if (missedGoals(report).length > 0) report.failures.push({ run: w.plan.name, broken: notes });
  return { report, notes };
};

const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a);
const isSpotWorld = (w: OrderWorld): boolean => w.symbols.every(isSpot);
/**
 * Spot: the yen that came and went against the book's result. Coins that were too few to sell are still there: what they may
 * have cost at most is allowed.
 */
const coinMismatch = (w: OrderWorld, inTheBook: bigint): bigint => {
  const yenMoved = w.simulator.account().cash - yen(1_000_000);
  const left = w.symbols.map((symbol) => w.simulator.bareSize(symbol) * (w.simulator.lastPrice(symbol) / 100_000_000n));
  const allowed = (left.reduce((sum, cost) => sum + cost, 0n) * 102n) / 100n;
  const off = distance(yenMoved, inTheBook);
  return off > allowed ? off - allowed : 0n;
};

const MAXIMA = new Set<keyof OrderReport>([
  "barePositionSecondsMax",
  "barePositionSecondsMaxAfterKill",
  "refusedCloseSecondsMax",
  "bareSecondsMaxUncorrected",
  "priceDiffersSecondsMax",
  "recoverySecondsMax",
]);
const MOST_FAILURES = 20;

/** Adds a run to the whole. */
export const add = (total: OrderReport, run: OrderReport): void => {
  for (const [name, value] of Object.entries(run) as [keyof OrderReport, unknown][]) {
    if (typeof value !== "number" || name === "crashPoints") continue;
    const sum = total as unknown as Record<string, number>;
    sum[name] = MAXIMA.has(name) ? Math.max(sum[name]!, value) : sum[name]! + value;
  }
  total.ledgerMatchesVenue &&= run.ledgerMatchesVenue;
  for (const [ending, count] of Object.entries(run.endings))
    total.endings[ending] = (total.endings[ending] ?? 0) + count;
  total.failures.push(...run.failures.slice(0, Math.max(0, MOST_FAILURES - total.failures.length)));
};
