use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    BODY_PROBLEMS, COMMON_PROBLEMS, FILE_PROBLEMS, ProblemCode, ServiceScope, WRITE_PROBLEMS,
};

/// An endpoint of the contract: everything that server and client must agree on.
///
/// The server responds with `STATUS`, the client sends to `PATH` and expects `STATUS`; neither
/// repeats any of it.
pub trait Endpoint {
    /// The operation id: also the name of the handler and, without the audience, of the client's
    /// method.
    const OPERATION: &'static str;
    /// The HTTP method.
    const METHOD: Method;
    /// The path below the server's root. `{id}` is the id of the user, session, device, passkey, promotion or
    /// service credential; `{secret_id}` that of a secret of the service credential.
    const PATH: &'static str;
    /// The authentication that the endpoint requires.
    const AUTH: Auth;
    /// The status of a success.
    const STATUS: u16;
    /// The status of a success that takes effect later.
    const ACCEPTED: Option<u16> = None;
    /// The limits of attempts to guess the secret that the endpoint checks; `None` for an endpoint
    /// that checks only tokens.
    const LIMIT: Option<AttemptLimit> = None;
    /// The problems of this endpoint, in addition to those of its authentication
    /// ([`Auth::problems`]) and its limit (`too_many_attempts`), of any body ([`BODY_PROBLEMS`]) and of
    /// any request ([`COMMON_PROBLEMS`]).
    const PROBLEMS: &'static [ProblemCode];
    /// The media type of the request's body. Default: JSON.
    const REQUEST_TYPE: MediaType = MediaType::Json;
    /// The media type of the response to a success. Default: JSON.
    const RESPONSE_TYPE: MediaType = MediaType::Json;
    /// The JSON body of the request; the query parameters if it is a [`Method::Get`] or has another
    /// [`REQUEST_TYPE`](Self::REQUEST_TYPE); `()` for none.
    type Request: Serialize + DeserializeOwned + Send;
    /// The JSON body of the response, `()` for none; a line of [`MediaType::JsonLines`]; the whole text
    /// of [`MediaType::Csv`].
    type Response: Serialize + DeserializeOwned + Send;
}

named_enum! {
    /// The media type of a body.
    pub enum MediaType {
        /// JSON (RFC 8259).
        Json = "application/json",
        /// Comma-separated values (RFC 4180), in UTF-8.
        Csv = "text/csv",
        /// One JSON value per line.
        JsonLines = "application/x-ndjson",
    }
}

named_enum! {
    /// An HTTP method of the contract.
    pub enum Method {
        /// Reads; has no body and is safe to repeat.
        Get = "GET",
        /// Runs an action; may have a JSON body.
        Post = "POST",
        /// Changes the members that are present; has a JSON body.
        Patch = "PATCH",
        /// Ends something; has no body and is idempotent.
        Delete = "DELETE",
    }
}

/// The authentication that an endpoint requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Auth {
    /// Nothing in addition to the body.
    None,
    /// Init data, in the body or as `Authorization: tma …`.
    InitData,
    /// The `X-Bootstrap-Token` header, where the server requires one.
    BootstrapToken,
    /// An access token of any audience.
    Bearer,
    /// An access token of any audience, including a limited one of a user who must change the password
    /// or set up a second factor first.
    BearerAnyScope,
    /// A refresh token in the body, or an access token as for [`BearerAnyScope`](Self::BearerAnyScope).
    RefreshTokenOrBearer,
    /// An access token of the admin panel whose user is an administrator now.
    Admin,
    /// As for [`Admin`](Self::Admin), including a limited one of an administrator who must set up a second
    /// factor first.
    AdminAnyScope,
    /// As for [`Admin`](Self::Admin), or another service with this scope: by HTTP Basic with id and secret of its
    /// credential, or by its access token.
    AdminOrService(ServiceScope),
}

/// The limits of attempts to guess a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttemptLimit {
    /// A sign-in with a password: limited by account, Telegram account or device, and address.
    SignIn,
    /// A sign-in with init data alone: limited by Telegram account.
    AutoLogin,
    /// A check of the current password or the second factor of the caller: limited by session.
    OwnPassword,
    /// A refresh token, a passkey, or the challenge of a sign-in: refused ones are limited by address.
    Refresh,
    /// The bootstrap token: limited by address.
    Bootstrap,
}

