// Reads the facts an entry decision needs from the venue and from our book and passes them to the pure rules. The same
// function serves the filter, the check after the approval and the send, so the three checks cannot diverge.

import type { Proposal } from "../../db/tables/proposals.ts";
import { newsGate } from "../../lib/core/events.ts";
import { type Gate, timeGates } from "../../lib/core/gates.ts";
import { type CoinE8, coinE8, toNumber, type YenE8, yenE8 } from "../../lib/core/money.ts";
import type { In } from "../../lib/core/order.ts";
import { isSpot } from "../../lib/core/product.ts";
import { fenceIsBehind } from "../../lib/core/protection.ts";
import { isNoQuote, noQuoteNote, quoteAgeMs } from "../../lib/core/quoteAge.ts";
import { type EntryFacts, reservedFunds, riskGates, type SizeBound } from "../../lib/core/risk.ts";
import type { Note } from "../../lib/core/text/reasonTexts.ts";
import { type EpochMs, jstDayStart, SECOND_MS } from "../../lib/core/time.ts";
import type { SymbolRules } from "../../lib/core/venue.ts";
import type { Reads } from "../../queue/types.ts";
import type { AppCtx } from "../context.ts";
import { bestQuote, spreadBps, symbolRules } from "../market/quotes.ts";
import { watchRights } from "../orders/keyRights.ts";
import { openNotional, syncAccount } from "./account.ts";
import { checkLossLimits, lossFacts } from "./lossLimits.ts";
import { watchVenueClock } from "./venueClock.ts";

/** The important event whose window holds `atMs`, if any. */
export const newsAt = (
  db: Reads,
  atMs: EpochMs,
  windowMinutes: number,
): { blocked: boolean; text: string | undefined } => {
  const verdict = newsGate(db.events.near(atMs), atMs, windowMinutes);
  return { blocked: verdict.blocked, text: verdict.event?.title };
};

/**
 * Gates that depend on time alone: an important event, 06:00 JST, known maintenance. They apply to a resting order too.
 */
export const clockGates = (ctx: AppCtx, atMs: EpochMs): readonly Gate[] => {
  const news = newsAt(ctx.db, atMs, ctx.config.NEWS_WINDOW_MINUTES);
  return [
    { gate: "news", value: news.text ?? null, limit: null, pass: !ctx.config.AVOID_NEWS_TIME || !news.blocked },
    ...timeGates(ctx.config, atMs),
  ];
};

/** All inputs of the risk rules; `exceptProposal` is the proposal being checked (not counted against itself). */
export const entryFacts = async (
  ctx: AppCtx,
  p: {
    readonly symbol: string;
    readonly entry: YenE8;
    readonly stop: YenE8;
    readonly rules: SymbolRules;
    readonly exceptProposal?: string;
    /** The entry's own order: its funds count as available. */
    readonly resting?: { readonly price: YenE8; readonly size: CoinE8 };
  },
): Promise<EntryFacts> => {
  const account = await syncAccount(ctx);
  watchVenueClock(ctx);
  const working = ctx.db.risk.workingNotional(p.exceptProposal);
  const notional = yenE8(working + (await openNotional(ctx)));
  checkLossLimits(ctx, account);
  const now = ctx.clock.nowMs();
  return {
    ...lossFacts(ctx.db, account, now),
    ...bookFacts(ctx.db, { symbol: p.symbol, atMs: now, exceptProposal: p.exceptProposal }),
    symbol: p.symbol,
    available: p.resting
      ? yenE8(account.available + reservedFunds(p.resting.price, p.resting.size, p.rules))
      : account.available,
    openNotional: notional,
    entry: p.entry,
    stop: p.stop,
    rules: p.rules,
  };
};

/**
 * The facts from our own database alone; read again in the transaction that uses them: another job may have changed
 * them.
 */
export const bookFacts = (
  db: Reads,
  p: { readonly symbol: string; readonly atMs: EpochMs; readonly exceptProposal?: string | undefined },
): Pick<EntryFacts, "halts" | "openTradeOnSymbol" | "pendingProposalOnSymbol" | "tradesToday" | "reserved"> => ({
  reserved: db.risk.reserved(p.exceptProposal),
  halts: db.halts.active(p.atMs),
  openTradeOnSymbol: db.risk.hasLiveTrade(p.symbol, p.exceptProposal),
  pendingProposalOnSymbol: db.risk.hasPendingProposal(p.symbol, p.exceptProposal),
  tradesToday: db.risk.tradesSince(jstDayStart(p.atMs), p.exceptProposal),
});

