// Step 7, after the owner's approval: checks everything again on fresh data and commits the trade with its first
// intended order. Nothing is sent here: watchEntry sends, because an order that may be live at the venue must be
// managed during a halt too, and a halt stops the claims of this handler (risk "adding").

import type { Proposal } from "../db/tables/proposals.ts";
import { passivePrice } from "../lib/core/entry.ts";
import { AppError } from "../lib/core/errors.ts";
import { formatE8 } from "../lib/core/money.ts";
import { isBelowHalf } from "../lib/core/risk.ts";
import { sizeText } from "../lib/core/text/format.ts";
import { english, type Note } from "../lib/core/text/reasonTexts.ts";
import { earliest } from "../lib/core/time.ts";
import { auditCtx, recordIntent } from "./book/booking.ts";
import { refusedText } from "./book/tradeText.ts";
import type { AppCtx, AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS, watchEntryJob } from "./jobs.ts";
import { entryIntent } from "./orders/entryIntent.ts";
import { distinct } from "./orders/sendOrder.ts";
import { asAlert } from "./protection/venueRetry.ts";
import { type Recheck, recheckEntry } from "./risk/entryCheck.ts";
import { newNumbersButton } from "./telegram/proposalCard.ts";

/** Pause before the next attempt to read a venue that could not be read. */
const AGAIN_MS = 2_000;

/** An approval counts until its deadline: a venue that cannot be read now is read again until then. */
const checkWhileValid = async (
  ctx: AppCtx,
  proposal: Proposal,
): Promise<Recheck | Extract<AppOutcome, { kind: "snooze" }>> => {
  const over: Recheck = { kind: "refused", reason: { key: "proposalOver" } };
  if (ctx.clock.nowMs() >= proposal.validUntilMs) return over;
  try {
    return await recheckEntry(ctx, proposal);
  } catch (e) {
    const failure = asAlert(e);
    if (!(e instanceof AppError) || !(e.verdict === "retry" || failure !== e) || ctx.signal.aborted) throw failure;
    const nowMs = ctx.clock.nowMs();
    if (nowMs >= proposal.validUntilMs) return over;
    ctx.log.warn({ proposalId: proposal.id, code: e.code, err: e }, "execute.venueNotAnswering");
    const untilMs = earliest(nowMs + AGAIN_MS, proposal.validUntilMs);
    return { kind: "snooze", untilMs, reason: `the venue could not be read (${e.code})` };
  }
};

/** The size that the limits leave against the approved one; undefined: it is the approved one. */
const smallerNote = (
  proposal: Proposal,
  check: Extract<Recheck, { kind: "ok" }>,
): Extract<Note, { key: "smaller" | "belowHalf" }> | undefined => {
  if (check.bound === undefined) return undefined;
  const size = sizeText(check.size, proposal.symbol);
  const facts = { size, approved: sizeText(proposal.size, proposal.symbol), bound: check.bound };
  return { key: isBelowHalf(check.size, proposal.size) ? "belowHalf" : "smaller", with: facts };
};

export const execute: AppHandler<"execute"> = {
  name: "execute",
  input: JOB_INPUTS.execute,
  maxAttempts: 5,
  timeoutMs: 60_000,
  risk: "adding",
  backoff: { baseMs: 500, capMs: 10_000 },
  // Entries of one symbol run one after the other (the database holds one account). A job without a symbol was made by
  // hand or by an older version; its proposal id begins with the coin: "btc250811...".
  serialKey: ({ proposalId, symbol }) =>
    `entry:${symbol?.split("_")[0]?.toLowerCase() ?? /^[a-z]+/.exec(proposalId)?.[0] ?? proposalId}`,
  async run({ proposalId, symbol }, ctx): Promise<AppOutcome> {
    const proposal = ctx.db.proposals.byId(proposalId);
    if (!proposal) throw new AppError("permanent", "PROPOSAL_MISSING", `expected a proposal ${proposalId}, found none`);
    if (symbol !== undefined && symbol !== proposal.symbol)
      throw new AppError(
        "permanent",
        "PROPOSAL_SYMBOL",
        `expected the symbol of proposal ${proposalId}, ${proposal.symbol}, found ${symbol}`,
      );
    const approval = ctx.db.proposals.approval(proposalId);
    if (proposal.state !== "approved" || approval?.decision !== "approved" || approval.hash !== proposal.hash)
      return { kind: "stop", reason: `proposal ${proposalId} is ${proposal.state}, not approved as it stands` };
    if (ctx.db.trades.byProposal(proposalId)) return { kind: "stop", reason: "its trade exists already" };

    const check = await checkWhileValid(ctx, proposal);
    if (check.kind === "snooze") return check;
    const nowMs = ctx.clock.nowMs();
    const smaller = check.kind === "ok" ? smallerNote(proposal, check) : undefined;
    const band = { low: proposal.bandLow, high: proposal.bandHigh };
    const price =
      check.kind === "ok" ? passivePrice(proposal.direction, check.quote, band, check.rules.tick) : undefined;
    if (check.kind === "refused" || price === undefined || smaller?.key === "belowHalf") {
      const note: Note =
        check.kind === "refused" ? check.reason : price === undefined ? { key: "noPassivePrice" } : smaller!;
      const reason = english(note);
      return {
        kind: "stop",
        reason,
        write: (tx) => {
          tx.audit.append({
            atMs: nowMs,
            kind: "entry.refused",
            actor: "execute",
            traceId: proposal.traceId,
            data: { proposalId, symbol: proposal.symbol, reason },
          });
          tx.outbox.insert({
            key: `refused:${proposalId}`,
            kind: "trade",
            proposalId,
            text: refusedText(ctx.config.LOCALE, proposalId, proposal.symbol, note),
            // Until the signal expires, the owner may ask for new numbers.
            buttons: newNumbersButton(ctx, proposal, nowMs),
            atMs: nowMs,
          });
        },
      };
    }

    return {
      kind: "done",
      write: (tx) => {
        const tradeId = tx.trades.insert({
          proposal,
          entry: price,
          size: check.size,
          bound: check.bound,
          rules: check.rules,
          atMs: nowMs,
        });
        tx.signals.setTrade(proposal.signalId, tradeId);
        const trade = tx.trades.byId(tradeId);
        if (!trade) throw new AppError("alert", "TRADE_MISSING", `expected trade ${tradeId} just written, found none`);
        const by = auditCtx(ctx, trade);
        tx.audit.append({
          atMs: nowMs,
          kind: "trade.pending",
          actor: "execute",
          traceId: proposal.traceId,
          data: {
            tradeId,
            proposalId,
            symbol: proposal.symbol,
            direction: proposal.direction,
            sizeE8: check.size,
            approvedSize: formatE8(proposal.size),
            ...(smaller === undefined ? {} : { smaller: english(smaller), bound: check.bound }),
            approvedBy: approval.actor,
            hash: approval.hash,
          },
        });
        recordIntent(tx, by, distinct(tx, entryIntent(trade, proposal, price, check.size), trade), "first quote");
      },
      next: [watchEntryJob(proposalId)],
    };
  },
};
