-- Authenticator app of an administrator: the encrypted secret, and the step of the last accepted code.
ALTER TABLE divan_users ADD COLUMN totp_secret BLOB;
ALTER TABLE divan_users ADD COLUMN totp_confirmed_at INTEGER;
ALTER TABLE divan_users ADD COLUMN totp_step INTEGER;

-- Authenticator app that was not confirmed yet. Only the session that began the enrolment can confirm it.
ALTER TABLE divan_users ADD COLUMN pending_totp_secret BLOB;
ALTER TABLE divan_users ADD COLUMN pending_totp_created_at INTEGER;
ALTER TABLE divan_users ADD COLUMN pending_totp_session_id BLOB;

-- Digests of the unused recovery codes, 32 bytes each.
ALTER TABLE divan_users ADD COLUMN recovery_codes BLOB;

-- Last proof of the user's identity in the session, and its methods, separated by spaces. NULL in sessions that began
-- before these columns existed.
ALTER TABLE divan_sessions ADD COLUMN authenticated_at INTEGER;
ALTER TABLE divan_sessions ADD COLUMN auth_methods TEXT;

-- Sign-ins with a correct password that wait for the second factor. The ids are digests.
CREATE TABLE divan_challenges (
    id               BLOB    PRIMARY KEY,
    user_id          BLOB    NOT NULL REFERENCES divan_users (id) ON DELETE CASCADE,
    password_version INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    attempts         INTEGER NOT NULL,
    -- Known device and address of the sign-in, for its counters.
    device_id        BLOB,
    address          TEXT
) STRICT;
CREATE INDEX divan_challenges_user_id ON divan_challenges (user_id);
CREATE INDEX divan_challenges_expires_at ON divan_challenges (expires_at);
