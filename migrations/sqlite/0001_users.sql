-- Times are microseconds since the Unix epoch, ids are the sixteen bytes of a UUID.

CREATE TABLE users (
    id                       BLOB    PRIMARY KEY,
    role                     TEXT    NOT NULL CHECK (role IN ('admin', 'employee')),
    full_name                TEXT    NOT NULL,
    email                    TEXT    UNIQUE,
    phone                    TEXT    UNIQUE,
    telegram_id              INTEGER UNIQUE,
    telegram_username        TEXT,
    password_hash            TEXT    NOT NULL,
    is_active                INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    password_change_required INTEGER NOT NULL CHECK (password_change_required IN (0, 1)),
    created_at               INTEGER NOT NULL,
    updated_at               INTEGER NOT NULL,
    last_login_at            INTEGER,
    CHECK (role <> 'admin' OR email IS NOT NULL),
    CHECK (role <> 'employee' OR phone IS NOT NULL)
) STRICT;

-- Holds one row once the first administrator exists. Whoever inserts it has won.
CREATE TABLE bootstrap (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    claimed_at INTEGER NOT NULL
) STRICT;
