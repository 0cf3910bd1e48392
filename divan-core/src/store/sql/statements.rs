//! The SQL statements, the same for all databases.

macro_rules! user_columns {
    () => {
        "id, role, full_name, email, phone, telegram_id, telegram_username, external_id, is_active, \
         password_change_required, created_at, updated_at, last_login_at"
    };
}

macro_rules! account_columns {
    () => {
        concat!(
            user_columns!(),
            ", password_hash, password_verified_at, password_expires_at, password_version, metadata, \
             totp_secret, totp_confirmed_at, totp_step, pending_totp_secret, pending_totp_created_at, \
             pending_totp_session_id, recovery_codes, passkeys, client_bot_id, client_language, \
             client_allows_write, seen_devices"
        )
    };
}

macro_rules! account_where {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            account_columns!(),
            " FROM divan_users WHERE ",
            $condition
        )
    };
}

/// The columns of a session; `id` and `created_at` are renamed, as a user has them too.
macro_rules! session_columns {
    () => {
        "id AS session_id, user_id, audience, salt, generation, parent, rotated_at, is_confirmed, \
         created_at AS session_created_at, expires_at, ends_at, device, address, init_data, telegram_bot_id, telegram_language, \
         telegram_allows_write, authenticated_at, auth_methods, ended_at, end_reason"
    };
}

/// Number of rows that one purge statement deletes at most, so that no other writer waits for long.
pub(super) const ROWS_PER_PURGE: u32 = 1000;

/// Deletes the `$3` oldest rows that fulfil a condition, from the time `$2` on, and returns their times. Order
/// and lower bound let each batch use the index of the time, and begin where the previous one ended.
macro_rules! purge {
    ($table:literal, $key:literal, $time:literal, $condition:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE (",
            $key,
            ") IN (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE ",
            $condition,
            " AND ",
            $time,
            " >= $2 ORDER BY ",
            $time,
            " LIMIT $3) RETURNING ",
            $time
        )
    };
}

macro_rules! ping {
    ($($table:literal),+) => {
        concat!(
            "SELECT count(*) FROM divan_migrations WHERE version <= $1",
            $(" AND NOT EXISTS (SELECT 1 FROM ", $table, " LIMIT 0)"),+
        )
    };
}

/// Counts the applied migrations up to a version. Names the tables too, in case that one was dropped.
pub(super) const PING: &str = ping!(
    "divan_users",
    "divan_user_words",
    "divan_sessions",
    "divan_audit_events",
    "divan_bootstrap",
    "divan_devices",
    "divan_throttle",
    "divan_challenges",
    "divan_promotions",
    "divan_passkeys",
    "divan_used_challenges",
    "divan_services",
    "divan_service_secrets",
    "divan_outbox",
    "divan_event_log",
    "divan_event_consumers",
    "divan_webhooks"
);

pub(in crate::store) const ACCOUNT_BY_ID: &str = account_where!("id = $1");
#[cfg(feature = "postgres")]
pub(in crate::store) const ACCOUNT_BY_ID_FOR_UPDATE: &str = account_where!("id = $1 FOR UPDATE");
pub(super) const ACCOUNT_BY_PHONE: &str = account_where!("phone = $1");
pub(super) const ACCOUNT_BY_EMAIL: &str = account_where!("email = $1");
pub(super) const ACCOUNT_BY_TELEGRAM: &str = account_where!("telegram_id = $1");

/// Start of a query for the users with one of these phone numbers.
pub(super) const USERS_BY_PHONES: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM divan_users WHERE phone IN ("
);
/// Start of a query for the users with one of these e-mail addresses.
pub(super) const USERS_BY_EMAILS: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM divan_users WHERE email IN ("
);
/// Start of a query for the users with one of these external ids.
pub(super) const USERS_BY_EXTERNAL_IDS: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM divan_users WHERE external_id IN ("
);
/// Start of a query for the users with one of these Telegram accounts.
pub(super) const USERS_BY_TELEGRAM: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM divan_users WHERE telegram_id IN ("
);
/// Maximum rows of one `INSERT`: each database accepts at least 32,766 parameters.
pub(super) const ROWS_PER_INSERT: usize = 500;
pub(super) const INSERT_USERS: &str =
    concat!("INSERT INTO divan_users (", account_columns!(), ") ");
