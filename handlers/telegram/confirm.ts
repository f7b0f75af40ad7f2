// Commands that close positions or allow new ones require a confirming tap: single use, by the same person, within a
// minute.
import { z } from "zod";
import { tapData } from "../../lib/core/tapData.ts";
import { epochMs, MINUTE_MS } from "../../lib/core/time.ts";
import type { Tx } from "../../queue/types.ts";
import {
  type Act,
  actorOf,
  type BotParts,
  type Effect,
  type OwnerRequest,
  say,
  type Tapped,
  type Typed,
  textsFor,
} from "./actions.ts";

const VALID_MS = MINUTE_MS;

const Stored = z.strictObject({
  command: z.enum(["panic", "close", "resume"]),
  tradeId: z.int().optional(),
});
type Dangerous = z.infer<typeof Stored>;

export const askToConfirm = (parts: BotParts, tx: Tx, typed: Typed, command: Dangerous, question: string): Effect => {
  const { buttons, confirm } = textsFor(parts.config);
  const nowMs = parts.clock.nowMs();
  const token = parts.newToken();
  const { userId } = typed;
  tx.telegram.askToConfirm({ token, command, userId, expiresMs: epochMs(nowMs + VALID_MS) }, nowMs);
  say(tx, typed, nowMs, `${question}\n${confirm.valid}`, {
    buttons: [
      [
        { text: buttons.confirm({ command: `/${command.command}` }), data: tapData("confirm", token) },
        { text: buttons.cancel, data: tapData("cancel", token) },
      ],
    ],
  });
  return { outcome: `asked to confirm ${command.command}` };
};

export const actConfirmation =
  (parts: BotParts, tapped: Tapped, token: string, tap: "confirm" | "cancel"): Act =>
  (tx) => {
    const { notice } = textsFor(parts.config);
    const nowMs = parts.clock.nowMs();
    const found = tx.telegram.confirmation(token);
    if (found === undefined || found.userId !== tapped.userId || nowMs >= found.expiresMs || found.usedMs !== undefined)
      return { outcome: "confirmation is gone", notice: { text: notice.confirmGone, alert: true } };
    tx.telegram.useConfirmation(token, nowMs);
    if (tap === "cancel") return { outcome: "cancelled", notice: { text: notice.cancelled, alert: false } };
    const { command, tradeId } = Stored.parse(found.command);
    const { text } = parts.request({ command, actor: actorOf(tapped), tradeId } satisfies OwnerRequest);
    say(tx, tapped, nowMs, text);
    return { outcome: `confirmed ${command}`, notice: { text: notice.confirmed, alert: false } };
  };
