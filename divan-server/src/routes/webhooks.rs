use divan_core::api::{
    self, CreateWebhook, CreateWebhookRequest, DeleteWebhook, Endpoint, GetWebhook, ListWebhooks,
    MemberError, MemberErrorCode, ReplayWebhook, ReplayWebhookRequest, RotateWebhookSecret,
    TestWebhook, UpdateWebhook, UpdateWebhookRequest, Webhook, WebhookErrorReason, WebhookList,
    WebhookState, WebhookTest, WebhookWithSecret,
};
use divan_core::service::{
    self, CreateWebhookCommand, CreatedWebhook, UpdateWebhookCommand, WebhookView,
};
use divan_core::types::WebhookId;

use super::{ApiResponse, ApiResult};
use crate::extract::rejections::invalid;
use crate::extract::{AsAdmin, Id, JsonBody};

/// List the webhooks
///
/// Oldest first, at most 20. Secrets are not part of the list.
#[utoipa::path(
    get,
    path = ListWebhooks::PATH,
    tag = "Webhooks",
    responses((status = 200, description = "The webhooks", body = WebhookList)),
)]
pub(crate) async fn list_webhooks(admin: AsAdmin) -> ApiResult<ListWebhooks> {
    let webhooks = admin.service().list_webhooks().await?;
    let items = webhooks.into_iter().map(webhook).collect();
    Ok(ApiResponse(WebhookList::new(items)))
}

/// Create a webhook
///
/// Configure `secret` in the receiver, because it is returned only once. The receiver verifies each event with a library of
/// [Standard Webhooks](https://www.standardwebhooks.com). Then send a test event.
#[utoipa::path(
    post,
    path = CreateWebhook::PATH,
    tag = "Webhooks",
    request_body = CreateWebhookRequest,
    responses((status = 201, description = "Created", body = WebhookWithSecret)),
)]
pub(crate) async fn create_webhook(
    admin: AsAdmin,
    JsonBody(request): JsonBody<CreateWebhook>,
) -> ApiResult<CreateWebhook> {
    let mut command = CreateWebhookCommand::new(request.url);
    (command.description, command.types) = (request.description, request.types);
    let created = admin.service().create_webhook(&command).await?;
    Ok(ApiResponse(with_secret(created)))
}

/// Get a webhook
///
/// `last_error` shows the last failed attempt, and `pending` counts the events that wait.
#[utoipa::path(
    get,
    path = GetWebhook::PATH,
    tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses((status = 200, description = "The webhook", body = Webhook)),
)]
pub(crate) async fn get_webhook(admin: AsAdmin, Id(id): Id<WebhookId>) -> ApiResult<GetWebhook> {
    let found = admin.service().get_webhook(id).await?;
    Ok(ApiResponse(webhook(found)))
}

/// Change, enable or disable a webhook
///
/// A webhook that is enabled continues with the first event that was not delivered. If events were deleted in between, it
/// continues with the oldest one: let the receiver read all users.
#[utoipa::path(
    patch,
    path = UpdateWebhook::PATH,
    tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    request_body = UpdateWebhookRequest,
    responses((status = 200, description = "The changed webhook", body = Webhook)),
)]
pub(crate) async fn update_webhook(
    admin: AsAdmin,
    Id(id): Id<WebhookId>,
    JsonBody(request): JsonBody<UpdateWebhook>,
) -> ApiResult<UpdateWebhook> {
    let mut command = UpdateWebhookCommand::default();
    command.url = request.url;
    (command.description, command.types) = (request.description, request.types);
    command.is_enabled = match request.state {
        None => None,
        Some(WebhookState::Enabled) => Some(true),
        Some(WebhookState::Disabled) => Some(false),
        Some(_) => {
            return Err(invalid(MemberError::new(
                "/state",
                MemberErrorCode::UnknownValue,
                "must be `enabled` or `disabled`",
            )));
        }
    };
    let changed = admin.service().update_webhook(id, &command).await?;
    Ok(ApiResponse(webhook(changed)))
}

/// Delete a webhook
///
/// An event that is being sent may still arrive.
#[utoipa::path(
    delete,
    path = DeleteWebhook::PATH,
    tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses((status = 204, description = "Deleted")),
)]
pub(crate) async fn delete_webhook(
    admin: AsAdmin,
    Id(id): Id<WebhookId>,
) -> ApiResult<DeleteWebhook> {
    admin.service().delete_webhook(id).await?;
    Ok(ApiResponse(()))
}

