// The current content of a proposal's message, computed from the book alone: the same after any crash, and edited
// whenever it differs from what is shown. Buttons only where a tap still has an effect.
import { createHash } from "node:crypto";
import type { Button } from "../../db/tables/outbox.ts";
import type { Approval, Proposal } from "../../db/tables/proposals.ts";
import type { Trade } from "../../db/tables/trades.ts";
import type { Config } from "../../lib/core/config.ts";
import { maxBig, minBig, toNumber } from "../../lib/core/money.ts";
import { tapData } from "../../lib/core/tapData.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { coinText } from "../../lib/core/text/format.ts";
import { type EpochMs, jstText, plusMs } from "../../lib/core/time.ts";
import type { Reads } from "../../queue/types.ts";
import { smallerLines } from "../book/tradeText.ts";

export interface Card {
  readonly text: string;
  readonly buttons: readonly (readonly Button[])[];
  /** The content will not change any more. */
  readonly final: boolean;
  /** SHOWN_OPEN while the message is as it was sent. */
  readonly fingerprint: string;
}
interface Facts {
  readonly db: Reads;
  readonly config: Pick<Config, "LOCALE">;
}

/** The fingerprint of a proposal that still waits for its decision: shown as sent. */
export const SHOWN_OPEN = "open";

const clockText = (at: EpochMs): string => jstText(at).slice(11);

export const proposalCard = (facts: Facts, proposal: Proposal, nowMs: EpochMs): Card => {
  const said = facts.db.outbox.byKey(`proposal:${proposal.id}`)?.text ?? proposal.id;
  if (proposal.state === "pending")
    return { text: said, buttons: openButtons(facts, proposal), final: false, fingerprint: SHOWN_OPEN };
  const { lines, final, buttons = [] } = endOf(facts, proposal, nowMs);
  // The commands in the message have no effect any more either.
  const rest = said.split("\n").filter((line) => !/^\/(approve|reject|modify)_/.test(line));
  // The id stays, for /why, at a place where a caption's length limit does not cut it off.
  const text = [...lines, `[${proposal.id}]`, "", ...rest].join("\n").trimEnd();
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([text, buttons]))
    .digest("hex")
    .slice(0, 16);
  return { text, buttons, final, fingerprint };
};

const button = (name: "approve" | "reject" | "modify" | "newNumbers", { config }: Facts, p: Proposal): Button => ({
  text: textsOf(config.LOCALE).buttons[name],
  data: tapData(name, p.id, p.hash),
});
const openButtons = (facts: Facts, p: Proposal) => [
  [button("approve", facts, p), button("reject", facts, p)],
  [button("modify", facts, p)],
];
/** The button under an approved proposal that was not traded, until its signal expires. */
export const newNumbersButton = (facts: Facts, p: Proposal, nowMs: EpochMs): readonly (readonly Button[])[] =>
  nowMs < p.validUntilMs && facts.db.proposals.successorOf(p.id) === undefined
    ? [[button("newNumbers", facts, p)]]
    : [];

/** What became of a proposal, in order: the answer, then what followed from it. */
export const outcomeLines = (facts: Facts, p: Proposal, nowMs: EpochMs): readonly string[] => {
  const t = textsOf(facts.config.LOCALE).card;
  const time = clockText(p.validUntilMs);
  if (p.state === "pending") return [nowMs < p.validUntilMs ? t.waiting({ time }) : t.overdue({ time })];
  return endOf(facts, p, nowMs).lines;
};

interface End {
  readonly lines: readonly string[];
  readonly final: boolean;
  readonly buttons?: Card["buttons"];
}

const endOf = (facts: Facts, p: Proposal, nowMs: EpochMs): End => {
  const t = textsOf(facts.config.LOCALE);
  const approval = facts.db.proposals.approval(p.id);
  const answered = {
    time: clockText(approval?.decidedMs ?? p.validUntilMs),
    by: approval === undefined ? "–" : whoText(facts, approval),
  };
  switch (p.state) {
    case "pending":
      throw new RangeError(`proposal ${p.id} has no end yet`);
    case "rejected":
      return { lines: [t.card.rejected(answered)], final: true };
    case "expired":
      return { lines: [t.card.expired(answered)], final: true };
    case "superseded":
      return {
        lines: [t.card.superseded({ ...answered, id: facts.db.proposals.successorOf(p.id) ?? "–" })],
        final: true,
      };
    case "approved": {
      const trade = facts.db.trades.byProposal(p.id);
      const after = trade === undefined ? notTraded(facts, p, nowMs) : tradeEnd(facts, trade);
      const smaller = trade === undefined ? [] : smallerLines(facts.config.LOCALE, trade, p.size);
      return { ...after, lines: [t.card.approved(answered), ...smaller, ...after.lines] };
    }
    default:
      return p.state satisfies never;
  }
};

