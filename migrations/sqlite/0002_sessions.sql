-- When the password was last shown in the Mini App; for a time, Telegram alone then signs the person in.
ALTER TABLE users ADD COLUMN password_verified_at INTEGER;

CREATE TABLE sessions (
    id           BLOB    PRIMARY KEY,
    user_id      BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    audience      TEXT    NOT NULL CHECK (audience IN ('miniapp', 'admin')),
    salt         BLOB    NOT NULL CHECK (length(salt) = 16),
    generation   INTEGER NOT NULL,
    parent         INTEGER NOT NULL CHECK (parent >= 0 AND parent < generation),
    rotated_at   INTEGER NOT NULL,
    is_confirmed INTEGER NOT NULL CHECK (is_confirmed IN (0, 1)),
    created_at   INTEGER NOT NULL,
    -- Refreshing moves the first, never beyond the second.
    expires_at   INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL,
    device       TEXT,
    address      TEXT,
    ended_at     INTEGER,
    end_reason   TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT;

CREATE INDEX sessions_user_id ON sessions (user_id);
-- What the purge looks for. Neither changes with a refresh, which therefore touches no index.
CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX sessions_ends_at ON sessions (ends_at);
