use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

named_enum! {
    /// A part of a user that is returned on request only.
    #[derive(Serialize)]
    #[cfg_attr(
        feature = "openapi",
        derive(utoipa::ToSchema),
        schema(description = "A part of a user that is returned on request only.", example = "metadata")
    )]
    #[serde(rename_all = "snake_case")]
    pub enum UserInclude {
        /// The attributes for the application.
        Metadata = "metadata",
    }

    UnknownUserInclude = "unknown part of a user"
}

/// A name is a text. The derived form would also accept an object: `{"metadata": null}`.
impl<'de> Deserialize<'de> for UserInclude {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(deserializer)?;
        name.parse()
            .map_err(|UnknownUserInclude| D::Error::unknown_variant(&name, &["metadata"]))
    }
}

/// The parts of a user to return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::IntoParams, utoipa::ToSchema),
    into_params(parameter_in = Query),
)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UserRequest {
    /// `metadata` returns the user with the attributes for the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include: Option<UserInclude>,
}

impl UserRequest {
    /// Creates the request for a user with this part.
    pub fn including(include: UserInclude) -> Self {
        Self {
            include: Some(include),
        }
    }
}
