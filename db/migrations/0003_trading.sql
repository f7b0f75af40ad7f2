-- Trades, orders, executions, positions: the book. Money in *_e8 columns, times in *_ms (UTC epoch ms).

-- The owner's table (architecture 5.1), in units a person reads, with columns added.
CREATE TABLE trades (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  symbol TEXT NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('long', 'short')),
  entry_price REAL NOT NULL,
  exit_price REAL,
  stop_loss REAL NOT NULL,
  take_profit_1 REAL,
  take_profit_2 REAL,
  position_size REAL NOT NULL,
  confidence REAL NOT NULL,
  entry_time TEXT NOT NULL,
  exit_time TEXT,
  exit_reason TEXT CHECK (exit_reason IN ('tp1', 'tp2', 'stop_loss', 'time_stop', 'manual')),
  pnl_amount REAL,
  pnl_percent REAL,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'open', 'closed', 'cancelled')),
  created_at TEXT NOT NULL,
  -- added
  proposal_id TEXT NOT NULL UNIQUE REFERENCES proposals (id),
  signal_id INTEGER NOT NULL REFERENCES signals (id),
  trace_id TEXT NOT NULL,
  break_even REAL NOT NULL,
  fees REAL NOT NULL DEFAULT 0,
  first_fill_ms INTEGER,
  closed_ms INTEGER,
  time_stop_ms INTEGER,
  cancel_reason TEXT
) STRICT;
-- One open trade per symbol (DESIGN 8).
CREATE UNIQUE INDEX one_open_trade ON trades (symbol) WHERE status IN ('pending', 'open');
