// The wait and the result of an owner command: what it waits for is reported after some seconds, and its result is
// written once, into its row, the outbox and the audit log.

import type { OwnerCommand, OwnerResult } from "../../db/tables/ownerCommands.ts";
import { symbolsOf } from "../../lib/core/product.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import { plusMs, SECOND_MS } from "../../lib/core/time.ts";
import { accountTopic } from "../../lib/core/wakeTopics.ts";
import type { Tx } from "../../queue/types.ts";
import type { AppCtx, AppOutcome } from "../context.ts";
import type { AppJob } from "../jobs.ts";

const LOOK_AGAIN_MS = SECOND_MS;
/** Poll interval after the first half minute, or while the venue does not respond. */
const LOOK_SELDOM_MS = 5 * SECOND_MS;
/** Not done after this time: the owner is notified why. */
const TELL_AFTER_MS = 10 * SECOND_MS;
/** Not done after this time: the owner is alerted to check the account on the exchange's website. */
const ALARM_AFTER_MS = 30 * SECOND_MS;

/** Not done yet: checks again soon, or at the next account event. */
export const waitOn = (
  ctx: AppCtx,
  command: OwnerCommand,
  left: readonly string[],
  next: readonly AppJob[],
  venueTrouble: boolean,
): AppOutcome => {
  const nowMs = ctx.clock.nowMs();
  const locale = ctx.config.LOCALE;
  const slow = venueTrouble || nowMs - command.requestedMs >= ALARM_AFTER_MS;
  const reason = left.join("; ") || "the venue was not seen";
  const write = (tx: Tx): void => {
    const waitedMs = nowMs - command.requestedMs;
    if (waitedMs >= TELL_AFTER_MS)
      tx.outbox.insert({
        key: `owner:${command.id}:waiting`,
        kind: "answer",
        text: textsOf(locale).owner.notDone({ command: command.command, id: command.id, why: reason }),
        atMs: nowMs,
      });
    if (waitedMs >= ALARM_AFTER_MS)
      tx.alerts.raise(
        composeAlert(
          locale,
          { key: alarmKey(command), severity: "critical", atMs: nowMs, sinceMs: command.requestedMs },
          textsOf(locale).alerts.ownerNotDone({
            command: `/${command.command}`,
            id: command.id,
            seconds: Math.round(waitedMs / SECOND_MS),
            why: reason,
          }),
        ),
      );
  };
  return {
    kind: "snooze",
    untilMs: plusMs(nowMs, slow ? LOOK_SELDOM_MS : LOOK_AGAIN_MS),
    reason,
    wakeOn: symbolsOf(ctx.config.PRODUCT).map(accountTopic),
    write,
    next,
  };
};
const alarmKey = (c: OwnerCommand): string => `owner:${c.id}`;

export interface Result {
  readonly outcome: OwnerResult["outcome"];
  readonly lines: readonly string[];
  /** The venue snapshot, as JSON. */
  readonly seen: unknown;
}

/** Ends the command; `decide` runs in the transaction that writes its result. */
export const finish = (
  ctx: AppCtx,
  command: OwnerCommand,
  decide: (tx: Tx) => Result,
): Extract<AppOutcome, { kind: "done" }> => ({
  kind: "done",
  write: (tx) => {
    if (tx.ownerCommands.byId(command.id)?.result !== undefined) return;
    const { outcome, lines, seen } = decide(tx);
    const atMs = ctx.clock.nowMs();
    const head = textsOf(ctx.config.LOCALE).owner.head({ command: command.command, id: command.id, outcome });
    const text = [head, ...lines].join("\n");
    tx.ownerCommands.finish(command.id, { finishedMs: atMs, outcome, text, seen });
    tx.alerts.resolve(alarmKey(command), atMs);
    tx.outbox.insert({ key: `owner:${command.id}`, kind: "answer", text, atMs });
    const data = { commandId: command.id, seen, text: lines.join("; ") };
    tx.audit.append({
      atMs,
      kind: `owner.${command.command}.${outcome}`,
      actor: ctx.job.name,
      traceId: ctx.job.traceId,
      data,
    });
  },
});
