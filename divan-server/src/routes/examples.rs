//! Example responses of the documentation with other users than the example of
//! [`User`](divan_core::api::User).

use serde_json::{Value, json};

/// Returns a new administrator.
pub(super) fn admin() -> Value {
    json!({
        "id": "0199aa38-1f04-7b6e-a5c2-83d7e1b09f46",
        "role": "admin",
        "full_name": "Administrator",
        "email": "admin@example.com",
        "is_active": true,
        "password_change_required": false,
        "created_at": "2026-01-15T09:25:00.5Z",
        "updated_at": "2026-01-15T09:25:00.5Z"
    })
}

/// Returns the tokens of that administrator.
pub(super) fn admin_session() -> Value {
    let mut user = admin();
    user["last_login_at"] = json!("2026-01-15T09:26:12.25Z");
    json!({
        "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.….…",
        "token_type": "bearer",
        "expires_in": 600,
        "refresh_token": "dvr1.AZmqOR8Ee26lwoPX4bCfRgAAAAAB…",
        "device_token": "dvd1.AZmqR5HDe2Kl2A5PfCuaMQ…",
        "user": user
    })
}

/// Returns the options to complete a sign-in with a passkey.
pub(crate) fn passkey_request() -> Value {
    json!({
        "challenge": "AAAAAGobg9…",
        "timeout": 300_000,
        "rpId": "sec.example.com",
        "allowCredentials": [
            {"type": "public-key", "id": "mX0b9kq3Yw", "transports": ["hybrid", "internal"]}
        ],
        "userVerification": "required"
    })
}

/// Returns the options to prove the identity with a passkey.
pub(super) fn passkey_step_up() -> Value {
    json!({"public_key": passkey_request()})
}

/// Returns the options to sign in with any passkey.
pub(super) fn passkey_sign_in() -> Value {
    let mut options = passkey_request();
    options["allowCredentials"] = json!([]);
    json!({"public_key": options})
}

/// Returns a sign-in with a passkey.
pub(super) fn passkey_login() -> Value {
    json!({
        "passkey": {
            "id": "mX0b9kq3Yw",
            "rawId": "mX0b9kq3Yw",
            "type": "public-key",
            "response": {
                "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0Ii…",
                "authenticatorData": "3sWkQ3s5cIFtbLP0d1…",
                "signature": "MEUCIQDTt1fo…",
                "userHandle": "AZmqOB8Ee26lwoPX4bCfRg"
            },
            "clientExtensionResults": {}
        }
    })
}

/// Returns the registration of a passkey.
pub(super) fn new_passkey() -> Value {
    json!({
        "name": "Work laptop",
        "credential": {
            "id": "mX0b9kq3Yw",
            "rawId": "mX0b9kq3Yw",
            "type": "public-key",
            "response": {
                "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIi…",
                "attestationObject": "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YV…",
                "transports": ["hybrid", "internal"]
            },
            "clientExtensionResults": {}
        }
    })
}

/// Returns the options to register a passkey.
pub(super) fn passkey_creation() -> Value {
    json!({
        "public_key": {
            "rp": {"id": "sec.example.com", "name": "sec.example.com"},
            "user": {
                "id": "AZmqOB8Ee26lwoPX4bCfRg",
                "name": "admin@example.com",
                "displayName": "Administrator"
            },
            "challenge": "AAAAAGobg9…",
            "pubKeyCredParams": [
                {"type": "public-key", "alg": -8},
                {"type": "public-key", "alg": -7},
                {"type": "public-key", "alg": -257}
            ],
            "timeout": 300_000,
            "excludeCredentials": [],
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required"
            },
            "attestation": "none"
        }
    })
}

/// Returns the tokens of an employee, after a sign-in or a refresh.
pub(super) fn employee_session() -> Value {
    let mut user = new_employee();
    for (member, value) in [
        ("password_change_required", json!(false)),
        ("telegram_id", json!(987_654_321)),
        ("telegram_username", json!("first_last")),
        ("last_login_at", json!("2026-01-15T09:41:12.875Z")),
        ("updated_at", json!("2026-01-15T09:41:12.875Z")),
    ] {
        user[member] = value;
    }
    json!({
        "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.….…",
        "token_type": "bearer",
        "expires_in": 900,
        "refresh_token": "dvr1.AZmqQQfSflWMGy9gqdPkuAAAAAEB…",
        "user": user
    })
}

/// Returns an employee before the first sign-in.
pub(super) fn new_employee() -> Value {
    json!({
        "id": "0199aa3c-5b1e-7c3d-9f2a-6d1e8b4c7a10",
        "role": "employee",
        "full_name": "First Last",
        "phone": "+77011234567",
        "is_active": true,
        "password_change_required": true,
        "created_at": "2026-01-15T09:30:00.125Z",
        "updated_at": "2026-01-15T09:30:00.125Z"
    })
}

/// Returns that employee with the generated password.
pub(super) fn created_user() -> Value {
    json!({"user": new_employee(), "generated_password": "7k3m-x2q9-ab4t-p8dh"})
}

/// Returns a file of users.
pub(super) fn user_list() -> &'static str {
    "name,phone\nFirst Last,+77011234567\n"
}

/// Returns what the import of a longer file would do.
pub(super) fn import_preview() -> Value {
    json!({
        "lines": 3,
        "new_users": [{
            "line": 2,
            "full_name": "First Last",
            "phone": "+77011234567",
            "email": null,
            "role": "employee",
            "has_password_hash": false
        }],
        "generated_passwords": 1,
        "changes": [{
            "line": 3,
            "user_id": "0199aa3c-5b1e-7c3d-9f2a-6d1e8b4c7a10",
            "full_name": "Second Last",
            "fields": [{"name": "phone", "before": "+77017654321", "after": "+77017654322"}],
            "ends_sessions": false
        }],
        "unchanged": 1,
        "errors": []
    })
}

/// Returns the line with the generated passwords.
pub(super) fn import_passwords() -> Value {
    json!({
        "type": "passwords",
        "passwords": [{
            "line": 2,
            "user_id": "0199aa3c-5b1e-7c3d-9f2a-6d1e8b4c7a10",
            "full_name": "First Last",
            "phone": "+77011234567",
            "email": null,
            "password": "7k3m-x2q9-ab4t-p8dh",
            "expires_at": "2026-01-18T09:30:00.125Z"
        }]
    })
}

/// Returns the last line of an import that stored nothing.
pub(super) fn failed_import() -> Value {
    json!({
        "type": "failed",
        "problem": {
            "type": "urn:divan:problem:validation_failed",
            "title": "Validation failed",
            "status": 422,
            "code": "validation_failed",
            "errors": [{"pointer": "/3/phone", "code": "invalid", "detail": "belongs to another user"}]
        }
    })
}
