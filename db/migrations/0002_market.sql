-- Market data, decisions, proposals, messages, audit. Money in *_e8 columns: 1 = 1e-8 yen or coin. Times in *_ms: UTC epoch ms.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- Closed candles as the venue (or the trade-built fallback) gave them.
CREATE TABLE candles (
  symbol TEXT NOT NULL,
  open_ms INTEGER NOT NULL CHECK (open_ms % 900000 = 0),
  open REAL NOT NULL CHECK (open > 0),
  high REAL NOT NULL CHECK (high >= open AND high >= close AND high >= low),
  low REAL NOT NULL CHECK (low > 0 AND low <= open AND low <= close),
  close REAL NOT NULL CHECK (close > 0),
  volume REAL NOT NULL CHECK (volume >= 0),
  source TEXT NOT NULL CHECK (source IN ('klines', 'trades')),
  PRIMARY KEY (symbol, open_ms)
) STRICT, WITHOUT ROWID;

-- What fetchMarket saw at one bar close.
CREATE TABLE snapshots (
  id TEXT PRIMARY KEY,
  symbol TEXT NOT NULL,
  bar_open_ms INTEGER NOT NULL,
  taken_ms INTEGER NOT NULL,
  venue_status TEXT NOT NULL,
  bid_e8 INTEGER NOT NULL,
  ask_e8 INTEGER NOT NULL,
  last_e8 INTEGER NOT NULL,
  spread_bps REAL NOT NULL,
  volume_ratio REAL,
  trades_seen INTEGER NOT NULL,
  trace_id TEXT NOT NULL,
  UNIQUE (symbol, bar_open_ms)
) STRICT;

-- The twelve indicators of one closed bar, or the reason there are none.
CREATE TABLE feature_rows (
  symbol TEXT NOT NULL,
  bar_open_ms INTEGER NOT NULL,
  feature_set TEXT NOT NULL,
  vector TEXT CHECK (vector IS NULL OR json_valid(vector)),
  atr REAL,
  no_signal TEXT,
  PRIMARY KEY (symbol, bar_open_ms, feature_set),
  CHECK ((vector IS NULL) = (no_signal IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- Every score of every bar, also of warm-up bars: the history that `rank` is taken from.
CREATE TABLE scores (
  model_id TEXT NOT NULL,
  symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('long', 'short')),
  bar_open_ms INTEGER NOT NULL,
  raw REAL NOT NULL,
  p_touch REAL NOT NULL CHECK (p_touch BETWEEN 0 AND 1),
  PRIMARY KEY (model_id, symbol, side, bar_open_ms)
) STRICT, WITHOUT ROWID;

-- The owner's table (architecture 5.1) with columns added. One row per judged symbol and bar.
-- STRICT spells the owner's types as TEXT (JSON, DATETIME as ISO-8601 UTC) and INTEGER (BOOLEAN).
CREATE TABLE signals (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  symbol TEXT NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('long', 'short')),
  confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
  features TEXT CHECK (features IS NULL OR json_valid(features)),
  prediction_time TEXT NOT NULL,
  approved INTEGER CHECK (approved IN (0, 1)),
  approved_by TEXT CHECK (approved_by IN ('human', 'timeout', 'script', 'system')),
  trade_id INTEGER REFERENCES trades (id),
  created_at TEXT NOT NULL,
  -- added
  bar_open_ms INTEGER NOT NULL,
  model_id TEXT NOT NULL,
  feature_set TEXT NOT NULL,
  p_touch_long REAL NOT NULL,
  p_touch_short REAL NOT NULL,
  rank REAL CHECK (rank BETWEEN 0 AND 100),
  rank_sample INTEGER NOT NULL,
  edge_bps REAL,
  p_win REAL,
  guarded_verdict TEXT,
  atr REAL NOT NULL,
  reasons TEXT NOT NULL CHECK (json_valid(reasons)),
  over_threshold INTEGER NOT NULL CHECK (over_threshold IN (0, 1)),
  verdict TEXT NOT NULL CHECK (verdict IN ('judging', 'proposed', 'filtered')),
  gates TEXT CHECK (gates IS NULL OR json_valid(gates)),
  trace_id TEXT NOT NULL,
  UNIQUE (symbol, bar_open_ms)
) STRICT;

-- What happened after each signal, approved or not.
CREATE TABLE signal_labels (
  signal_id INTEGER NOT NULL REFERENCES signals (id),
  side TEXT NOT NULL CHECK (side IN ('long', 'short')),
  touched INTEGER NOT NULL CHECK (touched IN (0, 1)),
  closed_beyond INTEGER NOT NULL CHECK (closed_beyond IN (0, 1)),
  rule_net_bps REAL,
  rule_exit TEXT,
  labelled_ms INTEGER NOT NULL,
  PRIMARY KEY (signal_id, side)
) STRICT, WITHOUT ROWID;

-- Exactly what the owner is asked. A modification is a new row that supersedes the old one.
CREATE TABLE proposals (
  id TEXT PRIMARY KEY,
  signal_id INTEGER NOT NULL REFERENCES signals (id),
  symbol TEXT NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('long', 'short')),
  entry_e8 INTEGER NOT NULL,
  band_low_e8 INTEGER NOT NULL,
  band_high_e8 INTEGER NOT NULL,
  stop_e8 INTEGER NOT NULL,
  tp1_e8 INTEGER NOT NULL,
  tp2_e8 INTEGER NOT NULL,
  size_e8 INTEGER NOT NULL CHECK (size_e8 > 0),
  risk_e8 INTEGER NOT NULL,
  equity_e8 INTEGER NOT NULL,
  atr REAL NOT NULL,
  confidence REAL NOT NULL,
  rank REAL,
  break_even REAL NOT NULL,
  hash TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  valid_until_ms INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'expired', 'superseded')),
  supersedes TEXT REFERENCES proposals (id),
  trace_id TEXT NOT NULL
) STRICT;
-- One pending proposal per symbol (DESIGN 8).
CREATE UNIQUE INDEX one_pending_proposal ON proposals (symbol) WHERE state = 'pending';

