//! The guide at the top of the document, and its tags.

use divan_core::api::{MemberErrorCode, ProblemCode};
use utoipa::openapi::tag::{Tag, TagBuilder};

const GUIDE: &str = include_str!("guide.md");

/// The groups, in the order of the documentation.
const TAGS: [(&str, &str); 11] = [
    (
        "Sign-in",
        "Sign-in to the Mini App and the admin panel, and the bootstrap of the first administrator.",
    ),
    ("Sessions", "Refreshing, listing and ending sessions."),
    ("Account", "The user who is signed in."),
    (
        "Second factor",
        "One-time codes, passkeys and recovery codes, for administrators.",
    ),
    ("Users", "User management, for administrators."),
    (
        "Services",
        "Credentials of other services, managed by administrators.",
    ),
    (
        "Webhooks",
        "URLs to which events are delivered, for administrators.",
    ),
    ("Audit", "Audit events, for administrators."),
    (
        "Events",
        "Changes of users and ends of sessions, for other services.",
    ),
    (
        "Other services",
        "Forward authentication for proxies, and public keys to verify access tokens.",
    ),
    ("Health", "Health checks, for operators."),
];

pub(super) fn tags() -> Vec<Tag> {
    TAGS.map(|(name, description)| {
        TagBuilder::new()
            .name(name)
            .description(Some(description))
            .build()
    })
    .into()
}

/// The guide, with the tables of all codes at its end.
pub(super) fn text() -> String {
    let problems = ProblemCode::ALL.iter().map(|code| {
        let (status, description) = (code.status(), code.description());
        format!("| `{}` | {status} | {description} |\n", code.as_str())
    });
    let members = MemberErrorCode::ALL.iter().map(|code| {
        let params = code.params().iter().map(|param| format!("`{param}`"));
        let params = params.collect::<Vec<_>>().join(", ");
        format!(
            "| `{}` | {params} | {} |\n",
            code.as_str(),
            code.description()
        )
    });
    format!(
        "{GUIDE}\n| code | status | meaning |\n|---|---|---|\n{}\n# Member errors\n\n\
         Each item of `errors` has a `code` and, where the code has parameters, `params`.\n\n\
         | code | parameters | meaning |\n|---|---|---|\n{}",
        problems.collect::<String>(),
        members.collect::<String>()
    )
}
