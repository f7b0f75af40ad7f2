// What the settings of real orders must be together: both halves of the key, addresses of one exchange, and in live mode
// everything that keeps an accident from becoming a trade. Values of secrets are never part of a problem.

const ADDRESSES = ["GMO_PUBLIC_URL", "GMO_PRIVATE_URL", "GMO_WS_PUBLIC_URL", "GMO_WS_PRIVATE_URL"] as const;
type Addresses = Readonly<Record<(typeof ADDRESSES)[number], string>>;
interface LiveSettings extends Addresses {
  readonly PRODUCT: string;
  /** Scaled by 1e8, as all amounts. */
  readonly CAPITAL_LIMIT_JPY: bigint | undefined;
  readonly GMO_API_KEY: string | undefined;
  readonly TELEGRAM_BOT_TOKEN: string | undefined;
  readonly LIVE_CONFIRM: string | undefined;
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);

/** Whether all four addresses are of this machine: a simulated exchange, never real money. */
export const isRehearsal = (addresses: Addresses): boolean =>
  ADDRESSES.every((name) => isLoopback(new URL(addresses[name]).hostname));

/** Problems of the addresses as `NAME: expected …, found …`; empty: one exchange, encrypted unless it is on this machine. */
const addressProblems = (addresses: Addresses): readonly string[] => {
  const hosts = ADDRESSES.map((name) => ({ name, url: new URL(addresses[name]) }));
  const open = hosts.filter(({ url }) => !/^(https|wss):$/.test(url.protocol) && !isLoopback(url.hostname));
  if (open.length > 0)
    return open.map(
      ({ name }) => `${name}: expected https or wss for real orders, found an address that is not encrypted`,
    );
  const [first, ...others] = hosts.map(({ url }) => (isLoopback(url.hostname) ? "this machine" : url.hostname));
  const other = others.findIndex((host) => host !== first);
  return other < 0
    ? []
    : [
        `${ADDRESSES[other + 1]}: expected the same exchange as GMO_PUBLIC_URL (${first}), found another (${others[other]}): prices and account must belong together`,
      ];
};

/** The sentence that LIVE_CONFIRM must hold. `account`: the fingerprint of the API key. */
export const liveSentence = (config: Pick<LiveSettings, "PRODUCT" | "CAPITAL_LIMIT_JPY">, account: string): string =>
  `real orders on account ${account}, ${config.PRODUCT}, at most ${(config.CAPITAL_LIMIT_JPY ?? 0n) / 100_000_000n} JPY`;

/** Half a key, in every mode; `given`: whether a setting has a value. */
export const keyProblems = (given: (name: "GMO_API_KEY" | "GMO_API_SECRET") => boolean): readonly string[] => {
  const [key, secret] = [given("GMO_API_KEY"), given("GMO_API_SECRET")];
  if (key === secret) return [];
  const [has, lacks] = key ? ["GMO_API_KEY", "GMO_API_SECRET"] : ["GMO_API_SECRET", "GMO_API_KEY"];
  return [`${lacks}: expected it together with ${has}, found it not set; a key has both halves`];
};

/**
 * What keeps these settings from trading for real, each naming its setting. In a rehearsal (all addresses on this machine)
 * no bot is needed. `account`: the fingerprint of the API key.
 */
export const liveProblems = (config: LiveSettings, account: string | undefined): readonly string[] => {
  const problems: string[] = [];
  const required = (name: keyof LiveSettings, what: string): void => {
    if (config[name] === undefined) problems.push(`${name}: expected ${what} with MODE=live, found it not set`);
  };
  required("GMO_API_KEY", "the API key of the account, with its GMO_API_SECRET,");
  required("CAPITAL_LIMIT_JPY", "the most yen this system may use");
  if (!isRehearsal(config)) required("TELEGRAM_BOT_TOKEN", "the bot that asks you before every trade");
  problems.push(...addressProblems(config));
  if (problems.length > 0 || account === undefined) return problems;
  const sentence = liveSentence(config, account);
  return config.LIVE_CONFIRM === sentence
    ? []
    : [
        `LIVE_CONFIRM: expected the sentence "${sentence}" (read it: it is what you agree to), found ${config.LIVE_CONFIRM === undefined ? "it not set" : "another text"}`,
      ];
};
