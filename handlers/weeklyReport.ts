// Monday 00:10 JST: the week before, told to the owner once. Any past week can be told again ({date}: any day of it).
import type { Outcome } from "../queue/types.ts";
import type { AppHandler } from "./context.ts";
import { ReportInput, tellPeriod } from "./report/sendReport.ts";

export const weeklyReport: AppHandler<ReportInput> = {
  name: "weeklyReport",
  input: ReportInput,
  maxAttempts: 5,
  timeoutMs: 60_000,
  risk: "neutral",
  serialKey: () => "dailyReport",
  run: async (input, ctx): Promise<Outcome> => tellPeriod("week", input, ctx),
};
