// The read-only commands: one function each, from facts to a text that fits a phone.
import type { AnswerFacts } from "./facts.ts";
import { healthAnswer, modelAnswer } from "./health.ts";
import { configAnswer, helpAnswer, startAnswer } from "./help.ts";
import { ordersAnswer, positionsAnswer } from "./positions.ts";
import { dailyAnswer, monthlyAnswer, performanceAnswer, weeklyAnswer } from "./reports.ts";
import { riskAnswer } from "./risk.ts";
import { signalsAnswer, whyAnswer } from "./signals.ts";
import { statusAnswer } from "./status.ts";

export const answers = {
  status: statusAnswer,
  positions: positionsAnswer,
  orders: ordersAnswer,
  signals: signalsAnswer,
  why: whyAnswer,
  daily: dailyAnswer,
  weekly: weeklyAnswer,
  monthly: monthlyAnswer,
  performance: performanceAnswer,
  risk: riskAnswer,
  health: healthAnswer,
  model: modelAnswer,
  config: configAnswer,
  help: helpAnswer,
  start: startAnswer,
} as const satisfies Record<string, (facts: AnswerFacts) => string>;
export type AnswerName = keyof typeof answers;
export const isAnswer = (name: string): name is AnswerName => Object.hasOwn(answers, name);
