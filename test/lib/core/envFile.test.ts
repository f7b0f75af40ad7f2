// Every line of .env is understood or named: a limit that was written down is never dropped without a word.
import { parseEnv } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { envFileProblems } from "../../../lib/core/envFile.ts";

const SETTINGS = ["MODE", "LOCALE", "VAR_DIR", "MAX_DAILY_LOSS_PCT", "TELEGRAM_BOT_TOKEN", "A", "B", "C"];
const problemsOf = (text: string) => envFileProblems(text, SETTINGS);

describe("truth 14: lines of .env", () => {
  test.each([
    ["blank, comments and settings", "# a comment\n\n  # indented\nMODE=paper\r\nexport LOCALE=ja\nVAR_DIR = ./var\n"],
    ["quoted values", "A=\"with # and = inside\"\nB='x'   # a comment\nC="],
    ["nothing", ""],
    ["a comment behind a value, and an empty one", "MODE=paper # with # and it's\nA= # none\nB='x'#y\n"],
    ["a last line that ends with CR", "MODE=paper\r\nA=1\r"],
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
    ["one inside the file", "A=1\n\uFEFFMODE=paper", /line 2: .*space.* beside MODE/],
    ["a tab before the sign", "MAX_DAILY_LOSS_PCT\t=0.01", /line 1: .*a tab.* beside MAX_DAILY_LOSS_PCT/],
    ["a tab before the name", "A=1\n\tMODE=paper", /line 2: .*beside MODE/],
    ["a full-width space", "MAX_DAILY_LOSS_PCT\u3000=0.01", /line 1: .*a wide space.* beside MAX_DAILY_LOSS_PCT/],
    ["one before the name", "\u3000MODE=paper", /line 1: .*beside MODE/],
    ["a no-break space", "MODE\u00A0=paper", /line 1: .*beside MODE/],
    ["a wide space before a quote", "VAR_DIR=\u3000'x'", /line 1: .*beside VAR_DIR/],
    ["export and a tab", "export\tMODE=paper", /line 1: .*beside MODE/],
    ["export and two spaces", "export  MODE=paper", /line 1: .*beside MODE/],
    ["a bare CR", "VAR_DIR=./a\rMAX_DAILY_LOSS_PCT=0.01\nA=1", /line 1: .*bare CR/],
    ["a bare CR behind a comment", "# a\rMODE=paper", /line 1: .*bare CR/],
    ["a control character", "VAR_DIR=./a\0", /line 1: .*control character/],
    ["a line separator", "VAR_DIR=./a\u2028MODE=paper", /line 1: .*control character/],
    ["bytes that are not UTF-8", "VAR_DIR=./\uFFFD\uFFFD", /line 1: .*UTF-8/],
    ["a value that would end at its #", "A=1\nTELEGRAM_BOT_TOKEN=abc#def", /line 2: .*quotes .*TELEGRAM_BOT_TOKEN/],
    ["one that begins with it", "B=#def", /line 1: .*quotes .*found B/],
  ])("%s is named by its line", (_, text, problem) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  test("truth 14: property: a line without a problem is read whole, under its own name", () => {
    const space = fc.constantFrom("", "", "", "", "", "", " ", "  ", "\t", "\u3000", "\u00A0", "\r", "\f", "\uFEFF");
    const value = fc.stringMatching(/^[a-z0-9#"'` .]{0,8}$/);
    const line = fc.tuple(
      space,
      fc.constantFrom("", "export"),
      space,
      fc.constant("VAR_DIR"),
      space,
      fc.constant("="),
      space,
      value,
    );
    let clean = 0;
    fc.assert(
      fc.property(line, (parts) => {
        const text = parts.join("");
        if (problemsOf(text).length > 0) return;
        clean += 1;
        const given = parts[7].replace(/(^|\s)#.*$/, "").trim();
        const quoted = /^(["'`])(.*?)\1/.exec(parts[7].trim());
        expect(parseEnv(text)["VAR_DIR"]?.trim()).toBe((quoted?.[2] ?? given).trim());
      }),
      { numRuns: 3_000 },
    );
    expect(clean).toBeGreaterThan(100);
  });
  test("truth 19: of a hundred thousand wrong lines twenty are kept and all are counted", () => {
    for (const wrong of ["x y", "MAX_DAILY_TRADS=1", "A=1"]) {
      const problems = problemsOf(`${wrong}\n`.repeat(100_000));
      expect(problems).toHaveLength(21);
      expect(problems.at(-1)).toMatch(/^and \d{5,} more$/);
    }
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
