-- Counts the passwords of a user. Known devices are valid for one password.
ALTER TABLE divan_users ADD COLUMN password_version INTEGER NOT NULL DEFAULT 1;

-- Digest of the init data of an auto-login. The next auto-login with the same init data replaces the session.
ALTER TABLE divan_sessions ADD COLUMN init_data BLOB;
-- For sign-ins: the live sessions of a user, and the ended ones that are deleted beyond a number.
CREATE INDEX divan_sessions_live ON divan_sessions (user_id, created_at, id) WHERE ended_at IS NULL;
CREATE INDEX divan_sessions_ended ON divan_sessions (user_id, ended_at, id) WHERE ended_at IS NOT NULL;

-- Key of the account of a failed sign-in, when there is no such account.
ALTER TABLE divan_audit_events ADD COLUMN account TEXT;

-- Browsers in which an administrator has signed in. They are not locked out by an attack from elsewhere.
CREATE TABLE divan_devices (
    id               BLOB    PRIMARY KEY,
    user_id          BLOB    NOT NULL REFERENCES divan_users (id) ON DELETE CASCADE,
    password_version INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    last_used_at     INTEGER NOT NULL,
    device           TEXT
) STRICT;
CREATE INDEX divan_devices_user_id ON divan_devices (user_id);
CREATE INDEX divan_devices_last_used_at ON divan_devices (last_used_at);

-- Counters of attempts to guess a secret. The ids are digests.
CREATE TABLE divan_throttle (
    kind       TEXT    NOT NULL,
    id         BLOB    NOT NULL,
    -- Level of a bucket, in millionths of an attempt.
    level      INTEGER NOT NULL,
    failures   INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX divan_throttle_updated_at ON divan_throttle (updated_at);
