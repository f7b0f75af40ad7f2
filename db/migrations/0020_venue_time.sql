-- The venue's own time of the prices in a snapshot (its clock), and the same on our clock by the offset measured then. NULL in rows
-- of versions that did not keep them.
ALTER TABLE snapshots ADD COLUMN venue_ms INTEGER;
ALTER TABLE snapshots ADD COLUMN as_of_ms INTEGER;
