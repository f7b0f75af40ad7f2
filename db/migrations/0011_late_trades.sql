-- A request of an ended trade that was given up as lost may arrive and fill after all, while its symbol has another live trade.
-- Its trade opens again beside that one, marked here: it is held, closed and accounted for as any other.
ALTER TABLE trades ADD COLUMN late INTEGER NOT NULL DEFAULT 0 CHECK (late IN (0, 1));
DROP INDEX one_open_trade;
-- One open trade per symbol (DESIGN 8), but for one that came late.
CREATE UNIQUE INDEX one_open_trade ON trades (symbol) WHERE status IN ('pending', 'open') AND late = 0;
