// Every setting: default, meaning, check. Parsed once in main.ts and frozen; all problems are reported together.
// .env.example is generated from this list (test/tidy.test.ts compares them).
import { z } from "zod";
import { keyProblems } from "./liveSettings.ts";
import { parseRatio, parseYen, type RatioE8, type YenE8 } from "./money.ts";
import { foundText } from "./redact.ts";
import { LOCALES } from "./text/locale.ts";

const text = (pattern: RegExp, expected: string) => z.string().regex(pattern, { error: `expected ${expected}` });
/** At most 200 of the characters that an address is made of (RFC 3986): of any other one, a password in it could not be told from its surroundings. */
const address = (schemes: string, expected: string) =>
  text(
    new RegExp(`^(?=.{1,200}$)(?:${schemes})://[\\w~:/?#[\\]@!$&()*+,;=.%-]*[\\w~:?#[\\]@!$&()*+,;=.%-]$`),
    `${expected} without a trailing slash, at most 200 characters, others percent-encoded`,
  );
const decimal = (expected: string) => text(/^\d{1,12}(\.\d{1,8})?$/, expected);
const number = (min: number, max: number) =>
  decimal(`a number from ${min} to ${max}`)
    .transform(Number)
    .refine((v) => v >= min && v <= max, { error: `expected a number from ${min} to ${max}` });
