// meta: single facts about this database: the mode it belongs to, the replay it holds, the virtual time it has reached.
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
  replay: "replay",
  virtualNowMs: "virtual_now_ms",
  summary: "replay_summary",
  databaseId: "database_id",
  /** Set once progress.json has been written: from then on a folder without it is not where this database lived. */
  progressKept: "progress_kept",
  /** Why the next worker must quarantine this database (restored.ts); "" or nothing: it need not. */
  restored: "restored",
  /** Since when the exchange gives no prices, and why (prices.ts); "" or nothing: it does. */
  noPrices: "no_prices",
} as const;
