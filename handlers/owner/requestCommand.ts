// The only entry point of the owner commands pause, stop, panic, resume, close, reject-all, adopt, keep-stop and
// restore-stop, for the CLI and Telegram. One transaction writes the command's row, its audit event, the halt and other durable changes, and the job
// that executes and verifies the command at the venue. The durable part takes effect at once and without a worker: a
// halt stops every claim.

import { raiseHalt } from "../../db/halts.ts";
import type { OwnerCommandName } from "../../db/tables/ownerCommands.ts";
import { AppError } from "../../lib/core/errors.ts";
import type { CloseHow } from "../../lib/core/exitFacts.ts";
import { type HaltKind, PANIC, PAUSE, STOP } from "../../lib/core/haltKinds.ts";
import { toNumber } from "../../lib/core/money.ts";
import { ALL_SYMBOLS } from "../../lib/core/product.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import type { Asked } from "../../lib/core/text/ownerTexts.ts";
import { type EpochMs, jstText } from "../../lib/core/time.ts";
import { accountTopic } from "../../lib/core/wakeTopics.ts";
import type { Tx } from "../../queue/types.ts";
import { answerQuestion } from "../book/stopQuestions.ts";
import type { CommandCtx } from "../context.ts";
import { ownerCommandJob, parkedApproval } from "../jobs.ts";
import { endProposal } from "../proposals/endProposal.ts";

export interface OwnerRequest {
  readonly command: OwnerCommandName;
  /** "cli" or "telegram:<id>". */
  readonly actor: string;
  /** close: this trade; without it all of them. keepStop, restoreStop: the moved stops of this trade. */
  readonly tradeId?: number | undefined;
  /** adopt. */
  readonly positionId?: string | undefined;
  /** keepStop, restoreStop: this moved stop alone (`stop_questions`). */
  readonly questionId?: number | undefined;
  readonly reason?: string | undefined;
}
export interface Requested {
  readonly commandId: number;
  /** The job that executes the command; when it is done, the result is in `owner_commands` and in the outbox. */
  readonly jobId: number;
  /** The state after the request, for the person who requested it, in English. */
  readonly text: string;
  /** The same as facts: `textsOf(locale).owner.asked(asked)` says it in another language. */
  readonly asked: Asked;
}

/**
 * Durable when it returns. A repeated request changes nothing and is verified again. `resume` clears nothing here: its job
 * does, once venue and book agree.
 * Throws AppError permanent TRADE_MISSING, TRADE_ENDED, POSITION_MISSING, STOP_ANSWERED; nothing was changed then.
 */
export const requestCommand = (desk: CommandCtx, request: OwnerRequest): Requested => {
  const { db, store, clock } = desk;
  return db.transaction((tx) => {
    const r: Request = { ...request, tx, desk, atMs: clock.nowMs() };
    const { command, actor, reason } = request;
    const asked: Asked = { command, ...act(r) };
    const { rejected, tradeIds, positionId } = asked;
    const args = {
      ...(rejected.length === 0 ? {} : { rejected: [...rejected] }),
      ...(TRADE_COMMANDS.has(command) ? { tradeIds: [...tradeIds] } : {}),
      ...(positionId === undefined ? {} : { positionId }),
      ...(reason === undefined ? {} : { reason }),
    };
    const commandId = tx.ownerCommands.insert({ command, actor, args, requestedMs: r.atMs });
    const traceId = `owner:${commandId}`;
    tx.audit.append({ atMs: r.atMs, kind: `owner.${command}`, actor, traceId, data: { commandId, ...args } });
    const { id: jobId } = store.enqueueIn(tx, ownerCommandJob(commandId, traceId));
    // Wake the jobs that manage an entry or watch a position, so that they act now and not at their next poll.
    for (const symbol of ALL_SYMBOLS) store.wake(accountTopic(symbol));
    return { commandId, jobId, text: textsOf("en").owner.asked(asked), asked };
  });
};

/** Their row names the trades they are about. */
const TRADE_COMMANDS: ReadonlySet<OwnerCommandName> = new Set(["panic", "close", "keepStop", "restoreStop"]);

