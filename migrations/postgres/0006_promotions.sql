-- Promotions to administrator that wait for the approval of a second administrator.
CREATE TABLE divan_promotions (
    id               UUID   PRIMARY KEY,
    user_id          UUID   NOT NULL UNIQUE REFERENCES divan_users (id) ON DELETE CASCADE,
    -- E-mail address to sign in with; NULL to keep the one of the user.
    email            TEXT,
    requested_by     UUID   NOT NULL REFERENCES divan_users (id) ON DELETE CASCADE,
    -- Version of the password of that administrator: it increases with a deactivation and a change of the role.
    password_version BIGINT NOT NULL,
    requested_at     BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL
);
CREATE INDEX divan_promotions_requested_by ON divan_promotions (requested_by);
CREATE INDEX divan_promotions_expires_at ON divan_promotions (expires_at);
