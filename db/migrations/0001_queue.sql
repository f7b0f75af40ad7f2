-- The job ledger: the truth about every job, attempt, worker, schedule and halt (docs/queue.md).
-- Times in *_ms are UTC epoch ms on the system's clock (virtual in replay), except where "real clock" is said.

CREATE TABLE workers (
  boot_id TEXT PRIMARY KEY,
  pid INTEGER NOT NULL,
  -- Kernel boot, pid namespace and start time of the process: tells a live process from a reused pid.
  host TEXT NOT NULL,
  started_ms INTEGER NOT NULL,   -- real clock
  heartbeat_ms INTEGER NOT NULL, -- real clock
  stopped_ms INTEGER             -- real clock; a clean stop
) STRICT;

CREATE TABLE jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  input TEXT NOT NULL CHECK (json_valid(input)),
  state TEXT NOT NULL CHECK (state IN ('ready', 'running', 'parked', 'done', 'dead', 'cancelled', 'expired')),
  risk TEXT NOT NULL CHECK (risk IN ('adding', 'reducing', 'neutral')),
  priority INTEGER NOT NULL,
  serial_key TEXT,
  run_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  max_attempts INTEGER NOT NULL CHECK (max_attempts >= 1),
  -- Grows at every claim and every time an attempt is taken away: an older number can change nothing.
  fence INTEGER NOT NULL DEFAULT 0,
  worker TEXT REFERENCES workers (boot_id),
  lease_until_ms INTEGER,        -- real clock
  snoozed INTEGER NOT NULL DEFAULT 0 CHECK (snoozed IN (0, 1)),
  wake_on TEXT CHECK (wake_on IS NULL OR json_valid(wake_on)),
  deadline_ms INTEGER,
  deadline_passed INTEGER NOT NULL DEFAULT 0 CHECK (deadline_passed IN (0, 1)),
  parent_id INTEGER REFERENCES jobs (id),
  trace_id TEXT NOT NULL,
  -- The last error as JSON {verdict, code, message, data}; every attempt's is in `attempts`.
  error TEXT CHECK (error IS NULL OR json_valid(error)),
  -- Why it stopped or snoozes.
  reason TEXT,
  created_ms INTEGER NOT NULL,
  finished_ms INTEGER,
  UNIQUE (name, key),
  CHECK ((state = 'running') = (worker IS NOT NULL)),
  CHECK ((worker IS NULL) = (lease_until_ms IS NULL)),
  CHECK (state <> 'parked' OR deadline_ms IS NOT NULL),
  CHECK ((finished_ms IS NOT NULL) = (state IN ('done', 'dead', 'cancelled', 'expired')))
) STRICT;
-- Claim order.
CREATE INDEX jobs_ready ON jobs (priority DESC, run_at_ms, id) WHERE state = 'ready';
CREATE INDEX jobs_expiring ON jobs (expires_at_ms) WHERE state = 'ready' AND expires_at_ms IS NOT NULL;
CREATE INDEX jobs_parked ON jobs (deadline_ms) WHERE state = 'parked';
CREATE INDEX jobs_waking ON jobs (id) WHERE wake_on IS NOT NULL;
CREATE INDEX jobs_running ON jobs (worker) WHERE state = 'running';
CREATE INDEX jobs_serial ON jobs (serial_key, id) WHERE state IN ('ready', 'running');
-- The schema itself refuses two running jobs of one serial key.
CREATE UNIQUE INDEX one_running_per_serial_key ON jobs (serial_key) WHERE state = 'running' AND serial_key IS NOT NULL;
CREATE INDEX jobs_dead ON jobs (id) WHERE state = 'dead';
CREATE INDEX jobs_trace ON jobs (trace_id);
CREATE INDEX jobs_parent ON jobs (parent_id) WHERE parent_id IS NOT NULL;

-- One row per claim, opened with the claim, so that a crash leaves its trace. A snooze takes its row back.
CREATE TABLE attempts (
  job_id INTEGER NOT NULL REFERENCES jobs (id),
  fence INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  worker TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  outcome TEXT CHECK (outcome IN ('done', 'stop', 'park', 'retry', 'dead', 'lost', 'released', 'cancelled')),
  error TEXT CHECK (error IS NULL OR json_valid(error)),
  PRIMARY KEY (job_id, fence),
  CHECK ((ended_ms IS NULL) = (outcome IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE schedules (
  name TEXT PRIMARY KEY,
  handler TEXT NOT NULL,
  input TEXT NOT NULL CHECK (json_valid(input)),
  every_ms INTEGER NOT NULL CHECK (every_ms > 0),
  offset_ms INTEGER NOT NULL CHECK (offset_ms >= 0 AND offset_ms < every_ms),
  policy TEXT NOT NULL CHECK (policy IN ('skip', 'once', 'all')),
  max_catch_up INTEGER NOT NULL CHECK (max_catch_up >= 1),
  expires_after_ms INTEGER CHECK (expires_after_ms > 0),
  next_tick_ms INTEGER NOT NULL,
  last_tick_ms INTEGER,
  paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1))
) STRICT;

-- Pauses, kill switch, loss limits: while one is active no risk-adding job is claimed.
CREATE TABLE halts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  reason TEXT NOT NULL,
  raised_ms INTEGER NOT NULL,
  until_ms INTEGER,
  cleared_ms INTEGER,
  cleared_by TEXT,
  CHECK ((cleared_ms IS NULL) = (cleared_by IS NULL))
) STRICT;
CREATE UNIQUE INDEX one_open_halt ON halts (kind) WHERE cleared_ms IS NULL;