interface Request extends OwnerRequest {
  readonly tx: Tx;
  readonly desk: CommandCtx;
  readonly atMs: EpochMs;
}
/** Writes the durable part and returns what it did. */
const act = (r: Request): Omit<Asked, "command"> => {
  const none = { since: undefined, rejected: [], tradeIds: [], positionId: undefined };
  switch (r.command) {
    case "pause":
      return { ...none, since: raise(r, PAUSE, "paused") };
    case "stop":
      return { ...none, since: raise(r, STOP, "stopped"), rejected: endAnswers(r) };
    case "panic":
      return {
        ...none,
        since: raise(r, PANIC, "PANIC"),
        rejected: endAnswers(r),
        tradeIds: closeTrades(r, "market", undefined),
      };
    case "close":
      return { ...none, tradeIds: closeTrades(r, "makerFirst", r.tradeId) };
    case "rejectAll":
      return { ...none, rejected: rejectPending(r, "human") };
    case "resume":
      return none;
    case "adopt":
      if (r.positionId === undefined || !/^\d{1,20}$/.test(r.positionId))
        throw new AppError(
          "permanent",
          "POSITION_MISSING",
          `expected the id of a position at the exchange, found ${JSON.stringify(r.positionId ?? "")}; nothing was changed`,
        );
      return { ...none, positionId: r.positionId };
    case "keepStop":
      return { ...none, ...answerStops(r, "keep") };
    case "restoreStop":
      return { ...none, ...answerStops(r, "restore") };
    default:
      return r.command satisfies never;
  }
};

/** Answers the moved stops that are asked about; the stops the trade has from now on. */
const answerStops = (
  { tx, actor, atMs, tradeId, questionId }: Request,
  answer: "keep" | "restore",
): Pick<Asked, "tradeIds" | "stopYen"> => {
  if (tradeId !== undefined && tx.trades.byId(tradeId) === undefined) throw notAlive(tx, tradeId);
  const questions = tx.stopQuestions
    .open()
    .filter(
      (q) => (tradeId === undefined || q.tradeId === tradeId) && (questionId === undefined || q.id === questionId),
    );
  if (questions.length === 0)
    throw new AppError(
      "permanent",
      "STOP_ANSWERED",
      `expected ${tradeId === undefined ? "a moved stop" : `trade ${tradeId} to have a moved stop`} that waits for an answer, found none; trader halts and trader alerts list them; nothing was changed`,
    );
  for (const q of questions) {
    const traceId = tx.trades.byId(q.tradeId)?.traceId;
    answerQuestion(tx, q, answer, { atMs, actor, traceId });
  }
  return {
    tradeIds: [...new Set(questions.map((q) => q.tradeId))],
    stopYen: questions.map((q) => toNumber(answer === "keep" ? q.theirs : q.ours)),
  };
};

/** Raises an owner halt. Returns the JST time since which it was active already; undefined when it is new. */
const raise = ({ tx, actor, atMs, reason }: Request, kind: HaltKind, word: string): string | undefined => {
  const text = `${word} by ${actor}${reason === undefined ? "" : `: ${reason}`}`;
  if (raiseHalt(tx, { kind, reason: text, by: { atMs, actor }, alert: undefined })) return undefined;
  return jstText(tx.halts.active(atMs).find((h) => h.kind === kind)?.raisedMs ?? atMs);
};

/**
 * No proposal made so far can lead to an entry any more: pending ones are rejected, approved ones are no longer valid.
 */
const endAnswers = (r: Request): string[] => {
  const rejected = rejectPending(r, "system");
  r.tx.proposals.endValidity(r.atMs);
  for (const job of r.tx.jobs.unfinishedAdding()) r.desk.store.cancel(job.id, r.actor);
  return rejected;
};

const rejectPending = ({ tx, desk, actor, atMs, command }: Request, decidedBy: "human" | "system"): string[] =>
  tx.proposals.pending().map((p) => {
    // When the job is not parked (yet, or any more), the proposal's state stops it.
    desk.store.resolveParked(parkedApproval(p.id));
    endProposal(tx, p, "rejected", { decidedBy, actor, atMs }, { hash: p.hash, by: decidedBy, command });
    return p.id;
  });

const closeTrades = ({ tx, actor, atMs }: Request, how: CloseHow, tradeId: number | undefined): number[] => {
  const alive = tx.trades.alive();
  if (tradeId !== undefined && !alive.some((t) => t.id === tradeId)) throw notAlive(tx, tradeId);
  const trades = alive.filter((t) => tradeId === undefined || t.id === tradeId);
  for (const trade of trades) {
    tx.trades.askClose(trade.id, how);
    const data = { tradeId: trade.id, symbol: trade.symbol, how };
    tx.audit.append({ atMs, kind: "trade.closeAsked", actor, traceId: trade.traceId, data });
  }
  return trades.map((t) => t.id);
};
const notAlive = (tx: Tx, tradeId: number): AppError => {
  const trade = tx.trades.byId(tradeId);
  return trade === undefined
    ? new AppError(
        "permanent",
        "TRADE_MISSING",
        `expected the id of a trade, found ${tradeId}; trader trades lists them`,
      )
    : new AppError(
        "permanent",
        "TRADE_ENDED",
        `expected an open trade, found trade ${tradeId} ${trade.status} already; nothing was changed`,
        { tradeId, status: trade.status },
      );
};
