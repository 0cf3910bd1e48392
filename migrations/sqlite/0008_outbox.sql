-- Bot and Telegram client of the user's last sign-in with init data. A refusal by Telegram sets the permission to false.
ALTER TABLE divan_users ADD COLUMN client_bot_id INTEGER;
ALTER TABLE divan_users ADD COLUMN client_language TEXT;
ALTER TABLE divan_users ADD COLUMN client_allows_write INTEGER;

-- Digests of the kinds of devices that the user signed in on with init data, 8 bytes each.
ALTER TABLE divan_users ADD COLUMN seen_devices BLOB;

-- Messages to deliver, written in the transaction of the change that they report. The user is no foreign key: messages of
-- some channels may outlive the user.
CREATE TABLE divan_outbox (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    channel         TEXT   NOT NULL,
    user_id         BLOB   NOT NULL,
    kind            TEXT   NOT NULL,
    -- JSON.
    parameters      TEXT   NOT NULL,
    created_at      INTEGER NOT NULL,
    -- Number of claims, and the time of the last one.
    attempts        INTEGER NOT NULL,
    claimed_at      INTEGER,
    next_attempt_at INTEGER NOT NULL,
    -- The server that delivers the message, until this time.
    lease_owner     BLOB,
    lease_until     INTEGER,
    state           TEXT   NOT NULL,
    -- NULL while the message waits.
    finished_at     INTEGER
) STRICT;
CREATE INDEX divan_outbox_user_id ON divan_outbox (user_id, channel, id) WHERE finished_at IS NULL;
CREATE INDEX divan_outbox_next_attempt_at ON divan_outbox (channel, next_attempt_at, id) WHERE finished_at IS NULL;
CREATE INDEX divan_outbox_claimed_at ON divan_outbox (claimed_at);
CREATE INDEX divan_outbox_finished_at ON divan_outbox (finished_at);
