// What keeps settings from trading for real: each missing piece is named, no secret is shown, nothing starts by accident.
import { describe, expect, test } from "vitest";
import { defaultConfig, parseConfig } from "../../../lib/core/config.ts";
import { isRehearsal, liveProblems } from "../../../lib/core/liveSettings.ts";

const KEYS = { GMO_API_KEY: "EXAMPLE_KEY_0001", GMO_API_SECRET: "EXAMPLE_SECRET_0001" };
const BOT = { TELEGRAM_BOT_TOKEN: `123456789:${"A".repeat(35)}`, TELEGRAM_CHAT_ID: "1" };
const SENTENCE = "real orders on account 0123456789ab, margin, at most 300000 JPY";
const WHOLE = { MODE: "live", ...KEYS, ...BOT, CAPITAL_LIMIT_JPY: "300000", LIVE_CONFIRM: SENTENCE };
const HERE = {
  GMO_PUBLIC_URL: "http://127.0.0.1:8000/public",
  GMO_PRIVATE_URL: "http://127.0.0.1:8000/private",
  GMO_WS_PUBLIC_URL: "ws://127.0.0.1:8000/ws/public/v1",
  GMO_WS_PRIVATE_URL: "ws://127.0.0.1:8000/ws/private/v1",
};
const problems = (settings: Readonly<Record<string, string>>) =>
  liveProblems(defaultConfig(settings), settings["GMO_API_KEY"] === undefined ? undefined : "0123456789ab");

describe("liveProblems", () => {
  test("all that is needed: none", () => {
    expect(problems(WHOLE)).toEqual([]);
    const { TELEGRAM_BOT_TOKEN: _, TELEGRAM_CHAT_ID: __, ...rehearsal } = { ...WHOLE, ...HERE };
    expect(problems(rehearsal)).toEqual([]);
  });
  test.each<[string, Readonly<Record<string, string>>, readonly RegExp[]]>([
    ["nothing is set", { MODE: "live" }, [/^GMO_API_KEY: /, /^CAPITAL_LIMIT_JPY: /, /^TELEGRAM_BOT_TOKEN: /]],
    [
      "no sentence",
      { ...WHOLE, LIVE_CONFIRM: "" },
      [/^LIVE_CONFIRM: expected the sentence "real orders on .*it not set/],
    ],
    [
      "another capital in the sentence",
      { ...WHOLE, CAPITAL_LIMIT_JPY: "300001" },
      [/^LIVE_CONFIRM: .*300001 JPY.*another text/],
    ],
    ["another product", { ...WHOLE, PRODUCT: "spot" }, [/^LIVE_CONFIRM: .*, spot, /]],
    [
      "prices of another host",
      { ...WHOLE, GMO_PUBLIC_URL: "https://prices.example/public" },
      [/^GMO_PRIVATE_URL: expected the same exchange/],
    ],
    [
      "an account on this machine, real prices",
      { ...WHOLE, GMO_PRIVATE_URL: HERE.GMO_PRIVATE_URL },
      [/^GMO_PRIVATE_URL: expected the same exchange/],
    ],
    [
      "http to a real host",
      { ...WHOLE, GMO_PRIVATE_URL: "http://api.coin.z.com/private" },
      [/^GMO_PRIVATE_URL: expected https/],
    ],
    [
      "ws to a real host",
      { ...WHOLE, GMO_WS_PRIVATE_URL: "ws://api.coin.z.com/ws/private/v1" },
      [/^GMO_WS_PRIVATE_URL: expected https or wss/],
    ],
    [
      "a host that only looks like this machine",
      { ...WHOLE, ...HERE, GMO_PRIVATE_URL: "http://127.0.0.1.example.com/private" },
      [/^GMO_PRIVATE_URL: expected https/],
    ],
  ])("%s", (_, settings, expected) => {
    const found = problems(settings);
    expect(found).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
    expect(found.join()).not.toContain(KEYS.GMO_API_SECRET);
    expect(found.join()).not.toContain(KEYS.GMO_API_KEY);
  });
});

test("a rehearsal has all four addresses on this machine", () => {
  expect(isRehearsal(HERE)).toBe(true);
  for (const name of Object.keys(HERE) as (keyof typeof HERE)[])
    expect(isRehearsal({ ...HERE, [name]: HERE[name].replace("127.0.0.1", "192.168.0.2") }), name).toBe(false);
  expect(isRehearsal({ ...HERE, GMO_PRIVATE_URL: "http://[::1]:8000/private" })).toBe(true);
});

test.each(["GMO_API_KEY", "GMO_API_SECRET"] as const)("half a key is refused in every mode: only %s", (name) => {
  const result = parseConfig({ [name]: KEYS[name] });
  expect(result).toMatchObject({ kind: "bad", problems: [expect.stringMatching(/expected it together with/)] });
  expect(JSON.stringify(result)).not.toContain(KEYS[name]);
});
