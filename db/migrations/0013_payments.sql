-- Yen the owner has paid out of the account, as the venue's history tells: no loss of trading.
CREATE TABLE payments (
  -- "<kind>:<time>:<amount>": the history has no ids.
  id TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  -- What left the account, the venue's fee included; above 0.
  amount_e8 INTEGER NOT NULL CHECK (amount_e8 > 0)
) STRICT;
CREATE INDEX payments_time ON payments (at_ms);
-- Open P&L within the equity; NULL in points of before.
ALTER TABLE equity_points ADD COLUMN unrealised_e8 INTEGER;
