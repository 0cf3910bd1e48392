//! Decoding of rows.

use sqlx::Row;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Backend;
use crate::password::PasswordHash;
use crate::session::{RotationState, SessionEnd};
use crate::store::{
    Account, MessageLease, NewMessage, PendingTotp, SecondFactor, StoredChallenge, StoredConsumer,
    StoredDevice, StoredEvent, StoredMessage, StoredPasskey, StoredPromotion, StoredService,
    StoredServiceSecret, StoredSession, StoredTotp, StoredWebhook, StoredWebhookError,
};
use crate::types::{
    AuditAction, AuditEvent, AuditId, AuthMethods, DeviceId, PasskeyId, PromotionId, ServiceId,
    ServiceScope, ServiceSecretId, SessionId, TelegramClient, TelegramId, User, UserId, WebhookId,
};

/// Decodes a row of `user_columns!`.
pub(super) fn user<DB: Backend>(row: &DB::Row) -> Result<User, sqlx::Error> {
    Ok(User {
        id: UserId(row.try_get("id")?),
        role: parsed::<DB, _>(row, "role")?,
        full_name: row.try_get("full_name")?,
        email: parsed_option::<DB, _>(row, "email")?,
        phone: parsed_option::<DB, _>(row, "phone")?,
        telegram_id: row
            .try_get::<Option<i64>, _>("telegram_id")?
            .map(TelegramId),
        telegram_username: row.try_get("telegram_username")?,
        external_id: parsed_option::<DB, _>(row, "external_id")?,
        metadata: None,
        is_active: row.try_get("is_active")?,
        password_change_required: row.try_get("password_change_required")?,
        created_at: from_micros(row.try_get("created_at")?),
        updated_at: from_micros(row.try_get("updated_at")?),
        last_login_at: time_option::<DB>(row, "last_login_at")?,
    })
}

/// Decodes a row of `user_columns!` and the metadata.
pub(super) fn user_with_metadata<DB: Backend>(row: &DB::Row) -> Result<User, sqlx::Error> {
    Ok(User {
        metadata: Some(parsed::<DB, _>(row, "metadata")?),
        ..user::<DB>(row)?
    })
}

/// Decodes a row of `account_columns!`.
pub(super) fn account<DB: Backend>(row: &DB::Row) -> Result<Account, sqlx::Error> {
    Ok(Account {
        user: user::<DB>(row)?,
        metadata: parsed::<DB, _>(row, "metadata")?,
        password_hash: PasswordHash::from_stored(row.try_get::<String, _>("password_hash")?),
        password_verified_at: time_option::<DB>(row, "password_verified_at")?,
        password_expires_at: time_option::<DB>(row, "password_expires_at")?,
        password_version: row.try_get::<i64, _>("password_version")?.cast_unsigned(),
        second_factor: second_factor::<DB>(row)?,
        telegram_client: telegram_client::<DB>(
            row,
            ["client_bot_id", "client_language", "client_allows_write"],
        )?,
        seen_devices: digests::<DB, 8>(row, "seen_devices")?,
    })
}

fn second_factor<DB: Backend>(row: &DB::Row) -> Result<SecondFactor, sqlx::Error> {
    let mut factor = SecondFactor::default();
    if let Some(secret) = row.try_get("totp_secret")? {
        let confirmed_at = from_micros(row.try_get("totp_confirmed_at")?);
        let last_step = row.try_get::<i64, _>("totp_step")?.cast_unsigned();
        factor.totp = Some(StoredTotp::new(secret, confirmed_at, last_step));
    }
    if let Some(secret) = row.try_get("pending_totp_secret")? {
        let created_at = from_micros(row.try_get("pending_totp_created_at")?);
        let session = SessionId(row.try_get("pending_totp_session_id")?);
        factor.pending = Some(PendingTotp::new(secret, created_at, session));
    }
    factor.recovery_codes = digests::<DB, 32>(row, "recovery_codes")?;
    factor.passkeys = converted(row.try_get::<i64, _>("passkeys")?, "passkeys")?;
    Ok(factor)
}

/// Decodes concatenated digests.
fn digests<DB: Backend, const N: usize>(
    row: &DB::Row,
    column: &'static str,
) -> Result<Vec<[u8; N]>, sqlx::Error> {
    let digests: Option<Vec<u8>> = row.try_get(column)?;
    let digests = digests.unwrap_or_default();
    let digests = digests.chunks(N);
    digests.map(|digest| converted(digest, column)).collect()
}

