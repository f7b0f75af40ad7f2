// Delivers the outbox in order, one message per job. The row is marked `sending` before the delivery: after a crash in
// between, the message may have arrived, and it is delivered again marked as a repeat rather than lost.
import { z } from "zod";
import { epochMs } from "../lib/core/time.ts";
import type { Outcome } from "../queue/types.ts";
import type { AppHandler } from "./services.ts";

const Input = z.strictObject({ outboxId: z.int() });
type Input = z.infer<typeof Input>;

export const sendTelegram: AppHandler<Input> = {
  name: "sendTelegram",
  input: Input,
  maxAttempts: 20,
  timeoutMs: 20_000,
  risk: "neutral",
  backoff: { baseMs: 1_000, capMs: 60_000 },
  serialKey: () => "outbox",
  // Telegram: about one message a second to one chat, short bursts allowed (Bots FAQ).
  rate: { limit: 20, perMs: 20_000 },
  async run({ outboxId }, ctx): Promise<Outcome> {
    const message = ctx.db.outbox.byId(outboxId);
    if (!message || message.state === "sent") return { kind: "stop", reason: "nothing to deliver" };
    const repeat = message.state === "sending";
    if (!repeat) ctx.commit((tx) => tx.outbox.markSending(outboxId));
    const { answer } = await ctx.messenger.deliver(
      repeat ? { ...message, text: `(repeated) ${message.text}` } : message,
      ctx.signal,
    );
    const nowMs = ctx.clock.nowMs();
    const { proposalId } = message;
    return {
      kind: "done",
      write: (tx) => tx.outbox.markSent(outboxId, nowMs),
      next:
        answer && proposalId
          ? [
              {
                name: "answerByScript",
                key: `answer:${proposalId}`,
                input: { proposalId, decision: answer.decision },
                runAtMs: epochMs(nowMs + answer.afterMs),
              },
            ]
          : [],
    };
  },
};
