// The replay's scripted owner answers here, some seconds after the message was delivered, through the same door as a person.
import { z } from "zod";
import type { Outcome } from "../queue/types.ts";
import type { AppHandler } from "./context.ts";
import { answerProposal } from "./proposals/answerProposal.ts";

const Input = z.strictObject({ proposalId: z.string().min(1), decision: z.enum(["approved", "rejected"]) });
type Input = z.infer<typeof Input>;

export const answerByScript: AppHandler<Input> = {
  name: "answerByScript",
  input: Input,
  maxAttempts: 10,
  timeoutMs: 5_000,
  risk: "neutral",
  async run({ proposalId, decision }, ctx): Promise<Outcome> {
    const result = answerProposal(ctx.desk, { proposalId, decision, by: "script", actor: "script" });
    return result.kind === "recorded" ? { kind: "done" } : { kind: "stop", reason: result.why };
  },
};
