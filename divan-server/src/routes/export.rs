use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use divan_core::api::{Endpoint, ExportUsers};
use divan_core::service::{ListUsersQuery, ServiceError, UserPage};
use futures_util::stream::{Stream, try_unfold};

use crate::error_chain::error_chain;
use crate::extract::{AsAdmin, AsAdminOrService};
use crate::problem::Problem;
use crate::users_csv;

/// Export all users
///
/// Comma-separated values in UTF-8, newest users first, with the columns that an import reads. The
/// response is sent while the users are read. If it breaks off, the export is incomplete: the
/// connection then ends without the end of the body.
///
/// Names, e-mail addresses and external ids that a spreadsheet would run as a formula begin with an
/// apostrophe, which the import removes.
#[utoipa::path(
    get,
    path = ExportUsers::PATH,
    tag = "Users",
    responses((
        status = 200,
        description = "The users",
        content_type = "text/csv",
        body = String,
        headers(("Content-Disposition" = String, description = "`attachment; filename=\"users.csv\"`")),
        example = json!("phone,email,name,role,active,telegram_id,external_id\n+77011234567,,First Last,employee,yes,,HR-000123\n"),
    )),
)]
pub(crate) async fn export_users(
    admin: AsAdminOrService<ExportUsers>,
) -> Result<impl IntoResponse, Problem> {
    let admin = admin.into_admin();
    let mut query = ListUsersQuery::default();
    query.limit = Some(200);
    let first = admin.service().list_users(&query).await?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"users.csv\""),
    ];
    Ok((headers, Body::from_stream(pages(admin, query, first))))
}

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Users(#[from] ServiceError),
    #[error(transparent)]
    Csv(#[from] std::io::Error),
}

/// The list, page by page.
fn pages(
    admin: AsAdmin,
    query: ListUsersQuery,
    first: UserPage,
) -> impl Stream<Item = Result<Bytes, ExportError>> {
    let state = (admin, query, Some(first), true);
    try_unfold(state, async |(admin, mut query, page, is_first)| {
        let Some(page) = page else {
            return Ok(None);
        };
        let text = text(&page, is_first)?;
        query.cursor = page.next_cursor;
        let next = match &query.cursor {
            Some(_) => Some(next_page(&admin, &query).await.inspect_err(log)?),
            None => None,
        };
        Ok(Some((text, (admin, query, next, false))))
    })
}

/// A slow client takes minutes, in which an administrator can be deactivated.
async fn next_page(admin: &AsAdmin, query: &ListUsersQuery) -> Result<UserPage, ServiceError> {
    admin.service().check_caller().await?;
    admin.service().list_users(query).await
}

/// The status is sent already, so the access log has no error.
fn log(error: &ServiceError) {
    tracing::error!(cause = error_chain(error), "export ended early");
}

fn text(page: &UserPage, is_first: bool) -> Result<Bytes, ExportError> {
    let mut text = Vec::new();
    if is_first {
        users_csv::write_columns(&mut text)?;
    }
    for user in &page.items {
        users_csv::write_user(&mut text, user, false)?;
    }
    Ok(text.into())
}