const integer = (min: number, max: number) =>
  text(/^\d{1,9}$/, `a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((v) => v >= min && v <= max, { error: `expected a whole number from ${min} to ${max}` });
/** A ratio such as 0.02, exact. */
const ratio = (max: string) =>
  decimal(`a ratio above 0 and up to ${max}, such as 0.02`)
    .transform((v): RatioE8 => parseRatio(v))
    .refine((v) => v > 0n && v <= parseRatio(max), { error: `expected a ratio above 0 and up to ${max}` });
const yenAmount = () =>
  text(/^\d{1,11}$/, "whole yen above 0")
    .transform((v): YenE8 => parseYen(v))
    .refine((v) => v > 0n, { error: "expected whole yen above 0" });
const yesNo = () => text(/^(true|false)$/, "true or false").transform((v) => v === "true");
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `expected one of: ${values.join(", ")}` });

/** The ticker and the order book of two symbols. */
const READS_PER_QUOTE_AGE = 4;

interface Setting {
  readonly schema: z.ZodType<unknown, string>;
  /** undefined: optional, absent by default. */
  readonly fallback: string | undefined;
  readonly doc: string;
}
/** Never shown: not by `trader config`, in an error or in any file we write. */
const SECRET = ["TELEGRAM_BOT_TOKEN", "GMO_API_KEY", "GMO_API_SECRET"] as const;
export const isSecret = (name: string): boolean => (SECRET as readonly string[]).includes(name);
const setting = <S extends z.ZodType<unknown, string>, F extends string | undefined>(
  schema: S,
  fallback: F,
  doc: string,
) => ({
  schema,
  fallback,
  doc,
});

/** In the order of .env.example. Sections start with a `#` in the doc. */
export const SETTINGS = {
  MODE: setting(
    oneOf(["replay", "paper", "live"]),
    "paper",
    "What `trader worker` runs: paper (live quotes, simulated account) or live (in this version with a simulated exchange on this machine only). `trader start` always replays.",
  ),
  PRODUCT: setting(
    oneOf(["margin", "spot"]),
    "margin",
    "margin: BTC_JPY and ETH_JPY, long and short, 2x leverage product. spot: the coins BTC and ETH, long only, maker rebate 0.01 %, taker fee 0.05 %. A state folder keeps its product.",
  ),
  CONFIDENCE_MODE: setting(
    oneOf(["design"]),
    "design",
    "design: the owner's thresholds on the touch probability. The guarded mode needs the win heads, which do not exist yet.",
  ),
  LOCALE: setting(
    oneOf(LOCALES),
    "en",
    "Language of messages, reports, alerts, and of trader why and signals: en or ja. Logs and other commands are English.",
  ),
  VAR_DIR: setting(
    z.string().min(1, { error: "expected a folder" }),
    "./var",
    "State folder: database, logs, reports. The --var flag wins.",
  ),
  LOG_LEVEL: setting(oneOf(["trace", "debug", "info", "warn", "error"]), "info", "Detail of the log files."),
  PAPER_EQUITY_JPY: setting(yenAmount(), "1000000", "Starting equity of replay and paper, whole yen."),
  CAPITAL_LIMIT_JPY: setting(
    yenAmount(),
    undefined,
    "Optional cap on the capital used: sizes and loss limits are ratios of it where equity is more. Whole yen.",
  ),
  MAX_RISK_PER_TRADE: setting(ratio("1"), "0.02", "Largest loss at the stop, as a ratio of equity."),
  MAX_POSITION_RATIO: setting(
    ratio("1"),
    "0.10",
    "Largest notional of all open positions together, as a ratio of equity.",
  ),
  MAX_DAILY_LOSS_PCT: setting(
    ratio("1"),
    "0.03",
    "Loss of the JST day that halts trading until the day ends, as a ratio of its starting equity.",
  ),
  MAX_WEEKLY_LOSS_PCT: setting(ratio("1"), "0.07", "The same for the JST week (from Monday)."),
  MAX_MONTHLY_LOSS_PCT: setting(ratio("1"), "0.15", "The same for the JST month."),
  STOP_LOSS_ATR_MULTIPLE: setting(number(0.1, 20), "2.0", "Stop distance in ATR(14) of 15-minute candles."),
  TIME_STOP_HOURS: setting(number(0.25, 24), "4", "Longest holding time, hours."),
  MAX_DAILY_TRADES: setting(integer(1, 1000), "3", "First fills per account and JST day; open proposals count."),
  LONG_MIN_CONFIDENCE: setting(number(0, 1), "0.75", "Smallest probability of a long signal."),
  SHORT_MIN_CONFIDENCE: setting(number(0, 1), "0.80", "Smallest probability of a short signal."),
  CONFIDENCE_RANK: setting(
    number(0, 1),
    "0.10",
    "Only the top share of the trailing 30 days of the same symbol and side (0.10 = rank 90 and above).",
  ),
  MAX_SPREAD_BPS: setting(number(0, 1000), "5", "Widest spread, basis points of the mid price."),
  MIN_VOLUME_RATIO: setting(
    number(0, 100),
    "0.8",
    "Smallest volume of the bar against the mean of the 96 closed bars before.",
  ),
  AVOID_NEWS_TIME: setting(yesNo(), "true", "No entries around important economic events."),
  NEWS_WINDOW_MINUTES: setting(
    integer(0, 720),
    "30",
    "Minutes before and after an event, unless the event has its own window.",
  ),
  APPROVAL_MINUTES: setting(integer(1, 60), "15", "A proposal not answered by then is rejected."),
  ENTRY_BAND_PCT: setting(
    ratio("0.05"),
    "0.001",
    "How far the entry price may move from the proposal, as a ratio (0.001 = 0.10 %).",
  ),
  MAX_REQUOTES: setting(integer(0, 100), "3", "How often the entry order may be re-priced inside the band."),
  TP1_PCT: setting(ratio("1"), "0.003", "First target for one half, as a ratio of the entry price."),
  TP2_PCT: setting(ratio("1"), "0.006", "Second target for the other half."),
  TAKE_PROFIT_REST_SECONDS: setting(
    integer(1, 60),
    "5",
    "How long a take-profit or closing limit order rests before the stop returns.",
  ),
  MARGIN_ROLLOVER: setting(
    oneOf(["avoid", "charge"]),
    "avoid",
    "avoid: no margin entry whose holding time would cross 06:00 JST. charge: accept the 0.04 % leverage fee.",
  ),
  MAINTENANCE_LEAD_HOURS: setting(
    number(0, 48),
    "4",
    "No entry this long before known maintenance (Saturday 09:00 JST).",
  ),
  JOBS_KEEP_DAYS: setting(
    integer(8, 3650),
    "30",
    "Days a finished job is kept, with its key and its attempts. Dead jobs stay until you retry or discard them.",
  ),
  GMO_PUBLIC_URL: setting(
    address("https?", "an http(s) address"),
    "https://api.coin.z.com/public",
    "Where the public market data come from. Change it only to point at a test server.",
  ),
  GMO_PRIVATE_URL: setting(
    address("https?", "an http(s) address"),
    "https://api.coin.z.com/private",
    "Where orders go with MODE=live. All four addresses must be of one exchange; http and ws only on this machine.",
  ),
  GMO_WS_PUBLIC_URL: setting(
    address("wss?", "a ws(s) address"),
    "wss://api.coin.z.com/ws/public/v1",
    "The public stream with MODE=live: prices as they change.",
  ),
  GMO_WS_PRIVATE_URL: setting(
    address("wss?", "a ws(s) address"),
    "wss://api.coin.z.com/ws/private/v1",
    "The private stream with MODE=live: orders and fills as they happen.",
  ),
  GMO_API_KEY: setting(
    text(/^[\x21-\x7e]{8,200}$/, "the API key as the exchange's page shows it"),
    undefined,
    "Key of the account for MODE=live. Secret; also from a systemd credential of this name.",
  ),
  GMO_API_SECRET: setting(
    text(/^[\x21-\x7e]{8,200}$/, "the API secret as the exchange's page shows it"),
    undefined,
    "The key's secret, shown once when it is made. Secret; also from a systemd credential of this name.",
  ),
  LIVE_CONFIRM: setting(
    z.string().max(200),
    undefined,
    "The sentence that trader doctor --for live prints: account, product and capital. MODE=live never starts without it.",
  ),
  GMO_PUBLIC_PER_SECOND: setting(
    number(0.1, 1000),
    "2.5",
    "Requests a second to the public API. GMO Coin publishes no limit and refused about 5; more is for a test server.",
  ),
  QUOTE_POLL_SECONDS: setting(
    integer(1, 60),
    "2",
    "How often the worker looks at prices and orders while a trade or an entry is open.",
  ),
  QUOTE_MAX_AGE_SECONDS: setting(
    integer(3, 60),
    "10",
    "Oldest usable market data, seconds by the exchange's own time in them. Older than this is no quote: no entry, NO PRICES.",
  ),
  TELEGRAM_BOT_TOKEN: setting(
    text(/^\d{3,20}:[A-Za-z0-9_-]{20,100}$/, "a bot token as BotFather gives it, such as 123456789:AAE..."),
    undefined,
    "The bot of the worker (docs/telegram.md). Secret. Without it messages go to the terminal and answers come by the command line.",
  ),
  TELEGRAM_CHAT_ID: setting(
    text(
      /^[1-9]\d{0,14}$/,
      "the id of your private chat with the bot: digits only (docs/telegram.md tells how to find it)",
    ).transform(Number),
    undefined,
    "Your private chat with the bot: the only place it writes to and listens in.",
  ),
  TELEGRAM_USER_IDS: setting(
    text(/^[1-9]\d{0,14}( *, *[1-9]\d{0,14})*$/, "user ids, separated by commas").transform((v) =>
      v.split(",").map(Number),
    ),
    undefined,
    "Who may tap and command there, separated by commas. Not set: the person of the private chat.",
  ),
  TELEGRAM_API_URL: setting(
    address("https?", "an http(s) address"),
    "https://api.telegram.org",
    "The Bot API. Change it only to point at a test server or one of your own: it sees the token.",
  ),
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
type Parsed<K extends SettingName> = z.output<(typeof SETTINGS)[K]["schema"]>;
/** Frozen settings by name. An optional setting may be undefined. */
export type Config = {
  readonly [K in SettingName]: (typeof SETTINGS)[K]["fallback"] extends undefined ? Parsed<K> | undefined : Parsed<K>;
};

type ConfigResult =
  | { readonly kind: "ok"; readonly config: Config; readonly unknown: readonly string[] }
  | { readonly kind: "bad"; readonly problems: readonly string[] };

/**
 * Reads settings from an environment-like record. An empty string means "not set". All problems are reported together,
 * each with the setting's name, what was expected and what was found.
 */
export const parseConfig = (env: Readonly<Record<string, string | undefined>>): ConfigResult => {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { schema, fallback }] of Object.entries(SETTINGS) as [string, Setting][]) {
    const given = env[name]?.trim();
    const raw = given === undefined || given === "" ? fallback : given;
    if (raw === undefined) {
      values[name] = undefined;
      continue;
    }
    const result = schema.safeParse(raw);
    if (result.success) values[name] = result.data;
    else {
      const found = isSecret(name) ? `one of ${raw.length} characters (not shown)` : foundText(raw);
      problems.push(`${name}: ${result.error.issues[0]?.message ?? "invalid"}, found ${found}`);
    }
  }
  const config = values as Config;
  // Rules across settings are checked when their own settings are valid, so that all problems are reported at once.
  if (config.TP1_PCT && config.TP2_PCT && config.TP2_PCT <= config.TP1_PCT)
    problems.push("TP2_PCT: expected a target beyond TP1_PCT");
  if (config.PRODUCT === "margin" && config.MARGIN_ROLLOVER === "avoid" && config.TIME_STOP_HOURS >= 24)
    problems.push(
      "TIME_STOP_HOURS: expected below 24 with MARGIN_ROLLOVER=avoid, found a holding time that always crosses 06:00 JST, so no entry would ever be sent",
    );
  if (config.GMO_PUBLIC_PER_SECOND * config.QUOTE_MAX_AGE_SECONDS < READS_PER_QUOTE_AGE)
    problems.push(
      `GMO_PUBLIC_PER_SECOND: expected at least ${READS_PER_QUOTE_AGE} requests within QUOTE_MAX_AGE_SECONDS, found fewer: every price would be too old to be used`,
    );
  const { MAX_DAILY_LOSS_PCT: day, MAX_WEEKLY_LOSS_PCT: week, MAX_MONTHLY_LOSS_PCT: month } = config;
  if (day && week && month && !(day <= week && week <= month))
    problems.push("MAX_WEEKLY_LOSS_PCT: expected daily <= weekly <= monthly loss limits");
  problems.push(...keyProblems((name) => (env[name]?.trim() ?? "") !== ""));
  problems.push(...telegramProblems(env));
  if (problems.length > 0) return { kind: "bad", problems };
  return { kind: "ok", config: Object.freeze(config), unknown: [] };
};

