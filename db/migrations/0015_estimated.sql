-- Booked without the venue's word: a close by another hand that is older than the day its executions are told. Price and time are
-- estimated.
ALTER TABLE executions ADD COLUMN estimated INTEGER NOT NULL DEFAULT 0 CHECK (estimated IN (0, 1));
