-- Number of passkeys of an administrator. A sign-in with the password knows from the row of the user whether a second
-- factor is on.
ALTER TABLE divan_users ADD COLUMN passkeys BIGINT NOT NULL DEFAULT 0;

-- Passkeys of administrators.
CREATE TABLE divan_passkeys (
    id                 UUID    PRIMARY KEY,
    user_id            UUID    NOT NULL REFERENCES divan_users (id) ON DELETE CASCADE,
    -- Id of the key pair, and the public key as a COSE key.
    credential_id      BYTEA   NOT NULL UNIQUE,
    public_key         BYTEA   NOT NULL,
    -- Signature counter; 0 if the authenticator has none.
    counter            BIGINT  NOT NULL,
    name               TEXT    NOT NULL,
    -- Connections to the authenticator, separated by spaces.
    transports         TEXT    NOT NULL,
    is_backup_eligible BOOLEAN NOT NULL,
    is_backed_up       BOOLEAN NOT NULL,
    created_at         BIGINT  NOT NULL,
    last_used_at       BIGINT
);
CREATE INDEX divan_passkeys_user_id ON divan_passkeys (user_id);

-- Challenges of passkeys that were used, until they expire: each is accepted once.
CREATE TABLE divan_used_challenges (
    id         BYTEA   PRIMARY KEY,
    expires_at BIGINT  NOT NULL
);
CREATE INDEX divan_used_challenges_expires_at ON divan_used_challenges (expires_at);
