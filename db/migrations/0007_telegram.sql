-- The owner's phone: a durable outbox with priorities, what was sent where, and the inbox with its offset.

-- Rebuilt, because a CHECK cannot be changed: two more states of a message (given up) and one more kind (answers).
CREATE TABLE outbox_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('proposal', 'trade', 'alert', 'report', 'info', 'answer')),
  -- Higher first; within one priority in the order of id.
  priority INTEGER NOT NULL,
  proposal_id TEXT REFERENCES proposals (id),
  text TEXT NOT NULL,
  -- A PNG that goes with the text.
  photo BLOB,
  -- Rows of {text, data}.
  buttons TEXT CHECK (buttons IS NULL OR json_valid(buttons)),
  created_ms INTEGER NOT NULL,
  -- sending: a request is or was under way, and the message may have arrived. dropped: never to be sent; error says why.
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'sent', 'dropped')),
  attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  sent_ms INTEGER,
  chat_id INTEGER,
  message_id INTEGER,
  CHECK (state <> 'dropped' OR error IS NOT NULL)
) STRICT;
INSERT INTO outbox_new (id, key, kind, priority, proposal_id, text, created_ms, state, sent_ms)
  SELECT id, key, kind, CASE kind WHEN 'alert' THEN 100 WHEN 'proposal' THEN 50 ELSE 0 END, proposal_id, text, created_ms, state, sent_ms
  FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_new RENAME TO outbox;
CREATE INDEX outbox_waiting ON outbox (priority DESC, id) WHERE state IN ('waiting', 'sending');
CREATE INDEX outbox_messages ON outbox (chat_id, message_id) WHERE message_id IS NOT NULL;

-- One row: where the inbox stands, and how the connection is.
CREATE TABLE telegram_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  -- Update ids count per bot: another bot begins anew.
  bot_id INTEGER NOT NULL DEFAULT 0,
  bot_name TEXT,
  -- The first update that is not handled yet.
  next_update_id INTEGER NOT NULL DEFAULT 0,
  last_update_ms INTEGER,
  -- The last successful getUpdates.
  polled_ms INTEGER,
  poll_trouble TEXT,
  poll_trouble_ms INTEGER,
  send_trouble TEXT,
  send_trouble_ms INTEGER,
  -- No request to send before: retry_after, or a pause after trouble.
  send_after_ms INTEGER NOT NULL DEFAULT 0,
  -- Kinds of messages the owner does not want to see.
  muted TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(muted)),
  CHECK ((poll_trouble IS NULL) = (poll_trouble_ms IS NULL)),
  CHECK ((send_trouble IS NULL) = (send_trouble_ms IS NULL))
) STRICT;
INSERT INTO telegram_state (id) VALUES (1);

-- Every update that was handled, in the transaction of its effect. A repetition is known by its id.
CREATE TABLE telegram_updates (
  update_id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  received_ms INTEGER NOT NULL,
  payload TEXT NOT NULL CHECK (json_valid(payload)),
  outcome TEXT NOT NULL
) STRICT;
CREATE INDEX telegram_updates_received ON telegram_updates (received_ms);

-- Messages of proposals in the chat; they are edited until their proposal has come to its end.
CREATE TABLE telegram_messages (
  chat_id INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  proposal_id TEXT NOT NULL REFERENCES proposals (id),
  is_photo INTEGER NOT NULL CHECK (is_photo IN (0, 1)),
  -- SHA-256 of the text and buttons that the message shows as far as we know.
  shown TEXT NOT NULL,
  -- Nothing will change any more.
  final INTEGER NOT NULL DEFAULT 0 CHECK (final IN (0, 1)),
  sent_ms INTEGER NOT NULL,
  PRIMARY KEY (chat_id, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX telegram_messages_open ON telegram_messages (sent_ms) WHERE final = 0;

-- Dangerous commands wait for a second tap: single use, a minute at most.
CREATE TABLE telegram_confirmations (
  token TEXT PRIMARY KEY,
  command TEXT NOT NULL CHECK (json_valid(command)),
  user_id INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  used_ms INTEGER
) STRICT, WITHOUT ROWID;
