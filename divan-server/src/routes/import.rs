use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use divan_core::api::{
    Endpoint, ImportEvent, ImportLineError, ImportPreview, ImportRequest, ImportUsers,
    ImportedChange, ImportedUser, MediaType, PreviewImport, ProblemCode,
};
use divan_core::service::CheckedImport;
use tracing::Instrument;

use super::{ApiResponse, ApiResult, examples};
use crate::extract::{AsAdmin, CsvBody, QueryParams, RequestId};
use crate::imports::{
    CheckError, CheckedFile, ImportOptions, Run, file_error, invalid_file, invalid_lines,
    line_errors, lines,
};
use crate::problem::Problem;
use crate::state::AppState;

/// Tells proxies (nginx) to forward each line immediately.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Check a file of users
///
/// Returns what `import_users` with the same file and options would do, or the errors of all lines.
/// Nothing is written.
///
/// The file has values separated by commas, semicolons or tabs, in UTF-8 or UTF-16, and at most 5 MiB
/// and 100 000 users. Its first line names the columns: `name` is required; optional are `phone`,
/// `email`, `role` (employee or admin), `active` (yes or no), `telegram_id`, `external_id` and `hash`, a
/// password hash of another system.
#[utoipa::path(
    post,
    path = PreviewImport::PATH,
    tag = "Users",
    params(ImportRequest),
    request_body(content = String, content_type = "text/csv", description = "The file", example = json!(examples::user_list())),
    responses((status = 200, description = "What the import would do", body = ImportPreview, example = json!(examples::import_preview()))),
)]
pub(crate) async fn preview_import(
    State(state): State<AppState>,
    admin: AsAdmin,
    QueryParams(request): QueryParams<PreviewImport>,
    CsvBody(file): CsvBody,
) -> ApiResult<PreviewImport> {
    let checked = state.imports().check(admin, file, options(request)).await;
    Ok(ApiResponse(match checked {
        Ok((_, CheckedFile { lines, import, .. })) => match import {
            Ok(import) => preview(lines, &import),
            Err(errors) => invalid(lines, errors.into_iter().flat_map(line_errors)),
        },
        Err(CheckError::File(error)) => invalid(0, [file_error(&error)]),
        Err(error) => return Err(unchecked(error)),
    }))
}

/// Import a file of users
///
/// Adds all users of the file, and with `update` changes those who exist, or does nothing. The file is
/// that of `preview_import`. If it has errors, the response is `validation_failed`, and `errors` has the
/// first hundred: preview the file to get all.
///
/// The response is a stream of lines, each a JSON object with a `type`:
///
/// - `progress`, at most a few per second, while passwords are hashed. This takes minutes for a thousand
///   users.
/// - `passwords`, the generated passwords. Keep them: they are not shown again.
/// - `completed` or `failed`, the last line. With `failed` nothing was stored. Its problem is
///   `validation_failed` if other users were stored after the check who have values of the file; `errors`
///   names the lines.
///
/// If the connection is lost before `passwords` was received, nothing was stored. If it is lost later,
/// the users were stored or not: list them. A second import at the same time is `overloaded`.
#[utoipa::path(
    post,
    path = ImportUsers::PATH,
    tag = "Users",
    params(ImportRequest),
    request_body(content = String, content_type = "text/csv", description = "The file", example = json!(examples::user_list())),
    responses((
        status = 200,
        description = "The lines of the import",
        content_type = "application/x-ndjson",
        body = ImportEvent,
        headers(("X-Accel-Buffering" = String, description = "`no`")),
        examples(
            ("progress" = (value = json!({"type": "progress", "done": 3, "total": 100}))),
            ("passwords" = (value = json!(examples::import_passwords()))),
            ("completed" = (value = json!({"type": "completed", "added": 100, "changed": 0, "unchanged": 0}))),
            ("failed" = (value = json!(examples::failed_import()))),
        ),
    )),
)]
pub(crate) async fn import_users(
    State(state): State<AppState>,
    Extension(RequestId(request_id)): Extension<RequestId>,
    admin: AsAdmin,
    QueryParams(request): QueryParams<ImportUsers>,
    CsvBody(file): CsvBody,
) -> Result<impl IntoResponse, Problem> {
    let turn = state.imports().start().ok_or(ProblemCode::Overloaded)?;
    let checked = state.imports().check(admin, file, options(request)).await;
    let (admin, checked) = checked.map_err(unchecked)?;
    let import = checked.import.map_err(invalid_lines)?;
    admin.service().authorize_import(&import).await?;
    let run = Run {
        admin,
        columns: checked.columns,
        state,
        turn,
        request_id: request_id.to_str().unwrap_or_default().to_owned(),
    };
    let (sender, body) = lines();
    tokio::spawn(run.run(import, sender).in_current_span());
    let headers = [
        (CONTENT_TYPE, MediaType::JsonLines.as_str()),
        (X_ACCEL_BUFFERING, "no"),
    ];
    Ok((headers, Body::from_stream(body)))
}

fn options(request: ImportRequest) -> ImportOptions {
    ImportOptions {
        update: request.update,
        reset_admin_passwords: request.reset_admin_passwords,
    }
}

fn preview(lines: usize, import: &CheckedImport) -> ImportPreview {
    let new_users = import.new_users().iter();
    let new_users =
        new_users.map(|new| ImportedUser::new(new.line, &new.user, new.has_password_hash()));
    let changes = import.changes().iter().map(|change| {
        let (fields, ends_sessions) = (change.fields(), change.ends_sessions());
        ImportedChange::new(
            change.line,
            &change.before,
            &change.after,
            &fields,
            ends_sessions,
        )
    });
    let mut preview = ImportPreview::default();
    preview.lines = lines;
    preview.new_users = new_users.collect();
    preview.generated_passwords = import.without_hash();
    preview.changes = changes.collect();
    preview.unchanged = import.unchanged();
    preview
}

fn invalid(lines: usize, errors: impl IntoIterator<Item = ImportLineError>) -> ImportPreview {
    let mut preview = ImportPreview::default();
    preview.lines = lines;
    preview.errors = errors.into_iter().collect();
    preview
}

fn unchecked(error: CheckError) -> Problem {
    match error {
        CheckError::Service(error) => error.into(),
        CheckError::File(error) => invalid_file([file_error(&error)]),
        CheckError::Interrupted => Problem::new(ProblemCode::Internal).with_cause(error),
    }
}
