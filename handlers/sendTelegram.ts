// Delivers the outbox: alerts first, then in order, one message at a time. Each job belongs to one message and sends
// more urgent ones first. The row is marked `sending` before the request: after a crash or without a response the
// message may have arrived. Telegram has no idempotency key, so it is sent again, marked as such, or dropped
// (docs/telegram.md, "Lost or doubled").

import type { OutboxMessage } from "../db/tables/outbox.ts";
import { textsOf } from "../lib/core/text/catalogue.ts";
import { type EpochMs, epochMs, plusMs } from "../lib/core/time.ts";
import type { Tx } from "../queue/types.ts";
import type { AppCtx, AppHandler, AppOutcome, DeliveredAt, Delivery, ScriptedAnswer } from "./context.ts";
import { answerByScriptJob, JOB_INPUTS } from "./jobs.ts";
import { floodAt } from "./telegram/alertDigest.ts";
import { STALE_MESSAGE_MS } from "./telegram/enqueueDeliveries.ts";
import { mustWait, pauseMs } from "./telegram/messenger.ts";
import { proposalCard, SHOWN_OPEN } from "./telegram/proposalCard.ts";

export const sendTelegram: AppHandler<"sendTelegram"> = {
  name: "sendTelegram",
  input: JOB_INPUTS.sendTelegram,
  maxAttempts: 20,
  timeoutMs: 60_000,
  risk: "neutral",
  backoff: { baseMs: 1_000, capMs: 60_000 },
  serialKey: () => "outbox",
  // Telegram: about one message a second to one chat, short bursts allowed (Bots FAQ).
  rate: { limit: 20, perMs: 20_000 },
  async run({ outboxId }, ctx): Promise<AppOutcome> {
    const nowMs = ctx.clock.nowMs();
    const own = ctx.db.outbox.byId(outboxId);
    if (!own || own.state === "sent" || own.state === "dropped") return { kind: "stop", reason: "nothing to deliver" };
    const { sendAfterMs } = ctx.db.telegram.state();
    if (mustWait(sendAfterMs, nowMs)) return { kind: "snooze", untilMs: sendAfterMs, reason: "waiting to send again" };
    const message = ctx.db.outbox.next(plusMs(nowMs, -STALE_MESSAGE_MS), floodAt(nowMs));
    if (!message) return doneOrAgain(nowMs, own, own, (tx) => tx.outbox.markDropped(own.id, "older than a week"));
    const unwanted = whyNotSend(ctx, message, nowMs);
    if (unwanted !== undefined)
      return doneOrAgain(nowMs, own, message, (tx) => giveUp(tx, ctx, message, unwanted, nowMs));

    const again = message.state === "sending";
    ctx.commit((tx) => tx.outbox.markSending(message.id));
    const result = await ctx.messenger.deliver({ ...message, ...fresh(ctx, message, nowMs), again }, ctx.signal);
    switch (result.kind) {
      case "delivered": {
        const { at, answer } = result;
        const outcome = doneOrAgain(nowMs, own, message, (tx) => delivered(tx, ctx, message, at));
        return answer && message.proposalId ? withAnswer(outcome, message.proposalId, answer, nowMs) : outcome;
      }
      case "later":
        return later(ctx, message, result);
      case "refused":
        return doneOrAgain(nowMs, own, message, (tx) => refused(tx, ctx, message, result.reason));
      default:
        return result satisfies never;
    }
  },
};

/** Done when the job's own message is done; otherwise the job runs again at once. */
const doneOrAgain = (
  nowMs: EpochMs,
  own: OutboxMessage,
  message: OutboxMessage,
  write: (tx: Tx) => void,
): AppOutcome =>
  own.id === message.id
    ? { kind: "done", write }
    : { kind: "snooze", untilMs: nowMs, reason: "a more urgent message went first", write };

