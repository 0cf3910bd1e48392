-- Webhooks. There are at most 20. Each has the consumer 'webhook:' with its id.
CREATE TABLE divan_webhooks (
    id              UUID   PRIMARY KEY,
    url             TEXT   NOT NULL,
    description     TEXT   NOT NULL,
    -- Types of events, separated by commas; empty for all.
    types           TEXT   NOT NULL,
    -- Encrypted, as is the replaced secret, which also signs until the given time.
    secret          BYTEA  NOT NULL,
    previous_secret BYTEA,
    previous_until  BIGINT,
    created_at      BIGINT NOT NULL,
    -- No foreign key: a webhook outlives the administrator who created it.
    created_by      UUID,
    -- Empty while the consumer is enabled.
    disabled_reason TEXT   NOT NULL,
    -- The last failed attempt.
    error_at        BIGINT,
    error           TEXT,
    error_status    BIGINT
);

-- The webhook that was changed: events outlive webhooks.
ALTER TABLE divan_audit_events ADD COLUMN webhook_id UUID;