/** Token and chat are both required: with only one of them the bot would be off without a notice. */
const telegramProblems = (env: Readonly<Record<string, string | undefined>>): readonly string[] => {
  const given = (name: SettingName): boolean => (env[name]?.trim() ?? "") !== "";
  const [token, chat] = [given("TELEGRAM_BOT_TOKEN"), given("TELEGRAM_CHAT_ID")];
  const problem = (missing: string, found: string) =>
    `${missing}: expected it together with ${found}, found it not set; set both to use the bot, or none (docs/telegram.md)`;
  if (token && !chat) return [problem("TELEGRAM_CHAT_ID", "TELEGRAM_BOT_TOKEN")];
  if (chat && !token) return [problem("TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID")];
  if (given("TELEGRAM_USER_IDS") && !token) return [problem("TELEGRAM_BOT_TOKEN", "TELEGRAM_USER_IDS")];
  return [];
};

/** The settings of a run with an empty environment. */
export const defaultConfig = (overrides: Readonly<Record<string, string>> = {}): Config => {
  const result = parseConfig(overrides);
  if (result.kind === "bad") throw new RangeError(result.problems.join("; "));
  return result.config;
};

/** Text of .env.example. */
export const envExample = (): string =>
  [
    "# Settings of CryptoTrader V2. Copy to .env (mode 600, never committed) and change what you need.",
    "# Every value shown is the default; an empty value means the default.",
    "",
    ...Object.entries(SETTINGS).flatMap(([name, { doc, fallback }]) => [
      `# ${doc}`,
      `${fallback === undefined ? "# " : ""}${name}=${fallback ?? ""}`,
      "",
    ]),
  ].join("\n");
