-- What is asked again and again must not read whole tables that grow for years.
CREATE INDEX outbox_waiting ON outbox (id) WHERE state <> 'sent';
CREATE INDEX alerts_open ON alerts (id) WHERE resolved_ms IS NULL;
CREATE INDEX halts_open ON halts (id) WHERE cleared_ms IS NULL;
CREATE INDEX orders_leg ON orders (leg_id) WHERE leg_id IS NOT NULL;
CREATE INDEX orders_venue_ids ON orders (symbol, venue_order_id) WHERE venue_order_id IS NOT NULL;
CREATE INDEX orders_given_up ON orders (symbol, sent_ms) WHERE state = 'neverSent';
CREATE INDEX signals_bar ON signals (bar_open_ms);
CREATE INDEX trades_alive ON trades (id) WHERE status IN ('pending', 'open');