export type Recheck =
  | {
      readonly kind: "ok";
      readonly size: CoinE8;
      /** The limit that the size comes from; undefined: it is the approved one. */
      readonly bound: SizeBound | undefined;
      readonly quote: { readonly bid: YenE8; readonly ask: YenE8 };
      readonly rules: SymbolRules;
    }
  | { readonly kind: "refused"; readonly reason: Note };

const refused = (reason: Note): Recheck => ({ kind: "refused", reason });

/**
 * The check after the approval and again before each send: venue open, price inside the band, spread, news, rollover,
 * risk and halts on fresh data. Market data older than QUOTE_MAX_AGE_SECONDS refuse it. The size never exceeds the
 * approved one. `resting`: the entry's own order, whose funds the venue has set aside already.
 */
export const recheckEntry = async (ctx: AppCtx, proposal: Proposal, resting?: In<"open">): Promise<Recheck> => {
  const maxAgeMs = ctx.config.QUOTE_MAX_AGE_SECONDS * SECOND_MS;
  try {
    return await recheckOnFreshData(ctx, proposal, maxAgeMs, resting);
  } catch (e) {
    if (!isNoQuote(e)) throw e;
    ctx.log.warn({ proposalId: proposal.id, code: e.code, err: e }, "entry.noQuote");
    // Prices that look old or ahead may be a wrong clock: a private reply tells which, and the halt says so.
    await ctx.venue.activeOrders(proposal.symbol, ctx.signal);
    watchVenueClock(ctx);
    return refused(noQuoteNote(e, maxAgeMs));
  }
};

const recheckOnFreshData = async (
  ctx: AppCtx,
  proposal: Proposal,
  maxAgeMs: number,
  resting: In<"open"> | undefined,
): Promise<Recheck> => {
  const status = await ctx.venue.status(ctx.signal);
  if (status !== "OPEN") return refused({ key: "venueNotOpen", with: { status } });
  await watchRights(ctx);
  const now = ctx.clock.nowMs();
  if (now >= proposal.validUntilMs) return refused({ key: "proposalOver" });
  const rules = await symbolRules(ctx, proposal.symbol);
  const book = await ctx.venue.orderBook(proposal.symbol, ctx.signal);
  const asOfMs = book.asOfMs ?? ctx.clock.nowMs();
  const quote = bestQuote(book);
  const price = proposal.direction === "long" ? quote.bid : quote.ask;
  if (price < proposal.bandLow || price > proposal.bandHigh)
    return refused({
      key: "outsideBand",
      with: { price: toNumber(price), low: toNumber(proposal.bandLow), high: toNumber(proposal.bandHigh) },
    });
  // A tight stop may lie inside the band: an entry beyond the stop would be closed again at once.
  if (proposal.direction === "long" ? price <= proposal.stop : price >= proposal.stop)
    return refused({ key: "beyondStop", with: { price: toNumber(price), stop: toNumber(proposal.stop) } });
  if (!isSpot(proposal.symbol) && !fenceIsBehind(price, proposal.stop))
    return refused({ key: "stopTooFar", with: { price: toNumber(price), stop: toNumber(proposal.stop) } });
  const spread = spreadBps(quote.bid, quote.ask);
  const gates: Gate[] = [
    { gate: "spread", value: spread, limit: ctx.config.MAX_SPREAD_BPS, pass: spread <= ctx.config.MAX_SPREAD_BPS },
    ...clockGates(ctx, now),
  ];
  const facts = await entryFacts(ctx, {
    symbol: proposal.symbol,
    entry: resting?.intent.price ?? price,
    stop: proposal.stop,
    rules,
    exceptProposal: proposal.id,
    ...(resting?.intent.price === undefined
      ? {}
      : { resting: { price: resting.intent.price, size: coinE8(resting.intent.size - resting.executed) } }),
  });
  const risk = riskGates(ctx.config, facts);
  const failed = [...gates, ...risk.gates].filter((gate) => !gate.pass);
  if (failed.length > 0) return refused({ key: "gates", with: { failed } });
  if (risk.sizing.kind !== "ok") return refused({ key: "noSize" });
  // The account was read meanwhile, which may have taken its time.
  const ageMs = quoteAgeMs(asOfMs, ctx.clock.nowMs());
  if (ageMs > maxAgeMs) return refused({ key: "quoteOld", with: { ageMs, maxAgeMs } });
  const { size, bound } = risk.sizing;
  return size < proposal.size
    ? { kind: "ok", size, bound, quote, rules }
    : { kind: "ok", size: proposal.size, bound: undefined, quote, rules };
};
