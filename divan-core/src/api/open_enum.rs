//! Schemas of codes: later versions may add values, so any string is valid.

use std::borrow::Cow;

use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{MemberErrorCode, ProblemCode};

impl ProblemCode {
    /// Returns the open enum of these codes: one of them, or any other string.
    pub fn open_enum(codes: &[Self]) -> RefOr<Schema> {
        open_enum(
            "KnownProblemCode",
            codes.iter().map(|code| code.as_str()),
            String::new(),
        )
    }
}

impl PartialSchema for ProblemCode {
    fn schema() -> RefOr<Schema> {
        let known = Self::ALL.iter().map(|code| code.as_str());
        let text = "The stable code of a problem. Later versions may add codes.";
        open_enum("KnownProblemCode", known, text.to_owned())
    }
}

impl ToSchema for ProblemCode {
    fn name() -> Cow<'static, str> {
        "ProblemCode".into()
    }
}

impl PartialSchema for MemberErrorCode {
    fn schema() -> RefOr<Schema> {
        let lines = Self::ALL.iter().map(|code| {
            let params = match code.params() {
                [] => String::new(),
                params => format!(" (parameters: `{}`)", params.join("` `")),
            };
            format!("- `{}`{params}: {}\n", code.as_str(), code.description())
        });
        let intro = "The stable code of a member error. Later versions may add codes.\n\n";
        let text = intro.to_owned() + &lines.collect::<String>();
        open_enum(
            "KnownMemberErrorCode",
            Self::ALL.iter().map(|code| code.as_str()),
            text,
        )
    }
}

impl ToSchema for MemberErrorCode {
    fn name() -> Cow<'static, str> {
        "MemberErrorCode".into()
    }
}

fn open_enum(
    title: &str,
    known: impl Iterator<Item = &'static str>,
    description: String,
) -> RefOr<Schema> {
    let known: Vec<&str> = known.collect();
    let example = known.first().copied();
    let string = || ObjectBuilder::new().schema_type(Type::String);
    let any_of = AnyOfBuilder::new()
        .item(string().title(Some(title)).enum_values(Some(known)))
        .item(string())
        .description(Some(description).filter(|text| !text.is_empty()))
        .examples(example.map(serde_json::Value::from));
    Schema::AnyOf(any_of.build()).into()
}
