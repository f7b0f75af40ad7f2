// meta: single facts about this database: its mode, the replay it holds, the virtual time it has reached.
import type { Sqlite } from "../../lib/io/sqlite.ts";

export const metaReads = (sql: Sqlite) => {
  const get = sql.prepare<[string], { value: string }>("SELECT value FROM meta WHERE key = ?");
  return { get: (key: string): string | undefined => get.get(key)?.value };
};
export const metaWrites = (sql: Sqlite) => {
  const set = sql.prepare(
    "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  );
  return { set: (key: string, value: string): void => void set.run(key, value) };
};

export const META = {
  mode: "mode",
  /** "margin" or "spot"; see productOf. */
  product: "product",
  /** Live: the fingerprint of the API key whose account this book is of (claimAccount). */
  account: "account",
  replay: "replay",
  virtualNowMs: "virtual_now_ms",
  summary: "replay_summary",
  databaseId: "database_id",
  /** Set once progress.json has been written: a folder without progress.json is then not this database's own. */
  progressKept: "progress_kept",
  /** Why the next worker must quarantine this database (restored.ts); "" or absent: it need not. */
  restored: "restored",
  /** Since when the exchange returns no prices, and why (priceOutage.ts); "" or absent: it returns prices. */
  noPrices: "no_prices",
} as const;
