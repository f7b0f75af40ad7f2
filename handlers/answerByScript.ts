// Job answerByScript: the replay's scripted owner decides a proposal some seconds after its message was delivered,
// through answerProposal, as a person does.

import type { AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS } from "./jobs.ts";
import { answerProposal } from "./proposals/answerProposal.ts";

export const answerByScript: AppHandler<"answerByScript"> = {
  name: "answerByScript",
  input: JOB_INPUTS.answerByScript,
  maxAttempts: 10,
  timeoutMs: 5_000,
  risk: "neutral",
  async run({ proposalId, decision }, ctx): Promise<AppOutcome> {
    const result = answerProposal(ctx.desk, { proposalId, decision, by: "script", actor: "script" });
    return result.kind === "recorded" ? { kind: "done" } : { kind: "stop", reason: result.why };
  },
};
