// What looks like a secret never stays in a text, and what does not look like one is left alone.
import { createHash, randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseConfig, SETTINGS } from "../../../lib/core/config.ts";
import { shownSetting } from "../../../lib/core/configText.ts";
import { foundText, REDACTED, redact } from "../../../lib/core/redact.ts";
import { projectPath } from "../../../lib/io/paths.ts";

const TOKEN = "123456789:AAEabcdefghijklmnopqrstuvwxyz_-12345";
const KEY = "q7Xv2Lm9Kp4Rt8Wn3BcZs6Yd1Hf5Gj0A";
const HEX = createHash("sha256").update("a key").digest("hex");
const BASE64 = createHash("sha256").update("a key").digest("base64");

describe("truth 15: secrets are removed wherever they stand", () => {
  test.each<[string, string, readonly string[]]>([
    ["a bot token", `chat ${TOKEN} is wrong`, [TOKEN]],
    ["a bot token in an address", `https://api.telegram.org/bot${TOKEN}/getMe failed`, [TOKEN]],
    ["a bot token, percent-encoded", `?t=${TOKEN.replace(":", "%3A")}&x=1`, [TOKEN.slice(10)]],
    ["a bot token behind an escape of JSON", JSON.stringify(`\u001b[1m\u0007${TOKEN}\n${TOKEN}`), [TOKEN]],
    ["a password of an address", "https://owner:hunter2@gw.example.com/x", ["hunter2", "owner"]],
    ["one with @ and / inside", "GET http://owner:hu@nt/er2@gw.example.com:80/x", ["hu@nt", "er2@"]],
    ["a percent-encoded one", "?next=https%3A%2F%2Fowner%3Ahunter2%40gw.example.com%2Fx", ["hunter2", "owner"]],
    ["a user name that is a token", "https://s3cr3t@gw.example.com/x", ["s3cr3t"]],
    ["another scheme", "socks5h://owner:hunter2@localhost:1080", ["hunter2"]],
    ["an address without a scheme", "proxy owner:hunter2@gw.example.com:3128", ["hunter2"]],
    ["?token= and &secret=", "https://gw.example.com/?token=abc&x=1&secret=def#top", ["abc", "def"]],
    ["?pw= and ?db_pwd=", "https://gw.example.com/?pw=hunter2&db_pwd=x1y", ["hunter2", "x1y"]],
    ["?key= and ?sig=", "https://gw.example.com/?key=abc&sig=d%2Fe", ["abc", "d%2Fe"]],
    [
      "NAME=value",
      "API_KEY=abc GMO_SECRET=hunter2 MY_OTHER_KEY='x y' DB_PASSWORD=\"p w\"",
      ["abc", "hunter2", "x y", "p w"],
    ],
    ["a full-width sign", "GMO_SECRET＝hunter2", ["hunter2"]],
    ["NAME: value", "password: hunter2\napi-key: Abc123", ["hunter2", "Abc123"]],
    [
      "JSON",
      JSON.stringify({ apiKey: 'a"b', "api-sign": "c", nested: { accessToken: "d\\e" } }),
      ['a\\"b', '"c"', "d\\\\e"],
    ],
    ["JSON inside JSON", JSON.stringify({ body: JSON.stringify({ secret: "hunter2" }) }), ["hunter2"]],
    ["a header", "authorization: Bearer abc123def, Basic dXNlcjpwYXNz", ["abc123def", "dXNlcjpwYXNz"]],
    ["a JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln", ["eyJzdWIi"]],
    ["a private key", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----", ["MHcCAQ"]],
    ["64 hex digits", `found ${HEX}`, [HEX]],
    ["64 hex digits in capitals", `found ${HEX.toUpperCase()}`, [HEX.toUpperCase()]],
    ["base64 of 32 bytes", `found ${BASE64},`, [BASE64]],
    ["a key of 32 characters", `found "${KEY}"`, [KEY]],
    [
      "a whole .env in one line",
      `MODE=paper TELEGRAM_BOT_TOKEN=${TOKEN} GMO_API_KEY=${KEY} GMO_API_SECRET=x1`,
      [TOKEN, KEY, "x1"],
    ],
  ])("%s", (_, text, secrets) => {
    const shown = redact(text);
    for (const secret of secrets) expect(shown).not.toContain(secret);
    expect(shown).toContain(REDACTED);
    expect(redact(shown)).toBe(shown);
  });

  test.each([
    [
      "ids and keys of jobs",
      "fetchMarket:BTC_JPY:15m:2025-08-11T21:00:00.000Z execute:17 protect:1754946000000:closed",
    ],
    ["order and execution ids", "order 8675309123456, executions 92123912,92123913, position 1234567890123456"],
    ["a trace id", "traceId watchEntry:4711:placeProtectiveOrdersAgainAtOnce"],
    ["a UUID", "boot 3f2504e0-4f89-11d3-9a0c-0305e82c3301"],
    [
      "the audit log's hashes",
      JSON.stringify({ seq: 1, prevHash: "0".repeat(64), hash: HEX, sha256: HEX, manifest: HEX }),
    ],
    ["a hash in a sentence", `expected the head of 137 rows ${HEX}, found ${HEX.slice(0, 16)}`],
    ["paths", "/home/owner/Projects2025/CryptoTrader-V2/var-paper1/reports/2025-08-12/trader.2025-08-12.1.log"],
    [
      "an address",
      "https://api.coin.z.com:443/private/v1/orders?orderId=123,124&symbol=BTC_JPY wss://api.coin.z.com/ws/public/v1",
    ],
    ["what a setting expects", "TELEGRAM_BOT_TOKEN: expected a bot token as BotFather gives it, found it not set"],
    [
      "settings that are not shown",
      'TELEGRAM_BOT_TOKEN = (set, not shown)   (default not set)\n{"TELEGRAM_BOT_TOKEN":"(set, not shown)","X_KEY":null}',
    ],
    ["an e-mail address and times", "owner@example.com at 12:30:05 (03:30:05 UTC), ratio 16:9@2x"],
    ["camel case", "TypeError: readTelegramUpdatesAndConfirmThem is not a function at placeProtectiveOrdersOfTrade"],
    ["a word that ends like a name", "tokens: 12, passed: yes, keyboard=on, signal=BUY, design=touch, monkey=3"],
  ])("%s stay as they are", (_, text) => {
    expect(redact(text)).toBe(text);
  });

  test("every text of this project stays as it is: documents and the owner's messages", () => {
    const files = [
      ...["README.md", "README.ja.md", "CHANGELOG.md"].map((name) => projectPath(name)),
      ...["docs", "docs/decisions", "test/fixtures/messages"].flatMap((folder) =>
        readdirSync(projectPath(folder))
          .filter((name) => /\.(md|txt)$/.test(name))
          .map((name) => projectPath(`${folder}/${name}`)),
      ),
    ];
    const changed = files.flatMap((file) =>
      readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => redact(line) !== line),
    );
    // Lines that show how a secret looks: what redact is for.
    expect(changed.filter((line) => !/secret|token|key|password/i.test(line))).toEqual([]);
    expect(changed.length).toBeLessThan(20);
  });

  const secretText = fc.oneof(
    fc.uint8Array({ minLength: 32, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString("hex")),
    fc
      .tuple(fc.integer({ min: 100_000, max: 9_999_999_999 }), fc.stringMatching(/^[A-Za-z0-9_-]{35}$/))
      .map(([id, rest]) => `${id}:${rest}`),
  );
  test("property: random keys and tokens in random company are removed, and JSON stays JSON of the same shape", () => {
    fc.assert(
      fc.property(secretText, fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!/hash|head|chain|digest|sha/i.test(before));
        fc.pre(/\d/.test(secret) && /[a-zA-Z]/.test(secret));
        const data = { text: `${before} ${secret} ${after}`, list: [secret, 1, null], apiKey: `${after}x` };
        const json = redact(JSON.stringify(data));
        expect(json).not.toContain(secret);
        const back = JSON.parse(json) as typeof data;
        expect(Object.keys(back)).toEqual(Object.keys(data));
        expect(back.list.slice(1)).toEqual([1, null]);
        expect(redact(json)).toBe(json);
      }),
      { numRuns: 300 },
    );
  });
  test("property: a password of an address is removed, whatever it is made of", () => {
    const word = fc.stringMatching(/^[A-Za-z0-9!$%&()*+,.:;=?@^_{|}~-]{4,20}$/).map((p) => `pw${p}`);
    fc.assert(
      fc.property(word, fc.constantFrom("http", "https", "wss", "socks5"), (password, scheme) => {
        for (const text of [
          `${scheme}://owner:${password}@gw.example.com/x`,
          `${scheme}://${password.replace(/[:?@]/g, "")}@gw.example.com`,
        ])
          expect(redact(`see ${text} there`)).toMatch(/^see \w+:\/\/\[redacted\]@gw\.example\.com(\/x)? there$/);
      }),
      { numRuns: 300 },
    );
  });
  test("property: any JSON stays JSON", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom("", "token=", 'secret":"', "https://a:b"), (json, more) => {
        const text = JSON.stringify({ a: json + more, b: more + json, c: [json] });
        expect(() => JSON.parse(redact(text)) as unknown).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
  test("a long text costs time in proportion to its length", () => {
    for (const evil of ["a", "a_", "token", "1", "a:", "://", "u:p", "A_", '\\"', "http://u:p"])
      expect(redact(evil.repeat(20_000)).length).toBeGreaterThan(0);
    expect(redact(randomUUID())).toMatch(/-/);
  });
});

describe("truth 15: settings", () => {
  const problems = (env: Record<string, string>): string => {
    const result = parseConfig(env);
    return result.kind === "bad" ? result.problems.join("\n") : "";
  };
  const whole = `MODE=paper TELEGRAM_BOT_TOKEN=${TOKEN} API_KEY=${KEY}`;
  const secrets = [
    TOKEN,
    KEY,
    HEX,
    BASE64,
    whole,
    `${TOKEN}\n${whole}`,
    "https://u:hunter2@h",
    "p4ssw0rdp4ssw0rd",
    TOKEN.slice(0, 20),
  ];
  test.each(Object.keys(SETTINGS).flatMap((name) => secrets.map((secret) => [name, secret] as const)))(
    "%s never repeats a secret that stands there by mistake",
    (name, secret) => {
      const found = problems({ [name]: secret });
      for (const part of [secret, TOKEN.slice(10), KEY, "hunter2"]) expect(found).not.toContain(part);
    },
  );
  test("an ordinary mistake is still shown", () => {
    for (const text of [
      "Live",
      "2%",
      "owner@example.com",
      "12:30",
      "1,000,000",
      "yes",
      "0.02x",
      "https://api.coin.z.com/public/",
      "-100123456",
    ])
      expect(foundText(text)).toBe(JSON.stringify(text));
  });
  test.each([
    'https://owner:hun"ter2@gw.example.com/x',
    "https://owner:hun<ter2@gw.example.com/x",
    "https://o'wner:hunter2@gw.example.com/x",
    "https://owner:hun\\ter2@gw.example.com/x",
    "https://owner:hunter2 @gw.example.com/x",
    `https://owner:${"word".repeat(80)}@gw.example.com/x`,
    `https://${"word".repeat(60)}:hunter2@gw.example.com/x`,
    "owner:hunter2@gw",
  ])(
    "truth 15: an address whose password could not be told from its surroundings is refused and not shown: %s",
    (url) => {
      for (const name of ["GMO_PUBLIC_URL", "TELEGRAM_API_URL", "GMO_WS_PUBLIC_URL", "MODE"]) {
        const found = problems({ [name]: name.includes("_WS_") ? url.replace("https", "wss") : url });
        expect(found).toContain(`${name}: expected `);
        expect(found).not.toMatch(/ter2|wordword|hun/);
      }
    },
  );
  test("an address is shown without its password, in text and JSON", () => {
    const result = parseConfig({ GMO_PUBLIC_URL: "https://owner:hunter2@gw.example.com/public?token=abc" });
    if (result.kind === "bad") throw new Error(result.problems.join());
    expect(shownSetting(result.config, "GMO_PUBLIC_URL")).toBe(
      `https://${REDACTED}@gw.example.com/public?token=${REDACTED}`,
    );
  });
});
