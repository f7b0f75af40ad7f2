// The network checks of `trader doctor`: every address of the hosts that the worker needs, one by one. No request is sent.
import type { Config } from "../../../lib/core/config.ts";
import {
  type Attempt,
  addressText,
  CONNECT_TIMEOUT_MS,
  NotConnected,
  probeAddresses,
  type Resolve,
} from "../../../lib/io/connect.ts";
import type { Finding } from "./telegramChecks.ts";

interface NetworkOptions {
  /** Whether the worker uses this folder or a bot is set: only then is a host that cannot be reached a failed check. */
  readonly needed: boolean;
  /** Default: the system's. */
  readonly resolve?: Resolve;
  readonly timeoutMs?: number;
}

/** One finding per host: the exchange's public API, and Telegram's when there is a bot. */
export const networkChecks = (config: Config, options: NetworkOptions): Promise<readonly Finding[]> => {
  const hosts: (readonly [string, string])[] = [["exchange host", config.GMO_PUBLIC_URL]];
  if (config.TELEGRAM_BOT_TOKEN !== undefined) hosts.push(["telegram host", config.TELEGRAM_API_URL]);
  return Promise.all(hosts.map(([name, url]) => hostCheck(name, url, options)));
};

const hostCheck = async (
  name: string,
  url: string,
  { needed, resolve, timeoutMs = CONNECT_TIMEOUT_MS }: NetworkOptions,
): Promise<Finding> => {
  const { hostname, port: given, protocol } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const port = given === "" ? (protocol === "http:" ? 80 : 443) : Number(given);
  const missing = (found: string): Finding => ({
    name,
    ok: !needed,
    found: `NOT REACHED: ${found}${needed ? "" : "; trader worker needs it, trader start does not"}`,
  });
  try {
    const attempts = await probeAddresses({ host, port, timeoutMs, ...(resolve ? { resolve } : {}) });
    const text = `${host}: ${attempts.map((attempt) => attemptText(attempt, timeoutMs)).join("; ")}`;
    return attempts.some(({ tookMs }) => tookMs !== undefined)
      ? { name, ok: true, found: text }
      : missing(`${text}; check this server's own network and firewall`);
  } catch (e) {
    if (!(e instanceof NotConnected)) throw e;
    return missing(e.message);
  }
};

const attemptText = (attempt: Attempt, timeoutMs: number): string =>
  `${addressText(attempt)} ${attempt.tookMs === undefined ? (attempt.error ?? `no answer within ${timeoutMs / 1_000} s`) : `connected in ${attempt.tookMs} ms`}`;
