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
