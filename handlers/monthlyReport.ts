// 00:15 JST on the first of a month: reports the month before to the owner once. Schedules have a fixed interval and
// months do not, so the tick comes every day and only the tick of the first day reports.

import { epochMs, jstDate } from "../lib/core/time.ts";
import type { AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS } from "./jobs.ts";
import { reportPeriod } from "./report/sendReport.ts";

export const monthlyReport: AppHandler<"monthlyReport"> = {
  name: "monthlyReport",
  input: JOB_INPUTS.monthlyReport,
  maxAttempts: 5,
  timeoutMs: 60_000,
  risk: "neutral",
  serialKey: () => "dailyReport",
  async run(input, ctx): Promise<AppOutcome> {
    if ("tickMs" in input && !jstDate(epochMs(input.tickMs)).endsWith("-01"))
      return { kind: "stop", reason: "not the first day of a month" };
    return reportPeriod("month", input, ctx);
  },
};
