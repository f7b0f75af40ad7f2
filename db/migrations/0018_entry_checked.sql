-- When a resting entry was last checked in full after a restart of the worker (system clock); NULL: it has seen none.
ALTER TABLE trades ADD COLUMN entry_checked_ms INTEGER;
CREATE INDEX halts_kind ON halts (kind, id);
