use divan_core::api::{Endpoint, Me, User};

use super::{Answer, Reply};
use crate::extract::SignedIn;

/// Who am I?
///
/// The way to check an access token: a token of either surface is answered with its user.
#[utoipa::path(
    get,
    path = Me::PATH,
    operation_id = "me",
    tag = "Account",
    responses((status = 200, description = "The user of the token", body = User)),
)]
pub(crate) async fn me(SignedIn(caller): SignedIn) -> Answer<Me> {
    Ok(Reply(caller.into_user()))
}
