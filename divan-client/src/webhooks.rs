use divan_core::api::{
    CreateWebhook, CreateWebhookRequest, DeleteWebhook, GetWebhook, ListWebhooks, ReplayWebhook,
    ReplayWebhookRequest, RotateWebhookSecret, TestWebhook, UpdateWebhook, UpdateWebhookRequest,
    Webhook, WebhookList, WebhookTest, WebhookWithSecret,
};
use divan_core::types::WebhookId;

use crate::error::Error;
use crate::handle::AdminPanel;
use crate::request::Request;

/// # Webhooks
///
/// All changes need a proof of identity of the last five minutes; otherwise the [code](Error::code) is
/// `insufficient_user_authentication`.
impl AdminPanel {
    /// Lists the webhooks, oldest first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list_webhooks(&self) -> Result<WebhookList, Error> {
        self.call::<ListWebhooks>(Request::new(&())).await
    }

    /// Creates a webhook. Returns it with its secret, which cannot be shown again.
    ///
    /// # Errors
    /// The [code](Error::code) is `too_many_webhooks` if there are 20, and `webhooks_not_configured` if events
    /// are switched off. See [`Error`] for the rest.
    ///
    /// # Examples
    /// ```no_run
    /// use divan_client::api::CreateWebhookRequest;
    ///
    /// async fn create(client: &divan_client::Client) -> Result<(), divan_client::Error> {
    ///     let mut request = CreateWebhookRequest::new("https://hooks.example.com/divan");
    ///     request.types = vec!["user.deactivated".to_owned(), "user.deleted".to_owned()];
    ///     let admin = client.admin();
    ///     let created = admin.create_webhook(&request).await?;
    ///     // Configure `created.secret` in the receiver.
    ///     let test = admin.test_webhook(created.webhook.id).await?;
    ///     println!("delivered: {}", test.delivered);
    ///     Ok(())
    /// }
    /// ```
    pub async fn create_webhook(
        &self,
        request: &CreateWebhookRequest,
    ) -> Result<WebhookWithSecret, Error> {
        self.call::<CreateWebhook>(Request::new(request)).await
    }

    /// Returns a webhook.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` for an unknown webhook. See [`Error`] for the rest.
    pub async fn get_webhook(&self, id: WebhookId) -> Result<Webhook, Error> {
        self.call::<GetWebhook>(Request::new(&()).path_id(id)).await
    }

    /// Changes, enables or disables a webhook.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` for an unknown webhook. See [`Error`] for the rest.
    pub async fn update_webhook(
        &self,
        id: WebhookId,
        request: &UpdateWebhookRequest,
    ) -> Result<Webhook, Error> {
        self.call::<UpdateWebhook>(Request::new(request).path_id(id))
            .await
    }

    /// Deletes a webhook.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` for an unknown webhook. See [`Error`] for the rest.
    pub async fn delete_webhook(&self, id: WebhookId) -> Result<(), Error> {
        self.call::<DeleteWebhook>(Request::new(&()).path_id(id))
            .await
    }

    /// Replaces the secret of a webhook. Both secrets sign for 24 hours.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` for an unknown webhook. See [`Error`] for the rest.
    pub async fn rotate_webhook_secret(&self, id: WebhookId) -> Result<WebhookWithSecret, Error> {
        self.call::<RotateWebhookSecret>(Request::new(&()).path_id(id))
            .await
    }

    /// Sends a test event to a webhook now.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` for an unknown webhook. See [`Error`] for the rest. A receiver
    /// that refuses the event is no error.
    pub async fn test_webhook(&self, id: WebhookId) -> Result<WebhookTest, Error> {
        self.call::<TestWebhook>(Request::new(&()).path_id(id))
            .await
    }

    /// Delivers the events since a time again.
    ///
    /// # Errors
    /// The [code](Error::code) is `not_found` for an unknown webhook. See [`Error`] for the rest.
    pub async fn replay_webhook(
        &self,
        id: WebhookId,
        request: &ReplayWebhookRequest,
    ) -> Result<(), Error> {
        self.call::<ReplayWebhook>(Request::new(request).path_id(id))
            .await
    }
}
