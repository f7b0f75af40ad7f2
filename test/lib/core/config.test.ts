import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { envExample, parseConfig, SETTINGS } from "../../../lib/core/config.ts";
import { formatE8 } from "../../../lib/core/money.ts";
import { projectPath } from "../../../lib/io/paths.ts";

const problems = (env: Record<string, string>): readonly string[] => {
  const result = parseConfig(env);
  return result.kind === "bad" ? result.problems : [];
};

describe("settings", () => {
  test("an empty environment gives the owner's numbers", () => {
    const result = parseConfig({});
    if (result.kind === "bad") throw new Error(result.problems.join("; "));
    const { config } = result;
    expect(config.MODE).toBe("paper");
    expect(config.LONG_MIN_CONFIDENCE).toBe(0.75);
    expect(config.SHORT_MIN_CONFIDENCE).toBe(0.8);
    expect(config.MAX_DAILY_TRADES).toBe(3);
    expect(formatE8(config.MAX_RISK_PER_TRADE)).toBe("0.02");
    expect(formatE8(config.MAX_POSITION_RATIO)).toBe("0.1");
    expect([config.MAX_DAILY_LOSS_PCT, config.MAX_WEEKLY_LOSS_PCT, config.MAX_MONTHLY_LOSS_PCT].map(formatE8)).toEqual([
      "0.03",
      "0.07",
      "0.15",
    ]);
    expect(config.CAPITAL_LIMIT_JPY).toBeUndefined();
    expect(Object.isFrozen(config)).toBe(true);
  });

  test(".env.example is exactly the schema: every setting, its default, its meaning", () => {
    expect(readFileSync(projectPath(".env.example"), "utf8")).toBe(envExample());
  });

  test.each<[string, Record<string, string>, string | undefined]>([
    ["a news window beyond the calendar's", { NEWS_WINDOW_MINUTES: "721" }, "NEWS_WINDOW_MINUTES"],
    ["a news window as wide as the calendar's", { NEWS_WINDOW_MINUTES: "720" }, undefined],
    ["a holding time that always crosses 06:00 JST", { TIME_STOP_HOURS: "24" }, "TIME_STOP_HOURS"],
    ["the same where that is accepted", { TIME_STOP_HOURS: "24", MARGIN_ROLLOVER: "charge" }, undefined],
    ["the same on spot", { TIME_STOP_HOURS: "24", PRODUCT: "spot" }, undefined],
    ["a request rate below what prices need", { GMO_PUBLIC_PER_SECOND: "0.3" }, "GMO_PUBLIC_PER_SECOND"],
    ["the same with older prices allowed", { GMO_PUBLIC_PER_SECOND: "0.3", QUOTE_MAX_AGE_SECONDS: "14" }, undefined],
  ])("truth 14: a limit that cannot be honoured is refused: %s", (_, env, name) => {
    const found = problems(env);
    expect(found.length).toBe(name === undefined ? 0 : 1);
    if (name !== undefined) expect(found[0]).toMatch(new RegExp(`^${name}: expected`));
  });

  test("the defaults, written out, parse to the defaults", () => {
    const env = Object.fromEntries(Object.entries(SETTINGS).map(([name, s]) => [name, s.fallback ?? ""]));
    expect(parseConfig(env)).toEqual(parseConfig({}));
  });

  test.each([
    ["MAX_RISK_PER_TRADE", "2%"],
    ["MAX_RISK_PER_TRADE", "0"],
    ["MAX_RISK_PER_TRADE", "1.01"],
    ["MAX_RISK_PER_TRADE", "1e-2"],
    ["MAX_DAILY_TRADES", "3.5"],
    ["MAX_DAILY_TRADES", "-1"],
    ["AVOID_NEWS_TIME", "yes"],
    ["AVOID_NEWS_TIME", "1"],
    ["MODE", "Live"],
    ["LONG_MIN_CONFIDENCE", "75"],
    ["PAPER_EQUITY_JPY", "1,000,000"],
    ["PRODUCT", "futures"],
    ["CONFIDENCE_MODE", "guarded"],
    ["TP2_PCT", "0.002"],
  ])("%s=%s is refused, naming the setting and what was expected", (name, value) => {
    const found = problems({ [name]: value });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(name);
    expect(found[0]).toMatch(/expected/);
  });

  test("rules across settings are reported with the other problems, and limits must widen with their period", () => {
    expect(problems({ MAX_DAILY_TRADES: "x", PRODUCT: "futures", TP2_PCT: "0.001" })).toHaveLength(3);
    expect(problems({ MAX_WEEKLY_LOSS_PCT: "0.01" })).toHaveLength(1);
  });

  test("all problems are reported together", () => {
    expect(problems({ MODE: "x", MAX_DAILY_TRADES: "many", MAX_SPREAD_BPS: "-5" })).toHaveLength(3);
  });

  test("an empty value means the default, not zero", () => {
    expect(parseConfig({ MAX_SPREAD_BPS: "", AVOID_NEWS_TIME: " " })).toEqual(parseConfig({}));
  });

  const TOKEN = "123456789:AAEabcdefghijklmnopqrstuvwxyz_-12345";
  test("the bot needs token and chat together, and says which is missing", () => {
    expect(problems({ TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_CHAT_ID: "42" })).toEqual([]);
    expect(problems({ TELEGRAM_BOT_TOKEN: TOKEN })).toEqual([expect.stringMatching(/^TELEGRAM_CHAT_ID: expected/)]);
    expect(problems({ TELEGRAM_CHAT_ID: "42" })).toEqual([expect.stringMatching(/^TELEGRAM_BOT_TOKEN: expected/)]);
    expect(problems({ TELEGRAM_USER_IDS: "42" })).toEqual([expect.stringMatching(/^TELEGRAM_BOT_TOKEN: expected/)]);
    const result = parseConfig({ TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_CHAT_ID: "42", TELEGRAM_USER_IDS: "42, 43" });
    expect(result).toMatchObject({ config: { TELEGRAM_CHAT_ID: 42, TELEGRAM_USER_IDS: [42, 43] } });
  });
  test("a token that is none is not repeated in the error; a group is no private chat", () => {
    const [problem] = problems({ TELEGRAM_BOT_TOKEN: `${TOKEN} x`, TELEGRAM_CHAT_ID: "42" });
    expect(problem).toMatch(/^TELEGRAM_BOT_TOKEN: expected/);
    expect(problem).not.toContain("AAEabc");
    expect(problems({ TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_CHAT_ID: "-100123" })).toHaveLength(1);
  });
});
