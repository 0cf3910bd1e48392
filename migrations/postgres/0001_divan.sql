-- Times are microseconds since the Unix epoch.

CREATE TABLE divan_users (
    id                       UUID    PRIMARY KEY,
    role                     TEXT    NOT NULL,
    full_name                TEXT    NOT NULL,
    email                    TEXT    UNIQUE,
    phone                    TEXT    UNIQUE,
    telegram_id              BIGINT  UNIQUE,
    telegram_username        TEXT,
    is_active                BOOLEAN NOT NULL,
    password_change_required BOOLEAN NOT NULL,
    created_at               BIGINT  NOT NULL,
    updated_at               BIGINT  NOT NULL,
    last_login_at            BIGINT,
    password_hash            TEXT    NOT NULL,
    -- Last sign-in with the password in the Mini App. For a limited time after it, Telegram alone signs the user in.
    password_verified_at     BIGINT,
    -- Expiry of a generated password; NULL for a password that the user chose.
    password_expires_at      BIGINT
);
-- Pages of users are ordered by id.
CREATE INDEX divan_users_role_id ON divan_users (role, id);
CREATE INDEX divan_users_is_active_id ON divan_users (is_active, id);

-- Contains one row once the first administrator exists. The transaction that inserts it creates the administrator.
CREATE TABLE divan_bootstrap (
    id         BIGINT PRIMARY KEY CHECK (id = 1),
    claimed_at BIGINT NOT NULL
);

CREATE TABLE divan_sessions (
    id           UUID    PRIMARY KEY,
    user_id      UUID    NOT NULL REFERENCES divan_users (id) ON DELETE CASCADE,
    audience     TEXT    NOT NULL,
    salt         BYTEA   NOT NULL CHECK (length(salt) = 16),
    generation   BIGINT  NOT NULL,
    parent       BIGINT  NOT NULL CHECK (parent >= 0 AND parent < generation),
    rotated_at   BIGINT  NOT NULL,
    is_confirmed BOOLEAN NOT NULL,
    created_at   BIGINT  NOT NULL,
    -- A refresh moves expires_at, never beyond ends_at.
    expires_at   BIGINT  NOT NULL,
    ends_at      BIGINT  NOT NULL,
    device       TEXT,
    address      TEXT,
    ended_at     BIGINT,
    end_reason   TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX divan_sessions_user_id ON divan_sessions (user_id);
-- For the purge. A refresh changes neither column, so it updates no index.
CREATE INDEX divan_sessions_ended_at ON divan_sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX divan_sessions_ends_at ON divan_sessions (ends_at);

-- Search words of a user: of the name, the phone number and the e-mail address, normalized by the program. A search is
-- a range of words, so they are ordered by their bytes.
CREATE TABLE divan_user_words (
    user_id UUID             NOT NULL REFERENCES divan_users (id) ON DELETE CASCADE,
    word    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, word)
);
CREATE INDEX divan_user_words_word_user_id ON divan_user_words (word, user_id);

-- Rows are inserted and, when they are old, deleted; never updated. There are no foreign keys, so that events outlive
-- the users they name.
CREATE TABLE divan_audit_events (
    id         UUID   PRIMARY KEY,
    at         BIGINT NOT NULL,
    action     TEXT   NOT NULL,
    actor_id   UUID,
    subject_id UUID,
    changes    TEXT   NOT NULL,
    address    TEXT,
    request_id TEXT
);
CREATE INDEX divan_audit_events_at ON divan_audit_events (at);
CREATE INDEX divan_audit_events_action_id ON divan_audit_events (action, id);
CREATE INDEX divan_audit_events_actor_id_id ON divan_audit_events (actor_id, id);
CREATE INDEX divan_audit_events_subject_id_id ON divan_audit_events (subject_id, id);