/** Why a waiting message must not be sent any more; undefined: send it. */
const whyNotSend = (ctx: AppCtx, message: OutboxMessage, nowMs: EpochMs): string | undefined => {
  if (ctx.db.telegram.state().muted.includes(message.kind)) return "muted";
  // Its content is also in the edited message or in /status: a missing note is better than a duplicate.
  if (message.kind === "info" && message.state === "sending") return "no answer when it was sent: it may have arrived";
  if (message.kind !== "proposal" || message.proposalId === undefined) return undefined;
  const proposal = ctx.db.proposals.byId(message.proposalId);
  if (!proposal) return undefined;
  // Never send buttons that have no effect: another message reports what became of the proposal.
  if (proposal.state !== "pending") return `it is already ${proposal.state}`;
  return nowMs >= proposal.validUntilMs ? "its time was over before it could be sent" : undefined;
};

/** A proposal gets the buttons of its current state. */
const fresh = (ctx: AppCtx, message: OutboxMessage, nowMs: EpochMs): Pick<OutboxMessage, "text" | "buttons"> => {
  const { text, buttons } = message;
  const proposal = message.proposalId === undefined ? undefined : ctx.db.proposals.byId(message.proposalId);
  if (message.kind !== "proposal" || !proposal || message.key.endsWith("#photo")) return { text, buttons };
  return { text, buttons: proposalCard(ctx, proposal, nowMs).buttons };
};

const delivered = (tx: Tx, ctx: AppCtx, message: OutboxMessage, at: DeliveredAt | undefined): void => {
  const nowMs = ctx.clock.nowMs();
  tx.outbox.markSent(message.id, nowMs, at);
  tx.telegram.sendWorks();
  if (at === undefined || message.kind !== "proposal" || message.proposalId === undefined) return;
  if (message.key.endsWith("#photo")) return;
  tx.telegram.addMessage({ ...at, proposalId: message.proposalId, shown: SHOWN_OPEN }, nowMs);
};

/** Telegram will never accept the message: the owner must be alerted that it was not delivered. */
const refused = (tx: Tx, ctx: AppCtx, message: OutboxMessage, why: string): void => {
  const atMs = ctx.clock.nowMs();
  giveUp(tx, ctx, message, why, atMs);
  ctx.log.error({ outboxId: message.id, key: message.key, why }, "telegram.messageRefused");
  if (message.kind === "alert") return; // An alert about an alert would be refused in the same way.
  const text = textsOf(ctx.config.LOCALE).command.undeliverable({ key: message.key, why });
  tx.outbox.insert({ key: `undeliverable:${message.id}`, kind: "alert", text, atMs });
};

const giveUp = (tx: Tx, ctx: AppCtx, message: OutboxMessage, why: string, atMs: EpochMs): void => {
  tx.outbox.markDropped(message.id, why);
  const data = { outboxId: message.id, key: message.key, kind: message.kind, why };
  tx.audit.append({ atMs, kind: "message.dropped", actor: "sendTelegram", traceId: ctx.job.traceId, data });
};

/** Waits as long as the other side asked, or with growing pauses while the failure lasts. */
const later = (ctx: AppCtx, message: OutboxMessage, result: Extract<Delivery, { kind: "later" }>): AppOutcome => {
  const nowMs = ctx.clock.nowMs();
  const waitMs = result.waitMs ?? pauseMs(ctx.db.telegram.state().sendTrouble?.sinceMs, nowMs);
  const untilMs = epochMs(nowMs + waitMs);
  ctx.log.warn({ outboxId: message.id, arrived: result.arrived, reason: result.reason, untilMs }, "telegram.sendLater");
  return {
    kind: "snooze",
    untilMs,
    reason: result.reason,
    write: (tx) => {
      if (result.arrived === "maybe") tx.outbox.markDoubtful(message.id, result.reason);
      else if (message.state !== "sending") tx.outbox.markWaiting(message.id, result.reason);
      if (result.trouble) tx.telegram.sendTrouble(result.reason, nowMs, untilMs);
      else tx.telegram.sendAfter(untilMs);
    },
  };
};

const withAnswer = (outcome: AppOutcome, proposalId: string, answer: ScriptedAnswer, nowMs: EpochMs): AppOutcome => ({
  ...outcome,
  next: [answerByScriptJob(proposalId, answer.decision, epochMs(nowMs + answer.afterMs))],
});
