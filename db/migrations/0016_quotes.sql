-- The newest best prices the worker has read of each symbol, one row per symbol: what other processes show as the price.
CREATE TABLE quotes (
  symbol TEXT PRIMARY KEY,
  bid_e8 INTEGER NOT NULL CHECK (bid_e8 > 0),
  ask_e8 INTEGER NOT NULL CHECK (ask_e8 > 0),
  last_e8 INTEGER NOT NULL CHECK (last_e8 > 0),
  -- The venue's own time of these prices, and ours when they were read.
  venue_ms INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL,
  -- How long they count as current: the worker reads them that often, or fails to.
  current_ms INTEGER NOT NULL CHECK (current_ms > 0)
) STRICT;