const whoText = ({ config }: Facts, approval: Approval): string => {
  const { who } = textsOf(config.LOCALE).card;
  return approval.actor === "cli" ? who.cli : who[approval.decidedBy];
};

/**
 * The text of a sent message below its title: the reason in the owner's language. Messages are kept for some days;
 * `stored` is the reason in the book, which stays.
 */
const reasonOf = (facts: Facts, key: string, stored: string | undefined): string =>
  facts.db.outbox.byKey(key)?.text.split("\n").slice(1).join(" ") || stored || "–";
/** The re-check's refusal, from the audit log. */
const refusalOf = ({ db }: Facts, p: Proposal): string | undefined =>
  db.reporting.proposals(p.createdMs, plusMs(p.createdMs, 1)).find((r) => r.id === p.id)?.refusal;

const ENDED_BADLY: ReadonlySet<string> = new Set(["dead", "cancelled", "expired"]);

const notTraded = (facts: Facts, p: Proposal, nowMs: EpochMs): End => {
  const t = textsOf(facts.config.LOCALE).card;
  const key = `refused:${p.id}`;
  const isOver = nowMs >= p.validUntilMs;
  const job = facts.db.jobs.byKey("execute", `execute:${p.id}`);
  const isTold = facts.db.outbox.byKey(key) !== undefined;
  const refused = !isTold && job?.state === "done" ? refusalOf(facts, p) : undefined;
  if (isTold || refused !== undefined) {
    const newer = facts.db.proposals.successorOf(p.id);
    const lines = [
      t.refused({ why: reasonOf(facts, key, refused) }),
      ...(newer === undefined ? [] : [t.newNumbers({ id: newer })]),
    ];
    return { lines, final: isOver, buttons: newNumbersButton(facts, p, nowMs) };
  }
  // Nothing will come of it any more: its check failed, or can only refuse it.
  if (job !== undefined && ENDED_BADLY.has(job.state))
    return { lines: [t.failed({ why: job.error?.message ?? job.reason ?? job.state })], final: false };
  if (isOver) return { lines: [t.never({ time: clockText(p.validUntilMs) })], final: false };
  return { lines: [facts.db.halts.active(nowMs).length > 0 ? t.halted : t.checking], final: false };
};

/** The stop that loses most of those that stand: after TP1 and after a move on the exchange's page it is not the planned one. */
const stopOf = ({ db }: Facts, trade: Trade): number => {
  const [first, ...others] = db.tradeLegs.ofTrade(trade.id).flatMap((leg) => (leg.open > 0n ? [leg.stop] : []));
  if (first === undefined) return trade.stopLoss;
  return toNumber(trade.direction === "long" ? minBig(first, ...others) : maxBig(first, ...others));
};

const tradeEnd = (facts: Facts, trade: Trade): End => {
  const { words, card: t } = textsOf(facts.config.LOCALE);
  const coin = coinText(trade.symbol);
  const coins = `${trade.positionSize} ${coin}`;
  switch (trade.status) {
    case "pending":
      return { lines: [t.working({ coins, yen: trade.entryPrice })], final: false };
    case "open": {
      const left = toNumber(facts.db.positions.ofTrade(trade.id).reduce<bigint>((sum, p) => sum + p.open, 0n));
      const now = left > 0 && left < trade.positionSize ? `${left} / ${coins}` : coins;
      return { lines: [t.open({ coins: now, yen: trade.entryPrice, stopYen: stopOf(facts, trade) })], final: false };
    }
    case "cancelled":
      return {
        lines: [t.cancelled({ why: reasonOf(facts, `trade:${trade.id}:cancelled`, trade.cancelReason) })],
        final: true,
      };
    case "closed": {
      const time = trade.closedMs === undefined ? "–" : clockText(trade.closedMs);
      const result = { yen: trade.pnlAmount ?? 0, percent: (trade.pnlPercent ?? 0) / 100 };
      const exit = trade.exitReason === undefined ? "–" : words.exit[trade.exitReason];
      return { lines: [t.closed({ time, ...result, exit })], final: true };
    }
    default:
      return trade.status satisfies never;
  }
};