pub(super) const UPDATE_USER: &str = "UPDATE divan_users SET role = $2, full_name = $3, email = $4, \
     phone = $5, telegram_id = $6, telegram_username = $7, external_id = $8, is_active = $9, \
     password_change_required = $10, created_at = $11, updated_at = $12, last_login_at = $13, \
     password_hash = $14, password_verified_at = $15, password_expires_at = $16, \
     password_version = $17, metadata = $18, totp_secret = $19, totp_confirmed_at = $20, \
     totp_step = $21, pending_totp_secret = $22, pending_totp_created_at = $23, \
     pending_totp_session_id = $24, recovery_codes = $25, passkeys = $26, client_bot_id = $27, \
     client_language = $28, client_allows_write = $29, seen_devices = $30 WHERE id = $1";

pub(super) const DELETE_USER: &str = "DELETE FROM divan_users WHERE id = $1";

/// Start of a query for a page of users; each condition begins with `AND`.
pub(super) const USERS: &str = concat!("SELECT ", user_columns!(), " FROM divan_users WHERE true");
/// The same with the metadata of the users.
pub(super) const USERS_WITH_METADATA: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", metadata FROM divan_users WHERE true"
);
/// Start of a query for a number of users; it ends with a limit and `) counted`.
pub(super) const COUNT_USERS: &str = "SELECT count(*) FROM (SELECT id FROM divan_users WHERE true";
pub(super) const USER_IDS: &str = "SELECT id FROM divan_users WHERE true";
pub(super) const INSERT_WORDS: &str = "INSERT INTO divan_user_words (user_id, word) ";
pub(super) const DELETE_WORDS: &str = "DELETE FROM divan_user_words WHERE user_id = $1";
/// Users with a word in a range, at most [`FREQUENT_WORD_USERS`].
pub(super) const USERS_WITH_WORD: &str =
    "SELECT user_id FROM divan_user_words WHERE word >= $1 AND word < $2 LIMIT 1000";
/// Number of users from which a word counts as frequent.
pub(super) const FREQUENT_WORD_USERS: usize = 1000;

/// Start of a query for a page of audit events; each condition begins with `AND`.
/// Audit events with the names of their users.
pub(super) const AUDIT_EVENTS: &str = "SELECT id, at, action, actor_id, subject_id, changes, address, \
     request_id, account, bot_id, service_id, service_name, webhook_id, \
     (SELECT full_name FROM divan_users WHERE divan_users.id = actor_id) AS actor_name, \
     (SELECT full_name FROM divan_users WHERE divan_users.id = subject_id) AS subject_name \
     FROM divan_audit_events WHERE true";
pub(super) const INSERT_AUDIT_EVENTS: &str = "INSERT INTO divan_audit_events (id, at, action, \
     actor_id, subject_id, changes, address, request_id, account, bot_id, service_id, service_name, webhook_id) ";
pub(super) const PURGE_AUDIT_EVENTS: &str = purge!("divan_audit_events", "id", "at", "at < $1");

/// Range of words with this prefix: from the first value, below the second.
pub(super) fn word_range(prefix: &str) -> (String, String) {
    let end = crate::store::search::after_prefix(prefix);
    (
        prefix.to_owned(),
        end.unwrap_or_else(|| char::MAX.to_string().repeat(200)),
    )
}

/// Serializes the transactions that remove an administrator. Inserts the row where it is missing.
pub(super) const LOCK_ADMINS: &str = "INSERT INTO divan_bootstrap (id, claimed_at) VALUES (1, $1) \
     ON CONFLICT (id) DO UPDATE SET claimed_at = divan_bootstrap.claimed_at";
pub(super) const OTHER_ACTIVE_ADMINS: &str =
    "SELECT count(*) FROM divan_users WHERE role = 'admin' AND is_active AND id <> $1";

pub(super) const SESSION_WITH_USER: &str = concat!(
    "SELECT * FROM (SELECT ",
    session_columns!(),
    " FROM divan_sessions WHERE id = $1) s JOIN (SELECT ",
    user_columns!(),
    " FROM divan_users) u ON u.id = s.user_id"
);
pub(super) const LIVE_SESSIONS: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM divan_sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 \
     ORDER BY created_at DESC, id DESC"
);
pub(super) const INSERT_SESSION: &str = "INSERT INTO divan_sessions (id, user_id, audience, salt, \
     generation, parent, rotated_at, is_confirmed, created_at, expires_at, ends_at, device, address, \
     init_data, telegram_bot_id, telegram_language, telegram_allows_write, authenticated_at, \
     auth_methods) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
     $18, $19)";
