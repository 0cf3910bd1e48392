-- Place of an event in the log. It is assigned after the transaction of the event was committed, so that a reader who has seen
-- a position never misses an event before it.
ALTER TABLE divan_outbox ADD COLUMN position BIGINT;
CREATE UNIQUE INDEX divan_outbox_position ON divan_outbox (position) WHERE position IS NOT NULL;
CREATE INDEX divan_outbox_new_events ON divan_outbox (id) WHERE channel = 'event' AND position IS NULL;

-- One row: the greatest position that was assigned, and the greatest one that was deleted.
CREATE TABLE divan_event_log (
    id     BIGINT PRIMARY KEY CHECK (id = 1),
    newest BIGINT NOT NULL,
    purged BIGINT NOT NULL
);
INSERT INTO divan_event_log (id, newest, purged) VALUES (1, 0, 0);

-- Readers to which servers deliver events, each with a position of its own.
CREATE TABLE divan_event_consumers (
    name            TEXT   PRIMARY KEY,
    -- The last event that was delivered.
    position        BIGINT NOT NULL,
    -- Number of leases.
    claims          BIGINT NOT NULL,
    -- The server that delivers, until this time.
    lease_owner     UUID,
    lease_until     BIGINT,
    -- Number of failures since the last success, and the time of the first one.
    failures        BIGINT NOT NULL,
    failing_since   BIGINT,
    next_attempt_at BIGINT,
    last_error      TEXT,
    last_success_at BIGINT,
    disabled_at     BIGINT
);
