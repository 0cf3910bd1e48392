-- When the password was last shown in the Mini App; for a time, Telegram alone then signs the person in.
ALTER TABLE users ADD COLUMN password_verified_at BIGINT;

CREATE TABLE sessions (
    id           UUID    PRIMARY KEY,
    user_id      UUID    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    audience      TEXT    NOT NULL CHECK (audience IN ('miniapp', 'admin')),
    salt         BYTEA   NOT NULL CHECK (length(salt) = 16),
    generation   BIGINT  NOT NULL,
    parent         BIGINT  NOT NULL CHECK (parent >= 0 AND parent < generation),
    rotated_at   BIGINT  NOT NULL,
    is_confirmed BOOLEAN NOT NULL,
    created_at   BIGINT  NOT NULL,
    -- Refreshing moves the first, never beyond the second.
    expires_at   BIGINT  NOT NULL,
    ends_at      BIGINT  NOT NULL,
    device       TEXT,
    address      TEXT,
    ended_at     BIGINT,
    end_reason   TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);

CREATE INDEX sessions_user_id ON sessions (user_id);
-- What the purge looks for. Neither changes with a refresh, which therefore touches no index.
CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX sessions_ends_at ON sessions (ends_at);
