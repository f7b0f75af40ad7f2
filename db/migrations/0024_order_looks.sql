-- A look reads live orders and the newest of a leg, however many were refused before.
CREATE INDEX orders_entries ON orders (trade_id) WHERE purpose = 'entry';
CREATE INDEX orders_live_trade ON orders (trade_id) WHERE state IN ('intended', 'sending', 'unknown', 'open');
CREATE INDEX executions_estimated ON executions (position_id) WHERE estimated = 1;
CREATE INDEX proposals_signal ON proposals (signal_id);
CREATE INDEX proposals_supersedes ON proposals (supersedes) WHERE supersedes IS NOT NULL;