/// Decodes a row of `session_columns!`.
pub(super) fn session<DB: Backend>(row: &DB::Row) -> Result<StoredSession, sqlx::Error> {
    let rotation = RotationState::from_parts(
        converted(row.try_get::<i64, _>("generation")?, "generation")?,
        converted(row.try_get::<i64, _>("parent")?, "parent")?,
        from_micros(row.try_get("rotated_at")?),
        row.try_get("is_confirmed")?,
    );
    let ended_at = time_option::<DB>(row, "ended_at")?;
    let created_at = from_micros(row.try_get("session_created_at")?);
    // Both are absent in sessions of older versions, which began with the password.
    let authenticated_at = time_option::<DB>(row, "authenticated_at")?;
    let methods: Option<String> = row.try_get("auth_methods")?;
    let end_reason = parsed_option::<DB, _>(row, "end_reason")?;
    Ok(StoredSession {
        id: SessionId(row.try_get("session_id")?),
        user: UserId(row.try_get("user_id")?),
        audience: parsed::<DB, _>(row, "audience")?,
        salt: converted(row.try_get::<Vec<u8>, _>("salt")?.as_slice(), "salt")?,
        rotation,
        created_at,
        authenticated_at: authenticated_at.unwrap_or(created_at),
        auth_methods: methods.map_or(AuthMethods::PASSWORD, |names| {
            AuthMethods::from_names(&names)
        }),
        expires_at: from_micros(row.try_get("expires_at")?),
        ends_at: from_micros(row.try_get("ends_at")?),
        device: row.try_get("device")?,
        address: parsed_option::<DB, _>(row, "address")?,
        init_data: row
            .try_get::<Option<Vec<u8>>, _>("init_data")?
            .map(|digest| converted(digest.as_slice(), "init_data"))
            .transpose()?,
        telegram: telegram_client::<DB>(
            row,
            [
                "telegram_bot_id",
                "telegram_language",
                "telegram_allows_write",
            ],
        )?,
        end: ended_at
            .zip(end_reason)
            .map(|(at, reason)| SessionEnd { at, reason }),
    })
}

