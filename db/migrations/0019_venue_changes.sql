-- An order of ours may be changed in place on the exchange's page: when that was last seen.
ALTER TABLE orders ADD COLUMN changed_ms INTEGER;
-- Two orders may look alike once someone else has moved them: each is known by its venue id then.
DROP INDEX one_look;
CREATE UNIQUE INDEX one_look ON orders (symbol, side, execution_type, price_e8, size_e8)
  WHERE price_e8 IS NOT NULL AND changed_ms IS NULL AND state IN ('intended', 'sending', 'unknown', 'open');

-- The loss-cut price the venue shows of a position; NULL: none, or not seen yet.
ALTER TABLE positions ADD COLUMN losscut_e8 INTEGER CHECK (losscut_e8 > 0);

-- A stop that was moved to where it loses more than was approved: the owner is asked to keep it or to put ours back.
CREATE TABLE stop_questions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  trade_id INTEGER NOT NULL REFERENCES trades (id),
  leg_id INTEGER NOT NULL REFERENCES trade_legs (id),
  ours_e8 INTEGER NOT NULL CHECK (ours_e8 > 0),
  theirs_e8 INTEGER NOT NULL CHECK (theirs_e8 > 0),
  asked_ms INTEGER NOT NULL,
  -- settled: without an answer, because the risk is within the approved one again or the leg is closed.
  answer TEXT CHECK (answer IN ('keep', 'restore', 'settled')),
  answered_by TEXT,
  answered_ms INTEGER,
  CHECK ((answer IS NULL) = (answered_ms IS NULL)),
  CHECK ((answer IS NULL) = (answered_by IS NULL))
) STRICT;
CREATE UNIQUE INDEX one_open_stop_question ON stop_questions (leg_id) WHERE answer IS NULL;
CREATE INDEX stop_questions_leg ON stop_questions (leg_id);

-- The same table with the two answers as commands.
CREATE TABLE owner_commands_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  command TEXT NOT NULL CHECK (command IN ('pause', 'resume', 'stop', 'panic', 'close', 'rejectAll', 'adopt', 'keepStop', 'restoreStop')),
  actor TEXT NOT NULL,
  args TEXT NOT NULL CHECK (json_valid(args)),
  requested_ms INTEGER NOT NULL,
  finished_ms INTEGER,
  outcome TEXT CHECK (outcome IN ('done', 'refused')),
  text TEXT,
  seen TEXT CHECK (seen IS NULL OR json_valid(seen)),
  CHECK ((finished_ms IS NULL) = (outcome IS NULL)),
  CHECK ((finished_ms IS NULL) = (text IS NULL))
) STRICT;
INSERT INTO owner_commands_new SELECT * FROM owner_commands;
DROP TABLE owner_commands;
ALTER TABLE owner_commands_new RENAME TO owner_commands;
CREATE INDEX owner_commands_open ON owner_commands (id) WHERE finished_ms IS NULL;