pub(super) const ADVANCE_SESSION: &str = "UPDATE divan_sessions SET generation = $6, parent = $7, \
     rotated_at = $8, is_confirmed = $9, expires_at = $10 \
     WHERE id = $1 AND generation = $2 AND parent = $3 AND rotated_at = $4 AND is_confirmed = $5 \
     AND ended_at IS NULL";
pub(super) const PROVE_SESSION: &str = "UPDATE divan_sessions SET authenticated_at = $3, \
     auth_methods = $4 WHERE id = $1 AND user_id = $2";
pub(super) const OPEN_SESSIONS: &str =
    "SELECT count(*) FROM divan_sessions WHERE id = $1 AND user_id = $2 AND ended_at IS NULL";
/// Ends the session `$4`, or all sessions of the user when it is NULL.
pub(super) const END_SESSIONS: &str = "UPDATE divan_sessions SET ended_at = $2, end_reason = $3 \
     WHERE user_id = $1 AND ended_at IS NULL AND ($4 IS NULL OR id = $4) \
     AND ($5 IS NULL OR id <> $5) RETURNING id";
/// Ends all live sessions but the newest `$4`.
pub(super) const END_OLDEST_SESSIONS: &str = "UPDATE divan_sessions SET ended_at = $2, end_reason = $3 \
     WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND id NOT IN (\
     SELECT id FROM divan_sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 \
     ORDER BY created_at DESC, id DESC LIMIT $4) RETURNING id";
/// Ends the live sessions that began with the same init data.
pub(super) const END_REPLACED_SESSIONS: &str = "UPDATE divan_sessions SET ended_at = $2, \
     end_reason = $3 WHERE user_id = $1 AND ended_at IS NULL AND init_data = $4 RETURNING id";
/// Deletes the oldest ended sessions of a user, beyond a number and in batches.
pub(super) const DELETE_ENDED_SESSIONS: &str = "DELETE FROM divan_sessions WHERE id IN (\
     SELECT id FROM divan_sessions WHERE user_id = $1 AND ended_at IS NOT NULL \
     ORDER BY ended_at DESC, id DESC LIMIT 1000 OFFSET $2)";
pub(super) const PURGE_ENDED_SESSIONS: &str =
    purge!("divan_sessions", "id", "ended_at", "ended_at < $1");
/// A session that expired did so at `ends_at` at the latest.
pub(super) const PURGE_EXPIRED_SESSIONS: &str =
    purge!("divan_sessions", "id", "ends_at", "ends_at < $1");

pub(super) const IS_BOOTSTRAPPED: &str = "SELECT count(*) FROM divan_bootstrap";
pub(super) const CLAIM_BOOTSTRAP: &str = "INSERT INTO divan_bootstrap (id, claimed_at) VALUES (1, $1) \
     ON CONFLICT (id) DO NOTHING RETURNING id";

pub(super) const APPLIED_MIGRATIONS: &str =
    "SELECT version, checksum FROM divan_migrations ORDER BY version";

pub(super) const DEVICE: &str = "SELECT id, user_id, password_version, created_at, last_used_at, device \
     FROM divan_devices WHERE id = $1";
pub(super) const DEVICES_OF_USER: &str = "SELECT id, user_id, password_version, created_at, \
     last_used_at, device FROM divan_devices WHERE user_id = $1 ORDER BY last_used_at DESC, id DESC";
pub(super) const KEEP_DEVICE: &str = "INSERT INTO divan_devices (id, user_id, password_version, \
     created_at, last_used_at, device) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (id) DO UPDATE SET password_version = excluded.password_version, \
     last_used_at = excluded.last_used_at, device = excluded.device";
/// Deletes the devices of a user beyond a number, those that were not used for the longest time.
pub(super) const DELETE_OLDEST_DEVICES: &str = "DELETE FROM divan_devices WHERE id IN (\
     SELECT id FROM divan_devices WHERE user_id = $1 ORDER BY last_used_at DESC, id DESC \
     LIMIT 1000 OFFSET $2)";
