// The catalogue: whole in both languages, nothing English left in Japanese, every number of a text in both.
import { describe, expect, test } from "vitest";
import type { AlertText } from "../../../../lib/core/text/alertTexts.ts";
import { type Catalogue, sections, textsOf } from "../../../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../../../lib/core/text/composeAlert.ts";
import { LOCALES } from "../../../../lib/core/text/locale.ts";
import { epochMs } from "../../../../lib/core/time.ts";
import { SAMPLES } from "./samples.ts";

/** Every text of a section in one language: plain ones, and functions called with their samples. */
const rendered = (section: keyof Catalogue, locale: "en" | "ja"): Map<string, readonly string[]> => {
  const found = new Map<string, readonly string[]>();
  const visit = (value: unknown, path: string, samples: unknown): void => {
    if (typeof value === "string") found.set(path, [value]);
    else if (typeof value === "function") {
      const calls = (samples ?? [undefined]) as readonly unknown[];
      found.set(
        path,
        calls.flatMap((sample) => {
          const text = (value as (p: unknown) => string | AlertText)(sample);
          return typeof text === "string" ? [text] : [text.what, text.detail ?? "", text.did, text.todo];
        }),
      );
    } else
      for (const [key, inner] of Object.entries(value as object))
        visit(inner, path === "" ? key : `${path}.${key}`, (samples as Record<string, unknown> | undefined)?.[key]);
  };
  visit(textsOf(locale)[section], "", (SAMPLES as Record<string, unknown>)[section]);
  return found;
};
const names = Object.keys(sections) as (keyof Catalogue)[];

describe.each(names)("the section %s", (section) => {
  test("has the same keys in both languages, none of them empty", () => {
    const [en, ja] = [rendered(section, "en"), rendered(section, "ja")];
    expect([...ja.keys()]).toEqual([...en.keys()]);
    for (const texts of [en, ja]) for (const [path, lines] of texts) expect(lines.join("").trim(), path).not.toBe("");
  });

  test("gives the same numbers in both languages", () => {
    const [en, ja] = [rendered(section, "en"), rendered(section, "ja")];
    // Numbers of the samples have three digits or more (two and a point), so that "1 h" against 「1時間」 is not compared.
    const numbers = (lines: readonly string[] = []): string[] =>
      [...new Set(lines.join(" ").match(/\d[\d,.]+\d/g) ?? [])].sort();
    for (const [path, lines] of en) expect(numbers(ja.get(path)), path).toEqual(numbers(lines));
  });

  test("leaves no English in Japanese", () => {
    for (const [path, lines] of rendered(section, "ja"))
      for (const line of lines) expect(englishWords(line), `${path}: ${line}`).toEqual([]);
  });
});

/** What stays Latin in Japanese: commands, ids, units, names of indicators and of files. */
const LATIN =
  /\/[a-z_]+(_[a-z0-9]+)?|trader [a-z-]+ ?[a-z]*( '\{\}')?|https?:\S+|[a-z]+\.json|\b(BTC|ETH|JPY|JST|TP[12]?|API|AUC|RSI|ADX|ATR|EMA|MFI|PF|R|bps|DD|GMO|x|h|min|s|btc\d+m?\d*|ID|FILE|ERR-\d+|SAMPLE\w*)\b/g;
const englishWords = (line: string): string[] => line.replace(LATIN, "").match(/[A-Za-z]{2,}/g) ?? [];

test("the check for English finds some", () => {
  expect(englishWords("新規注文 entries are 停止 /resume BTC/JPY")).toEqual(["entries", "are"]);
});

test.each(LOCALES)("an alert in %s says what, since when, what was done and what to do", (locale) => {
  for (const [key, tell] of Object.entries(textsOf(locale).alerts))
    for (const sample of (SAMPLES.alerts as Record<string, readonly unknown[]>)[key]!) {
      const text = (tell as (p: unknown) => AlertText)(sample);
      const atMs = epochMs(Date.UTC(2025, 7, 12, 12, 30));
      const alert = composeAlert(locale, { key, severity: "critical", atMs }, text);
      expect(alert.text).toContain(text.what);
      expect(alert.text).toContain("2025-08-12 21:30 JST");
      expect(alert.text).toContain(text.did);
      expect(alert.text).toContain(text.todo);
      expect(text.todo, key).toMatch(/\/[a-z]+|trader |取引所|exchange|disk|ディスク|no action|不要/);
      expect(alert.resolved).toContain(text.what);
      expect(alert.text.length, key).toBeLessThan(1_024);
    }
});
