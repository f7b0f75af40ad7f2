// Taps and commands about one proposal. All of them go through handlers/proposals/answerProposal.ts: one outcome even
// with simultaneous decisions, and a clear reply to each later one. A button is bound to the hash of the content it was
// shown under.

import type { Proposal } from "../../db/tables/proposals.ts";
import { formatE8, toNumber } from "../../lib/core/money.ts";
import { tapData } from "../../lib/core/tapData.ts";
import type { Tx } from "../../queue/types.ts";
import { reproposeJob } from "../jobs.ts";
import { bestQuote } from "../market/quotes.ts";
import { storedRules } from "../market/storedRules.ts";
import { answerProposal } from "../proposals/answerProposal.ts";
import { modifyProposal } from "../proposals/modifyProposal.ts";
import { type Act, actorOf, type BotParts, type Effect, say, type Tapped, type Typed, textsFor } from "./actions.ts";
import type { Tap } from "./callback.ts";
import { type BestPrices, type Change, type ChangeTap, changeOf } from "./modify.ts";
import { SHOWN_OPEN } from "./proposalCard.ts";

/** Longest wait for a price before the tap gets its notice. */
const PRICE_TIMEOUT_MS = 4_000;

const nothing = (outcome: string, text: string): Effect => ({ outcome, notice: { text, alert: true } });

const tooLate = (parts: BotParts, proposal: Proposal): Effect => {
  const { notice } = textsFor(parts.config);
  const why = notice.state[proposal.state];
  return nothing(`too late for ${proposal.id}: ${proposal.state}`, notice.tooLate({ id: proposal.id, why }));
};

/** The proposal of a button; an Effect when the button is not for it. */
const subjectOf = (parts: BotParts, tx: Tx, tapped: Tapped, tap: Tap): Proposal | Effect => {
  const { notice } = textsFor(parts.config);
  const proposal = tx.proposals.byId(tap.subject);
  if (!proposal) return nothing(`no proposal ${tap.subject}`, notice.unknown);
  const known = tx.telegram.message(tapped.chatId, tapped.messageId)?.proposalId;
  if (tap.proof !== proposal.hash || (known !== undefined && known !== proposal.id))
    return nothing(`a button that is not of ${proposal.id} as it is`, notice.changed);
  return proposal;
};
const isEffect = (it: Proposal | Effect): it is Effect => "outcome" in it;

/** Approve or reject, by a button (bound to its hash) or by `/approve_ID` (the numbers of an id never change). */
export const answer =
  (parts: BotParts, by: Tapped | Typed, proposalId: string, decision: "approved" | "rejected", tap?: Tap): Act =>
  (tx) => {
    const { notice } = textsFor(parts.config);
    const proposal = tap && by.kind === "tap" ? subjectOf(parts, tx, by, tap) : tx.proposals.byId(proposalId);
    if (!proposal) return nothing(`no proposal ${proposalId}`, notice.unknown);
    if (isEffect(proposal)) return proposal;
    if (by.kind === "tap") remember(parts, tx, by, proposal);
    const result = answerProposal(parts, {
      proposalId: proposal.id,
      decision,
      by: "human",
      actor: actorOf(by),
      hash: proposal.hash,
    });
    if (result.kind === "tooLate") return tooLate(parts, result.proposal);
    return { outcome: `${decision} ${proposal.id}`, notice: { text: notice[decision], alert: false } };
  };

/** Records a message whose sending got no response at its first tap, so that it can be edited as well. */
const remember = (parts: BotParts, tx: Tx, tapped: Tapped, proposal: Proposal): void =>
  tx.telegram.addMessage(
    {
      chatId: tapped.chatId,
      messageId: tapped.messageId,
      proposalId: proposal.id,
      isPhoto: tapped.isPhoto,
      shown: SHOWN_OPEN,
    },
    parts.clock.nowMs(),
  );