pub(super) const DELETE_DEVICE: &str = "DELETE FROM divan_devices WHERE id = $1 AND user_id = $2";
pub(super) const PURGE_DEVICES: &str =
    purge!("divan_devices", "id", "last_used_at", "last_used_at < $1");

pub(super) const CHALLENGE: &str = "SELECT id, user_id, password_version, expires_at, attempts, \
     device_id, address FROM divan_challenges WHERE id = $1";
pub(super) const CHALLENGES_OF_USER: &str =
    "SELECT count(*) FROM divan_challenges WHERE id = $1 AND user_id = $2";
pub(super) const INSERT_CHALLENGE: &str = "INSERT INTO divan_challenges (id, user_id, \
     password_version, expires_at, attempts, device_id, address) VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub(super) const COUNT_CHALLENGE_ATTEMPT: &str = "UPDATE divan_challenges SET attempts = attempts + 1 \
     WHERE id = $1 AND expires_at > $2 AND attempts < $3";
pub(super) const DELETE_CHALLENGE: &str = "DELETE FROM divan_challenges WHERE id = $1";
pub(super) const PURGE_CHALLENGES: &str =
    purge!("divan_challenges", "id", "expires_at", "expires_at < $1");

pub(super) const PROMOTION: &str = "SELECT id, user_id, email, requested_by, password_version, \
     requested_at, expires_at FROM divan_promotions WHERE id = $1";
pub(super) const PROMOTIONS: &str = "SELECT id, user_id, email, requested_by, password_version, \
     requested_at, expires_at FROM divan_promotions WHERE expires_at > $1 ORDER BY id DESC LIMIT $2";
pub(super) const PROMOTIONS_OF_USER: &str =
    "SELECT count(*) FROM divan_promotions WHERE id = $1 AND user_id = $2";
pub(super) const INSERT_PROMOTION: &str = "INSERT INTO divan_promotions (id, user_id, email, \
     requested_by, password_version, requested_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub(super) const DELETE_PROMOTION: &str = "DELETE FROM divan_promotions WHERE user_id = $1";
pub(super) const PURGE_PROMOTIONS: &str =
    purge!("divan_promotions", "id", "expires_at", "expires_at < $1");
pub(super) const PASSKEYS_OF_USER: &str = "SELECT id, user_id, credential_id, public_key, counter, \
     name, transports, is_backup_eligible, is_backed_up, created_at, last_used_at FROM divan_passkeys \
     WHERE user_id = $1 ORDER BY created_at, id";
pub(super) const INSERT_PASSKEY: &str = "INSERT INTO divan_passkeys (id, user_id, credential_id, \
     public_key, counter, name, transports, is_backup_eligible, is_backed_up, created_at, last_used_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
pub(super) const USE_PASSKEY: &str = "UPDATE divan_passkeys SET counter = $4, is_backed_up = $5, \
     last_used_at = $6 WHERE id = $1 AND user_id = $2 AND counter = $3";
pub(super) const RENAME_PASSKEY: &str =
    "UPDATE divan_passkeys SET name = $3 WHERE id = $1 AND user_id = $2";
/// Deletes the passkey `$2` of a user, or all when it is NULL.
pub(super) const DELETE_PASSKEYS: &str =
    "DELETE FROM divan_passkeys WHERE user_id = $1 AND ($2 IS NULL OR id = $2)";
pub(super) const MARK_CHALLENGE: &str = "INSERT INTO divan_used_challenges (id, expires_at) \
     VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
pub(super) const PURGE_USED_CHALLENGES: &str = purge!(
    "divan_used_challenges",
    "id",
    "expires_at",
    "expires_at < $1"
);

macro_rules! services_where {
    ($condition:literal) => {
        concat!(
            "SELECT s.id, s.name, s.scopes, s.allowed_addresses, s.created_at, s.created_by, \
             s.expires_at, s.last_used_at, s.version, k.id AS secret_id, k.digest, k.hint, \
             k.created_at AS secret_created_at, k.expires_at AS secret_expires_at, \
             k.last_used_at AS secret_last_used_at FROM divan_services s \
             JOIN divan_service_secrets k ON k.service_id = s.id WHERE ",
            $condition,
            " ORDER BY s.id DESC, k.expires_at IS NULL, k.created_at, k.id"
        )
    };
}

