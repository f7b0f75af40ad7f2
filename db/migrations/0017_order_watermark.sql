-- What is kept of the moment an order was sent: the venue's time, and the newest order id of the venue known before. An
-- order of ours has a higher id, so no clock is needed to recognise it.
ALTER TABLE orders ADD COLUMN sent_venue_ms INTEGER;
ALTER TABLE orders ADD COLUMN after_order_id TEXT;
UPDATE orders SET after_order_id = (
  SELECT CAST(max(CAST(o.venue_order_id AS INTEGER)) AS TEXT) FROM orders o WHERE o.id < orders.id AND o.venue_order_id IS NOT NULL
) WHERE sent_ms IS NOT NULL;
INSERT INTO meta (key, value)
  SELECT 'newest_venue_order', CAST(max(CAST(venue_order_id AS INTEGER)) AS TEXT) FROM orders
   WHERE venue_order_id IS NOT NULL HAVING count(*) > 0;
