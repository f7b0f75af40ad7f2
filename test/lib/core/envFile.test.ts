// Every line of .env is understood or named: a limit that was written down is never dropped without a word.
import { describe, expect, test } from "vitest";
import { envFileProblems } from "../../../lib/core/envFile.ts";

const problemsOf = (text: string) =>
  envFileProblems(text, (name) => name.startsWith("MAX_") || name.startsWith("TELEGRAM_"));

describe("truth 14: lines of .env", () => {
  test.each([
    ["blank, comments and settings", "# a comment\n\n  # indented\nMODE=paper\r\nexport LOCALE=ja\nVAR_DIR = ./var\n"],
    ["quoted values", "A=\"with # and = inside\"\nB='x'   # a comment\nC="],
    ["nothing", ""],
  ])("%s are no problem", (_, text) => {
    expect(problemsOf(text)).toEqual([]);
  });

  test.each([
    ["a colon", "MAX_DAILY_LOSS_PCT: 0.01", /line 1: .*MAX_DAILY_LOSS_PCT followed by ":"/],
    ["a space", "MODE=paper\nMAX_DAILY_LOSS_PCT 0.01", /line 2: .*MAX_DAILY_LOSS_PCT followed by a space/],
    ["a full-width sign", "MAX_DAILY_LOSS_PCT＝0.01", /line 1: .*followed by "＝"/],
    ["no name", "=5", /line 1: expected NAME=value/],
    ["a sentence", "\n\nhello", /line 3: expected NAME=value/],
    ["a setting twice", "A=1\n# two\nA=1", /line 3: .*found A again \(line 1\)/],
    ["a quote without its end", 'TOKEN="secret\nMODE=paper', /line 1: .*TOKEN on one line/],
    ["a byte order mark", "\uFEFFMODE=paper", /line 1: .*byte order mark/],
  ])("%s is named by its line", (_, text, problem) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  test("a problem never shows what may be a secret", () => {
    const text = 'TELEGRAM_BOT_TOKEN 123456:verysecret\nX="verysecret\nverysecret\nVERYSECRET verysecret';
    expect(problemsOf(text).join("\n")).not.toMatch(/verysecret/i);
  });
});