/// Replace the secret of a webhook
///
/// Both secrets sign for 24 hours: configure the new one in the receiver in this time. A second replacement ends the first
/// secret at once.
#[utoipa::path(
    post,
    path = RotateWebhookSecret::PATH,
    tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses((status = 200, description = "The new secret", body = WebhookWithSecret)),
)]
pub(crate) async fn rotate_webhook_secret(
    admin: AsAdmin,
    Id(id): Id<WebhookId>,
) -> ApiResult<RotateWebhookSecret> {
    let rotated = admin.service().rotate_webhook_secret(id).await?;
    Ok(ApiResponse(with_secret(rotated)))
}

/// Send a test event to a webhook
///
/// The event has the type `webhook.test`. It is sent once, also to a disabled webhook, and changes no state. The response
/// arrives within 15 seconds.
#[utoipa::path(
    post,
    path = TestWebhook::PATH,
    tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    responses((status = 200, description = "The result", body = WebhookTest)),
)]
pub(crate) async fn test_webhook(admin: AsAdmin, Id(id): Id<WebhookId>) -> ApiResult<TestWebhook> {
    let tested = admin.service().test_webhook(id).await?;
    Ok(ApiResponse(test(tested)))
}

/// Deliver events to a webhook again
///
/// Delivers all events since the given time that still exist, then those that were not delivered yet. A later time than that
/// of the next event skips events.
#[utoipa::path(
    post,
    path = ReplayWebhook::PATH,
    tag = "Webhooks",
    params(("id" = WebhookId, Path, description = "The webhook")),
    request_body = ReplayWebhookRequest,
    responses((status = 204, description = "The events will be delivered")),
)]
pub(crate) async fn replay_webhook(
    admin: AsAdmin,
    Id(id): Id<WebhookId>,
    JsonBody(request): JsonBody<ReplayWebhook>,
) -> ApiResult<ReplayWebhook> {
    admin.service().replay_webhook(id, request.since).await?;
    Ok(ApiResponse(()))
}

pub(crate) fn test(test: service::WebhookTest) -> WebhookTest {
    let millis = u64::try_from(test.duration.as_millis()).unwrap_or(u64::MAX);
    let mut result = WebhookTest::new(test.error.is_none(), millis);
    (result.status, result.reason) = (test.status, test.error.map(reason));
    result
}

pub(crate) fn with_secret(created: CreatedWebhook) -> WebhookWithSecret {
    WebhookWithSecret::new(webhook(created.webhook), created.secret)
}

pub(crate) fn webhook(view: WebhookView) -> Webhook {
    let mut shown = Webhook::new(view.id, view.url, view.created_at);
    (shown.description, shown.types) = (view.description, view.types);
    if let Some((reason, at)) = view.disabled {
        shown.state = WebhookState::Disabled;
        let reason = api::WebhookDisabledReason::from_code(reason.as_str());
        (shown.disabled_reason, shown.disabled_at) = (Some(reason), Some(at));
    }
    shown.created_by = view.created_by;
    (shown.last_success_at, shown.failing_since) = (view.last_success_at, view.failing_since);
    shown.last_error = view.last_error.map(|error| {
        let mut shown = api::WebhookError::new(error.at, reason(error.reason));
        shown.status = error.status;
        shown
    });
    shown.pending = view.pending;
    shown
}

fn reason(reason: service::WebhookErrorReason) -> WebhookErrorReason {
    WebhookErrorReason::from_code(reason.as_str())
}

#[cfg(test)]
mod tests {
    use divan_core::store::WebhookDisabledReason;

    use super::*;

    #[test]
    fn every_reason_is_part_of_the_contract() {
        for &one in service::WebhookErrorReason::ALL {
            assert_ne!(reason(one), WebhookErrorReason::Unknown, "{one}");
        }
        for &one in WebhookDisabledReason::ALL {
            let shown = api::WebhookDisabledReason::from_code(one.as_str());
            assert_ne!(shown, api::WebhookDisabledReason::Unknown, "{one}");
        }
    }
}
