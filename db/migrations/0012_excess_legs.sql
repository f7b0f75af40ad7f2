-- A leg that holds more than was approved: a lost request that filled after its successor. It is closed at market.
ALTER TABLE trade_legs ADD COLUMN excess INTEGER NOT NULL DEFAULT 0 CHECK (excess IN (0, 1));
