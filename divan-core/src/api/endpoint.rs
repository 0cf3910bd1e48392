use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ProblemCode;

/// One endpoint: everything that server and client have to agree on.
///
/// The server answers a handler's value with `STATUS`, the client sends to `PATH` and expects
/// `STATUS`; neither writes any of it a second time.
pub trait Endpoint {
    /// The operation id: also the name of the handler and of the client's method.
    const OPERATION: &'static str;
    /// The HTTP method.
    const METHOD: Method;
    /// The path below the server's address. `{id}` stands for the id of what the request is about.
    const PATH: &'static str;
    /// What a caller has to show.
    const AUTH: Auth;
    /// The status of a success.
    const STATUS: u16;
    /// The problems that it may answer with, beside those of any request
    /// ([`COMMON_PROBLEMS`](super::COMMON_PROBLEMS)) and of any body
    /// ([`BODY_PROBLEMS`](super::BODY_PROBLEMS)).
    const PROBLEMS: &'static [ProblemCode];
    /// The JSON body of the request, or the parameters of a [`Method::Get`]; `()` for none.
    type Request: Serialize + DeserializeOwned + Send;
    /// The JSON body of the answer; `()` for none.
    type Response: Serialize + DeserializeOwned + Send;
}

/// An HTTP method of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Reads; has no body and may be sent again.
    Get,
    /// Does something; may have a JSON body.
    Post,
    /// Changes the members that are there; has a JSON body.
    Patch,
    /// Ends something; has no body, and does no more when it is sent again.
    Delete,
}

impl Method {
    /// The method's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What a caller has to show to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Auth {
    /// Nothing beyond the body.
    None,
    /// Init data, in the body or as `Authorization: tma …`.
    InitData,
    /// The `X-Bootstrap-Token` header, where the server asks for one.
    BootstrapToken,
    /// An access token of any audience.
    Bearer,
    /// An access token of any audience, also of a user who has to change the password before
    /// anything else.
    BearerOfAnyScope,
    /// An access token of the admin panel, of a user who is an administrator now.
    Admin,
}

/// The constants of an [`Endpoint`] as a value, to walk over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndpointDescription {
    /// [`Endpoint::OPERATION`].
    pub operation: &'static str,
    /// [`Endpoint::METHOD`].
    pub method: Method,
    /// [`Endpoint::PATH`].
    pub path: &'static str,
    /// [`Endpoint::AUTH`].
    pub auth: Auth,
    /// [`Endpoint::STATUS`].
    pub status: u16,
    /// Whether the request has a body.
    pub has_body: bool,
    /// [`Endpoint::PROBLEMS`].
    pub problems: &'static [ProblemCode],
}

impl EndpointDescription {
    pub(super) const fn of<E: Endpoint>() -> Self {
        Self {
            operation: E::OPERATION,
            method: E::METHOD,
            path: E::PATH,
            auth: E::AUTH,
            status: E::STATUS,
            // `()` is the one request without a member.
            has_body: size_of::<E::Request>() > 0 && !matches!(E::METHOD, Method::Get),
            problems: E::PROBLEMS,
        }
    }
}
