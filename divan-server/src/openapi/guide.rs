//! What stands at the top of the document: a short guide, and what the groups of operations are
//! for.

use divan_core::api::ProblemCode;
use utoipa::openapi::tag::{Tag, TagBuilder};

const GUIDE: &str = include_str!("guide.md");

/// The groups, in the order of the documentation.
const TAGS: [(&str, &str); 7] = [
    (
        "Sign-in",
        "How a session begins: in the Mini App, in the admin panel, and once for the first administrator.",
    ),
    (
        "Sessions",
        "How a session goes on and ends, and where else one is signed in.",
    ),
    ("Account", "The person who is signed in."),
    (
        "Users",
        "For administrators: who may sign in, and with what.",
    ),
    (
        "Audit",
        "For administrators: who did what, when, and from where.",
    ),
    (
        "Keys",
        "For other services that take access tokens of this one.",
    ),
    ("Health", "For whoever runs the server."),
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

/// The guide, with a table of all problems at its end.
pub(super) fn text() -> String {
    let rows = ProblemCode::ALL.iter().map(|code| {
        format!(
            "| `{}` | {} | {} |\n",
            code.as_str(),
            code.status(),
            code.description()
        )
    });
    format!(
        "{GUIDE}\n| code | status | what it means |\n|---|---|---|\n{}",
        rows.collect::<String>()
    )
}
