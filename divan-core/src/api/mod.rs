//! The wire contract: requests, responses, endpoints and problems, defined once for server and
//! client.
//!
//! Members are `snake_case`. Unknown members are rejected in requests and ignored in responses, so
//! that an old client works with a new server. Times are RFC 3339 in UTC.

mod account;
mod admin;
mod audit;
mod devices;
mod discovery;
mod endpoint;
mod endpoints;
mod events;
mod health;
mod import;
mod introspection;
mod member_error;
#[cfg(feature = "openapi")]
mod open_enum;
mod passkeys;
mod problem;
mod problem_code;
mod promotion;
mod second_factor;
mod services;
mod session;
mod telegram;
mod user_include;
mod users;
mod webhooks;

pub use account::ChangePasswordRequest;
pub use admin::{AdminLoginRequest, BOOTSTRAP_TOKEN_HEADER, BootstrapRequest, BootstrapState};
pub use audit::{AuditPage, AuditRequest};
pub use devices::{DeviceInfo, DeviceList, FailedSignIns};
pub use discovery::ServerMetadata;
pub use endpoint::{AttemptLimit, Auth, Endpoint, EndpointDescription, MediaType, Method};
pub use endpoints::{
    AddPasskey, AdminLogin, ApprovePromotion, Audit, AuthorizationServerMetadata, AutoLogin,
    BeginPasskey, BeginPasskeyLogin, BeginSecondFactor, BeginStepUp, Bootstrap, ChangePassword,
    CompleteAdminLogin, ConfirmSecondFactor, CreateService, CreateUser, CreateWebhook,
    DeclinePromotion, DeleteService, DeleteUser, DeleteWebhook, Devices, DisableSecondFactor,
    ENDPOINTS, EndSession, EndUserSessions, ExportUsers, GetBootstrap, GetFailedSignIns,
    GetSecondFactor, GetService, GetUser, GetUserSecondFactor, GetWebhook, ImportUsers, Jwks,
    ListEvents, ListPromotions, ListServices, ListUsers, ListWebhooks, Live, Logout, Me,
    OpenidConfiguration, PasskeyLogin, Passkeys, PreviewImport, PromoteUser, Ready, Refresh,
    RemoveDevice, RemovePasskey, RemoveServiceSecret, RenamePasskey, ReplaceRecoveryCodes,
    ReplayWebhook, ResetPassword, ResetSecondFactor, RotateServiceSecret, RotateWebhookSecret,
    SearchUsers, Sessions, StepUp, TelegramConfig, TelegramLogin, TestWebhook, UnlinkTelegram,
    UnlockUser, UpdateService, UpdateUser, UpdateWebhook, UserSessions,
};
pub use events::{Event, EventPage, EventsRequest};
pub use health::{DependencyHealth, Health, HealthStatus};
pub use import::{
    ImportEvent, ImportLineError, ImportPreview, ImportRequest, ImportedChange, ImportedField,
    ImportedPassword, ImportedUser,
};
pub use introspection::{
    INTROSPECTION_PATH, Introspection, REVOCATION_PATH, ServiceToken, TOKEN_PATH,
};
pub use member_error::{MemberError, MemberErrorCode, MemberErrorParams};
pub use passkeys::{
    AddPasskeyRequest, AddedPasskey, Passkey, PasskeyCeremony, PasskeyList, PasskeyLoginRequest,
    RenamePasskeyRequest,
};
pub use problem::Problem;
pub use problem_code::ProblemCode;
pub use promotion::{PendingPromotion, PromotedUser, PromotionList};
pub use second_factor::{
    CompleteAdminLoginRequest, ConfirmSecondFactorRequest, EnabledSecondFactor, FreshToken,
    ProofMethod, RecoveryCodes, SecondFactor, SecondFactorEnrolment, StepUpRequest,
};
pub use services::{
    CreateServiceRequest, NewServiceSecret, RotateServiceSecretRequest, ServiceCredential,
    ServiceList, ServiceSecretInfo, UpdateServiceRequest,
};
pub use session::{
    LogoutRequest, RefreshRequest, SessionInfo, SessionList, TokenResponse, TokenType,
};
pub use telegram::{AutoLoginRequest, MiniAppConfig, TelegramLoginRequest};
pub use user_include::{UnknownUserInclude, UserInclude, UserRequest};
pub use users::{
    CreateUserRequest, CreatedUser, GeneratedPassword, ListUsersRequest, PromoteUserRequest,
    UpdateUserRequest, UserPage,
};
pub use webhooks::{
    CreateWebhookRequest, ReplayWebhookRequest, UpdateWebhookRequest, Webhook,
    WebhookDisabledReason, WebhookError, WebhookErrorReason, WebhookList, WebhookState,
    WebhookTest, WebhookWithSecret,
};

pub use crate::types::{
    Audience, AuditAction, AuditEvent, AuditId, DeviceId, ExternalId, Jwk, JwkSet, Metadata,
    PasskeyCredential, PasskeyId, PasskeyOptions, Role, ServiceId, ServiceScope, ServiceSecretId,
    SessionId, TelegramId, User, UserId, WebhookId,
};

/// The problems of any request.
pub const COMMON_PROBLEMS: &[ProblemCode] = &[
    ProblemCode::HostInvalid,
    ProblemCode::RequestTimeout,
    ProblemCode::HostNotAllowed,
    ProblemCode::HeadersTooLarge,
    ProblemCode::Internal,
    ProblemCode::Unavailable,
];

/// The problems of any request that may change something.
pub const WRITE_PROBLEMS: &[ProblemCode] = &[ProblemCode::OriginNotAllowed];

/// The problems of any request with a JSON body.
pub const BODY_PROBLEMS: &[ProblemCode] = &[
    ProblemCode::MalformedBody,
    ProblemCode::PayloadTooLarge,
    ProblemCode::UnsupportedMediaType,
    ProblemCode::ValidationFailed,
];

/// The problems of any request with a file as its body.
pub const FILE_PROBLEMS: &[ProblemCode] = &[
    ProblemCode::PayloadTooLarge,
    ProblemCode::UnsupportedMediaType,
    ProblemCode::ValidationFailed,
];
