//! Tests the examples of the OpenAPI document by the types and responses of the server.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use divan_core::api::{
    AddPasskey, AdminLogin, ApprovePromotion, Audit, AuthorizationServerMetadata, AutoLogin,
    BeginPasskey, BeginPasskeyLogin, BeginSecondFactor, BeginStepUp, Bootstrap, ChangePassword,
    CompleteAdminLogin, ConfirmSecondFactor, CreateService, CreateUser, CreateWebhook,
    DeclinePromotion, DeleteService, DeleteUser, DeleteWebhook, Devices, DisableSecondFactor,
    ENDPOINTS, EndSession, EndUserSessions, Endpoint, EndpointDescription, ExportUsers,
    GetBootstrap, GetFailedSignIns, GetSecondFactor, GetService, GetUser, GetUserSecondFactor,
    GetWebhook, ImportUsers, Jwks, ListEvents, ListPromotions, ListServices, ListUsers,
    ListWebhooks, Live, Logout, Me, MediaType, MemberErrorCode, OpenidConfiguration, PasskeyLogin,
    Passkeys, PreviewImport, PromoteUser, Ready, Refresh, RemoveDevice, RemovePasskey,
    RemoveServiceSecret, RenamePasskey, ReplaceRecoveryCodes, ReplayWebhook, ResetPassword,
    ResetSecondFactor, RotateServiceSecret, RotateWebhookSecret, SearchUsers, Sessions, StepUp,
    TelegramConfig, TelegramLogin, TestWebhook, UnlinkTelegram, UnlockUser, UpdateService,
    UpdateUser, UpdateWebhook, UserSessions,
};
use serde_json::{Map, Value, json};

use crate::harness::*;
use crate::openapi::{document, operation};

/// Returns the examples of a body.
fn examples(body: &Value, media_type: MediaType) -> Vec<&Value> {
    let content = &body["content"][media_type.as_str()];
    let named = content["examples"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, example)| &example["value"]);
    content.get("example").into_iter().chain(named).collect()
}

/// Asserts that the examples have the types of the endpoint. Returns its operation id.
fn check<E: Endpoint>() -> &'static str {
    let endpoint = ENDPOINTS
        .iter()
        .find(|endpoint| endpoint.operation == E::OPERATION)
        .unwrap();
    let operation = operation(endpoint);
    let requests = examples(&operation["requestBody"], MediaType::Json);
    assert_eq!(!requests.is_empty(), endpoint.has_body, "{}", E::OPERATION);
    for example in requests
        .into_iter()
        .chain(parameters(endpoint, operation).as_ref())
    {
        let request: E::Request = serde_json::from_value(example.clone()).unwrap();
        let read = serde_json::to_value(request).unwrap();
        for (member, value) in example.as_object().unwrap() {
            assert_eq!(
                &read[member],
                value,
                "{} parses {member} as another value",
                E::OPERATION
            );
        }
    }
    let success = &operation["responses"][E::STATUS.to_string()];
    let responses = examples(success, E::RESPONSE_TYPE);
    assert_eq!(!responses.is_empty(), E::STATUS != 204, "{}", E::OPERATION);
    for example in responses {
        // Parsing ignores unknown members, so the parsed value is serialized again.
        let response: E::Response = serde_json::from_value(example.clone()).unwrap();
        assert_eq!(
            &serde_json::to_value(response).unwrap(),
            example,
            "{}",
            E::OPERATION
        );
    }
    E::OPERATION
}

/// Returns the examples of the query parameters of an endpoint, as its request.
fn parameters(endpoint: &EndpointDescription, operation: &Value) -> Option<Value> {
    let parameters = operation["parameters"].as_array()?;
    let of_query = parameters
        .iter()
        .filter(|parameter| parameter["in"] == "query");
    let members: Map<String, Value> = of_query
        .filter_map(|parameter| {
            Some((
                parameter["name"].as_str()?.to_owned(),
                parameter.get("example")?.clone(),
            ))
        })
        .collect();
    (!endpoint.has_body && !members.is_empty()).then_some(Value::Object(members))
}

#[test]
fn every_example_has_the_type_of_its_endpoint() {
    let checked = [
        check::<TelegramLogin>(),
        check::<AutoLogin>(),
        check::<TelegramConfig>(),
        check::<AdminLogin>(),
        check::<CompleteAdminLogin>(),
        check::<BeginPasskeyLogin>(),
        check::<PasskeyLogin>(),
        check::<Bootstrap>(),
        check::<GetBootstrap>(),
        check::<Refresh>(),
        check::<Logout>(),
        check::<Sessions>(),
        check::<EndSession>(),
        check::<Devices>(),
        check::<RemoveDevice>(),
        check::<Me>(),
        check::<ChangePassword>(),
        check::<StepUp>(),
        check::<BeginStepUp>(),
        check::<GetSecondFactor>(),
        check::<BeginSecondFactor>(),
        check::<ConfirmSecondFactor>(),
        check::<DisableSecondFactor>(),
        check::<ReplaceRecoveryCodes>(),
        check::<Passkeys>(),
        check::<BeginPasskey>(),
        check::<AddPasskey>(),
        check::<RenamePasskey>(),
        check::<RemovePasskey>(),
        check::<ListUsers>(),
        check::<SearchUsers>(),
        check::<ExportUsers>(),
        check::<PreviewImport>(),
        check::<ImportUsers>(),
        check::<CreateUser>(),
        check::<GetUser>(),
        check::<UpdateUser>(),
        check::<DeleteUser>(),
        check::<ResetPassword>(),
        check::<PromoteUser>(),
        check::<ListPromotions>(),
        check::<ApprovePromotion>(),
        check::<DeclinePromotion>(),
        check::<UnlinkTelegram>(),
        check::<GetUserSecondFactor>(),
        check::<ResetSecondFactor>(),
        check::<UserSessions>(),
        check::<EndUserSessions>(),
        check::<GetFailedSignIns>(),
        check::<UnlockUser>(),
        check::<ListServices>(),
        check::<CreateService>(),
        check::<GetService>(),
        check::<UpdateService>(),
        check::<DeleteService>(),
        check::<RotateServiceSecret>(),
        check::<RemoveServiceSecret>(),
        check::<ListWebhooks>(),
        check::<CreateWebhook>(),
        check::<GetWebhook>(),
        check::<UpdateWebhook>(),
        check::<DeleteWebhook>(),
        check::<RotateWebhookSecret>(),
        check::<TestWebhook>(),
        check::<ReplayWebhook>(),
        check::<Audit>(),
        check::<ListEvents>(),
        check::<Jwks>(),
        check::<AuthorizationServerMetadata>(),
        check::<OpenidConfiguration>(),
        check::<Live>(),
        check::<Ready>(),
    ];
    let all: Vec<&str> = ENDPOINTS
        .iter()
        .map(|endpoint| endpoint.operation)
        .collect();
    assert_eq!(checked.as_slice(), all, "an endpoint is missing here");
}

