// Takes an externally opened position into the book, by command only: it becomes a trade with a stop, two targets and a
// time stop, all computed from now, because the plan it was opened with is unknown. Refused, and left unchanged, when
// it cannot be booked exactly (its executions), protected (external closing orders reserve it), or kept within the risk
// limit.

import type { OwnerCommand } from "../../db/tables/ownerCommands.ts";
import type { Proposal } from "../../db/tables/proposals.ts";
import { E8, floorDiv, minBig, ratioOfYenDown, toNumber, yenE8 } from "../../lib/core/money.ts";
import { isSpot, symbolsOf } from "../../lib/core/product.ts";
import { stopOnTick } from "../../lib/core/protection.ts";
import { capitalOf } from "../../lib/core/risk.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import type { NotAdoptable } from "../../lib/core/text/ownerTexts.ts";
import { type EpochMs, HOUR_MS, jstText, MINUTE_MS } from "../../lib/core/time.ts";
import { pricesAround } from "../../lib/core/tradePlan.ts";
import type { Direction, Execution, Position, SymbolRules } from "../../lib/core/venue.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import { auditCtx, bookAdopted, timeStopAt } from "../book/booking.ts";
import type { AppCtx, AppOutcome } from "../context.ts";
import { protectJob } from "../jobs.ts";
import { symbolRules } from "../market/quotes.ts";
import { endProposal } from "../proposals/endProposal.ts";
import { forAdopted } from "../proposals/makeProposal.ts";
import { syncAccount } from "../risk/account.ts";
import { finish, type Result } from "./commandResult.ts";

/** An older request is refused: the owner may have closed the position since, or the market may have moved away. */
const LIFE_MS = 5 * MINUTE_MS;
/** The ATR of an older bar says little about the current market. */
const ATR_LIFE_MS = HOUR_MS + 15 * MINUTE_MS;
/** Smallest distance of the stop as a part of the price: a nearer one would be hit by noise at once. */
const NEAREST_STOP = 1_000n; // 1 / 1,000

interface Plan {
  readonly position: Position;
  readonly openings: readonly Execution[];
  readonly proposal: Proposal;
  readonly rules: SymbolRules;
  readonly timeStopMs: EpochMs;
}

export const adopt = async (ctx: AppCtx, command: OwnerCommand): Promise<AppOutcome> => {
  const plan =
    ctx.clock.nowMs() > command.requestedMs + LIFE_MS ? "tooOld" : await planFor(ctx, command.args.positionId ?? "");
  return finish(ctx, command, (tx) => {
    const { owner: t } = textsOf(ctx.config.LOCALE);
    const refused = (why: NotAdoptable): Result => ({
      outcome: "refused",
      lines: [t.nothingChanged({ why: t.notAdoptable({ why }) })],
      seen: null,
    });
    if (typeof plan === "string") return refused(plan);
    const late = whyNot(tx, plan.position);
    return late === undefined ? take(tx, ctx, command, plan) : refused(late);
  });
};

/** The checks that need our own database alone; repeated in the transaction. */
const whyNot = (db: Pick<Reads, "positions" | "trades">, p: Position): NotAdoptable | undefined => {
  if (db.positions.byId(p.positionId) !== undefined) return "ours";
  return db.trades.alive().some((trade) => trade.symbol === p.symbol) ? "tradeOpen" : undefined;
};

const planFor = async (ctx: AppCtx, positionId: string): Promise<Plan | NotAdoptable> => {
  const position = await find(ctx, positionId);
  if (position === undefined) return "missing";
  const { symbol, side, size } = position;
  const not = whyNot(ctx.db, position);
  if (not !== undefined) return not;
  if (position.orderedSize > 0n) return "ordersRest";
  const openings = (await ctx.venue.latestExecutions(symbol, ctx.signal)).filter(
    (e) => e.positionId === positionId && e.settleType === "OPEN",
  );
  if (openings.reduce((sum, e) => sum + e.size, 0n) !== size) return "notWhole";
  const nowMs = ctx.clock.nowMs();
  const signal = ctx.db.signals.newest(20).find((s) => s.symbol === symbol);
  if (signal === undefined || nowMs - signal.barOpenMs > ATR_LIFE_MS) return "noAtr";
  const rules = await symbolRules(ctx, symbol);
  const { bid, ask } = await ctx.venue.ticker(symbol, ctx.signal);
  const direction: Direction = side === "BUY" ? "long" : "short";
  const price = direction === "long" ? bid : ask;
  const { equity } = await syncAccount(ctx);
  const planned = pricesAround(ctx.config, { direction, entry: price, atr: signal.atr, tick: rules.tick });
  // 2 x ATR from the current price, nearer where the loss would exceed the risk limit of one trade.
  const affordable = floorDiv(ratioOfYenDown(capitalOf(ctx.config, equity), ctx.config.MAX_RISK_PER_TRADE) * E8, size);
  const distance = minBig<bigint>(direction === "long" ? price - planned.stop : planned.stop - price, affordable);
  if (distance * NEAREST_STOP < price) return "tooLarge";
  const stop = stopOnTick(direction, yenE8(direction === "long" ? price - distance : price + distance), rules.tick);
  const prices = { ...planned, entry: position.price, stop };
  const timeStopMs = timeStopAt(nowMs, ctx.config.TIME_STOP_HOURS);
  // The book keeps a trade's plan in its proposal.
  const proposal = forAdopted({ ...position, direction }, prices, { signal, equity, price, nowMs });
  return { position, openings, proposal, rules, timeStopMs };
};

const find = async (ctx: AppCtx, positionId: string): Promise<Position | undefined> => {
  for (const symbol of symbolsOf(ctx.config.PRODUCT)) {
    if (isSpot(symbol)) continue; // Coins that no trade of ours bought belong to the owner.
    const held = await ctx.venue.openPositions(symbol, ctx.signal);
    const position = held.find((p) => p.positionId === positionId);
    if (position !== undefined) return position;
  }
  return undefined;
};

const take = (tx: Tx, ctx: AppCtx, command: OwnerCommand, plan: Plan): Result => {
  const { proposal, position, rules, timeStopMs } = plan;
  const atMs = ctx.clock.nowMs();
  tx.proposals.insert(proposal);
  endProposal(tx, proposal, "adopted", { decidedBy: "human", actor: command.actor, atMs });
  const tradeId = tx.trades.insert({ proposal, entry: position.price, size: position.size, rules, atMs });
  tx.trades.endEntry(tradeId, atMs);
  const trade = tx.trades.byId(tradeId);
  if (trade === undefined) throw new Error(`trade ${tradeId} just written is missing`);
  bookAdopted(tx, { ...auditCtx(ctx, trade), actor: command.actor }, plan.openings, timeStopMs);
  const protect = protectJob(position.positionId, proposal.id);
  ctx.desk.store.enqueueIn(tx, { ...protect, traceId: proposal.traceId }, ctx.job);
  const { owner: t } = textsOf(ctx.config.LOCALE);
  return {
    outcome: "done",
    lines: [
      t.adopted({
        positionId: position.positionId,
        tradeId,
        stopYen: toNumber(proposal.stop),
        tp1Yen: toNumber(proposal.tp1),
        tp2Yen: toNumber(proposal.tp2),
        timeStop: jstText(timeStopMs),
      }),
    ],
    seen: null,
  };
};
