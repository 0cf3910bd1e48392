//! The wire contract: requests, responses, endpoints and problems, defined once for server and
//! client.
//!
//! Members are `snake_case`. Unknown members are rejected in requests and ignored in responses, so
//! that an old client works with a new server. Times are RFC 3339 in UTC.

mod account;
mod admin;
mod audit;
mod endpoint;
mod health;
mod jwks;
mod member_error;
#[cfg(feature = "openapi")]
mod open_enum;
mod problem;
mod problem_code;
mod session;
mod telegram;
mod users;

pub use account::{ChangePassword, ChangePasswordRequest, Me};
pub use admin::{
    AdminLogin, AdminLoginRequest, BOOTSTRAP_TOKEN_HEADER, Bootstrap, BootstrapRequest,
};
pub use audit::{Audit, AuditPage, AuditRequest};
pub use endpoint::{Auth, Endpoint, EndpointDescription, Lane, Method};
pub use health::{DependencyHealth, Health, HealthStatus, Live, Ready};
pub use jwks::Jwks;
pub use member_error::{MemberError, MemberErrorCode, MemberErrorParams};
pub use problem::Problem;
pub use problem_code::ProblemCode;
pub use session::{
    EndSession, Logout, Refresh, RefreshRequest, SessionInfo, SessionList, Sessions, TokenResponse,
    TokenType,
};
pub use telegram::{AutoLogin, AutoLoginRequest, TelegramLogin, TelegramLoginRequest};
pub use users::{
    CreateUser, CreateUserRequest, CreatedUser, EndUserSessions, GeneratedPassword, GetUser,
    ListUsers, ListUsersRequest, ResetPassword, UnlinkTelegram, UpdateUser, UpdateUserRequest,
    UserPage,
};

pub use crate::types::{
    Audience, AuditAction, AuditEvent, AuditId, Jwk, JwkSet, Role, SessionId, User, UserId,
};

/// The problems of any request.
pub const COMMON_PROBLEMS: &[ProblemCode] = &[
    ProblemCode::RequestTimeout,
    ProblemCode::Internal,
    ProblemCode::Unavailable,
];

/// The problems of any request with a body.
pub const BODY_PROBLEMS: &[ProblemCode] = &[
    ProblemCode::MalformedBody,
    ProblemCode::PayloadTooLarge,
    ProblemCode::UnsupportedMediaType,
    ProblemCode::ValidationFailed,
];

/// Every endpoint of the contract, in the order of the documentation.
pub const ENDPOINTS: &[EndpointDescription] = &[
    EndpointDescription::new::<TelegramLogin>(),
    EndpointDescription::new::<AutoLogin>(),
    EndpointDescription::new::<AdminLogin>(),
    EndpointDescription::new::<Bootstrap>(),
    EndpointDescription::new::<Refresh>(),
    EndpointDescription::new::<Logout>(),
    EndpointDescription::new::<Sessions>(),
    EndpointDescription::new::<EndSession>(),
    EndpointDescription::new::<Me>(),
    EndpointDescription::new::<ChangePassword>(),
    EndpointDescription::new::<ListUsers>(),
    EndpointDescription::new::<CreateUser>(),
    EndpointDescription::new::<GetUser>(),
    EndpointDescription::new::<UpdateUser>(),
    EndpointDescription::new::<ResetPassword>(),
    EndpointDescription::new::<UnlinkTelegram>(),
    EndpointDescription::new::<EndUserSessions>(),
    EndpointDescription::new::<Audit>(),
    EndpointDescription::new::<Jwks>(),
    EndpointDescription::new::<Live>(),
    EndpointDescription::new::<Ready>(),
];
