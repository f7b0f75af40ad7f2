// The one catalogue of the owner's messages and reports. Each section is a file with both languages side by
// side; a new section is added here. Command line output for the operator and logs are English and not in it.
import { alerts } from "./alertTexts.ts";
import { answers, menu } from "./answerTexts.ts";
import { buttons, card, command, confirm, modify, notice, repropose } from "./botTexts.ts";
import { changes } from "./changeTexts.ts";
import { coins } from "./coinTexts.ts";
import { keyAlerts } from "./keyAlertTexts.ts";
import type { Locale } from "./locale.ts";
import { owner } from "./ownerTexts.ts";
import { reasonTexts } from "./reasonTexts.ts";
import { report } from "./reportTexts.ts";
import { signal } from "./signalTexts.ts";
import { trade } from "./tradeTexts.ts";
import { words } from "./words.ts";

export const sections = {
  words,
  reasons: reasonTexts,
  signal,
  trade,
  coins,
  owner,
  alerts,
  keyAlerts,
  changes,
  buttons,
  card,
  notice,
  modify,
  repropose,
  confirm,
  command,
  menu,
  answers,
  report,
};

const catalogueOf = (locale: Locale) => ({
  words: words[locale],
  reasons: reasonTexts[locale],
  signal: signal[locale],
  trade: trade[locale],
  owner: owner[locale],
  coins: coins[locale],
  alerts: alerts[locale],
  keyAlerts: keyAlerts[locale],
  changes: changes[locale],
  buttons: buttons[locale],
  card: card[locale],
  notice: notice[locale],
  modify: modify[locale],
  repropose: repropose[locale],
  confirm: confirm[locale],
  command: command[locale],
  menu: menu[locale],
  answers: answers[locale],
  report: report[locale],
});
export type Catalogue = ReturnType<typeof catalogueOf>;

const CATALOGUES: Readonly<Record<Locale, Catalogue>> = { en: catalogueOf("en"), ja: catalogueOf("ja") };

/** Every text in one language. */
export const textsOf = (locale: Locale): Catalogue => CATALOGUES[locale];
