-- Credentials of other services. There are at most a hundred.
CREATE TABLE divan_services (
    id                BLOB    PRIMARY KEY,
    name              TEXT    NOT NULL,
    -- Separated by spaces.
    scopes            TEXT    NOT NULL,
    -- IP addresses and networks, separated by spaces; empty for any address.
    allowed_addresses TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    -- No foreign key: a credential outlives the administrator who created it.
    created_by        BLOB,
    expires_at        INTEGER,
    last_used_at      INTEGER,
    -- Increases with each change except that of last_used_at.
    version           INTEGER NOT NULL
) STRICT;

-- Secrets of service credentials: one, or two during a rotation.
CREATE TABLE divan_service_secrets (
    id           BLOB    PRIMARY KEY,
    service_id   BLOB    NOT NULL REFERENCES divan_services (id) ON DELETE CASCADE,
    -- SHA-256 of the secret, which is random.
    digest       BLOB    NOT NULL,
    -- Last characters of the secret.
    hint         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
) STRICT;
CREATE INDEX divan_service_secrets_service_id ON divan_service_secrets (service_id);

-- The service that acted or was changed, with its name at that time: events outlive credentials.
ALTER TABLE divan_audit_events ADD COLUMN service_id BLOB;
ALTER TABLE divan_audit_events ADD COLUMN service_name TEXT;
