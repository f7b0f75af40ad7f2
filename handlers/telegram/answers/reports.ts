// /daily, /weekly, /monthly: the report of the current period, or of a past one. /performance: the trailing 30 days in
// the same form. The text is the report's own.
import { type PeriodKind, parsePeriod, periodAt } from "../../../lib/core/period.ts";
import { textsOf } from "../../../lib/core/text/catalogue.ts";
import { DAY_MS, earliest, jstDate, jstDayStart, plusMs } from "../../../lib/core/time.ts";
import { periodReport } from "../../report/day.ts";
import { performanceText, reportText } from "../../report/reportText.ts";
import type { AnswerFacts } from "./facts.ts";

const PERFORMANCE_DAYS = 30;

const answerOf =
  (kind: PeriodKind, command: string) =>
  ({ db, config, nowMs, arg }: AnswerFacts): string => {
    const now = periodAt(kind, nowMs);
    const example = kind === "month" ? now.name : jstDate(now.fromMs);
    const usage = textsOf(config.LOCALE).command.wrongUse({ usage: `${command}, ${command} ${example}` });
    let period = now;
    try {
      if (arg !== "") period = parsePeriod(kind, arg);
    } catch {
      return usage; // no date
    }
    if (period.fromMs > nowMs) return usage;
    return reportText(config.LOCALE, periodReport(db, config, period, earliest(nowMs + 1, period.toMs)));
  };
export const dailyAnswer = answerOf("day", "/daily");
export const weeklyAnswer = answerOf("week", "/weekly");
export const monthlyAnswer = answerOf("month", "/monthly");

export const performanceAnswer = ({ db, config, nowMs }: AnswerFacts): string => {
  const fromMs = plusMs(jstDayStart(nowMs), -(PERFORMANCE_DAYS - 1) * DAY_MS);
  const endMs = plusMs(nowMs, 1);
  const name = `${jstDate(fromMs)} – ${jstDate(nowMs)}`;
  const period = { kind: "month", name, fromMs, toMs: endMs } as const;
  return performanceText(config.LOCALE, periodReport(db, config, period, endMs));
};
