// /help, /start and /config.
import { SETTINGS, type SettingName } from "../../../lib/core/config.ts";
import { isDefault, shownSetting } from "../../../lib/core/configText.ts";
import { textsOf } from "../../../lib/core/text/catalogue.ts";
import type { AnswerFacts } from "./facts.ts";

export const helpAnswer = ({ config }: AnswerFacts): string => {
  const { answers: t, menu } = textsOf(config.LOCALE);
  return [t.helpTitle, ...Object.entries(menu).map(([command, what]) => t.helpLine({ command, what }))].join("\n");
};

export const startAnswer = (facts: AnswerFacts): string => {
  const { answers: t } = textsOf(facts.config.LOCALE);
  return [
    t.startTitle,
    t.account({ account: facts.account }),
    t.startText({ minutes: facts.config.APPROVAL_MINUTES }),
    "",
    helpAnswer(facts),
  ].join("\n");
};

export const configAnswer = ({ config }: AnswerFacts): string => {
  const { answers: t } = textsOf(config.LOCALE);
  const names = (Object.keys(SETTINGS) as SettingName[]).filter((name) => !isDefault(config, name));
  if (names.length === 0) return [t.configNone, t.configHint].join("\n");
  const lines = names.map((name) => t.setting({ name, value: String(shownSetting(config, name) ?? "–") }));
  return [t.configTitle, ...lines, t.configHint].join("\n");
};
