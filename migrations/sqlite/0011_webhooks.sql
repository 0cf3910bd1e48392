-- Webhooks. There are at most 20. Each has the consumer 'webhook:' with its id.
CREATE TABLE divan_webhooks (
    id              BLOB    PRIMARY KEY,
    url             TEXT    NOT NULL,
    description     TEXT    NOT NULL,
    -- Types of events, separated by commas; empty for all.
    types           TEXT    NOT NULL,
    -- Encrypted, as is the replaced secret, which also signs until the given time.
    secret          BLOB    NOT NULL,
    previous_secret BLOB,
    previous_until  INTEGER,
    created_at      INTEGER NOT NULL,
    -- No foreign key: a webhook outlives the administrator who created it.
    created_by      BLOB,
    -- Empty while the consumer is enabled.
    disabled_reason TEXT    NOT NULL,
    -- The last failed attempt.
    error_at        INTEGER,
    error           TEXT,
    error_status    INTEGER
) STRICT;

-- The webhook that was changed: events outlive webhooks.
ALTER TABLE divan_audit_events ADD COLUMN webhook_id BLOB;