impl Auth {
    /// The problems of a request whose authentication is missing or not accepted.
    pub fn problems(self) -> &'static [ProblemCode] {
        use ProblemCode::{
            AdminRequired, BootstrapTokenRequired, InitDataConflict, InitDataExpired,
            InitDataInvalid, InitDataMissing, InsufficientScope, InvalidClient,
            PasswordChangeRequired, SecondFactorEnrolmentRequired, ServiceNotAllowed,
            TelegramNotConfigured, TokenExpired, TokenInvalid, TokenMissing, TooManyAttempts,
        };
        const INIT_DATA: &[ProblemCode] = &[
            InitDataConflict,
            InitDataMissing,
            InitDataInvalid,
            InitDataExpired,
            TelegramNotConfigured,
        ];
        // In the order of the checks. Each kind of authentication returns a prefix of this list.
        const TOKEN: &[ProblemCode] = &[
            TokenMissing,
            TokenInvalid,
            TokenExpired,
            PasswordChangeRequired,
            SecondFactorEnrolmentRequired,
            AdminRequired,
        ];
        const ENROLLING: &[ProblemCode] = &[
            TokenMissing,
            TokenInvalid,
            TokenExpired,
            PasswordChangeRequired,
            AdminRequired,
        ];
        // Refused secrets of services are limited by address.
        const SERVICE: &[ProblemCode] = &[
            TokenMissing,
            TokenInvalid,
            TokenExpired,
            PasswordChangeRequired,
            SecondFactorEnrolmentRequired,
            AdminRequired,
            InvalidClient,
            TooManyAttempts,
            InsufficientScope,
            ServiceNotAllowed,
        ];
        match self {
            Self::None => &[],
            Self::InitData => INIT_DATA,
            Self::BootstrapToken => &[BootstrapTokenRequired],
            Self::BearerAnyScope | Self::RefreshTokenOrBearer => &TOKEN[..3],
            Self::Bearer => &TOKEN[..5],
            Self::Admin => TOKEN,
            Self::AdminAnyScope => ENROLLING,
            Self::AdminOrService(ServiceScope::UsersWrite) => SERVICE,
            Self::AdminOrService(_) => &SERVICE[..9],
        }
    }
}

/// The constants of an [`Endpoint`] as a value, for iteration.
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
    /// [`Endpoint::ACCEPTED`].
    pub accepted: Option<u16>,
    /// [`Endpoint::LIMIT`].
    pub limit: Option<AttemptLimit>,
    /// True if the request has a JSON body.
    pub has_body: bool,
    /// [`Endpoint::REQUEST_TYPE`].
    pub request_type: MediaType,
    /// [`Endpoint::RESPONSE_TYPE`].
    pub response_type: MediaType,
    /// [`Endpoint::PROBLEMS`].
    own_problems: &'static [ProblemCode],
}

impl EndpointDescription {
    pub(super) const fn new<E: Endpoint>() -> Self {
        Self {
            operation: E::OPERATION,
            method: E::METHOD,
            path: E::PATH,
            auth: E::AUTH,
            status: E::STATUS,
            accepted: E::ACCEPTED,
            limit: E::LIMIT,
            // `()` is the only request without members.
            has_body: size_of::<E::Request>() > 0
                && !matches!(E::METHOD, Method::Get)
                && matches!(E::REQUEST_TYPE, MediaType::Json),
            request_type: E::REQUEST_TYPE,
            response_type: E::RESPONSE_TYPE,
            own_problems: E::PROBLEMS,
        }
    }

    /// Every problem that the endpoint may return: of its authentication, its own, of its body, and
    /// of any request.
    pub fn problems(&self) -> impl Iterator<Item = ProblemCode> + use<> {
        let body = match self.request_type {
            MediaType::Json if self.has_body => BODY_PROBLEMS,
            MediaType::Json => &[],
            _ => FILE_PROBLEMS,
        };
        let write = match self.method {
            Method::Get => &[],
            _ => WRITE_PROBLEMS,
        };
        let limit: &[ProblemCode] = match self.limit {
            Some(_) => &[ProblemCode::TooManyAttempts],
            None => &[],
        };
        [
            self.auth.problems(),
            limit,
            self.own_problems,
            write,
            body,
            COMMON_PROBLEMS,
        ]
        .into_iter()
        .flatten()
        .copied()
    }
}
