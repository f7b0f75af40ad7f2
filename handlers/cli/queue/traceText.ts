// What a trace did in the market: its signal with the gates, the proposal and its answer, the trade with every order
// and execution. The inputs of the trace's jobs name the rows. Reads only.
import { z } from "zod";
import type { ExecutionRow } from "../../../db/tables/executions.ts";
import type { Job } from "../../../db/tables/jobs.ts";
import type { Approval, Proposal } from "../../../db/tables/proposals.ts";
import type { Signal } from "../../../db/tables/signals.ts";
import type { Trade } from "../../../db/tables/trades.ts";
import { AppError } from "../../../lib/core/errors.ts";
import { formatE8, toNumber } from "../../../lib/core/money.ts";
import type { OpenResult } from "../../../lib/core/openResult.ts";
import type { Order } from "../../../lib/core/order.ts";
import { showPercent } from "../../../lib/core/statistics.ts";
import { endedWhy } from "../../../lib/core/text/endedWhy.ts";
import { type EpochMs, epochMs, isoUtc, jstText } from "../../../lib/core/time.ts";
import type { Reads } from "../../../queue/types.ts";
import { openOf } from "../../book/openTrades.ts";
import { yenText } from "../../proposals/proposalText.ts";
import { jstSeconds } from "../terminal.ts";
import { nowText } from "../trading/bookText.ts";

export interface Trace {
  readonly signals: readonly Signal[];
  readonly proposals: readonly { readonly proposal: Proposal; readonly answer: Approval | undefined }[];
  readonly trades: readonly {
    readonly trade: Trade;
    /** What of it is open, at the newest price. */
    readonly open: OpenResult | undefined;
    readonly orders: readonly Order[];
    readonly executions: readonly ExecutionRow[];
  }[];
  /** An order row that cannot be read; everything else is shown. */
  readonly problem?: string;
}

// An input that names none of these is valid: most jobs are not about a trade.
const Named = z.object({
  symbol: z.string().optional().catch(undefined),
  barOpenMs: z.int().optional().catch(undefined),
  proposalId: z.string().optional().catch(undefined),
  tradeId: z.int().optional().catch(undefined),
});

/** The rows that the jobs' inputs name, and the rows these refer to; each once, oldest first. */
export const readTrace = (read: Reads, jobs: readonly Job[], nowMs: EpochMs): Trace => {
  const signals = new Map<number, Signal>();
  const proposals = new Map<string, Proposal>();
  const trades = new Map<number, Trade>();
  const addSignal = (signal: Signal | undefined): void => {
    if (signal) signals.set(signal.id, signal);
  };
  const addTrade = (trade: Trade | undefined): void => {
    if (!trade || trades.has(trade.id)) return;
    trades.set(trade.id, trade);
    addProposal(trade.proposalId);
  };
  const addProposal = (id: string | undefined): void => {
    const proposal = id === undefined || proposals.has(id) ? undefined : read.proposals.byId(id);
    if (!proposal) return;
    proposals.set(proposal.id, proposal);
    addSignal(read.signals.byId(proposal.signalId));
    addTrade(read.trades.byProposal(proposal.id));
    addProposal(proposal.supersedes);
  };
  for (const job of jobs) {
    const named = Named.safeParse(job.input).data;
    if (named?.symbol !== undefined && named.barOpenMs !== undefined)
      addSignal(read.signals.at(named.symbol, epochMs(named.barOpenMs)));
    addProposal(named?.proposalId);
    if (named?.tradeId !== undefined) addTrade(read.trades.byId(named.tradeId));
  }
  let problem: string | undefined;
  const ordersOf = (tradeId: number): readonly Order[] => {
    try {
      return read.orders.ofTrade(tradeId);
    } catch (e) {
      if (!(e instanceof AppError)) throw e;
      problem = `${e.code}: ${e.message}`;
      return [];
    }
  };
  const found = {
    signals: [...signals.values()].sort((a, b) => a.id - b.id),
    proposals: [...proposals.values()]
      .sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1))
      .map((proposal) => ({ proposal, answer: read.proposals.approval(proposal.id) })),
    trades: [...trades.values()]
      .sort((a, b) => a.id - b.id)
      .map((trade) => ({
        trade,
        open: openOf(read, trade, nowMs),
        orders: ordersOf(trade.id),
        executions: read.executions.ofTrade(trade.id),
      })),
  };
  return problem === undefined ? found : { ...found, problem };
};

/** One line per fact, in the order of a trade's life. Times are JST. */
export const storyLines = (story: Trace): readonly string[] => [
  ...story.signals.map(signalLine),
  ...story.proposals.map(proposalLine),
  ...story.trades.flatMap(tradeLines),
  ...(story.problem === undefined ? [] : [`orders that cannot be read: ${story.problem}`]),
];

