// /daily: the report of today so far, or of a past day. The text is the daily report's own.
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { DAY_MS, type EpochMs, jstDate, jstDateStart } from "../../lib/core/time.ts";
import { dailyText } from "../report/dailyText.ts";
import { dayReport } from "../report/day.ts";
import type { AnswerFacts } from "./facts.ts";

export const dailyAnswer = ({ db, config, nowMs, arg }: AnswerFacts): string => {
  const { command } = textsOf(config.LOCALE);
  const today = jstDate(nowMs);
  const date = arg === "" ? today : arg;
  const usage = command.wrongUse({ usage: `/daily, /daily ${today}` });
  let fromMs: EpochMs;
  try {
    fromMs = jstDateStart(date);
  } catch {
    return usage; // no date
  }
  if (fromMs > nowMs) return usage;
  const endMs = Math.min(nowMs + 1, fromMs + DAY_MS) as EpochMs;
  return dailyText(dayReport(db, config, date, endMs));
};
