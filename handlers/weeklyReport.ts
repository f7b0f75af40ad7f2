// Monday 00:10 JST: reports the week before to the owner once. Any past week can be reported again ({date}: any day of
// it).
import type { AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS } from "./jobs.ts";
import { reportPeriod } from "./report/sendReport.ts";

export const weeklyReport: AppHandler<"weeklyReport"> = {
  name: "weeklyReport",
  input: JOB_INPUTS.weeklyReport,
  maxAttempts: 5,
  timeoutMs: 60_000,
  risk: "neutral",
  serialKey: () => "dailyReport",
  run: async (input, ctx): Promise<AppOutcome> => reportPeriod("week", input, ctx),
};