fn telegram_client<DB: Backend>(
    row: &DB::Row,
    [bot_id, language, allows_write]: [&'static str; 3],
) -> Result<Option<TelegramClient>, sqlx::Error> {
    let Some(bot_id) = row.try_get(bot_id)? else {
        return Ok(None);
    };
    let mut client = TelegramClient::new(bot_id);
    client.language = row.try_get(language)?;
    client.allows_write_to_pm = row.try_get(allows_write)?;
    Ok(Some(client))
}

/// Decodes a claimed message.
pub(super) fn message<DB: Backend>(row: &DB::Row) -> Result<StoredMessage, sqlx::Error> {
    let attempts = converted(row.try_get::<i64, _>("attempts")?, "attempts")?;
    let lease = MessageLease::new(row.try_get("id")?, row.try_get("lease_owner")?, attempts);
    Ok(StoredMessage::new(lease, new_message::<DB>(row)?))
}

fn new_message<DB: Backend>(row: &DB::Row) -> Result<NewMessage, sqlx::Error> {
    let mut message = NewMessage::new(
        parsed::<DB, _>(row, "channel")?,
        UserId(row.try_get("user_id")?),
        row.try_get::<String, _>("kind")?,
        from_micros(row.try_get("created_at")?),
    );
    message.parameters = row.try_get("parameters")?;
    Ok(message)
}

/// Decodes an event with its place in the log.
pub(super) fn event<DB: Backend>(row: &DB::Row) -> Result<StoredEvent, sqlx::Error> {
    let (id, position) = (row.try_get("id")?, row.try_get("position")?);
    Ok(StoredEvent::new(id, position, new_message::<DB>(row)?))
}

/// Decodes a row of `consumer_columns!`.
pub(super) fn consumer<DB: Backend>(row: &DB::Row) -> Result<StoredConsumer, sqlx::Error> {
    let name: String = row.try_get("name")?;
    let mut consumer = StoredConsumer::new(name, row.try_get("position")?);
    consumer.failures = converted(row.try_get::<i64, _>("failures")?, "failures")?;
    consumer.failing_since = time_option::<DB>(row, "failing_since")?;
    consumer.next_attempt_at = time_option::<DB>(row, "next_attempt_at")?;
    consumer.last_error = row.try_get("last_error")?;
    consumer.last_success_at = time_option::<DB>(row, "last_success_at")?;
    consumer.disabled_at = time_option::<DB>(row, "disabled_at")?;
    Ok(consumer)
}

/// Decodes a row of the devices.
pub(super) fn device<DB: Backend>(row: &DB::Row) -> Result<StoredDevice, sqlx::Error> {
    let (id, user) = (
        DeviceId(row.try_get("id")?),
        UserId(row.try_get("user_id")?),
    );
    let version = row.try_get::<i64, _>("password_version")?.cast_unsigned();
    let created_at = from_micros(row.try_get("created_at")?);
    let mut device = StoredDevice::new(id, user, version, created_at);
    device.last_used_at = from_micros(row.try_get("last_used_at")?);
    device.device = row.try_get("device")?;
    Ok(device)
}

/// Decodes a row of the challenges.
pub(super) fn challenge<DB: Backend>(row: &DB::Row) -> Result<StoredChallenge, sqlx::Error> {
    let id = converted(row.try_get::<Vec<u8>, _>("id")?.as_slice(), "id")?;
    let user = UserId(row.try_get("user_id")?);
    let version = row.try_get::<i64, _>("password_version")?.cast_unsigned();
    let expires_at = from_micros(row.try_get("expires_at")?);
    let mut challenge = StoredChallenge::new(id, user, version, expires_at);
    challenge.attempts = converted(row.try_get::<i64, _>("attempts")?, "attempts")?;
    challenge.device = row.try_get::<Option<Uuid>, _>("device_id")?.map(DeviceId);
    challenge.address = parsed_option::<DB, _>(row, "address")?;
    Ok(challenge)
}

/// Decodes a row of the promotions.
pub(super) fn promotion<DB: Backend>(row: &DB::Row) -> Result<StoredPromotion, sqlx::Error> {
    Ok(StoredPromotion {
        id: PromotionId(row.try_get("id")?),
        user: UserId(row.try_get("user_id")?),
        email: parsed_option::<DB, _>(row, "email")?,
        requested_by: UserId(row.try_get("requested_by")?),
        password_version: row.try_get::<i64, _>("password_version")?.cast_unsigned(),
        requested_at: from_micros(row.try_get("requested_at")?),
        expires_at: from_micros(row.try_get("expires_at")?),
    })
}

/// Decodes a row of the passkeys.
pub(super) fn passkey<DB: Backend>(row: &DB::Row) -> Result<StoredPasskey, sqlx::Error> {
    let transports: String = row.try_get("transports")?;
    let mut passkey = StoredPasskey::new(
        PasskeyId(row.try_get("id")?),
        UserId(row.try_get("user_id")?),
        row.try_get("credential_id")?,
        row.try_get("public_key")?,
        from_micros(row.try_get("created_at")?),
    );
    passkey.counter = converted(row.try_get::<i64, _>("counter")?, "counter")?;
    passkey.name = row.try_get("name")?;
    passkey.transports = transports.split_whitespace().map(str::to_owned).collect();
    passkey.is_backup_eligible = row.try_get("is_backup_eligible")?;
    passkey.is_backed_up = row.try_get("is_backed_up")?;
    passkey.last_used_at = time_option::<DB>(row, "last_used_at")?;
    Ok(passkey)
}

/// Decodes a row of a service credential, with one of its secrets.
pub(super) fn service<DB: Backend>(row: &DB::Row) -> Result<StoredService, sqlx::Error> {
    let (scopes, ranges): (String, String) =
        (row.try_get("scopes")?, row.try_get("allowed_addresses")?);
    let created_at = from_micros(row.try_get("created_at")?);
    let (id, secret) = (row.try_get("id")?, service_secret::<DB>(row)?);
    let name: String = row.try_get("name")?;
    let mut service = StoredService::new(ServiceId(id), name, secret, created_at);
    // A newer version may have written scopes that this one does not know.
    service.scopes = scopes.split(' ').map(ServiceScope::from_code).collect();
    let ranges = ranges.split_whitespace();
    let ranges = ranges.map(|range| parse("allowed_addresses", range));
    service.allowed_addresses = ranges.collect::<Result<_, _>>()?;
    service.created_by = row.try_get::<Option<Uuid>, _>("created_by")?.map(UserId);
    service.expires_at = time_option::<DB>(row, "expires_at")?;
    service.last_used_at = time_option::<DB>(row, "last_used_at")?;
    service.version = row.try_get::<i64, _>("version")?.cast_unsigned();
    Ok(service)
}

fn service_secret<DB: Backend>(row: &DB::Row) -> Result<StoredServiceSecret, sqlx::Error> {
    let digest: Vec<u8> = row.try_get("digest")?;
    let mut secret = StoredServiceSecret::new(
        ServiceSecretId(row.try_get("secret_id")?),
        converted(digest.as_slice(), "digest")?,
        row.try_get::<String, _>("hint")?,
        from_micros(row.try_get("secret_created_at")?),
    );
    secret.expires_at = time_option::<DB>(row, "secret_expires_at")?;
    secret.last_used_at = time_option::<DB>(row, "secret_last_used_at")?;
    Ok(secret)
}

/// Decodes a row of the audit.
pub(super) fn audit_event<DB: Backend>(row: &DB::Row) -> Result<AuditEvent, sqlx::Error> {
    let subject = row.try_get::<Option<Uuid>, _>("subject_id")?.map(UserId);
    // A newer version may have written actions that this one does not know.
    let action = AuditAction::from_code(&row.try_get::<String, _>("action")?);
    let (id, at) = (AuditId(row.try_get("id")?), from_micros(row.try_get("at")?));
    let changes: String = row.try_get("changes")?;
    let mut event = AuditEvent::new(id, at, action, subject);
    event.actor_id = row.try_get::<Option<Uuid>, _>("actor_id")?.map(UserId);
    event.actor_name = row.try_get("actor_name")?;
    event.subject_name = row.try_get("subject_name")?;
    event.changes = changes
        .split(',')
        .filter(|member| !member.is_empty())
        .map(str::to_owned)
        .collect();
    event.address = parsed_option::<DB, _>(row, "address")?;
    event.request_id = row.try_get("request_id")?;
    event.account = row.try_get("account")?;
    event.bot_id = row.try_get("bot_id")?;
    event.service_id = row.try_get::<Option<Uuid>, _>("service_id")?.map(ServiceId);
    event.service_name = row.try_get("service_name")?;
    event.webhook_id = row.try_get::<Option<Uuid>, _>("webhook_id")?.map(WebhookId);
    Ok(event)
}

pub(super) fn webhook<DB: Backend>(row: &DB::Row) -> Result<StoredWebhook, sqlx::Error> {
    let types: String = row.try_get("types")?;
    let types = types.split(',').filter(|name| !name.is_empty());
    let previous: Option<Vec<u8>> = row.try_get("previous_secret")?;
    let reason: String = row.try_get("disabled_reason")?;
    let status: Option<i64> = row.try_get("error_status")?;
    let (url, secret): (String, Vec<u8>) = (row.try_get("url")?, row.try_get("secret")?);
    let id = WebhookId(row.try_get("id")?);
    let created_at = from_micros(row.try_get("created_at")?);
    let error_at = row.try_get::<Option<i64>, _>("error_at")?.map(from_micros);
    let error: Option<String> = row.try_get("error")?;
    Ok(StoredWebhook {
        description: row.try_get("description")?,
        types: types.map(str::to_owned).collect(),
        previous_secret: previous.zip(
            row.try_get::<Option<i64>, _>("previous_until")?
                .map(from_micros),
        ),
        created_by: row.try_get::<Option<Uuid>, _>("created_by")?.map(UserId),
        // A newer version may have written a reason that this one does not know.
        disabled_reason: reason.parse().ok(),
        last_error: error_at.zip(error).map(|(at, reason)| StoredWebhookError {
            status: status.and_then(|status| u16::try_from(status).ok()),
            ..StoredWebhookError::new(at, reason)
        }),
        ..StoredWebhook::new(id, url, secret, created_at)
    })
}

/// Converts a time to its stored form: microseconds since the Unix epoch.
pub(super) fn to_micros(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

/// Converts a stored time.
pub(in crate::store) fn from_micros(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn time_option<DB: Backend>(
    row: &DB::Row,
    column: &'static str,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(from_micros))
}

fn parsed<DB: Backend, T>(row: &DB::Row, column: &'static str) -> Result<T, sqlx::Error>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    parse(column, &row.try_get::<String, _>(column)?)
}

fn parsed_option<DB: Backend, T>(
    row: &DB::Row,
    column: &'static str,
) -> Result<Option<T>, sqlx::Error>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| parse(column, &text)).transpose()
}

fn parse<T>(column: &str, text: &str) -> Result<T, sqlx::Error>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.parse().map_err(|source| decode_error(column, source))
}

fn converted<T, U>(value: T, column: &str) -> Result<U, sqlx::Error>
where
    U: TryFrom<T, Error: std::error::Error + Send + Sync + 'static>,
{
    value
        .try_into()
        .map_err(|source| decode_error(column, source))
}

fn decode_error(
    column: &str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> sqlx::Error {
    sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(source),
    }
}