const signalLine = (s: Signal): string => {
  const failed = (s.gates ?? []).filter((gate) => !gate.pass);
  const why = failed.map((g) => g.reason ?? `${g.gate} ${roundedText(g.value)} (limit ${roundedText(g.limit)})`);
  const p = s.direction === "long" ? s.pTouchLong : s.pTouchShort;
  const verdict =
    s.verdict === "filtered"
      ? `not proposed: ${why.join("; ") || "no gate says why"}`
      : `${s.verdict} (all gates passed)`;
  return `signal ${s.id}: ${s.direction} ${s.symbol}, bar ${jstText(s.barOpenMs)}, p ${showPercent(p)}, rank ${s.rank?.toFixed(1) ?? "unknown"}; ${s.verdict === "judging" ? "being judged" : verdict}`;
};
const roundedText = (value: string | number | null): string =>
  typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value);

const proposalLine = ({ proposal: p, answer }: Trace["proposals"][number]): string => {
  const terms = `${p.direction} ${formatE8(p.size)} ${p.symbol} at ${yenText(p.entry)}, stop ${yenText(p.stop)}, targets ${yenText(p.tp1)} / ${yenText(p.tp2)}, at risk ${yenText(p.risk)}`;
  const said = answer
    ? `${p.state}: ${answer.decision} by ${answer.decidedBy} (${answer.actor}) ${jstSeconds(answer.decidedMs)}`
    : `${p.state}, valid until ${jstSeconds(p.validUntilMs)}`;
  return `proposal ${p.id}: ${terms}; ${said}`;
};

const tradeLines = ({ trade: t, open, orders, executions }: Trace["trades"][number]): readonly string[] => {
  const signed = (yen: number): string => `${yen > 0 ? "+" : ""}${yenText(yen)}`;
  const end =
    t.status === "closed"
      ? `closed by ${t.exitReason}: ${signed(t.pnlAmount ?? 0)} (${(t.pnlPercent ?? 0).toFixed(2)} %, fees ${yenText(t.fees)})`
      : t.status === "cancelled"
        ? `given up without a fill: ${t.cancelReason}`
        : open === undefined
          ? t.status
          : `${t.status}, ${nowText(open)}`;
  const exit = t.exitPrice === undefined ? "" : `, exit ${yenText(t.exitPrice)}`;
  const steps = [
    ...orders.map((o) => ({ atMs: orderTime(o), text: orderText(o) })),
    ...executions.map((e) => ({ atMs: e.atMs, text: executionText(e) })),
  ];
  steps.sort((a, b) => a.atMs - b.atMs);
  return [
    `trade ${t.id}: ${t.direction} ${t.positionSize} ${t.symbol}, entry ${yenText(t.entryPrice)}${exit}; ${end}`,
    ...steps.map((step) => `  ${jstSeconds(step.atMs)}  ${step.text}`),
  ];
};

const orderTime = (o: Order): EpochMs => ("sentMs" in o && o.sentMs !== undefined ? o.sentMs : o.createdMs);
const orderText = (o: Order): string => {
  const { purpose, side, size, executionType, price } = o.intent;
  const executed =
    "executed" in o && o.executed > 0n && o.state !== "filled" ? `, executed ${formatE8(o.executed)}` : "";
  const code = "code" in o ? ` ${o.code}` : "";
  const detail =
    "detail" in o && o.detail !== undefined
      ? ` (${endedWhy(o.detail, "cancelAskedMs" in o && o.cancelAskedMs !== undefined)})`
      : "";
  const ended =
    "closedMs" in o
      ? ` ${isoUtc(o.closedMs) === isoUtc(orderTime(o)) ? "at once" : `at ${jstSeconds(o.closedMs)}`}`
      : "";
  return `order ${o.id} ${purpose} ${side} ${formatE8(size)} ${executionType}${price === undefined ? "" : ` at ${yenText(price)}`}: ${o.state}${code}${detail}${executed}${ended}`;
};
const executionText = (e: ExecutionRow): string => {
  const result =
    e.kind === "close" ? `, ${toNumber(e.lossGain) >= 0 ? "+" : ""}${yenText(e.lossGain)}, ${e.exitReason}` : "";
  const whose = e.estimated
    ? "not our order, estimated"
    : e.orderId === undefined
      ? "not our order"
      : `order ${e.orderId}`;
  return `fill  ${e.kind} ${formatE8(e.size)} at ${yenText(e.price)} (${whose}${result})`;
};
