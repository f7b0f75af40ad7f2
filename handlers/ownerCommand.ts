// Carries out what the owner asked for (request.ts) and answers with what it saw at the venue. It tries on until that is
// true, over restarts and outages, and says meanwhile what it waits for. First among all jobs, never stopped by a halt.

import type { OwnerCommand } from "../db/tables/ownerCommands.ts";
import type { Trade } from "../db/tables/trades.ts";
import { AppError, toAppError } from "../lib/core/errors.ts";
import { formatE8 } from "../lib/core/money.ts";
import { isLive } from "../lib/core/order.ts";
import { symbolsOf } from "../lib/core/product.ts";
import { textsOf } from "../lib/core/text/catalogue.ts";
import { SECOND_MS } from "../lib/core/time.ts";
import { readTradeCtx, type TradeCtx, tradeCtx } from "./book/tradeCtx.ts";
import { finishIfFlat } from "./book/tradeEnd.ts";
import type { AppCtx, AppHandler, AppOutcome } from "./context.ts";
import { type AppJob, JOB_INPUTS } from "./jobs.ts";
import { cancel, findSentOrder, syncOpenOrders } from "./orders/lookup.ts";
import { abandon } from "./orders/sendOrder.ts";
import { adopt } from "./owner/adopt.ts";
import { finish, waitOn } from "./owner/commandResult.ts";
import { resume } from "./owner/resume.ts";
import { seenLines } from "./owner/text.ts";
import { takeSnapshot, type VenueSnapshot } from "./owner/venueSnapshot.ts";
import { manageExits } from "./protection/manageExits.ts";
import { asAlert } from "./protection/venueRetry.ts";
import { missingJobs } from "./reconciliation/missingJobs.ts";
import { settleSymbol } from "./reconciliation/settleSymbol.ts";

const CANCEL_AGAIN_MS = 2 * SECOND_MS;
/** A position may be without its stop for the moment of moving it: only then it is told as bare. */
const BARE_PATIENCE_MS = 10 * SECOND_MS;

export const ownerCommand: AppHandler<"ownerCommand"> = {
  name: "ownerCommand",
  input: JOB_INPUTS.ownerCommand,
  maxAttempts: 100_000,
  timeoutMs: 120_000,
  risk: "reducing",
  priority: 120,
  backoff: { baseMs: 1_000, capMs: 10_000 },
  async run({ commandId }, ctx): Promise<AppOutcome> {
    const command = ctx.db.ownerCommands.byId(commandId);
    if (command === undefined)
      throw new AppError("permanent", "COMMAND_MISSING", `expected owner command ${commandId}, found none`);
    if (command.result !== undefined) return { kind: "stop", reason: "it has its result already" };
    try {
      return await act(ctx, command);
    } catch (e) {
      throw asAlert(e);
    }
  },
};

const act = async (ctx: AppCtx, command: OwnerCommand): Promise<AppOutcome> => {
  switch (command.command) {
    case "pause":
    case "stop":
    case "panic":
    case "close":
      return carryOut(ctx, command);
    case "resume":
      return resume(ctx, command);
    case "rejectAll": {
      const rejected = command.args.rejected ?? [];
      const t = textsOf(ctx.config.LOCALE).owner;
      const text = rejected.length === 0 ? t.noProposal : t.rejected({ ids: rejected });
      return finish(ctx, command, () => ({ outcome: "done", lines: [text], seen: null }));
    }
    case "adopt":
      return adopt(ctx, command);
    default:
      return command.command satisfies never;
  }
};

