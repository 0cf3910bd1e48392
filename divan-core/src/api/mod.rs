//! The wire contract: requests, answers, endpoints and problems, once for server and client.
//!
//! Members are `snake_case`. A request with an unknown member is refused; an answer with one is
//! read all the same, so an old client survives a new server. Times are RFC 3339 in UTC.

mod account;
mod admin;
mod audit;
mod endpoint;
mod health;
mod jwks;
mod problem;
mod session;
mod telegram;
mod users;

pub use account::{ChangePassword, ChangePasswordRequest, Me};
pub use admin::{
    AdminLogin, AdminLoginRequest, BOOTSTRAP_TOKEN_HEADER, Bootstrap, BootstrapRequest,
};
pub use audit::{Audit, AuditPage, AuditRequest};
pub use endpoint::{Auth, Endpoint, EndpointDescription, Method};
pub use health::{DependencyHealth, Health, HealthStatus, Live, Ready};
pub use jwks::Jwks;
pub use problem::{MemberError, Problem, ProblemCode};
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

/// What any request may be answered with.
pub const COMMON_PROBLEMS: &[ProblemCode] = &[
    ProblemCode::RequestTimeout,
    ProblemCode::Internal,
    ProblemCode::Unavailable,
];

/// What any request with a body may be answered with.
pub const BODY_PROBLEMS: &[ProblemCode] = &[
    ProblemCode::MalformedBody,
    ProblemCode::PayloadTooLarge,
    ProblemCode::UnsupportedMediaType,
    ProblemCode::ValidationFailed,
];

/// Every endpoint of the contract, in the order of the documentation.
pub const ENDPOINTS: &[EndpointDescription] = &[
    EndpointDescription::of::<TelegramLogin>(),
    EndpointDescription::of::<AutoLogin>(),
    EndpointDescription::of::<AdminLogin>(),
    EndpointDescription::of::<Bootstrap>(),
    EndpointDescription::of::<Refresh>(),
    EndpointDescription::of::<Logout>(),
    EndpointDescription::of::<Sessions>(),
    EndpointDescription::of::<EndSession>(),
    EndpointDescription::of::<Me>(),
    EndpointDescription::of::<ChangePassword>(),
    EndpointDescription::of::<ListUsers>(),
    EndpointDescription::of::<CreateUser>(),
    EndpointDescription::of::<GetUser>(),
    EndpointDescription::of::<UpdateUser>(),
    EndpointDescription::of::<ResetPassword>(),
    EndpointDescription::of::<UnlinkTelegram>(),
    EndpointDescription::of::<EndUserSessions>(),
    EndpointDescription::of::<Audit>(),
    EndpointDescription::of::<Jwks>(),
    EndpointDescription::of::<Live>(),
    EndpointDescription::of::<Ready>(),
];