/// Asserts that the document has the problem as an example, except for parts that vary.
pub(crate) fn assert_documented(problem: &Value) {
    for error in problem["errors"].as_array().into_iter().flatten() {
        assert_member_error_documented(error);
    }
    let without = |mut problem: Value| {
        let members = problem.as_object_mut().unwrap();
        members.remove("errors");
        members.remove("request_id");
        // Random, and according to the account.
        members.remove("challenge");
        members.remove("methods");
        members.remove("passkey");
        // These codes have several details.
        let several = ["contact_invalid", "init_data_invalid", "malformed_body"];
        if several.map(Value::from).contains(&members["code"]) {
            members.remove("detail");
        }
        problem
    };
    let code = problem["code"].as_str().unwrap();
    let shown: Vec<Value> = ENDPOINTS
        .iter()
        .map(operation)
        .chain([&document()["paths"]["/auth/token"]["post"]])
        .filter_map(|operation| shown(operation, code))
        .cloned()
        .map(without)
        .collect();
    // No operation has this one.
    assert_eq!(shown.is_empty(), code == "method_not_allowed", "{code}");
    assert!(
        shown.is_empty() || shown.contains(&without(problem.clone())),
        "{problem} is not one of {shown:?}"
    );
}

/// Asserts that the document lists the code of a member error, with exactly its parameters.
fn assert_member_error_documented(error: &Value) {
    let code = MemberErrorCode::from_code(error["code"].as_str().unwrap());
    let schema = &document()["components"]["schemas"]["MemberErrorCode"];
    let listed = schema["anyOf"][0]["enum"].as_array().unwrap();
    assert!(listed.contains(&code.as_str().into()), "{error}");
    let params = error["params"].as_object().into_iter().flatten();
    let params: BTreeSet<&str> = params.map(|(name, _)| name.as_str()).collect();
    assert_eq!(params, code.params().iter().copied().collect(), "{error}");
    assert!(!error["detail"].as_str().unwrap().is_empty());
}

/// Returns the example of a problem of an operation.
fn shown(operation: &'static Value, code: &str) -> Option<&'static Value> {
    let responses = operation["responses"].as_object().unwrap().values();
    let mut examples = responses
        .map(|response| &response["content"]["application/problem+json"]["examples"][code]);
    examples.find_map(|example| example.get("value"))
}

#[tokio::test]
async fn rejected_requests_match_the_examples() {
    let app = App::with_users().await;
    let token = app.admin_token().await;
    let mut seen = BTreeSet::new();
    for endpoint in ENDPOINTS
        .iter()
        .filter(|endpoint| shown(operation(endpoint), "validation_failed").is_some())
    {
        let wrong = &shown(operation(endpoint), "validation_failed").unwrap()["errors"][0];
        let member = wrong["pointer"].as_str().unwrap().trim_start_matches('/');
        let mut cases = vec![(String::new(), "validation_failed", "application/json")];
        if endpoint.has_body {
            let invalid = if wrong["code"] == "required" {
                json!({})
            } else {
                let is_text = wrong["detail"] == "must be a string";
                json!({member: if is_text { json!(1) } else { json!("x") }})
            };
            cases = vec![
                (invalid.to_string(), "validation_failed", "application/json"),
                ("{".to_owned(), "malformed_body", "application/json"),
                (
                    " ".repeat(16 * 1024 + 1),
                    "payload_too_large",
                    "application/json",
                ),
                ("{}".to_owned(), "unsupported_media_type", "text/plain"),
            ];
        }
        for (body, code, content_type) in cases {
            let query = if endpoint.has_body {
                String::new()
            } else {
                format!("?{member}=x")
            };
            let path = endpoint
                .path
                .replace("{id}", "01920000-0000-7000-8000-000000000001")
                + &query;
            let method: axum::http::Method = endpoint.method.as_str().parse().unwrap();
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("content-type", content_type);
            let request = request.header("authorization", format!("Bearer {token}"));
            let response = app.send(request.body(Body::from(body)).unwrap()).await;
            assert_eq!(
                &response.json(),
                shown(operation(endpoint), code).unwrap(),
                "{}",
                endpoint.operation
            );
            seen.insert(code);
        }
    }
    assert_eq!(seen.len(), 4);
}
