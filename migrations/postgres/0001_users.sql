-- Times are microseconds since the Unix epoch.

CREATE TABLE users (
    id                       UUID    PRIMARY KEY,
    role                     TEXT    NOT NULL CHECK (role IN ('admin', 'employee')),
    full_name                TEXT    NOT NULL,
    email                    TEXT    UNIQUE,
    phone                    TEXT    UNIQUE,
    telegram_id              BIGINT  UNIQUE,
    telegram_username        TEXT,
    password_hash            TEXT    NOT NULL,
    is_active                BOOLEAN NOT NULL,
    password_change_required BOOLEAN NOT NULL,
    created_at               BIGINT  NOT NULL,
    updated_at               BIGINT  NOT NULL,
    last_login_at            BIGINT,
    CHECK (role <> 'admin' OR email IS NOT NULL),
    CHECK (role <> 'employee' OR phone IS NOT NULL)
);

-- Holds one row once the first administrator exists. Whoever inserts it has won.
CREATE TABLE bootstrap (
    id         BIGINT PRIMARY KEY CHECK (id = 1),
    claimed_at BIGINT NOT NULL
);
