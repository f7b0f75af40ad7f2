-- What the owner asked for outside of proposals (pause, stop, panic, close, ...), who, when, and what was seen when it was done.
CREATE TABLE owner_commands (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  command TEXT NOT NULL CHECK (command IN ('pause', 'resume', 'stop', 'panic', 'close', 'rejectAll', 'adopt')),
  actor TEXT NOT NULL,
  args TEXT NOT NULL CHECK (json_valid(args)),
  requested_ms INTEGER NOT NULL,
  finished_ms INTEGER,
  outcome TEXT CHECK (outcome IN ('done', 'refused')),
  -- What the owner reads, and the same as JSON: what was seen at the venue.
  text TEXT,
  seen TEXT CHECK (seen IS NULL OR json_valid(seen)),
  CHECK ((finished_ms IS NULL) = (outcome IS NULL)),
  CHECK ((finished_ms IS NULL) = (text IS NULL))
) STRICT;
CREATE INDEX owner_commands_open ON owner_commands (id) WHERE finished_ms IS NULL;

-- How the owner wants this trade closed; NULL: by its own exits.
ALTER TABLE trades ADD COLUMN close_how TEXT CHECK (close_how IN ('makerFirst', 'market'));