-- One answer per proposal, for ever.
CREATE TABLE approvals (
  proposal_id TEXT PRIMARY KEY REFERENCES proposals (id),
  decision TEXT NOT NULL CHECK (decision IN ('approved', 'rejected', 'modified')),
  decided_by TEXT NOT NULL CHECK (decided_by IN ('human', 'timeout', 'script', 'system')),
  actor TEXT NOT NULL,
  hash TEXT NOT NULL,
  decided_ms INTEGER NOT NULL
) STRICT;

-- Messages to the owner, delivered in order by sendTelegram (in replay: to the printed log and the scripted approver).
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('proposal', 'trade', 'alert', 'report', 'info')),
  proposal_id TEXT REFERENCES proposals (id),
  text TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'sent')),
  sent_ms INTEGER
) STRICT;

CREATE TABLE alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('warning', 'critical')),
  text TEXT NOT NULL,
  raised_ms INTEGER NOT NULL,
  resolved_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX one_open_alert ON alerts (key) WHERE resolved_ms IS NULL;

CREATE TABLE economic_events (
  at_ms INTEGER NOT NULL,
  currency TEXT NOT NULL,
  importance TEXT NOT NULL CHECK (importance IN ('low', 'medium', 'high')),
  title TEXT NOT NULL,
  window_minutes INTEGER CHECK (window_minutes >= 0),
  PRIMARY KEY (at_ms, currency, title)
) STRICT, WITHOUT ROWID;

CREATE TABLE models (
  id TEXT PRIMARY KEY,
  role TEXT NOT NULL CHECK (role IN ('champion', 'shadow', 'retired')),
  feature_set TEXT NOT NULL,
  manifest_sha256 TEXT NOT NULL,
  data_end_ms INTEGER NOT NULL,
  registered_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_champion ON models (role) WHERE role = 'champion';

-- Account equity over time: the starts of risk periods and the equity curve.
CREATE TABLE equity_points (
  at_ms INTEGER PRIMARY KEY,
  equity_e8 INTEGER NOT NULL
) STRICT;

-- The owner's tables (architecture 5.1).
CREATE TABLE daily_summary (
  date TEXT PRIMARY KEY,
  total_trades INTEGER,
  winning_trades INTEGER,
  losing_trades INTEGER,
  gross_profit REAL,
  gross_loss REAL,
  net_pnl REAL,
  max_drawdown REAL,
  sharpe_ratio REAL,
  -- added
  break_even_rate REAL,
  profit_factor REAL,
  fees REAL,
  equity_end REAL,
  funnel TEXT CHECK (funnel IS NULL OR json_valid(funnel))
) STRICT;

CREATE TABLE model_performance (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  date TEXT NOT NULL,
  model_version TEXT NOT NULL,
  predictions INTEGER,
  correct_predictions INTEGER,
  accuracy REAL,
  auc_roc REAL,
  created_at TEXT NOT NULL,
  -- added: one row per head
  symbol TEXT NOT NULL,
  side TEXT NOT NULL CHECK (side IN ('long', 'short')),
  brier REAL,
  UNIQUE (date, model_version, symbol, side)
) STRICT;

-- Append-only, hash-chained, written in the same transaction as the change it tells of.
CREATE TABLE audit_events (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  trace_id TEXT,
  data TEXT NOT NULL CHECK (json_valid(data)),
  prev_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit_events BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit_events BEGIN SELECT RAISE(ABORT, 'audit_events is append-only'); END;
