use divan_core::api::{Audit, AuditEvent, AuditPage, AuditRequest};
use futures_util::Stream;

use crate::error::Error;
use crate::handle::AdminPanel;
use crate::pagination::paginate;
use crate::request::Request;

impl AdminPanel {
    /// Returns a page of audit events, newest first.
    ///
    /// # Errors
    /// The [code](Error::code) is `validation_failed` when the cursor is invalid, and
    /// `admin_required` when the user is no longer an administrator. See [`Error`] for the rest.
    pub async fn audit(&self, request: &AuditRequest) -> Result<AuditPage, Error> {
        self.call::<Audit>(Request::new(request)).await
    }

    /// Streams all audit events that match the request, newest first. Pages are fetched on demand.
    /// The stream ends after the first error.
    pub fn all_audit(
        &self,
        request: &AuditRequest,
    ) -> impl Stream<Item = Result<AuditEvent, Error>> + use<> {
        paginate(
            self.clone(),
            request.clone(),
            async |admin: &Self, request: &mut AuditRequest| {
                let page = admin.audit(request).await?;
                request.cursor.clone_from(&page.next_cursor);
                Ok((page.items, page.next_cursor.is_some()))
            },
        )
    }
}
