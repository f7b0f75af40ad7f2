// Executes an owner command (requested in owner/requestCommand.ts) and reports the result as observed at the venue. It
// retries until the result is reached, across restarts and outages, and reports meanwhile what it waits for. Has the
// highest priority of all jobs; no halt stops it.

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
import { cancel, findSentOrder, syncOpenOrders } from "./orders/orderLookup.ts";
import { abandon } from "./orders/sendOrder.ts";
import { adopt } from "./owner/adopt.ts";
import { finish, waitOn } from "./owner/commandResult.ts";
import { resume } from "./owner/resume.ts";
import { answerStop } from "./owner/stopAnswer.ts";
import { seenLines } from "./owner/text.ts";
import { takeSnapshot, type VenueSnapshot } from "./owner/venueSnapshot.ts";
import { manageExits } from "./protection/manageExits.ts";
import { asAlert } from "./protection/venueRetry.ts";
import { missingJobs } from "./reconciliation/missingJobs.ts";
import { settleSymbol } from "./reconciliation/settleSymbol.ts";

const CANCEL_AGAIN_MS = 2 * SECOND_MS;
/** A position may briefly have no stop while the stop is moved; it is reported as unprotected only after this time. */
const UNPROTECTED_AFTER_MS = 10 * SECOND_MS;

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
    if (command.result !== undefined) return { kind: "stop", reason: "it already has its result" };
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
    case "keepStop":
    case "restoreStop":
      return answerStop(ctx, command);
    default:
      return command.command satisfies never;
  }
};

/** One pass: every trade is handled, so that one that fails does not delay the others. */
const carryOut = async (ctx: AppCtx, command: OwnerCommand): Promise<AppOutcome> => {
  const closes = command.command === "panic" || command.command === "close";
  const errors: AppError[] = [];
  const collectError = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (e) {
      if (ctx.signal.aborted) throw e;
      errors.push(toAppError(e));
    }
  };
  const unexplained: string[] = [];
  const next: AppJob[] = [];
  for (const symbol of symbolsOf(ctx.config.PRODUCT)) {
    await collectError(async () => {
      for (const d of await settleSymbol(ctx, symbol)) if (/^(size|coins):/.test(d.key)) unexplained.push(d.text);
    });
  }
  const isAddressed = (trade: Trade): boolean =>
    command.command !== "close" || (command.args.tradeIds ?? []).includes(trade.id);
  for (const trade of ctx.db.trades.alive().filter(isAddressed)) {
    await collectError(() => endEntryOrders(tradeCtx(ctx, trade), command.command));
    if (closes)
      await collectError(async () => {
        const t = readTradeCtx(ctx, trade.id);
        await manageExits(t);
        finishIfFlat(t);
      });
  }
  for (const symbol of symbolsOf(ctx.config.PRODUCT)) next.push(...missingJobs(ctx, symbol));
  let seen: VenueSnapshot | undefined;
  await collectError(async () => {
    seen = await takeSnapshot(ctx);
  });
  const bug = errors.find((e) => e.verdict !== "retry");
  if (bug !== undefined) throw bug;
  const left = pending(ctx, command, seen, errors);
  if (left.length > 0 || seen === undefined) return waitOn(ctx, command, left, next, errors.length > 0);
  const lines = [doneLine(ctx, command), ...seenLines(ctx.config.LOCALE, seen, unexplained)];
  return { ...finish(ctx, command, () => ({ outcome: "done", lines, seen })), next };
};

/** The first line of the reply: the state now. */
const doneLine = (ctx: AppCtx, c: OwnerCommand): string => {
  const t = textsOf(ctx.config.LOCALE).owner;
  if (c.command === "panic") return t.flat;
  if (c.command === "stop") return t.stopped;
  if (c.command === "pause") return t.paused;
  const ids = c.args.tradeIds ?? [];
  if (ids.length === 0) return t.noTrade;
  return ids.map((id) => t.tradeIs({ id, status: ctx.db.trades.byId(id)?.status ?? "" })).join(", ");
};

/**
 * Cancels or abandons every entry order of the trade that is or may be at the venue, without waiting for the entry's
 * job.
 */
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

/** Why the command is not done yet, one text per reason. Empty: the venue confirms what the command promises. */
const pending = (
  ctx: AppCtx,
  command: OwnerCommand,
  seen: VenueSnapshot | undefined,
  errors: readonly AppError[],
): readonly string[] => {
  const left = [...new Set(errors.map((e) => textsOf("en").owner.silent(e)))];
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
  } else if (ctx.clock.nowMs() < command.requestedMs + UNPROTECTED_AFTER_MS)
    for (const p of seen?.positions ?? [])
      if (p.tradeId !== null && p.bare !== "0")
        left.push(`${p.bare} ${p.symbol} of trade ${p.tradeId} is being covered`);
  return left;
};
