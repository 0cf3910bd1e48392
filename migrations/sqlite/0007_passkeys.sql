-- Number of passkeys of an administrator. A sign-in with the password knows from the row of the user whether a second
-- factor is on.
ALTER TABLE divan_users ADD COLUMN passkeys INTEGER NOT NULL DEFAULT 0;

-- Passkeys of administrators.
CREATE TABLE divan_passkeys (
    id                 BLOB    PRIMARY KEY,
    user_id            BLOB    NOT NULL REFERENCES divan_users (id) ON DELETE CASCADE,
    -- Id of the key pair, and the public key as a COSE key.
    credential_id      BLOB    NOT NULL UNIQUE,
    public_key         BLOB    NOT NULL,
    -- Signature counter; 0 if the authenticator has none.
    counter            INTEGER NOT NULL,
    name               TEXT    NOT NULL,
    -- Connections to the authenticator, separated by spaces.
    transports         TEXT    NOT NULL,
    is_backup_eligible INTEGER NOT NULL CHECK (is_backup_eligible IN (0, 1)),
    is_backed_up       INTEGER NOT NULL CHECK (is_backed_up IN (0, 1)),
    created_at         INTEGER NOT NULL,
    last_used_at       INTEGER
) STRICT;
CREATE INDEX divan_passkeys_user_id ON divan_passkeys (user_id);

-- Challenges of passkeys that were used, until they expire: each is accepted once.
CREATE TABLE divan_used_challenges (
    id         BLOB    PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX divan_used_challenges_expires_at ON divan_used_challenges (expires_at);
