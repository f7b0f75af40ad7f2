-- Starts of the jobs whose handler has a rate limit: the limit holds across restarts and processes. The claim that adds a
-- row removes those that no longer count (queue/rates.ts).
CREATE TABLE rate_starts (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  started_ms INTEGER NOT NULL -- system clock
) STRICT;
CREATE INDEX rate_starts_recent ON rate_starts (name, started_ms);