/** Starts a change: shows the limits, and buttons for the usual changes. */
export const promptChange =
  (parts: BotParts, by: Tapped | Typed, proposalId: string, tap?: Tap): Act =>
  (tx) => {
    const texts = textsFor(parts.config);
    const proposal = tap && by.kind === "tap" ? subjectOf(parts, tx, by, tap) : tx.proposals.byId(proposalId);
    if (!proposal) return nothing(`no proposal ${proposalId}`, texts.notice.unknown);
    if (isEffect(proposal)) return proposal;
    const nowMs = parts.clock.nowMs();
    if (tap && by.kind === "tap") remember(parts, tx, by, proposal);
    if (proposal.state !== "pending" || nowMs >= proposal.validUntilMs) return tooLate(parts, proposal);
    const rules = storedRules(tx, proposal.symbol);
    const button = (name: ChangeTap) => ({
      text: texts.buttons[name],
      data: tapData(name, proposal.id, proposal.hash),
    });
    const text = texts.modify.prompt({
      id: proposal.id,
      coins: formatE8(proposal.size),
      minCoins: formatE8(rules.minSize),
      entry: toNumber(proposal.entry),
      low: toNumber(proposal.bandLow),
      high: toNumber(proposal.bandHigh),
      stop: toNumber(proposal.stop),
    });
    const buttons = [[button("half"), button("quarter")], [button("best")], [button("tighter")]];
    say(tx, by, nowMs, text, { buttons, proposalId: proposal.id });
    return { outcome: `asked how to change ${proposal.id}`, notice: { text: texts.notice.prompted, alert: false } };
  };

/** The best prices now; undefined when the exchange does not return them in time. */
export const quoteFor = async (parts: BotParts, proposalId: string): Promise<BestPrices | undefined> => {
  const symbol = parts.db.read.proposals.byId(proposalId)?.symbol;
  if (symbol === undefined) return undefined;
  try {
    return bestQuote(await parts.venue.orderBook(symbol, AbortSignal.timeout(PRICE_TIMEOUT_MS)));
  } catch (error) {
    parts.log.warn({ err: error, proposalId }, "telegram.noPrice");
    return undefined;
  }
};

export const changeByTap =
  (parts: BotParts, tapped: Tapped, tap: Tap & { readonly name: ChangeTap }, quote: BestPrices | undefined): Act =>
  (tx) => {
    const texts = textsFor(parts.config);
    const proposal = subjectOf(parts, tx, tapped, tap);
    if (isEffect(proposal)) return proposal;
    if (proposal.state !== "pending") return tooLate(parts, proposal);
    if (tap.name === "best" && quote === undefined) return nothing("no price", texts.notice.noPrice);
    const change = changeOf(tap.name, proposal, storedRules(tx, proposal.symbol), quote, texts.modify);
    return makeChange(parts, tx, tapped, proposal, change);
  };

/** `/modify_ID size 0.002`, or the same as a reply. */
export const changeByText =
  (parts: BotParts, typed: Typed, proposalId: string, change: Change): Act =>
  (tx) => {
    const proposal = tx.proposals.byId(proposalId);
    if (!proposal) return nothing(`no proposal ${proposalId}`, textsFor(parts.config).notice.unknown);
    return makeChange(parts, tx, typed, proposal, change);
  };

const makeChange = (parts: BotParts, tx: Tx, by: Tapped | Typed, proposal: Proposal, change: Change): Effect => {
  const texts = textsFor(parts.config);
  const rules = storedRules(tx, proposal.symbol);
  const result = modifyProposal(parts, parts.config, {
    proposalId: proposal.id,
    actor: actorOf(by),
    size: change.size,
    entry: change.entry,
    stop: change.stop,
    texts: texts.modify,
    ...rules,
  });
  if (result.kind === "tooLate") return tooLate(parts, result.proposal);
  if (by.kind === "text")
    say(tx, by, parts.clock.nowMs(), texts.modify.done({ id: proposal.id, next: result.proposal.id }));
  return {
    outcome: `${proposal.id} becomes ${result.proposal.id}`,
    notice: { text: texts.notice.changing, alert: false },
  };
};

/** After a refusal at the re-check: requests new numbers for the same signal, from a job that reads the exchange. */
export const askNewNumbers =
  (parts: BotParts, tapped: Tapped, tap: Tap): Act =>
  (tx) => {
    const proposal = subjectOf(parts, tx, tapped, tap);
    if (isEffect(proposal)) return proposal;
    parts.store.enqueueIn(tx, reproposeJob(proposal, actorOf(tapped), tapped.updateId));
    return {
      outcome: `new numbers asked for ${proposal.id}`,
      notice: { text: textsFor(parts.config).notice.reproposing, alert: false },
    };
  };
