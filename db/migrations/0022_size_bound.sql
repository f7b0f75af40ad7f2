-- Which limit made the entry smaller than approved; NULL: it is as approved.
ALTER TABLE trades ADD COLUMN size_bound TEXT CHECK (size_bound IN ('risk', 'position', 'margin', 'balance', 'maximum'));
