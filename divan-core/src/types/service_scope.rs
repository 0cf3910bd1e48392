open_enum! {
    /// A permission of a service credential.
    pub enum ServiceScope {
        /// Check tokens, and revoke tokens of users: `POST /auth/introspect` and `POST /auth/revoke`.
        Introspect = "introspect",
        /// Read users and their sessions.
        UsersRead = "users:read",
        /// Create, change and delete employees, reset their passwords, and end their sessions. Administrators
        /// stay out of reach.
        UsersWrite = "users:write",
        /// Read audit events.
        AuditRead = "audit:read",
        /// Read events about changes of users and sessions.
        EventsRead = "events:read",
    }
}

// A derived schema would list `unknown`, which no server sends.
#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ServiceScope {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let lines = Self::ALL
            .iter()
            .map(|scope| format!("- `{}`: {}", scope.as_str(), scope.description()));
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some(format!(
                "A permission of a service credential:\n\n{}",
                lines.collect::<Vec<_>>().join("\n")
            )))
            .enum_values(Some(Self::ALL.iter().map(|scope| scope.as_str())))
            .examples([Self::Introspect.as_str()])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ServiceScope {}
