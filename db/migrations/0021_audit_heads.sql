-- The end of the audit log as it was told outside of it: each daily report writes the number and hash of the newest event, and
-- sends them to the owner.
CREATE TABLE audit_heads (
  seq INTEGER PRIMARY KEY CHECK (seq > 0),
  hash TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