/** One look: everything is tried for every trade, so that one that fails does not keep the others waiting. */
const carryOut = async (ctx: AppCtx, command: OwnerCommand): Promise<AppOutcome> => {
  const closes = command.command === "panic" || command.command === "close";
  const troubles: AppError[] = [];
  const tryOn = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (e) {
      if (ctx.signal.aborted) throw e;
      troubles.push(toAppError(e));
    }
  };
  const unexplained: string[] = [];
  const next: AppJob[] = [];
  for (const symbol of symbolsOf(ctx.config.PRODUCT)) {
    await tryOn(async () => {
      for (const d of await settleSymbol(ctx, symbol)) if (/^(size|coins):/.test(d.key)) unexplained.push(d.text);
    });
  }
  const asked = (trade: Trade): boolean =>
    command.command !== "close" || (command.args.tradeIds ?? []).includes(trade.id);
  for (const trade of ctx.db.trades.alive().filter(asked)) {
    await tryOn(() => endEntryOrders(tradeCtx(ctx, trade), command.command));
    if (closes)
      await tryOn(async () => {
        const t = readTradeCtx(ctx, trade.id);
        await manageExits(t);
        finishIfFlat(t);
      });
  }
  for (const symbol of symbolsOf(ctx.config.PRODUCT)) next.push(...missingJobs(ctx, symbol));
  let seen: VenueSnapshot | undefined;
  await tryOn(async () => {
    seen = await takeSnapshot(ctx);
  });
  const bug = troubles.find((t) => t.verdict !== "retry");
  if (bug !== undefined) throw bug;
  const left = pending(ctx, command, seen, troubles);
  if (left.length > 0 || seen === undefined) return waitOn(ctx, command, left, next, troubles.length > 0);
  const lines = [doneLine(ctx, command), ...seenLines(ctx.config.LOCALE, seen, unexplained)];
  return { ...finish(ctx, command, () => ({ outcome: "done", lines, seen })), next };
};

/** The first line of the answer: what is so now. */
const doneLine = (ctx: AppCtx, c: OwnerCommand): string => {
  const t = textsOf(ctx.config.LOCALE).owner;
  if (c.command === "panic") return t.flat;
  if (c.command === "stop") return t.stopped;
  if (c.command === "pause") return t.paused;
  const ids = c.args.tradeIds ?? [];
  if (ids.length === 0) return t.noTrade;
  return ids.map((id) => t.tradeIs({ id, status: ctx.db.trades.byId(id)?.status ?? "" })).join(", ");
};

/** Ends what of the trade's entry is or may be at the venue, without waiting for its own job. */
const endEntryOrders = async (t: TradeCtx, why: string): Promise<void> => {
  for (const order of t.orders()) {
    if (order.intent.purpose !== "entry" || !isLive(order)) continue;
    if (order.state === "intended") abandon(t, order, why);
    else if (order.state !== "open") await findSentOrder(t, order);
    else if (order.cancelAskedMs !== undefined && t.ctx.clock.nowMs() < order.cancelAskedMs + CANCEL_AGAIN_MS)
      await syncOpenOrders(t, [order]);
    else await cancel(t, order, why);
  }
};

/** Why the command is not done yet, in words. Empty: what it promises was seen at the venue. */
const pending = (
  ctx: AppCtx,
  command: OwnerCommand,
  seen: VenueSnapshot | undefined,
  troubles: readonly AppError[],
): readonly string[] => {
  const left = [...new Set(troubles.map((t) => textsOf("en").owner.silent(t)))];
  const only = command.command === "close" ? new Set(command.args.tradeIds ?? []) : undefined;
  for (const order of ctx.db.orders.allLive())
    if (order.intent.purpose === "entry" && (only === undefined || only.has(order.intent.tradeId)))
      left.push(`entry order ${order.id} of ${order.intent.symbol} is ${order.state}`);
  if (only === undefined)
    for (const order of seen?.entries ?? [])
      if (order.ours) left.push(`the venue still shows entry order ${order.orderId} of ${order.symbol}`);
  const closes = command.command === "panic" || only !== undefined;
  if (closes) {
    for (const trade of ctx.db.trades.alive())
      if (only === undefined || only.has(trade.id)) {
        const open = ctx.db.positions.ofTrade(trade.id).reduce((sum, p) => sum + p.open, 0n);
        left.push(`trade ${trade.id}: ${open === 0n ? "being ended" : `${formatE8(open)} ${trade.symbol} still open`}`);
      }
    for (const p of seen?.positions ?? [])
      if (p.tradeId !== null && (only === undefined || only.has(p.tradeId)))
        left.push(`the venue still holds ${p.size} ${p.symbol} of position ${p.positionId}`);
  } else if (ctx.clock.nowMs() < command.requestedMs + BARE_PATIENCE_MS)
    for (const p of seen?.positions ?? [])
      if (p.tradeId !== null && p.bare !== "0")
        left.push(`${p.bare} ${p.symbol} of trade ${p.tradeId} is being covered`);
  return left;
};
