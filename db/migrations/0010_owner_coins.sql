-- Spot only: the account's coins that are not this book's. Their sum per symbol plus what our trades hold is what the account
-- must show. Nothing here is ever sold.
CREATE TABLE owner_coins (
  -- "start:BTC", "execution:921000123", "moved:BTC:<ms>", "dust:<trade>:<ms>", "oversold:<execution>"
  id TEXT PRIMARY KEY,
  symbol TEXT NOT NULL,
  -- start: there before this folder began. moved: paid in or out. execution: bought or sold by another hand.
  -- dust: bought by a trade of ours, too little to sell. oversold: sold by an order of ours beyond what its trade held.
  kind TEXT NOT NULL CHECK (kind IN ('start', 'moved', 'execution', 'dust', 'oversold')),
  change_e8 INTEGER NOT NULL,
  trade_id INTEGER REFERENCES trades (id),
  at_ms INTEGER NOT NULL,
  CHECK ((kind IN ('dust', 'oversold')) = (trade_id IS NOT NULL))
) STRICT;
CREATE INDEX owner_coins_symbol ON owner_coins (symbol);
CREATE INDEX owner_coins_trade ON owner_coins (trade_id) WHERE trade_id IS NOT NULL;
