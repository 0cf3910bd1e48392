-- Authenticator app of an administrator: the encrypted secret, and the step of the last accepted code.
ALTER TABLE divan_users ADD COLUMN totp_secret BYTEA;
ALTER TABLE divan_users ADD COLUMN totp_confirmed_at BIGINT;
ALTER TABLE divan_users ADD COLUMN totp_step BIGINT;

-- Authenticator app that was not confirmed yet. Only the session that began the enrolment can confirm it.
ALTER TABLE divan_users ADD COLUMN pending_totp_secret BYTEA;
ALTER TABLE divan_users ADD COLUMN pending_totp_created_at BIGINT;
ALTER TABLE divan_users ADD COLUMN pending_totp_session_id UUID;

-- Digests of the unused recovery codes, 32 bytes each.
ALTER TABLE divan_users ADD COLUMN recovery_codes BYTEA;

-- Last proof of the user's identity in the session, and its methods, separated by spaces. NULL in sessions that began
-- before these columns existed.
ALTER TABLE divan_sessions ADD COLUMN authenticated_at BIGINT;
ALTER TABLE divan_sessions ADD COLUMN auth_methods TEXT;

-- Sign-ins with a correct password that wait for the second factor. The ids are digests.
CREATE TABLE divan_challenges (
    id               BYTEA  PRIMARY KEY,
    user_id          UUID   NOT NULL REFERENCES divan_users (id) ON DELETE CASCADE,
    password_version BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    attempts         BIGINT NOT NULL,
    -- Known device and address of the sign-in, for its counters.
    device_id        UUID,
    address          TEXT
);
CREATE INDEX divan_challenges_user_id ON divan_challenges (user_id);
CREATE INDEX divan_challenges_expires_at ON divan_challenges (expires_at);