/// A credential, one row for each secret.
pub(super) const SERVICE: &str = services_where!("s.id = $1");
pub(super) const SERVICES: &str = services_where!("true");
pub(super) const COUNT_SERVICES: &str = "SELECT count(*) FROM divan_services";
pub(super) const INSERT_SERVICE: &str = "INSERT INTO divan_services (id, name, scopes, \
     allowed_addresses, created_at, created_by, expires_at, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
pub(super) const UPDATE_SERVICE: &str = "UPDATE divan_services SET name = $3, scopes = $4, \
     allowed_addresses = $5, expires_at = $6, version = version + 1 WHERE id = $1 AND version = $2";
pub(super) const DELETE_SERVICE: &str = "DELETE FROM divan_services WHERE id = $1";
pub(super) const KEEP_SERVICE_SECRET: &str = "INSERT INTO divan_service_secrets (id, service_id, \
     digest, hint, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at";
/// Deletes the secrets of a credential except for two, which may be the same.
pub(super) const DELETE_SERVICE_SECRETS: &str = "DELETE FROM divan_service_secrets \
     WHERE service_id = $1 AND id NOT IN ($2, $3)";
pub(super) const USE_SERVICE: &str = "UPDATE divan_services SET last_used_at = $2 \
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
pub(super) const USE_SERVICE_SECRET: &str = "UPDATE divan_service_secrets SET last_used_at = $2 \
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";

/// Claims the messages of a channel that are due, of each user the oldest that waits. The limit per second
/// counts the claims of all servers. `$least`, `$greatest` and `$lock` differ between the databases.
macro_rules! claim_messages {
    ($least:literal, $greatest:literal, $lock:literal) => {
        concat!(
            "WITH due AS (SELECT id FROM divan_outbox m WHERE channel = $1 AND finished_at IS NULL \
             AND next_attempt_at <= $2 AND (lease_until IS NULL OR lease_until <= $2) \
             AND NOT EXISTS (SELECT 1 FROM divan_outbox e WHERE e.user_id = m.user_id \
             AND e.channel = m.channel AND e.id < m.id AND e.finished_at IS NULL) \
             ORDER BY next_attempt_at, id LIMIT ",
            $greatest,
            "(0, ",
            $least,
            "($4, $5 - (SELECT count(*) FROM divan_outbox WHERE claimed_at > $3 AND claimed_at <= $2 AND channel = $1)))",
            $lock,
            ") UPDATE divan_outbox SET attempts = attempts + 1, claimed_at = $2, lease_owner = $6, \
             lease_until = $7 WHERE id IN (SELECT id FROM due) RETURNING id, channel, user_id, kind, \
             parameters, created_at, attempts, lease_owner"
        )
    };
}
#[cfg(feature = "sqlite")]
pub(in crate::store) const CLAIM_MESSAGES_SQLITE: &str = claim_messages!("min", "max", "");
#[cfg(feature = "postgres")]
pub(in crate::store) const CLAIM_MESSAGES_POSTGRES: &str =
    claim_messages!("least", "greatest", " FOR UPDATE SKIP LOCKED");
pub(super) const INSERT_MESSAGES: &str = "INSERT INTO divan_outbox (channel, user_id, kind, \
     parameters, created_at, next_attempt_at, state, attempts) ";
pub(super) const SETTLE_MESSAGE: &str = "UPDATE divan_outbox SET state = $4, \
     next_attempt_at = coalesce($5, next_attempt_at), finished_at = $6, lease_owner = NULL, \
     lease_until = NULL WHERE id = $1 AND lease_owner = $2 AND attempts = $3 AND finished_at IS NULL";
pub(super) const WAITING_MESSAGES: &str = "SELECT count(*) AS waiting, min(created_at) AS oldest \
     FROM divan_outbox WHERE channel = $1 AND finished_at IS NULL";
pub(super) const DELETE_MESSAGES: &str =
    "DELETE FROM divan_outbox WHERE user_id = $1 AND channel = $2";
pub(super) const PURGE_MESSAGES: &str =
    purge!("divan_outbox", "id", "finished_at", "finished_at < $1");

pub(super) const NEW_EVENTS: &str = "SELECT count(*) FROM (SELECT id FROM divan_outbox \
     WHERE channel = 'event' AND position IS NULL LIMIT 1) found";
