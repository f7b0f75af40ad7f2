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
  cancel_reason TEXT,
  -- No entry order of this trade is or can be at the venue any more.
  entry_ended_ms INTEGER,
  -- What the send was checked against: the size to fill and the symbol's rules, so that protection needs no further read.
  target_size_e8 INTEGER NOT NULL CHECK (target_size_e8 > 0),
  tick_e8 INTEGER NOT NULL CHECK (tick_e8 > 0),
  min_size_e8 INTEGER NOT NULL CHECK (min_size_e8 > 0),
  size_step_e8 INTEGER NOT NULL CHECK (size_step_e8 > 0),
  CHECK ((status = 'closed') = (closed_ms IS NOT NULL)),
  CHECK ((status = 'cancelled') = (cancel_reason IS NOT NULL)),
  CHECK (status <> 'open' OR first_fill_ms IS NOT NULL)
) STRICT;
-- One open trade per symbol (DESIGN 8).
CREATE UNIQUE INDEX one_open_trade ON trades (symbol) WHERE status IN ('pending', 'open');
CREATE INDEX trades_closed ON trades (closed_ms) WHERE closed_ms IS NOT NULL;
CREATE INDEX trades_first_fill ON trades (first_fill_ms) WHERE first_fill_ms IS NOT NULL;

-- One venue position: several may come from one entry order (GMO API 8.1).
CREATE TABLE positions (
  position_id TEXT PRIMARY KEY,
  trade_id INTEGER NOT NULL REFERENCES trades (id),
  symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('BUY', 'SELL')),
  opened_e8 INTEGER NOT NULL CHECK (opened_e8 > 0),
  open_e8 INTEGER NOT NULL CHECK (open_e8 BETWEEN 0 AND opened_e8),
  price_e8 INTEGER NOT NULL CHECK (price_e8 > 0),
  opened_ms INTEGER NOT NULL,
  closed_ms INTEGER,
  CHECK ((open_e8 = 0) = (closed_ms IS NOT NULL))
) STRICT;
CREATE INDEX positions_trade ON positions (trade_id);
CREATE INDEX positions_open ON positions (symbol) WHERE open_e8 > 0;

-- A part of a position with one target and one stop. At most one order of it is alive at a time: the venue has one settle
-- slot per quantity (GMO API 8.6).
CREATE TABLE trade_legs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  trade_id INTEGER NOT NULL REFERENCES trades (id),
  position_id TEXT NOT NULL REFERENCES positions (position_id),
  target INTEGER NOT NULL CHECK (target IN (1, 2)),
  size_e8 INTEGER NOT NULL CHECK (size_e8 > 0),
  open_e8 INTEGER NOT NULL CHECK (open_e8 BETWEEN 0 AND size_e8),
  target_e8 INTEGER NOT NULL CHECK (target_e8 > 0),
  -- Where its stop belongs now.
  stop_e8 INTEGER NOT NULL CHECK (stop_e8 > 0),
  exit_reason TEXT CHECK (exit_reason IN ('tp1', 'tp2', 'stop_loss', 'time_stop', 'manual')),
  closed_ms INTEGER,
  CHECK ((open_e8 = 0) = (closed_ms IS NOT NULL AND exit_reason IS NOT NULL))
) STRICT;
CREATE INDEX legs_trade ON trade_legs (trade_id);
CREATE INDEX legs_position ON trade_legs (position_id);

