-- What is looked at every few seconds: questions that still show buttons, and how many alerts were told in the last minute.
CREATE INDEX outbox_prompts ON outbox (created_ms)
  WHERE buttons IS NOT NULL AND message_id IS NOT NULL AND chat_id IS NOT NULL AND kind <> 'proposal' AND state = 'sent';
CREATE INDEX outbox_alerts_sent ON outbox (sent_ms) WHERE kind = 'alert' AND state = 'sent';