/// Assigns positions to the `$1` new events with the least ids.
pub(super) const SEQUENCE_EVENTS: &str = "UPDATE divan_outbox SET position = numbered.position FROM (\
     SELECT id, (SELECT newest FROM divan_event_log) + row_number() OVER (ORDER BY id) AS position FROM (\
     SELECT id FROM divan_outbox WHERE channel = 'event' AND position IS NULL ORDER BY id LIMIT $1) found\
     ) numbered WHERE divan_outbox.id = numbered.id";
pub(super) const ADVANCE_LOG: &str = "UPDATE divan_event_log SET newest = newest + $1";
pub(super) const EVENTS_AFTER: &str = "SELECT id, position, channel, user_id, kind, parameters, created_at \
     FROM divan_outbox WHERE position > $1 ORDER BY position LIMIT $2";
pub(super) const EVENT_LOG: &str = "SELECT purged, newest FROM divan_event_log";
/// The first event of a time or later.
pub(super) const FIRST_EVENT_SINCE: &str = "SELECT position FROM divan_outbox \
     WHERE position > 0 AND created_at >= $1 ORDER BY position LIMIT 1";
pub(super) const PURGE_EVENTS: &str = "DELETE FROM divan_outbox WHERE position IN (\
     SELECT position FROM divan_outbox WHERE position < $1 ORDER BY position LIMIT $2) RETURNING position";
pub(super) const MOVE_PURGED: &str = "UPDATE divan_event_log SET purged = $1 WHERE purged < $1";

macro_rules! consumer_columns {
    () => {
        "name, position, claims, failures, failing_since, next_attempt_at, last_error, \
         last_success_at, disabled_at"
    };
}

macro_rules! claimable_consumer {
    () => {
        " WHERE name = $1 AND disabled_at IS NULL AND (next_attempt_at IS NULL OR next_attempt_at <= $2) \
         AND (lease_until IS NULL OR lease_until <= $2)"
    };
}

macro_rules! settle_consumer {
    ($set:literal) => {
        concat!(
            "UPDATE divan_event_consumers SET ",
            $set,
            " WHERE name = $1 AND lease_owner = $2 AND claims = $3"
        )
    };
}

macro_rules! change_consumer {
    ($set:literal) => {
        concat!(
            "UPDATE divan_event_consumers SET lease_owner = NULL, lease_until = NULL, ",
            $set,
            " WHERE name = $1"
        )
    };
}

pub(super) const CONSUMERS: &str = concat!(
    "SELECT ",
    consumer_columns!(),
    " FROM divan_event_consumers ORDER BY name"
);
pub(super) const ADD_CONSUMER: &str = "INSERT INTO divan_event_consumers (name, position, claims, \
     failures) VALUES ($1, $2, 0, 0) ON CONFLICT (name) DO NOTHING";
pub(super) const DELETE_CONSUMER: &str = "DELETE FROM divan_event_consumers WHERE name = $1";
pub(super) const CLAIMABLE_CONSUMERS: &str = concat!(
    "SELECT count(*) FROM divan_event_consumers",
    claimable_consumer!()
);
pub(super) const CLAIM_CONSUMER: &str = concat!(
    "UPDATE divan_event_consumers SET claims = claims + 1, lease_owner = $3, lease_until = $4",
    claimable_consumer!(),
    " RETURNING ",
    consumer_columns!()
);
pub(super) const CONSUMER_DELIVERED: &str = settle_consumer!(
    "position = $4, last_success_at = $5, lease_until = $6, failures = 0, failing_since = NULL, \
     next_attempt_at = NULL, last_error = NULL"
);
pub(super) const CONSUMER_PASSED: &str = settle_consumer!("position = $4, lease_until = $5");
pub(super) const CONSUMER_KEPT: &str = settle_consumer!("lease_until = $4");
pub(super) const CONSUMER_RELEASED: &str =
    settle_consumer!("lease_owner = NULL, lease_until = NULL");
