use divan_core::api::{Audit, AuditEvent, AuditPage, AuditRequest};
use futures_util::Stream;

use crate::call::Call;
use crate::pages::every;
use crate::{AdminPanel, Error};

impl AdminPanel {
    /// A page of the audit, the newest lines first.
    ///
    /// # Errors
    /// The [code](Error::code) is `validation_failed` when there is no such page, and
    /// `admin_required` when the person is no administrator any more. See [`Error`] for the rest.
    pub async fn audit(&self, request: &AuditRequest) -> Result<AuditPage, Error> {
        self.call::<Audit>(Call::of(request)).await
    }

    /// All lines of the audit that the request names, the newest first, page by page as they are
    /// asked for. It ends with the first error.
    pub fn all_audit(
        &self,
        request: AuditRequest,
    ) -> impl Stream<Item = Result<AuditEvent, Error>> + use<> {
        every(
            self.clone(),
            request,
            async |admin: &Self, request: &mut AuditRequest| {
                let page = admin.audit(request).await?;
                request.cursor.clone_from(&page.next_cursor);
                Ok((page.items, page.next_cursor.is_some()))
            },
        )
    }
}
