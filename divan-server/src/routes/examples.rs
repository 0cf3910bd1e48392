//! Answers for the documentation that are of other people than the example of
//! [`User`](divan_core::api::User) is.

use serde_json::{Value, json};

/// An administrator who has just been created.
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

/// The session of that administrator.
pub(super) fn admin_session() -> Value {
    let mut user = admin();
    user["last_login_at"] = json!("2026-01-15T09:26:12.25Z");
    json!({
        "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.….…",
        "token_type": "bearer",
        "expires_in": 600,
        "refresh_token": "dvr1.AZmqOR8Ee26lwoPX4bCfRgAAAAAB…",
        "user": user
    })
}

/// An employee who has not signed in yet.
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

/// That employee, with the password that was generated.
pub(super) fn created_user() -> Value {
    json!({"user": new_employee(), "generated_password": "7k3m-x2q9-ab4t-p8dh"})
}