pub(super) const CONSUMER_FAILED: &str = settle_consumer!(
    "lease_owner = NULL, lease_until = NULL, failures = failures + 1, \
     failing_since = coalesce(failing_since, $4), next_attempt_at = $5, last_error = $6"
);
pub(super) const CONSUMER_DISABLED: &str = settle_consumer!(
    "lease_owner = NULL, lease_until = NULL, failures = failures + 1, \
     failing_since = coalesce(failing_since, $4), disabled_at = $4, last_error = $5"
);
pub(super) const MOVE_CONSUMER: &str = change_consumer!("position = $2, next_attempt_at = NULL");
pub(super) const ENABLE_CONSUMER: &str = change_consumer!(
    "disabled_at = NULL, failures = 0, failing_since = NULL, next_attempt_at = NULL, last_error = NULL"
);
pub(super) const DISABLE_CONSUMER: &str = change_consumer!("disabled_at = $2");
/// Locks the row of the log until the transaction ends.
pub(super) const LOCK_LOG: &str = "UPDATE divan_event_log SET newest = newest WHERE id = 1";
pub(super) const WEBHOOKS: &str = "SELECT id, url, description, types, secret, previous_secret, \
     previous_until, created_at, created_by, disabled_reason, error_at, error, error_status \
     FROM divan_webhooks ORDER BY id";
pub(super) const COUNT_WEBHOOKS: &str = "SELECT count(*) FROM divan_webhooks";
pub(super) const INSERT_WEBHOOK: &str = "INSERT INTO divan_webhooks (id, url, description, types, secret, \
     created_at, created_by, disabled_reason) VALUES ($1, $2, $3, $4, $5, $6, $7, '')";
pub(super) const CHANGE_WEBHOOK: &str = "UPDATE divan_webhooks SET url = coalesce($2, url), \
     description = coalesce($3, description), types = coalesce($4, types), \
     previous_secret = CASE WHEN $6 IS NULL THEN previous_secret ELSE secret END, \
     previous_until = coalesce($6, previous_until), secret = coalesce($5, secret), \
     disabled_reason = coalesce($7, disabled_reason) WHERE id = $1";
pub(super) const DELETE_WEBHOOK: &str = "DELETE FROM divan_webhooks WHERE id = $1";
pub(super) const SET_WEBHOOK_ERROR: &str =
    "UPDATE divan_webhooks SET error_at = $2, error = $3, error_status = $4 WHERE id = $1";
pub(super) const RESEAL_WEBHOOK: &str =
    "UPDATE divan_webhooks SET secret = $3 WHERE id = $1 AND secret = $2";

/// Start of a query for counters; the conditions follow.
pub(super) const COUNTERS: &str =
    "SELECT kind, id, level, failures, updated_at FROM divan_throttle WHERE ";
pub(super) const INSERT_COUNTERS: &str =
    "INSERT INTO divan_throttle (kind, id, level, failures, updated_at) ";
/// Locks the rows, existing or new, and returns them.
pub(super) const LOCK_COUNTERS: &str = " ON CONFLICT (kind, id) DO UPDATE SET \
     level = divan_throttle.level RETURNING kind, id, level, failures, updated_at";
pub(super) const REPLACE_COUNTERS: &str = " ON CONFLICT (kind, id) DO UPDATE SET \
     level = excluded.level, failures = excluded.failures, updated_at = excluded.updated_at";
/// Deletes the counters of an account: their ids begin with its key.
pub(super) const CLEAR_COUNTERS: &str = "DELETE FROM divan_throttle WHERE kind IN ('account', \
     'untrusted_lane', 'consecutive', 'trusted_lane', 'trusted_total') AND id >= $1 AND id <= $2";
pub(super) const DELETE_ACCOUNT_COUNTERS: &str = "DELETE FROM divan_throttle \
     WHERE kind IN ('account', 'consecutive', 'trusted_total') AND id = $1";
pub(super) const MOVE_ACCOUNT_COUNTERS: &str = "UPDATE divan_throttle SET id = $2 \
     WHERE kind IN ('account', 'consecutive', 'trusted_total') AND id = $1";
pub(super) const PURGE_COUNTERS: &str = purge!(
    "divan_throttle",
    "kind, id",
    "updated_at",
    "updated_at < $1 AND (failures = 0 OR kind NOT IN ('consecutive', 'trusted_total'))"
);
pub(super) const PURGE_FAILURES: &str = purge!(
    "divan_throttle",
    "kind, id",
    "updated_at",
    "updated_at < $1 AND kind = 'consecutive'"
);
pub(super) const COUNT_COUNTERS: &str = "SELECT count(*) FROM divan_throttle";