CREATE TABLE orders (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  trade_id INTEGER NOT NULL REFERENCES trades (id),
  purpose TEXT NOT NULL CHECK (purpose IN ('entry', 'stop', 'takeProfit', 'exit')),
  leg_id INTEGER REFERENCES trade_legs (id),
  position_id TEXT REFERENCES positions (position_id),
  exit_reason TEXT CHECK (exit_reason IN ('tp1', 'tp2', 'stop_loss', 'time_stop', 'manual')),
  symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('BUY', 'SELL')),
  execution_type TEXT NOT NULL CHECK (execution_type IN ('MARKET', 'LIMIT', 'STOP')),
  time_in_force TEXT NOT NULL CHECK (time_in_force IN ('FAK', 'FAS', 'SOK')),
  price_e8 INTEGER CHECK (price_e8 > 0),
  planned_e8 INTEGER CHECK (planned_e8 > 0),
  losscut_e8 INTEGER CHECK (losscut_e8 > 0),
  size_e8 INTEGER NOT NULL CHECK (size_e8 > 0),
  state TEXT NOT NULL CHECK (state IN ('intended', 'sending', 'unknown', 'open', 'filled', 'cancelled', 'expired', 'rejected', 'neverSent')),
  venue_order_id TEXT UNIQUE,
  executed_e8 INTEGER NOT NULL DEFAULT 0 CHECK (executed_e8 BETWEEN 0 AND size_e8),
  empty_looks INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  sent_ms INTEGER,
  cancel_asked_ms INTEGER,
  closed_ms INTEGER,
  refusal_code TEXT,
  refusal_resend TEXT CHECK (refusal_resend IN ('never', 'later')),
  detail TEXT,
  CHECK ((purpose = 'entry') = (leg_id IS NULL AND position_id IS NULL AND exit_reason IS NULL)),
  CHECK ((execution_type = 'MARKET') = (price_e8 IS NULL)),
  CHECK ((state IN ('filled', 'cancelled', 'expired', 'rejected', 'neverSent')) = (closed_ms IS NOT NULL)),
  CHECK ((state IN ('open', 'filled', 'cancelled', 'expired')) = (venue_order_id IS NOT NULL)),
  CHECK (sent_ms IS NOT NULL OR state IN ('intended', 'neverSent')),
  CHECK ((state = 'rejected') = (refusal_code IS NOT NULL AND refusal_resend IS NOT NULL))
) STRICT;
CREATE INDEX orders_trade ON orders (trade_id);
CREATE INDEX orders_live ON orders (symbol) WHERE state IN ('intended', 'sending', 'unknown', 'open');
-- One working entry per account and symbol (the file holds one account).
CREATE UNIQUE INDEX one_working_entry ON orders (symbol)
  WHERE purpose = 'entry' AND state IN ('intended', 'sending', 'unknown', 'open');
-- One live order per leg.
CREATE UNIQUE INDEX one_live_order_per_leg ON orders (leg_id)
  WHERE leg_id IS NOT NULL AND state IN ('intended', 'sending', 'unknown', 'open');
-- No two live orders look alike at the venue: the fingerprint stands in for the client order id it lacks (GMO API 9.7).
-- Market orders have no price to move; of two that look alike it does not matter which is which.
CREATE UNIQUE INDEX one_look ON orders (symbol, side, execution_type, price_e8, size_e8)
  WHERE price_e8 IS NOT NULL AND state IN ('intended', 'sending', 'unknown', 'open');

-- Booked exactly once: the venue's execution id is the key.
CREATE TABLE executions (
  execution_id TEXT PRIMARY KEY,
  venue_order_id TEXT NOT NULL,
  -- NULL: not our order (the owner's hand, a loss-cut) closed a position of ours.
  order_id INTEGER REFERENCES orders (id),
  trade_id INTEGER NOT NULL REFERENCES trades (id),
  position_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('BUY', 'SELL')),
  settle_type TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('open', 'close')),
  size_e8 INTEGER NOT NULL CHECK (size_e8 > 0),
  price_e8 INTEGER NOT NULL CHECK (price_e8 > 0),
  loss_gain_e8 INTEGER NOT NULL,
  fee_e8 INTEGER NOT NULL,
  exit_reason TEXT CHECK (exit_reason IN ('tp1', 'tp2', 'stop_loss', 'time_stop', 'manual')),
  at_ms INTEGER NOT NULL,
  CHECK ((kind = 'close') = (exit_reason IS NOT NULL))
) STRICT;
CREATE INDEX executions_trade ON executions (trade_id);
CREATE INDEX executions_order ON executions (order_id);
CREATE INDEX executions_time ON executions (at_ms);

-- Differences between the venue and this book that the last reconcile saw; one seen twice halts entries.
CREATE TABLE differences (
  key TEXT PRIMARY KEY,
  text TEXT NOT NULL,
  first_seen_ms INTEGER NOT NULL,
  seen INTEGER NOT NULL CHECK (seen >= 1)
) STRICT;
