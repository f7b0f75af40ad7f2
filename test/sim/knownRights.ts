// A database that knows the key's rights for the day, so that a test sees only the requests that it is about.
import { type EpochMs, jstDayStart } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

/** What is known already stays. Past the test's counters of commits: it is no step of what is tested. */
export const knowRights = (sql: Sqlite, nowMs: EpochMs): void =>
  void sql
    .prepare("INSERT OR IGNORE INTO meta (key, value) VALUES ('key_rights', ?)")
    .run(JSON.stringify({ dayMs: jstDayStart(nowMs), denied: [] }));
