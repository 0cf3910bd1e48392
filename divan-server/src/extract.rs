//! Extractors. A request that cannot be parsed becomes a [`Problem`].

mod admin_credentials;
mod authorization;
mod client_address;
mod csv_body;
mod form;
mod id;
pub(crate) mod json_body;
mod oauth_form;
mod query_params;
pub(crate) mod rejections;
mod request_client;
mod service;
mod token_request;
mod verified_request;

pub(crate) use admin_credentials::AdminCredentials;
pub(crate) use authorization::{BasicCredentials, BootstrapToken, InitDataHeader};
pub(crate) use csv_body::CsvBody;
pub(crate) use id::{Id, SecretId};
pub(crate) use json_body::{BodyTimeout, JsonBody, OptionalJsonBody};
pub(crate) use oauth_form::ServiceRequest;
pub(crate) use query_params::QueryParams;
pub(crate) use rejections::MAX_BODY_BYTES;
pub(crate) use request_client::{Peer, RequestId};
pub(crate) use service::{AsAdmin, AsAdminOrService, AsCaller, ForClient};
pub(crate) use token_request::TokenRequest;
pub(crate) use verified_request::VerifiedRequest;
