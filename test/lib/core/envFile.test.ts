// Every line of .env is understood or named: a limit that was written down is never dropped without a word.
import { describe, expect, test } from "vitest";
import { envFileProblems } from "../../../lib/core/envFile.ts";

const SETTINGS = ["MODE", "LOCALE", "VAR_DIR", "MAX_DAILY_LOSS_PCT", "TELEGRAM_BOT_TOKEN", "A", "B", "C"];
const problemsOf = (text: string) => envFileProblems(text, SETTINGS);

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
    ["a quote without its end", 'A="secret\nMODE=paper', /line 1: .*A on one line/],
    [
      "a name that is no setting",
      "MODE=paper\nMAX_DAILY_LOS_PCT=1",
      /line 2: .*found MAX_DAILY_LOS_PCT \(did you mean MAX_DAILY_LOSS_PCT\?\)/,
    ],
    ["a byte order mark", "\uFEFFMODE=paper", /line 1: .*byte order mark/],
  ])("%s is named by its line", (_, text, problem) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  test("a setting that the environment gives differently is named by its line, without either value", () => {
    const problems = envFileProblems("A=1\nMODE=paper\nB=2", SETTINGS, new Set(["MODE"]));
    expect(problems).toEqual([expect.stringMatching(/^\.env line 2: expected MODE in one place.*environment/)]);
    expect(problems.join()).not.toContain("paper");
  });

  test("a problem never shows what may be a secret", () => {
    const text = 'TELEGRAM_BOT_TOKEN 123456:verysecret\nA="verysecret\nverysecret\nVERYSECRET verysecret';
    expect(problemsOf(text).join("\n")).not.toMatch(/verysecret/i);
  });
});

test.each([
  "c2VjcmV0a2V5b2YzMmJ5dGVzYWJjZGVmZ2hpamtsbW5vcA==",
  "AKIAIOSFODNN7EXAMPLE=x",
  "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b=",
  "export Zq7Xv2Lm9Kp4Rt8Wn3Bc=1",
])("truth 15: a secret that looks like an assignment is not shown as a name: %s", (line) => {
  const [problem] = problemsOf(line);
  expect(problem).toMatch(/^\.env line 1: expected .*(not shown|another line)/);
  expect(problem).not.toContain(line.replace(/^export |=.*$/g, ""));
});
