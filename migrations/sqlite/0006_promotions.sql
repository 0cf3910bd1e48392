-- Promotions to administrator that wait for the approval of a second administrator.
CREATE TABLE divan_promotions (
    id               BLOB    PRIMARY KEY,
    user_id          BLOB    NOT NULL UNIQUE REFERENCES divan_users (id) ON DELETE CASCADE,
    -- E-mail address to sign in with; NULL to keep the one of the user.
    email            TEXT,
    requested_by     BLOB    NOT NULL REFERENCES divan_users (id) ON DELETE CASCADE,
    -- Version of the password of that administrator: it increases with a deactivation and a change of the role.
    password_version INTEGER NOT NULL,
    requested_at     INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX divan_promotions_requested_by ON divan_promotions (requested_by);
CREATE INDEX divan_promotions_expires_at ON divan_promotions (expires_at);
